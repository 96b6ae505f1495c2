#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Debian's kernel where it gives up: the verdict names the conversion, whether or not the guest lives on.

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
}

# given_up: the whole pool was left behind.
given_up() {
	says '.verdict == "fail"'
	says '[.violations[] | select(.name == "abandoned" and .pages == 16384)] | length == 1'
	says '.violations[0] | .gpa != null and .reproduce != null and (.callers | length) > 0'
	says '.conversions[] | select(.pages == 16384) | .pages_done == 0 and .abandoned == 16384'
	says '.totals.abandoned_pages >= 16384'
}

@test "eagain:stalls=3, with a disk" {
	linux 1 --vmm eagain:stalls=3
	given_up
	says '.conversions[] | select(.pages == 16384) | .stalls == 3 and .calls == 3'
}

@test "eagain:stalls=3, without any device" {
	linux 1 --vmm eagain:stalls=3 --disk none
	given_up
}

@test "oldkvm, with a disk: the pool that was not converted is used" {
	linux 1 --vmm oldkvm
	says '.verdict == "fail" and .vmm.class == "hostile" and .vmm.expect == "contain"'
	says '[.violations[] | select(.name == "shared-alias-of-private")] | length >= 1'
}

@test "oldkvm, without any device: nothing uses it" {
	linux 0 --vmm oldkvm --disk none
	says '.verdict == "pass" and .outcome == "power-off" and .violations == []'
	says '.totals.abandoned_pages > 0'
}

@test "error-after: pages of a conversion that failed may not be used" {
	linux 1 --vmm error-after
	says '.verdict == "fail"'
}

@test "busy: a page whose ACCEPT met a lock once is given up" {
	linux 1 --vmm busy
	says '[.violations[].name] | unique == ["accept-abandoned"]'
	says '.violations[0].rip != "0x0"'
}

@test "byte-trickle: R11 inside a page is tolerated, and noted" {
	linux 0 --vmm byte-trickle
	says '.verdict == "pass" and .device.equal and .totals.abandoned_pages == 0'
	says '[.observations[] | select(.name == "unaligned-request" and .class == "vmm-caused")] | length > 0'
}

@test "remove-accepted: a TD that the module ends for what the VMM did has contained it" {
	linux 0 --vmm remove-accepted
	says '.verdict == "pass" and .outcome == "stopped" and .violations == []'
	says '[.observations[] | select(.class == "vmm-caused")] | length == 1'
}

@test "--inject on top of a VMM that completes everything" {
	linux 1 --inject mapgpa:retry:when=1..3
	given_up
	says '.vmm.name == "complete" and .vmm.inject == ["mapgpa:retry:when=1..3"] and .vmm.expect == "complete"'
	says '.violations[0].reproduce | contains("--inject mapgpa:retry:when=1..3")'
}
