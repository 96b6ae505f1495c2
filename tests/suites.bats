#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# scripts/suites compares what a suite came to with the list: each way to differ is told and fails. The suites are not
# here, so their results are made up, in the form in which the script reads them.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export SUITES_EXPECTED=$BATS_TEST_TMPDIR/list
	mkdir bin
	qemu 7.2.22
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	{
		echo '# a list'
		echo 'cases | some low | 38'
		echo 'cases | some high | 2'
		echo 'cases | other low | 59'
		echo 'some | low a case, 2 | TCG | [qemu:TCG_FEATURES] why'
		echo 'some | high a case, 1 #2 | TCG before QEMU 8 | [qemu:TCG_FEATURES] why'
		echo 'other | low a case, 1 | suite | [kvm:tdx_has_emulated_msr] why'
	} >list
	for number in $(seq 38); do
		echo "pass low a case, $number"
	done | sed '2s/pass/fail/' >results
	printf '%s high a case, 1\n' pass fail >>results
}

# qemu VERSION: the one in PATH says that it is that.
qemu() {
	printf '#!/bin/sh\necho "QEMU emulator version %s (Debian)"\n' "$1" >bin/qemu-system-x86_64
	chmod +x bin/qemu-system-x86_64
}

suites() {
	run "$BATS_TEST_DIRNAME/../scripts/suites" "$@"
	echo "$output"
}

# differs STATUS LINE: comparing ends so, with that line and the one that counts.
differs() {
	suites compare some results
	[ "$status" -eq "$1" ]
	[ "${lines[0]}" = "$2" ]
	[ "${#lines[@]}" -eq 2 ]
}

@test "as the list says: the same name twice, a row of another suite" {
	suites compare some results
	[ "$status" -eq 0 ]
	[ "$output" = "some: 38 of 40 cases pass, 2 are on the list, 0 not as expected" ]
}

@test "a case that is on the list passes" {
	sed -i '2s/fail/pass/' results
	differs 1 'passes, take it off the list: low a case, 2 (TCG)'
}

@test "a case fails that is not on the list, and so does the second of a name that is" {
	sed -i '7s/pass/fail/' results
	differs 1 'fails, and is not on the list: low a case, 7'
	sed -i -e '7s/fail/pass/' -e '39s/pass/fail/' results
	differs 1 'fails, and is not on the list: high a case, 1'
}

@test "a case that was skipped did not pass" {
	sed -i '7s/pass/skip/' results
	differs 1 'is not run, and is not on the list: low a case, 7'
}

@test "a case is no more: one of many, one that is on the list, all of a group" {
	sed -i 7d results
	differs 1 'low: 37 cases, 38 are known'
	sed -i '2s/2/99/' results
	suites compare some results
	[ "$status" -eq 1 ]
	[[ $output = *"on the list, but there is no such case: low a case, 2"* ]]
	grep -v ' high ' results >low
	suites compare some low
	[ "$status" -eq 1 ]
	[[ $output = *"high: 0 cases, 2 are known"* ]]
	: >none
	suites compare some none
	[ "$status" -eq 1 ]
	[[ $output = *"low: 0 cases, 38 are known"* ]]
}

@test "cases that nobody knows: one more, and a group" {
	echo 'pass low another' >>results
	differs 1 'low: 39 cases, 38 are known'
	sed -i '$s/low/new/' results
	differs 1 'new: 1 cases, of a group that the list does not know'
}

@test "what only an older QEMU cannot do has to pass with a newer one" {
	qemu 8.0.0
	differs 1 'fails, and is not on the list: high a case, 1 #2'
	sed -i '$s/fail/pass/' results
	suites compare some results
	[ "$status" -eq 0 ]
	qemu 7.2.22
	differs 1 'passes, take it off the list: high a case, 1 #2 (TCG before QEMU 8)'
}

@test "a guest that does not come to its end: what it lacks counts as failed" {
	sed -i 's/^cases | other.*/cases | other low | 99/' list
	echo 'some | high (ends) | TCG | [qemu:TCG_FEATURES] why' >>list
	sed -i -e 's/^cases | some high.*/cases | some high | 4/' list
	echo 'fail high (ends)' >>results
	suites compare some results
	[ "$status" -eq 0 ]
	sed -i -e 's/^cases | some high.*/cases | some high | 9/' list
	differs 1 '10 of 146 cases are on the list: more than 5 %'
	sed -i '$s/fail/pass/' results
	suites compare some results
	[ "$status" -eq 1 ]
	[[ $output = *"passes, take it off the list: high (ends) (TCG)"* ]]
}

@test "a newer QEMU may have more cases" {
	sed -i 's/^cases | some low.*/cases | some low | 38, 39 from QEMU 7/' list
	differs 1 'low: 38 cases, 39 are known'
	sed -i 's/from QEMU 7/from QEMU 8/' list
	suites compare some results
	[ "$status" -eq 0 ]
}

@test "more than 5 % on the list are too many" {
	sed -i -e '7s/pass/fail/' -e '8s/pass/fail/' results
	echo 'some | low a case, 7 | suite | [qemu:TCG_FEATURES] why' >>list
	echo 'some | low a case, 8 | suite | [qemu:TCG_FEATURES] why' >>list
	differs 1 '5 of 99 cases are on the list: more than 5 %'
}

@test "a row twice, without a source, of another cause or form" {
	echo 'some | low a case, 2 | TCG | [qemu:TCG_FEATURES] why' >>list
	differs 1 'listed twice: low a case, 2'
	for row in 'some | low x | TCG | why' 'some | low x | weather | [qemu:TCG_FEATURES] why' 'some | low x | TCG' \
		'cases | some low' 'nonsense'; do
		sed -i '8,$d' list
		echo "$row" >>list
		suites compare some results
		[ "$status" -eq 2 ]
		[[ $output = *"list:8: not \"suite | group case | cause | rule [source]\""* ]]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "a suite that is not there is no pass; nor is its folder without it" {
	suites lkvs nowhere
	[ "$status" -eq 3 ]
	[ "$output" = "suites: lkvs is not there: nowhere is no folder. docs/fidelity.md says where to get it" ]
	suites lkvs .
	[ "$status" -eq 3 ]
	[ "$output" = "suites: no BM/tdx-compliance in .: not a checkout of lkvs" ]
	suites kvm-unit-tests .
	[ "$status" -eq 3 ]
	[ "$output" = "suites: no x86/unittests.cfg in .: not a checkout of kvm-unit-tests-tdx" ]
	suites selftests .
	[ "$status" -eq 3 ]
	[ "$output" = "suites: no kselftest-list.txt in .: not an installation of selftests" ]
}

@test "bad usage is told in one line" {
	for words in '' 'weather .' 'lkvs' 'lkvs . .' '--weather lkvs .' 'compare some' 'compare some nowhere' '--qemu'; do
		# shellcheck disable=SC2086 # words
		suites $words
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	suites --qemu ./none compare some results
	[ "$status" -eq 3 ]
	[ "$output" = "suites: no QEMU ./none" ]
	SUITES_EXPECTED=none suites compare some results
	[ "$status" -eq 2 ]
	[ "$output" = "suites: cannot read none" ]
}

@test "the list itself can be read, and each of its sources is known" {
	unset SUITES_EXPECTED
	local names
	mapfile -t names < <(sed -n 's/^cases | \([a-z-]*\) .*/\1/p' "$BATS_TEST_DIRNAME/suites-expected" | sort -u)
	[ "${#names[@]}" -ge 1 ]
	for suite in "${names[@]}"; do
		suites compare "$suite" /dev/null
		[ "$status" -eq 1 ]
		[[ ${lines[-1]} =~ ^$suite:\ 0\ of\ 0\ cases\ pass,\ [0-9]+\ are\ on\ the\ list ]]
		[[ $output != *"more than 5 %"* ]]
	done
}
