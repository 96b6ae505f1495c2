#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The same on QEMU 10 (scripts/fetch-qemu10), where the guest is shown cmpxchg16b.

bats_require_minimum_version 1.5.0

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

@test "QEMU 10: what the payload conform expects, on one vCPU and on two" {
	for cpus in 1 2; do
		boot 0 --qemu "$qemu" --cpus "$cpus" "$build/payloads/conform"
		run ! grep -a '^not ok' "$console"
		[ "$(tr -d '\r' <"$console" | tail -n 1)" = "1..$(grep -ac '^ok' "$console")" ]
	done
}
