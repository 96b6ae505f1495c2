# SPDX-License-Identifier: MIT
# The longest first, so that the last minute of a run still keeps every processor busy.
TESTS += tests/boot-examples.bats tests/boot-partial.bats tests/boot-refused.bats tests/boot-again.bats
TESTS += tests/alias.bats tests/boot-qemu10.bats
TESTS += tests/check.bats tests/guests.sh tests/payloads.sh tests/cli.bats tests/explore.bats tests/replay.bats
TESTS += tests/campaign.bats tests/violations.bats tests/sim.bats tests/harness.bats
TESTS += tests/fuzz.bats tests/boot-secure.bats tests/boot-firmware.bats tests/boot-uki.bats tests/boot-bare.bats
TESTS += tests/esp.bats
TESTS += tests/run-tests.bats
TESTS += tests/lint.bats tests/sources.bats tests/install.bats tests/reproduce.bats
include tests/fuzz.mk
