#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# More than one vCPU, the same run twice, and the build that must never pass.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
}

@test "two vCPUs under hyperv" {
	linux 0 --vmm hyperv --cpus 2
	says '.verdict == "pass" and .guest.cpus == 2'
	grep -qE 'smp: Brought up 1 node, 2 CPUs' "$console"
}

@test "sixteen vCPUs in packages of three, so that APIC IDs go to 20" {
	linux 0 --vmm kvm --cpus 16 --platform cores=3
	says '.verdict == "pass" and .guest.cpus == 16'
	grep -qE 'smp: Brought up 1 node, 16 CPUs' "$console"
	grep -qE 'CPU topo: Max. logical packages: *6' "$console"
}

@test "sixteen vCPUs of the newest kernel likewise" {
	boot 0 --vmm kvm --cpus 16 --platform cores=3 --modules "$top/build/kernel-newest/modules" \
		"$top/build/kernel-newest/vmlinuz"
	says '.verdict == "pass" and .guest.cpus == 16'
	grep -qE 'smp: Brought up 1 node, 16 CPUs' "$console"
	grep -qE 'CPU topo: Max. logical packages: *6' "$console"
}

@test "two vCPUs under eagain:stalls=3" {
	linux 1 --vmm eagain:stalls=3 --cpus 2
	says '[.violations[] | select(.name == "abandoned" and .pages == 16384)] | length == 1'
}

@test "the same seed gives the same journal, every exit in it; another seed does not" {
	linux 0 --vmm kvm --seed 7 --journal "$journal.1" --trace-exits
	linux 0 --vmm kvm --seed 7 --journal "$journal.2" --trace-exits
	[ -s "$journal.1" ]
	cmp "$journal.1" "$journal.2"
	linux 0 --vmm kvm --seed 8 --journal "$journal.3" --trace-exits
	run ! cmp -s "$journal.1" "$journal.3"
}

@test "the same seed gives the same journal from the first instruction of firmware on" {
	local run
	firmware_known hyperv kernel
	for run in 1 2; do
		linux "$status" --vmm kvm --seed 7 --append quiet --journal "$journal.$run" --firmware "${tdvf%.ms.fd}.nokeys.fd"
	done
	[ -s "$journal.1" ]
	cmp "$journal.1" "$journal.2"
}
