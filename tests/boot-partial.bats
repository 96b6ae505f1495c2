#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Debian's kernel under every VMM that GHCI permits: each conversion is completed, and the disk's data is right.
# The kernel's own pool for DMA is 64 MiB at 1 GiB of memory: one conversion of 16384 pages.

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
}

pool='.conversions[] | select(.pages == 16384)'

# clean [POOL]: nothing is wrong, and there is evidence that things happened, that pool's conversion among it.
clean() {
	local pool=${1:-$pool}
	says '.verdict == "pass" and .violations == [] and .totals.abandoned_pages == 0'
	says '.totals.to_shared_pages > 16384 and .totals.to_private_pages > 0 and .totals.accepts_4k > 0'
	says '.device.equal == true and .device.bytes == 4194304'
	says "[$pool] | length == 1"
	says "$pool | .direction == \"shared\" and .pages_done == .pages and .abandoned == 0"
}

@test "complete: one call per conversion" {
	linux 0 --vmm complete
	clean
	says "$pool | .calls == 1"
	says '.totals.retries == 0 and .totals.mapgpa_calls == (.conversions | length)'
}

@test "hyperv: 512 pages a call" {
	linux 0 --vmm hyperv
	clean
	says '.guest.version | startswith("6.12")'
	says '.guest.cpus == 1 and .guest.gpaw == 48 and .guest.memory == 1073741824 and .vmm.name == "hyperv"'
	says "$pool | .calls == 32 and .retries == 31 and .stalls == 0"
}

@test "hyperv:pages=64" {
	linux 0 --vmm hyperv:pages=64
	clean
	says "$pool | .calls == 256 and .retries == 255"
}

@test "hyperv:pages=1, a call per page" {
	linux 0 --vmm hyperv:pages=1
	clean
	says "$pool | .calls == 16384 and .retries == 16383"
}

@test "kvm: RETRY when an event is pending" {
	linux 0 --vmm kvm
	clean
	says "$pool | .retries > 0 and .stalls == 0"
}

@test "qemu-64m" {
	local larger='.conversions[] | select(.pages == 32768)'	# with half of it no part would be left for a second call
	linux 0 --vmm qemu-64m --append swiotlb=65536
	clean "$larger"
	says "$larger | .calls == 2 and .retries == 1"
}

@test "eagain:stalls=2, as many as Linux bears" {
	linux 0 --vmm eagain:stalls=2
	clean
	says "$pool | .calls == 32 * 3 and .stalls == 32 * 2"
}
