#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $output and $stderr are set by run
# Requests of several shapes, answers about registers and ACCEPT: each loop with a defect that only one of them shows is
# found by what explore does by itself, within 900000 TDCALLs, under its name and minimal; the right one beside it is
# clean. That is five seconds where a TDCALL takes 5 us; an idle machine does it in a tenth of one.
bats_require_minimum_version 1.5.0

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	build=${B:-$top/build}
	export PATH=$build:$PATH
	cd "$BATS_TEST_TMPDIR" || return
}

# A guest, its direction, the finding, its class and shortest sequence, the shape that shows it first; the right loop.
table() {
	cat <<-END
	entry-tail private pending-access permitted first large-aligned by-entry
	mailbox-tail private pending-access permitted ok aligned large-first
	inputs-only shared beyond-gpaw permitted first-changed unaligned correct
	inputs-only private beyond-gpaw permitted first-changed unaligned correct
	failed-r11 shared false-success hostile invalid-end unaligned correct
	rax-reused private accept-abandoned permitted busy unaligned correct
	one-busy private accept-abandoned permitted busy unaligned correct
	twice-accepted private double-accept permitted ok unaligned large-first
	END
}

@test "each defect is found by default and soon, again by its line, and the right loop is clean" {
	while read -r guest direction name class shortest shape right; do
		echo "$guest to $direction"
		to=()
		[ "$direction" = shared ] || to=(--to-private)
		run -1 tdlab explore --guest "$guest" "${to[@]}" --json
		printf '%s\n' "$output" >result
		jq -e --arg name "$name" --arg class "$class" --arg shortest "$shortest" --arg shape "$shape" \
			'.violations[0] | .name == $name and .class == $class and .shortest == $shortest and .shape == $shape' result
		[ "$(jq .tdcalls result)" -lt 900000 ]
		again=$(jq -r '.violations[0].again' result)
		[[ $again == "tdlab replay $shortest --guest $guest "*"--at 0x"*" --pages "* ]]
		run -1 bash -c "$again"
		[[ $output == *"finding    $name ($class)"* ]]
		run -1 tdlab replay --finding "$name" result
		run -0 tdlab minimise --finding "$name" --json result
		[ "$(jq -r '.violations[0].shortest' <<<"$output")" = "$shortest" ]
		run -0 tdlab explore --guest "$right" "${to[@]}" --json
		[ "$(jq .tdcalls <<<"$output")" -lt 900000 ]
	done < <(table)
}

@test "with another shape these two are clean: it is the shape that shows them" {
	run -5 tdlab explore --guest entry-tail --to-private --pages 8	# it has none of 2 MiB there
	[[ $output != *finding* ]]
	run -0 tdlab explore --guest mailbox-tail --to-private --pages 8
	run -0 tdlab explore --guest mailbox-tail --to-private --at 0x40008000 --pages 100
	run -1 tdlab explore --guest mailbox-tail --to-private --at 0x40200000
}

@test "a guest that asks page by page is never given partial completion, which is no pass; a larger entry is" {
	run -5 tdlab explore --guest by-entry --pages 8 --json
	[ "$(jq -r .verdict <<<"$output")" = inconclusive ]
	run -5 tdlab explore --guest by-entry --pages 8
	[[ $output == *$'\nnever given partial completion\n'*"inconclusive: the guest was never given partial completion"* ]]
	run -0 tdlab explore --guest by-entry
	run -0 tdlab replay ok --guest by-entry --pages 8	# one sequence is what was asked for
	run -5 tdlab replay first --guest by-entry --pages 8
	[[ $output == *$'\nincomplete answer 1, first, was not given: what the guest did there has no place for it\n'* ]]
	run -5 tdlab replay stall,small --to-private --guest by-entry --pages 8 --json
	[ "$(jq -r '"\(.verdict) \(.incomplete)"' <<<"$output")" = \
		"inconclusive answer 2, small, was not given: what the guest did there has no place for it" ]
	run -1 tdlab replay first,small --guest tail-only --to-private	# what is found is found
}

@test "shards of several shapes, merged, are the whole; --state goes on in the shape that it had come to" {
	essence() { jq -S 'del(.seconds, .cpu_seconds, .last)' "$@"; }
	tdlab explore --guest mailbox-tail --to-private --json >whole || [ $? -eq 1 ]
	for part in 1 2; do
		tdlab explore --guest mailbox-tail --to-private --json --shard "$part/2" >"part.$part" || [ $? -eq 1 ]
	done
	tdlab merge --json part.1 part.2 >merged || [ $? -eq 1 ]
	diff <(essence whole) <(essence merged)
	gcc -I"$top" -shared -fPIC -o stops.so "$top/tests/harness/stops.c"
	stops=(tdlab explore --harness ./stops.so --stalls 4 --depth 4 --json)
	STOP=1 run -143 --separate-stderr "${stops[@]}" --state state
	jq -e '.last.shape == 3 and (.complete | not) and .sequences > 0' state
	"${stops[@]}" --state state >resumed
	"${stops[@]}" >at-once
	diff <(essence at-once) <(essence resumed)
}

@test "faults on top of a search: of ACCEPT and of registers, not of what the search chooses" {
	run -0 tdlab explore --guest correct --to-private --pages 8 --depth 3 --inject accept:busy=2
	run -1 tdlab explore --guest rax-reused --to-private --pages 8 --depth 2 --inject accept:busy=1 --json
	[ "$(jq -r '.violations[0] | "\(.name) \(.shortest)"' <<<"$output")" = "accept-abandoned ok" ]
	run -1 bash -c "$(jq -r '.violations[0].again' <<<"$output")"
	run -1 tdlab explore --guest inputs-only --pages 8 --inject mapgpa:registers=changed
	run -1 tdlab explore --guest inputs-only --to-private --pages 8 --inject mapgpa:registers=changed
	run -0 tdlab explore --guest libtdconv --pages 8 --depth 4 --inject mapgpa:registers=changed
	run -0 tdlab explore --guest libtdconv --to-private --pages 8 --depth 4 --inject mapgpa:registers=changed
	run -2 --separate-stderr tdlab explore --guest correct --inject mapgpa:retry
	[[ -z $output && $stderr == *"a search chooses what MapGPA is answered"* ]]
	run -2 tdlab explore --guest correct --match --inject accept:busy=1
	run -2 tdlab explore --guest correct --at 0x1001
}

@test "libtdconv, by default: every shape and answer, both ways" {
	for direction in '' --to-private; do
		run -0 tdlab explore --guest libtdconv $direction --json
		jq -e '.complete and (.violations | length) == 0 and ([.answers[] | select(. == 0)] | length) == 0' <<<"$output"
	done
}

@test "libtdconv, every sequence to its end, aligned and over 4 GiB" {
	for at in 0x40200000 0xffff8000; do
		run -0 tdlab explore --guest libtdconv --match --pages 16 --at "$at"
		run -0 tdlab explore --guest libtdconv --match --pages 16 --at "$at" --to-private
	done
}
