#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The same on QEMU 10 (scripts/fetch-qemu10), where the guest is shown cmpxchg16b.

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	qemu=$top/build/qemu10/qemu-system-x86_64
}

@test "QEMU 10: hyperv" {
	[[ $("$qemu" --version) == *"version 10."* ]]
	linux 0 --qemu "$qemu" --vmm hyperv
	says '.verdict == "pass"'
}

@test "QEMU 10: hyperv, two vCPUs" {
	linux 0 --qemu "$qemu" --vmm hyperv --cpus 2
	says '.verdict == "pass" and .guest.cpus == 2'
}

@test "QEMU 10: eagain:stalls=3" {
	linux 1 --qemu "$qemu" --vmm eagain:stalls=3
	says '[.violations[] | select(.name == "abandoned" and .pages == 16384)] | length == 1'
}
