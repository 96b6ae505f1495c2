#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $stderr is set by run
# A search that is divided and one that is killed end with the same result as one that is neither: by hand, with GNU
# parallel, and as a job array of a Slurm on one node.
bats_require_minimum_version 1.5.0

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	build=${B:-$top/build}
	export PATH=$build:$PATH
	cd "$BATS_TEST_TMPDIR" || return
}

# Everything but the time that it took.
essence() {
	jq -S 'del(.seconds, .cpu_seconds, .last)' "$1"
}

# whole OPTION...: what the command finds undivided
whole() {
	tdlab explore --json "$@" >whole || [ $? -eq 1 ]
	essence whole >whole.essence
}

# divided N OPTION...: the same in N shards, merged
divided() {
	local n=$1 shard parts=()
	shift
	for ((shard = 1; shard <= n; shard++)); do
		tdlab explore --json --shard "$shard/$n" "$@" >"part.$shard" || [ $? -eq 1 ]
		parts+=("part.$shard")
	done
	tdlab merge --json "${parts[@]}" >merged || [ $? -eq 1 ]
	essence merged
}

@test "shards, merged, are the whole: a correct guest, a broken one, drawn sequences, more shards than there is to do" {
	whole --guest correct --depth 6
	divided 4 --guest correct --depth 6 | diff whole.essence -
	[ "$(jq .sequences part.2)" -gt 0 ]
	[ "$(jq .sequences part.2)" -lt "$(jq .sequences whole)" ]
	whole --guest tail-only --to-private --pages 4
	divided 3 --guest tail-only --to-private --pages 4 | diff whole.essence -
	[ "$(jq -r '.violations[0].shortest' merged)" = first ]
	whole --guest correct --to-private --depth 30 --random 1000 --seed 5
	divided 7 --guest correct --to-private --depth 30 --random 1000 --seed 5 | diff whole.essence -
	whole --guest correct --depth 1
	divided 30 --guest correct --depth 1 | diff whole.essence -
}

@test "merge: what is missing, there twice, of something else, incomplete or no result is refused" {
	for shard in 1 2; do
		tdlab explore --guest correct --depth 3 --json --shard "$shard/2" >"part.$shard"
	done
	refused() {
		local what=$1
		shift
		run -2 --separate-stderr tdlab merge "$@"
		[[ $stderr == *"$what"* ]] && [ "$(wc -l <<<"$stderr")" -eq 1 ] && [ -z "$output" ]
	}
	refused "only 1 files" part.1
	refused "shard 1/2 again" part.1 part.1
	tdlab explore --guest correct --depth 4 --json --shard 2/2 >deeper
	refused "deeper: the depth is not that of part.1" part.1 deeper
	tdlab explore --guest correct --depth 3 --json --shard 2/3 >third
	refused "the number of shards is not that of part.1" part.1 third
	refused "there are 3 shards, and only 1 files" third
	tdlab explore --guest linux --depth 3 --json --shard 2/2 >other || [ $? -eq 1 ]
	refused "other: the guest is not that of part.1" part.1 other
	jq '.complete = false | .last = null' part.2 >half
	refused "half: not complete" part.1 half
	sed 's/"version": "[^"]*"/"version": "0.0"/' part.2 >old
	refused "old: made by tdlab 0.0" part.1 old
	head -c 500 part.2 >short
	refused "short: no JSON: line" part.1 short
	refused "part.3: No such file" part.1 part.3
	refused "which files"
}

@test "killed in the middle, a search goes on from its state and ends with the same" {
	whole --guest libtdconv --depth 8
	tdlab explore --guest libtdconv --depth 8 --state state --json >/dev/null 3>&- &
	for ((tries = 0; tries < 3000; tries++)); do
		[ -s state ] && [ "$(jq .sequences state)" -gt 0 ] && break
		sleep 0.01
	done
	kill -9 $!
	wait $! || true
	[ "$(jq .complete state)" = false ]
	[ "$(jq .sequences state)" -gt 0 ]
	[ "$(jq .sequences state)" -lt "$(jq .sequences whole)" ]
	tdlab explore --guest libtdconv --depth 8 --state state --json >resumed
	essence resumed | diff whole.essence -
	essence state | diff whole.essence -
	tdlab explore --guest libtdconv --depth 8 --state state --json >again
	diff resumed again
	run -2 --separate-stderr tdlab explore --guest libtdconv --depth 9 --state state
	[[ $stderr == *"the depth is another"* ]]
	run -2 tdlab explore --guest libtdconv --depth 8 --state state --shard 1/2
	run -3 tdlab explore --guest libtdconv --state /nowhere/state
	run -2 tdlab explore --guest libtdconv --shard 0/2
}

@test "a guest that always crashes: after 20 the search is given up, merge refuses it, --state brings it to its end" {
	local run=0
	gcc -Wall -Werror "-I$top" -shared -fPIC -o crash.so "$top/tests/harness/crash.c"
	for shard in 1 2; do
		run -1 tdlab explore --harness ./crash.so --pages 8 --depth 2 --shard "$shard/2" --json
		printf '%s\n' "$output" >"part.$shard"
		jq -e '.complete == false and .sequences > 0 and .sequences < 21 * 21' "part.$shard"
	done
	run -2 --separate-stderr tdlab merge part.1 part.2
	[[ $stderr == *"part.1: not complete"* ]]
	run -1 tdlab explore --harness ./crash.so --pages 8 --depth 2
	[[ $output == *"8 pages to shared, incomplete: 20 sequences"* ]]
	# 21 answers, twice: none of these sequences is run again, and none is left out.
	until [ "$run" -eq 30 ] || { [ -s state ] && [ "$(jq .complete state)" = true ]; }; do
		run=$((run + 1))
		tdlab explore --harness ./crash.so --pages 8 --depth 2 --state state >/dev/null || [ $? -eq 1 ]
	done
	jq -e '.complete and .sequences == 21 * 21 and ([.violations[].sequences] | add) == 21 * 21' state
	jq -e '[.answers[]] | unique == [0, 42]' state
}

@test "GNU parallel: the command of docs/campaign.md, and its result is that of an undivided search" {
	whole --guest libtdconv --depth 6
	# shellcheck disable=SC2016
	sed -n '/^    parallel/,/^$/p' "$top/docs/campaign.md" | sed 's/^    //' >commands
	grep -q 'tdlab merge' commands
	SHELL=/bin/sh sh -e commands >merged
	essence merged | diff whole.essence -
}

slurm() {
	"$top/tests/one-node-slurm" "$@"
}

@test "Slurm: the job array of scripts/campaign.slurm on one node, and its result is that of an undivided search" {
	slurm available || skip "no Slurm here: apt install slurmctld slurmd slurm-client munge, and be root"
	whole --guest libtdconv --depth 6
	slurm run "$PWD/slurm" "$top/scripts/campaign.slurm" 4 --guest libtdconv --depth 6
	tdlab merge --json slurm/part.* >merged
	essence merged | diff whole.essence -
}
