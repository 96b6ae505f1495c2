# SPDX-License-Identifier: MIT
# The longest first, so that the last minute of a run still keeps every processor busy.
TESTS += tests/run-tests.bats tests/lint.bats
