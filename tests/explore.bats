#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $stderr is set by run
# One unmodified kernel under every sequence of answers: it agrees with the model, another model is found out, and it
# boots on afterwards as if nothing had been.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	cd "$BATS_TEST_TMPDIR" || return
}

explore() {
	run --separate-stderr "$tdlab" explore --json --console console "$@" --modules "$kernel/modules" "$kernel/vmlinuz"
	printf '%s\n' "exit status $status" "$output" "$stderr"
}

field() {
	jq -r "$1" <<<"$output"
}

@test "to shared, the swiotlb: every sequence as the model, then power-off" {
	explore --depth 3
	[ "$status" -eq 0 ]
	[ "$(field .pages)" -eq 16384 ]
	[ "$(field .sequences)" -ge 280 ]
	[ "$(field .mismatches)" -eq 0 ]
	[ "$(field '[.answers[]] | min')" -gt 0 ]
	[ "$(field .afterwards)" = power-off ]
}

@test "to private, with ACCEPT" {
	explore --depth 3 --to-private
	[ "$status" -eq 0 ]
	[ "$(field .sequences)" -ge 80 ]
	[ "$(field .mismatches)" -eq 0 ]
	[ "$(field .afterwards)" = power-off ]
}

@test "a model with another budget is found out, and so is where they part" {
	explore --depth 3 --model-stalls 2
	[ "$status" -eq 1 ]
	[ "$(field .mismatches)" -gt 0 ]
	[ "$(field '.mismatch[0].sequence')" = stall,stall,ok ]
	[ "$(field .afterwards)" = power-off ]
}

@test "no such window, no such depth" {
	explore --pages 1000000
	[ "$status" -eq 5 ]
	explore --depth 13
	[ "$status" -eq 2 ]
	[[ $stderr == *"--depth 13"* ]]
}
