#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A unified kernel image, alone on a disk: TDVF without keys starts it, in memory of an odd size that is split at 4 GiB
# as usual; TDVF with Microsoft's keys does not.

setup_file() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	[ -r "$tdvf" ] || return 0
	mkesp --append quiet uki "$BATS_FILE_TMPDIR/disk"
}

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	firmware_known hyperv uki
}

# phase NAME FILTER: jq FILTER is true of what this phase did.
phase() {
	says ".phases[] | select(.name == \"$1\") | $2"
}

@test "a unified kernel image reaches user space and its disk under hyperv, in 5002M" {
	boot "$status" --vmm hyperv --firmware "${tdvf%.ms.fd}.nokeys.fd" --disk "$BATS_FILE_TMPDIR/disk" --memory 5002M
	says ".verdict == \"$verdict\" and .console.init and .device.equal and .measured.log.equal"
	says '.guest.memory == 5002 * 1048576'
	# What is below 4 GiB the firmware accepts, 1886 MiB; the kernel's pool is a part of all memory, and so is larger.
	phase firmware '.accepts_2m > 900 and .accepts_2m < 944 and .to_shared_pages == .to_private_pages'
	phase kernel '.accepts_2m > 200 and .to_shared_pages > 131072 and .retries > 250'
}

@test "with Secure Boot on it is refused" {
	boot 4 --vmm hyperv --firmware "$tdvf" --disk "$BATS_FILE_TMPDIR/disk"
	says '.outcome == "no-boot" and .verdict == "inconclusive" and (.console.init | not)'
	grep -a 'Access Denied' "$console"
}
