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

@test "oldkvm, with a disk" {
	linux 1 --vmm oldkvm
	says '.verdict == "fail" and .vmm.class == "hostile"'
	says '[.violations[] | select(.name == "abandoned")] | length >= 1'
}

@test "oldkvm, without any device" {
	linux 1 --vmm oldkvm --disk none
	says '.verdict == "fail"'
	says '[.violations[] | select(.name == "abandoned")] | length >= 1'
}

@test "error-after: pages of a conversion that failed may not be used" {
	linux 1 --vmm error-after
	says '.verdict == "fail"'
}
