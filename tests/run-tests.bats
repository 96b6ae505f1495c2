#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# scripts/run-tests is what says whether everything else passed: each way to fail must make it fail.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TAP_DIR=$BATS_TEST_TMPDIR/tap ALLOWED_SKIPS=$BATS_TEST_TMPDIR/allowed TEST_TIMEOUT=20 TEST_JOBS=2
	: >allowed
	program good 'echo "ok 1 - one"; echo "ok 2 - two"; echo 1..2'
}

# program NAME BODY: a test program in the current folder.
program() {
	printf '#!/bin/sh\n%s\n' "$2" >"$1"
	chmod +x "$1"
}

# closes STATUS LINE: the run ended so.
closes() {
	echo "$output"
	[ "$status" -eq "$1" ]
	[ "${lines[-1]}" = "$2" ]
}

run_tests() {
	run "$BATS_TEST_DIRNAME/../scripts/run-tests" "$@"
}

@test "passes when everything passes, and keeps the TAP" {
	run_tests ./good
	closes 0 "2 passed, 0 failed, 0 skipped"
	grep -qx "ok 2 - two" "$TAP_DIR"/good.tap
}

@test "a failing test fails the run" {
	program bad 'echo "ok 1 - one"; echo "not ok 2 - two"; echo 1..2'
	run_tests ./good ./bad
	closes 1 "3 passed, 1 failed, 0 skipped"
}

@test "what a program said to standard error is shown if it failed, and kept if not" {
	program noisy 'echo "1..1"; echo "ok 1 - one"; echo whisper >&2'
	program bad 'seq 100 >&2; echo "not ok 1 - one"; echo 1..1'
	run_tests ./noisy ./bad
	closes 1 "1 passed, 1 failed, 0 skipped"
	[[ $output != *whisper* && $output == *$'\n# 61\n'*$'\n# 100\n'* && $output != *$'\n# 60\n'* ]]
	grep -qx whisper "$TAP_DIR"/noisy.err
}

@test "a crash fails the run" {
	program bad 'echo 1..1; echo "ok 1 - one"; kill -SEGV $$'
	run_tests ./good ./bad
	closes 1 "3 passed, 1 failed, 0 skipped"
}

@test "a non-zero exit status fails the run" {
	program bad 'echo "ok 1 - one"; echo 1..1; exit 3'
	run_tests ./good ./bad
	closes 1 "3 passed, 1 failed, 0 skipped"
}

@test "a missing plan fails the run" {
	program bad 'echo "ok 1 - one"'
	run_tests ./good ./bad
	closes 1 "3 passed, 1 failed, 0 skipped"
}

@test "fewer tests than planned fail the run" {
	program bad 'echo 1..3; echo "ok 1 - one"'
	run_tests ./good ./bad
	closes 1 "3 passed, 1 failed, 0 skipped"
}

@test "a program that prints nothing fails the run" {
	program bad 'exit 0'
	run_tests ./good ./bad
	closes 1 "2 passed, 1 failed, 0 skipped"
}

@test "a program that is not there fails the run" {
	run_tests ./good ./nowhere
	closes 1 "2 passed, 1 failed, 0 skipped"
}

@test "a program that hangs is ended and fails the run" {
	program bad 'echo 1..1; exec sleep 60'
	TEST_TIMEOUT=1 run_tests ./good ./bad
	closes 1 "2 passed, 1 failed, 0 skipped"
}

@test "an unlisted skip fails the run, a listed one is counted" {
	program skips 'echo "ok 1 - one"; echo "ok 2 - a thing # SKIP not here"; echo 1..2'
	run_tests ./good ./skips
	closes 1 "3 passed, 1 failed, 1 skipped"
	echo "./skips: a thing" >>allowed
	run_tests ./good ./skips
	closes 0 "3 passed, 0 failed, 1 skipped"
}

@test "an unlisted skip of a whole program fails the run, a listed one is counted" {
	program skips 'echo "1..0 # SKIP not here"'
	run_tests ./good ./skips
	closes 1 "2 passed, 1 failed, 1 skipped"
	echo "./skips: *" >>allowed
	run_tests ./good ./skips
	closes 0 "2 passed, 0 failed, 1 skipped"
}

@test "a test marked as to be done fails the run" {
	program later 'echo "not ok 1 - one # TODO some day"; echo 1..1'
	run_tests ./good ./later
	closes 1 "2 passed, 1 failed, 0 skipped"
}

@test "a run of nothing but skips fails" {
	program skips 'echo "1..0 # SKIP not here"'
	echo "./skips: *" >>allowed
	run_tests ./skips
	closes 1 "0 passed, 1 failed, 1 skipped"
}

@test "no argument is a usage error" {
	run_tests
	[ "$status" -eq 2 ]
}

@test "a score is said again before the last line" {
	program scored 'echo "ok 1 - one"; echo "# score: found 3 / 3"; echo "# other: 4"; echo 1..1'
	run_tests ./good ./scored
	closes 0 "3 passed, 0 failed, 0 skipped"
	[ "${lines[-2]}" = "found 3 / 3" ]
	[[ $output != *other* ]]
}

@test "a name that stands twice in a program fails the run, in two programs it may stand" {
	program same 'echo "ok 1 - one"; echo "ok 2 - two"; echo 1..2'
	run_tests ./good ./same
	closes 0 "4 passed, 0 failed, 0 skipped"
	program twice 'echo "ok 1 - one"; echo "ok 2 - two"; echo "ok 3 - one"; echo 1..3'
	run_tests ./good ./twice
	closes 1 "5 passed, 1 failed, 0 skipped"
	[[ $output == *"name stands twice: ./twice: one"* ]]
}

@test "a name that goes on with the one before fails the run" {
	program goes-on 'echo "ok 1 - one..."; echo "ok 2 - ... and two"; echo 1..2'
	run_tests ./good ./goes-on
	closes 1 "4 passed, 1 failed, 0 skipped"
	[[ $output == *"./goes-on: ... and two"* ]]
}

@test "tests out of their order, two plans, and tests behind a wrong plan fail the run" {
	program bad 'echo "ok 2 - one"; echo 1..1'
	run_tests ./good ./bad
	closes 1 "3 passed, 1 failed, 0 skipped"
	program bad 'echo 1..1; echo "ok 1 - one"; echo 1..1'
	run_tests ./good ./bad
	closes 1 "3 passed, 1 failed, 0 skipped"
	program bad 'echo 1..1; echo "ok 1 - one"; echo "ok 2 - two"'
	run_tests ./good ./bad
	closes 1 "4 passed, 1 failed, 0 skipped"
}
