#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each command that is printed to be typed again runs, as it stands, and shows what it was printed for. That every
# combination of options is printed right is cli/reproduce_test.c's to see.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	mkdir "$BATS_TEST_TMPDIR/my lab"
	cd "$BATS_TEST_TMPDIR/my lab" || return
	ln -s "$build/payloads/violate" "odd's name"
	ln -s "$top/behaviours" 'my behaviours'
}

# printed: the commands in $output.
printed() {
	sed -nE 's/^(    |# )?(replay|again):? +//p' <<<"$output" | sort -u
}

# again STATUS PATTERN ARG...: tdlab ARG... ends so, and each command that it prints does, in a shell of its own; the
# output of both has a line like PATTERN.
again() {
	local want=$1 pattern=$2 line count=0
	shift 2
	run "$@" </dev/null
	echo "$output"
	[ "$status" -eq "$want" ]
	grep -qE "$pattern" <<<"$output"
	while read -r line; do
		count=$((count + 1))
		run bash -c "$line" </dev/null
		printf '%s\n' "again, exit status $status: $line" "$output"
		[ "$status" -eq "$want" ]
		grep -qE "$pattern" <<<"$output"
	done < <(printed)
	[ "$count" -ge 1 ]
}

@test "boot: quotes, links, faults, a network, two vCPUs, units" {
	again 1 '^violation  abandoned ' "$tdlab" boot --console /dev/null --append 'scenario=abandoned it="is so"' \
		--vmm hyperv:pages=64 --behaviours 'my behaviours' --inject mapgpa:retry=+16:when=2 --net user --memory 786432K \
		--cpus 0x1 --timeout 200 --disk none "odd's name"
	again 1 '^violation  skipped-pages ' "$tdlab" boot --console /dev/null --append scenario=skipped-pages --vmm hyperv \
		--seed 3 "odd's name"
}

@test "check: from the start, from a later MapGPA, of code in a process, by a path and by PATH" {
	again 1 'skipped-pages|went on beyond' "$tdlab" check --append 'scenario=skipped-pages quiet' --vmm hyperv \
		--cpus 1 --disk none "odd's name"
	again 1 'accepted' "$tdlab" check --guest tail-only --vmm hyperv --behaviours 'my behaviours' --pages 1024
	PATH=$build:$PATH again 1 'accepted' tdlab check --guest tail-only --vmm hyperv
}

@test "tdlab run: one run under a behaviour" {
	again 1 '^finding    pending-access' "$tdlab" run --guest tail-only --to-private --vmm hyperv --pages 1024 \
		--inject mapgpa:retry=+8:when=1 --behaviours 'my behaviours'
	PATH=$build:$PATH again 1 '^finding    pending-access' tdlab run --guest tail-only --to-private --vmm hyperv
}

@test "all options together: QEMU is started by the printed command as by the one that printed it" {
	# shellcheck disable=SC2016 # for the script that is written
	printf '#!/bin/sh\n[ "$1" = -version ] && { echo QEMU emulator version 9.0.0; exit; }\n' >'q emu'
	printf 'echo start >>"%s"; echo broken >&2; exit 1\n' "$PWD/starts" >>'q emu'
	chmod +x 'q emu'
	run "$tdlab" check --full --qemu './q emu' --vmm hyperv:pages=32,kvm --behaviours 'my behaviours' --disk none \
		--inject mapgpa:retry:when=2 --append 'a="b c"' --initrd "$build/initrd.cpio" --memory 1G --cpus 2 --timeout 9 \
		--modules "$kernel/modules" "$kernel/vmlinuz" </dev/null
	echo "$output"
	[ "$(wc -l <starts)" -eq 2 ]
	[ "$(printed | wc -l)" -eq 2 ]
	while read -r line; do
		run bash -c "$line" </dev/null
		printf '%s\n' "$line" "$output"
		[ "$status" -eq 3 ]
		[[ $output == *broken* ]]
	done < <(printed)
	[ "$(wc -l <starts)" -eq 4 ]
}

@test "--seed with two vCPUs: what is not promised is said, and only then" {
	local cpus
	for cpus in 1 2; do
		run --separate-stderr "$tdlab" boot --cpus $cpus --seed 7 --vmm hyperv --console /dev/null \
			--append "scenario=$([ $cpus = 2 ] && echo twocpu || echo plain)" "$build/payloads/violate" </dev/null
		[ "$status" -eq 0 ]
		[ $cpus = 1 ] || [[ $stderr == 'tdlab: --seed 7: '*'promised with one vCPU only' ]]
		[ $cpus = 2 ] || [ -z "$stderr" ]
	done
}
