#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $output is set by run
# libtdlab as others have it: installed, found by pkg-config, in programs of every kind. Each kind finds what is broken
# and passes what is not.
bats_require_minimum_version 1.5.0

load installed.bash

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	installed
	mkdir -p tests/harness	# its header is found where it was installed
	sed 's#"sim/include/tdlab.h"#<tdlab.h>#' "$top/tests/harness/loop.h" >tests/harness/loop.h
}

# program NAME FLAG...: tests/harness/program.c with the shared library, or as the flags say
program() {
	local name=$1 libs
	shift
	# shellcheck disable=SC2046 # words
	case " $* " in
	*" -static "*) libs=$(pkg-config --cflags --static --libs tdlab) ;;
	*" static "*) libs="$(pkg-config --cflags tdlab) $root/usr/lib/libtdlab.a" ;;
	*) libs=$(pkg-config --cflags --libs tdlab) ;;
	esac
	set -- "${@/#static/-DSTATIC}"
	# shellcheck disable=SC2086 # words
	${CXX:-gcc} -Wall -Wextra -Werror -O1 -g -I. "$@" -o "$name" "$top/tests/harness/program.c" ${CXX:+-x none} $libs
}

# right_and_wrong FLAG...: both, built so
right_and_wrong() {
	program right "$@"
	run -0 ./right depth=3
	[[ $output == *$'\nverdict    pass: nothing to find\n= 0 nothing to find: '* ]]
	program wrong -DSTALLS=2 "$@"
	run -1 ./wrong depth=3
	[ "$(grep '^+' <<<"$output" | paste -sd' ')" = \
		"+ abandoned permitted 1 0x40008000 8 stall,stall -1 + abandoned permitted 2 0x40008000 8 stall,stall -1" ]
	[[ $output == *$'\n           returned -1\n'* ]]
}

@test "shared, by pkg-config; nothing is exported but tdlab_*" {
	right_and_wrong
	ldd right | grep -q 'libtdlab.so.0 => .*/root/usr/lib'
	[ "$(nm -D --defined-only "$root/usr/lib/libtdlab.so" | awk '{ print $3 }' | paste -sd' ')" = \
		"tdlab_done tdlab_explore tdlab_instruction tdlab_note tdlab_stop tdlab_tdcall tdlab_touch" ]
	[ "$(nm -g --defined-only "$root/usr/lib/libtdlab.a" | awk 'NF == 3 { print $3 }' | grep -cv '^tdlab_')" -eq 0 ]
}

@test "static, and without PIC" {
	right_and_wrong -static -fno-pic -no-pie
	run ! ldd right
}

@test "C++" {
	CXX=g++ right_and_wrong -x c++ static
}

@test "AddressSanitizer and UBSan; what they find in a guest is found" {
	right_and_wrong static -fsanitize=address,undefined
	program crashing static -fsanitize=address -DOVERFLOW
	run -1 ./crashing depth=1
	[[ $output == *"heap-buffer-overflow"*$'\n+ guest-died permitted '* ]]
}

@test "coverage of the guest is written by the processes that run it" {
	cp "$top/tests/harness/program.c" .
	gcc --coverage -O0 -I. -o covered program.c "$root/usr/lib/libtdlab.a" "-I$root/usr/include"
	run -0 ./covered depth=2
	gcov -t ./*.gcda >lines
	grep -qE '^ +[1-9][0-9]*\*?: +[0-9]+:	return convert_all' lines
}

@test "as the command: the same sequences, findings and shortest answers, and one of them again" {
	program wrong -DSTALLS=2
	cp "$top/tests/harness/guest.c" .
	gcc -I. "-I$root/usr/include" -DSTALLS=2 -DRESET -shared -fPIC -o guest.so guest.c
	run -1 ./wrong
	for to in "" --to-private; do
		"$root/usr/bin/tdlab" explore --harness ./guest.so --json $to || [ $? -eq 1 ]
	done >results
	[ "$(sed -n 's/^= .*: \(.* calls, .*\) TDCALLs.*/\1/p' <<<"$output")" = \
		"$(jq -rs '"\(map(.sequences) | add) sequences, \(map(.calls) | add) calls, \(map(.tdcalls) | add)"' results)" ]
	jq -r '.violations[] | "\(.name) \(.class) \(.at) \(.pages) \(.shortest)"' results >theirs
	sed -n 's/^+ \([^ ]* [^ ]*\) [12]\(.*\) [^ ]*$/\1\2/p' <<<"$output" | diff theirs -
	run -1 ./wrong directions=2 at=0x40008000 pages=8 answers=stall,stall
	[[ $output == *"= 1 "*": 1 sequences, 2 calls, 2 TDCALLs, 1 of 1 findings"* ]]
	run -0 ./wrong directions=2 answers=stall,first,ok
	[[ $output == *": 1 sequences"* ]]
}

@test "again: the line of a finding has all that shows it; what had no place in it is inconclusive" {
	local line options
	program right	# five RETRYs are enough for three, and not for six
	run -1 ./right depth=6 stalls=6
	line=$(sed -n 's/^           again  *//p' <<<"$output" | tail -n 1)
	[ "$line" = '.directions = TDLAB_TO_PRIVATE, .at = 0x40008000, .pages = 8,'\
' .answers = "stall,stall,stall,stall,stall", .stalls = 6' ]
	options=$(sed 's/TDLAB_TO_PRIVATE/2/; s/^\.//; s/, \./ /g; s/ = /=/g; s/"//g' <<<"$line")
	# shellcheck disable=SC2086 # words
	run -1 ./right $options
	[[ $output == *$'\n+ abandoned permitted 2 '* ]]
	# shellcheck disable=SC2086 # words
	run -0 ./right ${options% *}
	run -5 ./right directions=1 pages=1 answers=stall,first
	[[ $output == *"= 5 answer 2, first, was not given: what the guest did there has no place for it: "* ]]
	run -5 ./right directions=1 answers=busy
	run -0 ./right directions=2 answers=busy
	run -5 ./right directions=2 answers=small at=0x40200000 pages=512	# it accepts page by page
	run -0 ./right directions=1 answers=invalid,first	# it gave up at the first, as it may
}

@test "what cannot be is said in one line, and nothing is run" {
	program right
	while IFS='|' read -r options text; do
		# shellcheck disable=SC2086 # words
		run -2 ./right $options
		[[ $output == *"= 2 $text: 0 sequences, 0 calls, 0 TDCALLs, 0 of 0 findings" ]]
	done <<-END
	depth=65|the options' depth is more than 64
	directions=4|the options have directions that tdlab.h does not name
	pages=40000|the options' pages are more than 32768
	at=0x40008001|the options' at is no page from 0x8000000 on, below 0x4000000000
	at=0x1000|the options' at is no page from 0x8000000 on, below 0x4000000000
	at=0x4000000000|the options' at is no page from 0x8000000 on, below 0x4000000000
	seconds=-1|the options' seconds are no time
	seconds=nan|the options' seconds are no time
	answers=stall,no|the options' answers are not names that "tdlab list answers" has, with commas between them, 64 at most
	answers=ok random=5|the options have both answers and random
	ignore|the program ignores SIGCHLD: how a guest ended could not be known
	nowait|the program ignores SIGCHLD: how a guest ended could not be known
	END
	program aligned -DALIGN=8192
	run -2 ./aligned pages=3
	[[ $output == *"= 2 the options' pages are no multiple of the guest's align: "*" 0 of 0 findings" ]]
	run -0 ./aligned pages=4 depth=2
	program one-way -DONE_WAY=1
	run -0 ./one-way directions=2
	[[ $output == *"= 0 not applicable: the guest does not convert in that direction: 0 sequences, "* ]]
	run -0 ./one-way depth=2
	[[ $output == *"= 0 nothing to find: "* ]]
	program nested -DNESTED
	run -1 ./nested depth=1
	[[ $output == *"abandoned"* && $output != *"guest-hung"* ]]
}

@test "time that is over before all was seen is no pass, and no finding" {
	program right
	run -5 ./right depth=12 seconds=1
	[[ $output == *"not complete"*"= 5 there was not time for all of it: "*" 0 of 0 findings" ]]
	program wrong -DSTALLS=2
	run -1 ./wrong depth=12 seconds=1	# what was found is found
	run -5 ./right pages=1 depth=2
	[[ $output == *"= 5 the guest was never given partial completion: "* ]]
	run -0 ./right random=500 depth=20
}

@test "other threads: two guests are explored one after the other; one that may wait for a thread is not blamed" {
	program right
	run -0 ./right depth=4
	told=$(grep -E '^(=|\+)' <<<"$output")
	run -0 ./right depth=4 twice
	[ "$(grep -E '^(=|\+)' <<<"$output" | tail -n 1)" = "$told" ]
	[ "$(grep -E '^\+' <<<"$output" | cut -d' ' -f2 | sort -u)" = false-success ]
	program hangs -DHANGS -DSTALLS=2
	run -1 ./hangs answers=ok directions=1
	[[ $output == *$'\n+ guest-hung '*" 0" && $output != *returned* ]]
	run -5 ./hangs answers=ok directions=1 thread
	[[ $output == *"= 5 the guest hangs, and the program has other threads"*" 0 of 0 findings" ]]
	run -1 ./hangs answers=stall,stall thread	# to private it does not, and what is found is the verdict
	[[ $output == *$'\n= 1 a conversion was given up '*" 1 of 1 findings"$'\n+ abandoned permitted 2 '* ]]
}

@test "a guest that makes its TDCALLs in two threads is refused, and so is what is found while one is left" {
	printf '%s\n' '#include <stdio.h>' 'int main(void) {' 'static struct tdlab_result r;' \
		'tdlab_explore(&tdlab_guest, NULL, &r);' 'puts(r.report);' 'return (int)r.verdict; }' >main.c
	while read -r how status text; do
		cat "$top/tests/harness/threads.c" main.c >two.c
		# shellcheck disable=SC2046 # words
		gcc -I. -D"$how" -o two two.c $(pkg-config --cflags --libs tdlab) -pthread
		run "-$status" ./two
		[[ $output == *$'\nverdict    '"$text"* ]]
	done <<-END
	BOTH 2 refused: it makes a TDCALL in a second thread
	LATE 2 refused: it has a second thread when it is judged
	CRASHES 2 refused: it has a second thread when it is judged
	NOTHING 1 fail: private memory was used before
	END
}

@test "a program that takes our children's ends from us: no process to be had, and no guest is blamed" {
	program right
	for _ in 1 2 3; do
		run ./right depth=2 reap
		[[ ($status -eq 0 || $status -eq 3) && $output == *" 0 of 0 findings" ]]
	done
}

@test "seconds without an answer are no hang while the search goes on" {
	program right
	run -5 ./right depth=14 seconds=7
	[[ $output == *"= 5 there was not time for all of it: "*" 0 of 0 findings" ]]
}

@test "what a guest does only after a hundred others is no finding; one that came back did not hang" {
	program moody -DMOODY
	run -5 ./moody depth=3 directions=1
	[[ $output == *"= 5 false-success was seen in "*" and did not come again in a process of its own"*" 0 of 0 findings" ]]
	program lingers -DLINGERS
	run -0 ./lingers answers=stall directions=1
}
