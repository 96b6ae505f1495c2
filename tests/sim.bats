#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# tdlab-sim: guest code in a process under every answer of a VMM. Each known defect has its name and is found in at most
# three answers; what is correct is clean.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/.." || return 1
	sim=build/tdlab-sim
}

harness() {
	gcc -Wall -Werror -I. -shared -fPIC -o "$BATS_TEST_TMPDIR/$1.so" "tests/harness/$1.c"
}

# caught TOY FINDING [OPTION...]: found under that name, and the shortest sequence replays to it
caught() {
	local toy=$1 finding=$2 shortest
	shift 2
	run -1 "$sim" --guest "$toy" --pages 4 --json "$@"
	shortest=$(jq -r ".findings[] | select(.name == \"$finding\") | .shortest" <<<"$output")
	[ -n "$shortest" ]
	[ "$(tr ',' '\n' <<<"$shortest" | wc -l)" -le 3 ]
	run -1 "$sim" --guest "$toy" --pages 4 --json --replay "$shortest" "$@"
	[ "$(jq -r '.findings[0].name' <<<"$output")" = "$finding" ]
	[ "$(jq .sequences <<<"$output")" = 1 ]
}

@test "toy: only the tail is accepted" { caught tail-only pending-access --to-private; }
@test "toy: R11 is not checked" { caught no-r11-check bad-request; }
@test "toy: S is compared without a mask" { caught unmasked-s gave-up; }
@test "toy: stalls without bound" { caught unbounded runaway; }
@test "toy: R11 at the end is taken for success" { caught end-is-success false-success; }
@test "toy: R11 inside a page" { caught byte-trickle bad-request; }
@test "toy: the error is lost" { caught swallowed-error false-success; }

@test "the correct loop is clean, both ways" {
	run -0 "$sim" --guest correct --pages 8 --depth 8
	run -0 "$sim" --guest correct --pages 8 --depth 8 --to-private
}

@test "libtdconv with undo is clean, both ways" {
	run -0 "$sim" --pages 4 --depth 5
	run -0 "$sim" --pages 4 --depth 5 --to-private
}

@test "random sequences: the same seed gives the same" {
	run -0 "$sim" --pages 64 --depth 40 --random 2000 --seed 7 --json
	first=$(jq '[.sequences, .calls, .tdcalls]' <<<"$output")
	run -0 "$sim" --pages 64 --depth 40 --random 2000 --seed 7 --json
	[ "$(jq '[.sequences, .calls, .tdcalls]' <<<"$output")" = "$first" ]
	run -0 "$sim" --pages 64 --depth 40 --random 2000 --seed 8 --json
	[ "$(jq '[.sequences, .calls, .tdcalls]' <<<"$output")" != "$first" ]
}

@test "a harness that executes TDCALL itself" {
	harness trap
	run -1 "$sim" --harness "$BATS_TEST_TMPDIR/trap.so" --to-private --json
	[ "$(jq -c '[.findings[].name]' <<<"$output")" = '["gave-up"]' ]
}

@test "a harness that crashes and hangs: both are findings, and the rest is explored" {
	harness broken
	run -1 --separate-stderr "$sim" --harness "$BATS_TEST_TMPDIR/broken.so" --depth 1
	[[ $output == *"crash in 1 sequences"* ]]
	[[ $output == *"hang in 1 sequences"* ]]
	[[ $output == *"explored   8 pages to shared: 18 sequences"* ]]
}

@test "a harness without the function, none at all, a guest and an answer that do not exist" {
	harness empty
	run -2 "$sim" --harness "$BATS_TEST_TMPDIR/empty.so"
	[[ $output == *"does not define int convert"* ]]
	run -2 "$sim" --harness /nowhere.so
	[[ $output == *"/nowhere.so"* ]]
	run -2 "$sim" --guest nobody
	[[ $output == *"tail-only"* ]]
	run -2 "$sim" --replay ok,maybe
	[[ $output == *'"maybe"'* ]]
	run -2 "$sim" --pages 0
}
