#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $stderr is set by run
# What was found on a kernel: made as short as it can be, within one boot, and replayed twice to the same journal. The
# finding is what a model with another budget of stalls disagrees with.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	cd "$BATS_TEST_TMPDIR" || return
}

# again VERB ARG...: exit status, result and complaints are shown if the test fails.
again() {
	run --separate-stderr "$tdlab" "$1" --json --console console --modules "$kernel/modules" "${@:2}" "$kernel/vmlinuz"
	printf '%s\n' "exit status $status" "$output" "$stderr"
}

field() {
	jq -r "$1" <<<"$output"
}

@test "a finding is minimised by rollback, and replayed twice to the same journal" {
	again minimise --model linux:2 first,stall,half,stall,stall,first
	[ "$status" -eq 0 ]
	[ "$(field '.mismatch[0].shortest')" = stall,stall,stall ]
	[ "$(field .sequences)" -gt 3 ]
	[ "$(field .afterwards)" = power-off ]
	printf '%s\n' "$output" >finding
	for journal in first second; do
		again replay --seed 1 --journal "$journal" finding
		[ "$status" -eq 1 ]
		[ "$(field .sequences)" -eq 1 ]
		[ "$(field '.mismatch[0].shortest')" = stall,stall,stall ]
	done
	cmp first second
	[ "$("$tdlab" trace first | grep -c ': RETRY at .* 0 converted')" -ge 3 ]
	again replay small	# of ACCEPT, and this is to shared
	[ "$status" -eq 5 ]
	[ "$(field '"\(.verdict) \(.complete) \(.incomplete)"')" = \
		"inconclusive false answer 1, small, was not given: what the guest did there has no place for it" ]
	again replay --memory 512M finding
	[ "$status" -eq 2 ]
	[[ $stderr == *'was found with "--memory 1024M'* ]]
	again minimise "$(yes stall | head -n 65 | paste -sd ,)"
	[ "$status" -eq 2 ]
	[[ $stderr == *"more than 64 answers"* ]]
}

@test "a payload that breaks a rule: found by rollback under the rule's name, and minimised" {
	violate() {
		run --separate-stderr "$tdlab" "$1" --json --console console --append "scenario=$2" "${@:3}" "$build/payloads/violate"
		printf '%s\n' "exit status $status" "$output" "$stderr"
	}
	violate explore skipped-pages --depth 2
	[ "$status" -eq 1 ]
	[ "$(field '.violations[0] | "\(.name) \(.shortest)"')" = "skipped-pages half,ok" ]
	printf '%s\n' "$output" >finding
	violate minimise skipped-pages finding
	[ "$status" -eq 0 ]
	[ "$(field '.violations[0] | "\(.name) \(.shortest)"')" = "skipped-pages half" ]
	run -1 "$tdlab" replay --console console --append scenario=skipped-pages half "$build/payloads/violate"
	[[ $output == *$'\nsteps      MapGPA '*", 512 converted"*"SUCCESS, 511 converted"* ]]
	violate explore private-alias-of-shared --depth 1
	[ "$status" -eq 1 ]
	[ "$(field '.violations[0] | "\(.name) \(.shortest)"')" = "private-alias-of-shared ok" ]
}
