#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A build in which the private and the shared alias of a page are the same memory: what depends on them being different
# must fail, or the suite proves nothing. (The unit tests know nothing of it: they run td without memory behind it.)

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	tdlab=$build/alias/tdlab
}

# red PATTERN: every row of payloads/expect that matches fails.
red() {
	run env B="$build/alias" "$BATS_TEST_DIRNAME/payloads.sh" "$1"
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$(grep -c '^not ok' <<<"$output")" -gt 0 ]
	[ "$(grep -c '^ok' <<<"$output")" -eq 0 ]
}

@test "private contents that must survive a conversion next door" {
	red plain
}

@test "data from a device" {
	# The payload waits for its disk for ever: to the end of the time that it has.
	TIMEOUT=20 red dma-to-shared
}

@test "Debian's kernel does not come to its end" {
	# What is private shows in the shared twin, as if a device had written it there.
	boot 1 --modules "$kernel/modules" --vmm hyperv "$kernel/vmlinuz"
	says '.verdict == "fail" and .device.equal == false and any(.violations[]; .name == "dma-to-private")'
}
