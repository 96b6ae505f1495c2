# SPDX-License-Identifier: MIT
# The longest first, so that the last minute of a run still keeps every processor busy.
TESTS += tests/boot-examples.bats tests/boot-partial.bats tests/boot-refused.bats tests/boot-again.bats
TESTS += tests/alias.bats tests/boot-qemu10.bats
TESTS += tests/check.bats tests/guests.sh tests/payloads.sh tests/cli.bats tests/explore.bats tests/replay.bats
TESTS += tests/boot-secure.bats tests/boot-firmware.bats
TESTS += $(filter-out $(TESTS),$(wildcard tests/*.bats))
include tests/fuzz.mk
