#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets is what the same test looks at
# Guest code in a process under every answer of a VMM. Each known defect has its name and is found in at most
# three answers; what is correct is clean.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/.." || return 1
	tdlab=${B:-build}/tdlab
}

harness() {
	gcc -Wall -Werror -I. -shared -fPIC -o "$BATS_TEST_TMPDIR/$1.so" "tests/harness/$1.c"
}

# caught TOY FINDING [OPTION...]: found under that name, and the shortest sequence replays to it
caught() {
	local toy=$1 finding=$2 shortest
	shift 2
	run -1 "$tdlab" explore --guest "$toy" --pages 4 --json "$@"
	shortest=$(jq -r "[.violations[] | select(.name == \"$finding\") | .shortest][0]" <<<"$output")
	[ -n "$shortest" ]
	[ "$(tr ',' '\n' <<<"$shortest" | wc -l)" -le 3 ]
	run -1 "$tdlab" replay "$shortest" --guest "$toy" --pages 4 --json "$@"
	[ "$(jq -r '.violations[0].name' <<<"$output")" = "$finding" ]
	[ "$(jq .sequences <<<"$output")" = 1 ]
}

@test "toy: only the tail is accepted" { caught tail-only pending-access --to-private; }
@test "toy: R11 is not checked" { caught no-r11-check wrapping-request; }
@test "toy: S is compared without a mask" { caught unmasked-s abandoned; }
@test "toy: stalls without bound" { caught unbounded runaway; }
@test "toy: R11 at the end is taken for success" { caught end-is-success false-success; }
@test "toy: R11 inside a page, byte by byte: no VMM is to blame for more than that it takes long" {
	run -1 "$tdlab" run --guest byte-trickle --vmm byte-trickle:bytes=1 --pages 64 --json
	[ "$(jq -r .finding <<<"$output")" = unbounded ]
	run -0 "$tdlab" run --guest byte-trickle --vmm unaligned --json
}
@test "toy: the error is lost" { caught swallowed-error false-success; }

@test "the correct loop is clean, both ways" {
	run -0 "$tdlab" explore --guest correct --pages 8 --depth 8
	run -0 "$tdlab" explore --guest correct --pages 8 --depth 8 --to-private
}

@test "libtdconv with undo is clean, both ways" {
	run -0 "$tdlab" explore --guest libtdconv --pages 4 --depth 5
	run -0 "$tdlab" explore --guest libtdconv --pages 4 --depth 5 --to-private
}

@test "64 pages, every sequence to its end, equal states merged: libtdconv is clean, both ways" {
	for direction in '' --to-private; do
		run -0 "$tdlab" explore --guest libtdconv --pages 64 --match --json ${direction:+"$direction"}
		[ "$(jq -r '"\(.all) \(.violations | length) \(.longest)"' <<<"$output")" = "true 0 512" ]
		[ "$(jq .states <<<"$output")" -gt 10000 ]
		echo "# $(jq -r '"\(.states) states, \(.sequences) sequences, \(.seconds) s"' <<<"$output")" >&3
	done
}

@test "with --match each toy is caught as without" {
	caught_matching() {
		run -1 "$tdlab" explore --match --json --pages 8 --guest "$@"
		jq -r '[.violations[] | "\(.name)=\(.shortest)"] | join(" ")' <<<"$output"
	}
	[ "$(caught_matching tail-only --to-private)" = "pending-access=first abandoned=stall,stall,stall" ]
	[ "$(caught_matching unmasked-s)" = abandoned=stall ]
	[ "$(caught_matching unbounded)" = runaway=stall ]
	[ "$(caught_matching end-is-success)" = "abandoned=stall,stall,stall false-success=end" ]
	[ "$(caught_matching byte-trickle)" = abandoned=stall,stall,stall ]
	[[ $(caught_matching swallowed-error) == "abandoned=stall,stall,stall false-success=invalid "* ]]
	[ "$(caught_matching no-r11-check --depth 6)" = \
		"abandoned=stall,stall,stall wrapping-request=beyond crosses-shared-bit=zero outside-request=below" ]
	[ "$(caught_matching inputs-only)" = beyond-gpaw=first-changed ]
	[ "$(caught_matching inputs-only --to-private)" = beyond-gpaw=first-changed ]
	[ "$(caught_matching failed-r11)" = false-success=invalid-end ]
	[ "$(caught_matching rax-reused --to-private)" = accept-abandoned=busy ]
	[ "$(caught_matching one-busy --to-private)" = accept-abandoned=busy ]
	[ "$(caught_matching twice-accepted --to-private)" = double-accept=ok ]
	[ "$(caught_matching mailbox-tail --to-private --at 0x40200000)" = "pending-access=ok pending-access=lie" ]
	[ "$(caught_matching entry-tail --to-private --at 0x40600000 --pages 520 --depth 3)" = pending-access=first ]
	run -0 "$tdlab" explore --match --guest correct
	run -0 "$tdlab" explore --match --guest correct --to-private
	run -2 "$tdlab" explore --match --harness /nowhere.so
}

@test "random sequences: the same seed gives the same" {
	run -0 "$tdlab" explore --guest libtdconv --pages 64 --depth 40 --random 2000 --seed 7 --json
	first=$(jq '[.sequences, .calls, .tdcalls]' <<<"$output")
	run -0 "$tdlab" explore --guest libtdconv --pages 64 --depth 40 --random 2000 --seed 7 --json
	[ "$(jq '[.sequences, .calls, .tdcalls]' <<<"$output")" = "$first" ]
	run -0 "$tdlab" explore --guest libtdconv --pages 64 --depth 40 --random 2000 --seed 8 --json
	[ "$(jq '[.sequences, .calls, .tdcalls]' <<<"$output")" != "$first" ]
}

@test "a harness that executes TDCALL itself" {
	harness trap
	run -1 "$tdlab" explore --harness "$BATS_TEST_TMPDIR/trap.so" --to-private --json
	# nor does it repeat a busy ACCEPT
	[ "$(jq -c '[.violations[].name]' <<<"$output")" = '["abandoned","accept-abandoned"]' ]
}

@test "doctor says what TDCALL raises on this CPU" {
	printf 'int main(void) { __asm__ volatile(".byte 0x66, 0x0f, 0x01, 0xcc"); return 0; }\n' >"$BATS_TEST_TMPDIR/raise.c"
	gcc -o "$BATS_TEST_TMPDIR/raise" "$BATS_TEST_TMPDIR/raise.c"
	run bash -c "ulimit -c 0; exec '$BATS_TEST_TMPDIR/raise'"
	case $status in
	132) want='#UD (SIGILL)' ;;
	139) want='#GP (SIGSEGV)' ;;
	*) want='neither #UD nor #GP' ;;
	esac
	run "$tdlab" doctor
	[[ $output == *tdcall*"$want"* ]]
}

@test "a harness that crashes and hangs: both are findings, and the rest is explored" {
	harness broken
	run -1 --separate-stderr "$tdlab" explore --harness "$BATS_TEST_TMPDIR/broken.so" --depth 1 --pages 8
	[[ $output == *"guest-died (hostile) in 1 sequence:"* ]]
	[[ $output == *"guest-hung (permitted) in 1 sequence:"* ]]
	[[ $output == *"explored   8 pages to shared: 21 sequences"* ]]
}

@test "a harness that links libc does not get its accept(2)" {
	harness libc
	for direction in '' --to-private; do
		run -0 --separate-stderr "$tdlab" explore --harness "$BATS_TEST_TMPDIR/libc.so" --stalls 4 --depth 3 \
			${direction:+"$direction"}
		[ -z "$stderr" ]
	done
}

# explored HARNESS STATUS OPTION...: its sequences, complete or not, findings, and what is said of what was not seen
explored() {
	local name=$1 want=$2
	shift 2
	harness "$name"
	run "-$want" --separate-stderr "$tdlab" explore --harness "$BATS_TEST_TMPDIR/$name.so" --stalls 4 --pages 8 --json "$@"
	jq -r '"\(.sequences) \(.complete) [\([.violations[].name] | unique | join(" "))] \(.verdict) \(.incomplete)"' \
		<<<"$output"
}

@test "a crash that only comes after other runs cuts no tree, is no finding, and the result is not complete" {
	run -0 explored sixth 5 --depth 1
	[[ $output == "21 false [] inconclusive guest-died was seen in "*"did not come again in a process of its own"* ]]
	all=$("$tdlab" explore --guest correct --depth 2 --pages 8 --json | jq .sequences)
	run -0 explored sixth 5 --depth 2
	[[ $output == "$all false [] inconclusive "* ]]
}

@test "a lock that was held when the TD was stopped is no hang" {
	run -0 explored lock 1 --depth 2 --to-private
	[[ $output == *" true [td-lost] fail null" ]]
	run -0 explored lock 0 --depth 2
	[[ $output == *" true [] pass null" ]]
}

@test "a harness that asks otherwise after the same answers: it is said, and nothing is complete" {
	run -0 explored alternates 5 --depth 2
	[[ $output == *" false [] inconclusive in "*" sequences the guest code did not ask again"* ]]
}

# front STATUS FLAGS OPTION...: findings and notes of tests/harness/front.c built so
front() {
	local want=$1 flags=$2
	shift 2
	# shellcheck disable=SC2086 # flags
	gcc -Wall -Werror -I. -shared -fPIC $flags -o "$BATS_TEST_TMPDIR/front.so" tests/harness/front.c
	run "-$want" --separate-stderr "$tdlab" explore --harness "$BATS_TEST_TMPDIR/front.so" --stalls 4 --depth 2 --pages 8 \
		--json "$@"
	jq -r '"[\([.violations[].name] | unique | join(" "))] \(if .in_unit > 0 then "noted" else "nothing" end)"' \
		<<<"$output"
}

@test "memory outside the request: a finding, or a note within a unit that the guest declares" {
	[ "$(front 1 '')" = "[outside-request] nothing" ]
	[ "$(front 1 '' --to-private)" = "[outside-request] nothing" ]
	[ "$(front 1 -DWIDE)" = "[outside-request] nothing" ]
	[ "$(front 1 -DACCEPT --to-private)" = "[outside-request] nothing" ]
	[ "$(front 0 -DACCEPT)" = "[] nothing" ]
	[ "$(front 0 -DDECLARED)" = "[] noted" ]
	[ "$(front 0 '-DDECLARED -DWIDE')" = "[] noted" ]
	[ "$(front 0 '-DDECLARED -DWIDE' --to-private)" = "[] noted" ]
	[ "$(front 1 '-DDECLARED -DWIDE -DNEIGHBOUR')" = "[accept-unrequested] noted" ]
	run -1 --separate-stderr "$tdlab" run --harness "$BATS_TEST_TMPDIR/front.so" --vmm hyperv --pages 1024 --json
	[ "$(jq -r '"\(.finding) \(.in_unit)"' <<<"$output")" = "accept-unrequested true" ]
}

@test "--tap and --junit: a test for each finding, which says how to have it again, and one for the whole" {
	local xml=$BATS_TEST_TMPDIR/out.xml
	run -1 "$tdlab" explore --guest tail-only --to-private --depth 3 --tap --junit "$xml"
	[[ ${lines[0]} == 1..3 && ${lines[1]} == "not ok 1 - tail-only to private: no pending-access (permitted)" ]]
	[[ ${lines[3]} == "# replay: "*" replay first --guest tail-only --to-private "* ]]
	[[ ${lines[-1]} == "ok 3 - tail-only to private: all answers given" ]]
	grep -F '<testsuite name="tdlab explore" tests="3" failures="2" errors="0" skipped="0"' "$xml"
	echo 'tail-only stall,* abandoned permitted a toy' >"$BATS_TEST_TMPDIR/known"
	run -1 "$tdlab" explore --guest tail-only --to-private --depth 3 --tap --known "$BATS_TEST_TMPDIR/known"
	[[ ${lines[1]} == "not ok 1 - "* && ${lines[4]} == "ok 2 - tail-only to private: no abandoned (permitted)" ]]
	run -5 "$tdlab" explore --guest correct --pages 1 --at 0x40008000 --depth 3 --tap
	[[ ${lines[1]} == "not ok 1 - correct to shared: all answers given" && ${lines[2]} == "# inconclusive: "* ]]
	run -2 --separate-stderr "$tdlab" explore --guest correct --tap --json
	[ -z "$output" ]
	run -2 "$tdlab" explore --guest correct --junit nowhere/x.xml
	[ "$output" = "tdlab: --junit nowhere/x.xml: No such file or directory" ]
	run -3 --separate-stderr "$tdlab" explore --guest correct --depth 2 --junit /dev/full
	[ "$stderr" = "tdlab: --junit /dev/full: No space left on device" ]
}

@test "results to a full disk: one line, exit status 3" {
	full() {
		run -3 --separate-stderr bash -c '"$@" >/dev/full' - "$@"
		[[ ${#stderr_lines[@]} -eq 1 && $stderr == *"results cannot be written: No space left on device" ]]
	}
	full "$tdlab" explore --guest libtdconv --depth 2
	full "$tdlab" explore --guest libtdconv --depth 2 --json
	full "$tdlab" explore --guest libtdconv --match --pages 4
	full "$tdlab" run --guest libtdconv --vmm hyperv --pages 600
	full "$tdlab" list guests
	full "$tdlab" explore --guest correct --depth 2
	full "$tdlab" minimise --guest tail-only --to-private stall,first
	run -3 --separate-stderr "$tdlab" replay stall,ok --guest libtdconv --journal /dev/full
	[[ $stderr == *"--journal /dev/full: No space left on device" ]]
}

# interrupted SIGNAL STATUS COMMAND...: what it prints when that signal comes, which it takes for its status, too
interrupted() {
	local signal=$1 want=$2
	shift 2
	run "-$want" --separate-stderr timeout --preserve-status -s "$signal" 1.5 "$@"
	printf '%s\n' "$output" "$stderr"
	run ! grep -lF "$BATS_TEST_TMPDIR" /proc/[0-9]*/maps
}

@test "a signal: what was seen is reported, as not complete, and no process stays" {
	harness slow
	slow=$BATS_TEST_TMPDIR/slow.so
	run -0 interrupted INT 130 "$tdlab" explore --harness "$slow" --depth 6 --json
	[ "$(jq -r '"\(.complete) \(.sequences > 0) \(.incomplete)"' <<<"$output")" = "false true interrupted by signal 2" ]
	run -0 interrupted TERM 143 "$tdlab" explore --guest libtdconv --random 1000000000 --depth 40
	[[ $output == *"incomplete: "*"verdict    inconclusive: not all was seen"* ]]
	run -0 interrupted INT 130 "$tdlab" explore --guest libtdconv --match --pages 64 --json
	[ "$(sed '/^tdlab: /d' <<<"$output" | jq -r '"\(.all) \(.verdict)"')" = "false inconclusive" ]
	[[ $output == *interrupted* ]]
	run -0 interrupted TERM 143 "$tdlab" minimise first,first,first,first,first,first,first,first --harness "$slow" --json
	[ "$(jq -r '"\(.complete) \(.incomplete)"' <<<"$output")" = "false interrupted by signal 15" ]
	harness broken	# which hangs then
	run -0 interrupted INT 130 "$tdlab" run --harness "$BATS_TEST_TMPDIR/broken.so" --vmm error-after:code=GPA_INUSE
	[[ $output != *verdict* ]]
}

# under BEHAVIOUR STATUS OUTCOME FINDING [OPTION...]: one run, its exit status and what its report says
under() {
	local behaviour=$1 status=$2 said="$3 $4"
	shift 4
	run "-$status" --separate-stderr "$tdlab" run --vmm "$behaviour" --json "$@"
	[ "$(jq -r '"\(.outcome) \(.finding)"' <<<"$output")" = "$said" ]
	reproduce=$(jq -r .reproduce <<<"$output")
	again=$(jq -c 'del(.reproduce)' <<<"$output")
	run "-$status" --separate-stderr bash -c "$reproduce --json"
	[ "$(jq -c 'del(.reproduce)' <<<"$output")" = "$again" ]
}

@test "one run under a behaviour: judged by its label, and its command runs again" {
	under complete 0 converted null --guest libtdconv
	under eagain:stalls=2 0 converted null --guest linux
	under eagain:stalls=3 1 failed abandoned --guest linux
	under error-after 0 undone null --guest libtdconv
	under error-after 0 failed null --guest correct --to-private
	under error-after 1 converted false-success --guest swallowed-error
	under error-after 1 stopped td-lost --guest swallowed-error --to-private
	under error-after:call=9 5 converted null --guest libtdconv
	under qemu-64m 1 converted pending-access --guest tail-only --to-private
}

# matrix FILTER OPTION...: what a guest's runs under all behaviours come to, one line each, those that FILTER selects
matrix() {
	local filter=$1 behaviour
	shift
	for behaviour in behaviours/*.vmm; do
		"$tdlab" run --vmm "$(basename "$behaviour" .vmm)" --json "$@" 2>&1 || true
	done | jq -r "select($filter) | \"\(.behaviour) \(.finding)\""
}

@test "under all behaviours the correct loop is clean, both ways" {
	[ "$(matrix '.verdict == "pass"' --guest correct | wc -l)" -gt 30 ]
	[ -z "$(matrix '.verdict == "fail"' --guest correct)" ]
	[ -z "$(matrix '.verdict == "fail"' --guest correct --to-private)" ]
}

@test "under all behaviours each toy is caught by its name" {
	found() { matrix ".finding == \"$2\"" --guest "$1" --pages 1024 "${@:3}"; }
	found tail-only pending-access --to-private | grep -q '^two-pages '
	found no-r11-check wrapping-request | grep -q '^claim-beyond '
	found no-r11-check outside-request | grep -q '^claim-below '
	found unmasked-s abandoned | grep -q '^one-page '
	found unbounded runaway | grep -q '^stall '
	found end-is-success false-success | grep -q '^claim-end '
	found swallowed-error false-success | grep -q '^error-after '
	found swallowed-error td-lost --to-private | grep -q '^error-after '
}

# recorded JOURNAL: as docs/retry.md makes a list of answers of it
recorded() {
	local line
	line=$(awk '$0 == "```sh journal" { on = 1; next } /^```/ { on = 0 } on' docs/retry.md)
	(PATH=$(realpath "${tdlab%/*}"):$PATH && cd "$BATS_TEST_TMPDIR" && bash -c "${line/--json journal/--json $1}")
}

@test "recorded answers: a journal's are given again, to one guest that fails and one that passes" {
	"$tdlab" run --guest correct --vmm hyperv:pages=3 --pages 8 --journal "$BATS_TEST_TMPDIR/before"
	recorded before
	under "recorded:$BATS_TEST_TMPDIR/answers" 0 converted null --guest correct --pages 8 --at 0x3000000000
	under "recorded:$BATS_TEST_TMPDIR/answers" 1 failed abandoned --guest unmasked-s --pages 8
	run -0 "$tdlab" run --guest correct --vmm "recorded:$BATS_TEST_TMPDIR/answers" --pages 8 \
		--journal "$BATS_TEST_TMPDIR/now"
	[ "$("$tdlab" trace "$BATS_TEST_TMPDIR/now")" = "$("$tdlab" trace "$BATS_TEST_TMPDIR/before")" ]
	"$tdlab" run --guest tail-only --to-private --vmm hyperv:pages=3 --pages 8 --journal "$BATS_TEST_TMPDIR/before" || true
	recorded before
	under "recorded:$BATS_TEST_TMPDIR/answers" 1 converted pending-access --guest tail-only --pages 8 --to-private
	under "recorded:$BATS_TEST_TMPDIR/answers" 0 converted null --guest correct --pages 8 --to-private
	# The other direction asks for something else, which does not count in check.
	run -0 "$tdlab" check --guest correct --pages 8 --vmm "recorded:$BATS_TEST_TMPDIR/answers"
}

@test "recorded answers: what bpftrace prints with the format of docs/retry.md is such a list" {
	format=$(awk '$0 == "```sh bpftrace" { on = 1; next } /^```/ { on = 0 } on' docs/retry.md |
		sed -n 's/^\tprintf("\(.*\)", .*r10, .*r11, @gpa.*, @bytes.*);$/\1/p')
	[ "$(grep -o '%[a-z]*' <<<"$format" | paste -sd' ')" = "%lx %lx %lx %lx" ]
	# shellcheck disable=SC2059 # the format is what is tested
	{
		printf "${format//%lx/%x}" 1 0x800040009000 0x800040008000 0x8000
		printf "${format//%lx/%x}" 0 0x800040009000 0x800040009000 0x7000
	} >"$BATS_TEST_TMPDIR/answers"
	grep -qx '0x1 0x800040009000 of 0x800040008000 0x8000' "$BATS_TEST_TMPDIR/answers"
	under "recorded:$BATS_TEST_TMPDIR/answers" 0 converted null --guest correct --pages 8
	under "recorded:$BATS_TEST_TMPDIR/answers" 1 failed abandoned --guest unmasked-s --pages 8
	sed -i 's/ of / to /' "$BATS_TEST_TMPDIR/answers"
	run -2 "$tdlab" run --guest correct --vmm "recorded:$BATS_TEST_TMPDIR/answers"
}

@test "recorded answers that are not to these requests, or to more, are no verdict on the guest; what is no list" {
	list=$BATS_TEST_TMPDIR/list
	says() {	# STATUS LINE WHAT OPTION...
		printf '%b\n' "$2" >"$list"
		run "-$1" "$tdlab" run --guest correct --pages 8 --vmm "recorded:$list" "${@:4}"
		[[ $output == *"$3"* ]]
	}
	says 0 'RETRY 0x800040009000' 'pass: every conversion completed'
	says 5 'RETRY 0x800040009000' 'inconclusive: the guest asked for something else than was recorded' --at 0x40100000
	says 5 'RETRY 0x800001001000 of 0x800001000000 0x9000' 'inconclusive: the guest asked for something else'
	says 5 'RETRY 0x800040009000\n0 -\n0 -' 'inconclusive: the guest made fewer requests than there are recorded answers'
	says 0 'GPA_INUSE 0x800040009000' 'permitted, to be contained'
	says 0 'RETRY 0x800040008001' 'hostile, to be contained'
	says 1 'RETRY 0x800040009000' 'GPA_INUSE' --inject mapgpa:error=GPA_INUSE:when=2 --guest swallowed-error
	says 2 'RETRY' "list:1: R11: it is missing"
	run -2 "$tdlab" run --guest correct --vmm "recorded:$BATS_TEST_TMPDIR"
	run -2 "$tdlab" run --guest correct --vmm recorded:/nowhere
	run -2 "$tdlab" explore --vmm "recorded:$list" build/payloads/violate
	[[ $output == *"one sequence of answers: tdlab boot gives it"* ]]
}

@test "a rule's calls are those of the guest in an exploration, too" {
	for direction in '' --to-private; do
		run -0 "$tdlab" replay first,ok --guest inputs-only $direction --inject mapgpa:registers=changed:when=2
		run -1 "$tdlab" replay first,ok --guest inputs-only $direction --inject mapgpa:registers=changed:when=1
	done
}

@test "an answer has one class, whether a search gives it or --inject" {
	run -1 "$tdlab" replay invalid-end --guest failed-r11
	[[ $output == *"false-success (hostile)"* ]]
	run -1 "$tdlab" run --guest failed-r11 --inject mapgpa:error=INVALID_OPERAND:claim=end
	[[ $output == *"false-success (hostile)"* ]]
}

@test "one run: a harness that has no loop, that hangs, crashes, prints, is none" {
	harness trap
	harness broken
	harness empty
	under hyperv 1 failed abandoned --harness "$BATS_TEST_TMPDIR/trap.so"
	under complete 0 converted null --harness "$BATS_TEST_TMPDIR/trap.so" --to-private
	under error-after:code=GPA_INUSE 1 guest-hung guest-hung --harness "$BATS_TEST_TMPDIR/broken.so"
	printf '%s\n' '[behaviour]' 'title = R11 is 0' 'class = hostile' 'expect = contain' '[rule]' 'complete = 1' \
		'claim = zero' 'claim-s = strip' \
		>"$BATS_TEST_TMPDIR/zero.vmm"
	under "$BATS_TEST_TMPDIR/zero.vmm" 1 guest-died guest-died --harness "$BATS_TEST_TMPDIR/broken.so"
	run -2 --separate-stderr "$tdlab" run --vmm hyperv --harness "$BATS_TEST_TMPDIR/empty.so"
	[[ -z $output && $stderr == *"does not define const struct tdlab_guest"* ]]
	run -2 --separate-stderr "$tdlab" run --guest libtdconv --vmm hyperb
	[[ $stderr == *'did you mean "hyperv"'* ]]
	run -2 --separate-stderr "$tdlab" run --guest libtdconv --vmm hyperv --depth 3
}

@test "more conversions than can be followed: nothing is said of them, nor is anything passed" {
	harness many
	run -5 "$tdlab" replay stall --harness "$BATS_TEST_TMPDIR/many.so" --pages 4096 --json
	[ "$(jq -r '"\(.verdict) \(.violations | length)"' <<<"$output")" = "inconclusive 0" ]
	[[ $(jq -r .incomplete <<<"$output") == *"than tdlab can follow" ]]
	run -5 "$tdlab" run --harness "$BATS_TEST_TMPDIR/many.so" --pages 4096 --vmm stall
	[[ $output == *"than tdlab can follow" ]]
	# The other direction, in which there are few, does not make up for it.
	sed 's/^\tfor (/\tif (!to_shared)\n\t\treturn -1;\n&/' tests/harness/many.c >"$BATS_TEST_TMPDIR/one-way.c"
	gcc -Wall -Werror -I. -shared -fPIC -o "$BATS_TEST_TMPDIR/one-way.so" "$BATS_TEST_TMPDIR/one-way.c"
	run -0 "$tdlab" run --harness "$BATS_TEST_TMPDIR/one-way.so" --pages 4096 --vmm stall --to-private
	run -5 "$tdlab" check --harness "$BATS_TEST_TMPDIR/one-way.so" --pages 4096 --vmm stall
	[[ $output == *"than tdlab can follow"* ]]
	run -0 "$tdlab" replay stall --harness "$BATS_TEST_TMPDIR/many.so" --pages 512	# few enough
	run -0 "$tdlab" run --harness "$BATS_TEST_TMPDIR/many.so" --pages 512 --vmm stall
}

@test "a conversion within one step of the VMM is no test of it, and a page more is" {
	run -5 "$tdlab" run --vmm hyperv --pages 512 --guest correct
	[[ $output == *"not exercised: no conversion went beyond one step"* ]]
	run -0 "$tdlab" run --vmm hyperv --pages 513 --guest correct
	run -5 "$tdlab" run --vmm inplace --guest correct
	[[ $output == *"not exercised: no conversion to private"* ]]
	run -0 "$tdlab" run --vmm inplace --guest correct --to-private
}

@test "a harness without the function, none at all, a guest and an answer that do not exist" {
	harness empty
	run -2 "$tdlab" explore --harness "$BATS_TEST_TMPDIR/empty.so"
	[[ $output == *"does not define const struct tdlab_guest"* ]]
	run -2 "$tdlab" explore --harness /nowhere.so
	[[ $output == *"/nowhere.so"* ]]
	run -2 "$tdlab" explore --guest nobody
	[[ $output == *"tdlab list guests"* ]]
	run -0 "$tdlab" list guests
	[[ $output == *"tail-only"* ]]
	run -2 "$tdlab" replay ok,maybe --guest libtdconv
	[[ $output == *'"maybe"'* ]]
	run -2 "$tdlab" explore --guest libtdconv --pages 0
}

@test "one grammar: an option that makes no sense for the guest is refused in one line" {
	refused() {
		local pattern=$1
		shift
		run -2 --separate-stderr "$tdlab" "$@"
		# shellcheck disable=SC2053 # a pattern
		[[ -z $output && ${#stderr_lines[@]} -eq 1 && $stderr == $pattern ]]
	}
	for option in '--memory 1G' '--vmm hyperv' '--timeout 5' '--model linux:4' '--qemu x'; do
		# shellcheck disable=SC2086 # words
		refused "tdlab: explore: ${option%%[ =]*} is about a boot*" explore --guest correct $option
		# shellcheck disable=SC2086 # words
		refused "tdlab: replay: ${option%%[ =]*} is about a boot*" replay --guest correct $option ok
	done
	for option in --known --write-known; do		# one run in a process has no findings to be known
		refused "tdlab: run: $option is about a boot*" run --guest correct "$option" x
		refused "tdlab: replay: $option is about a boot*" replay --guest correct "$option" x ok
		refused "tdlab: minimise: unknown option $option*" minimise --guest correct "$option" x ok
	done
	for option in --match '--stalls 4'; do
		# shellcheck disable=SC2086 # words
		refused "tdlab: explore: ${option% *} is about guest code*" explore $option build/payloads/violate
	done
	refused 'tdlab: explore: --journal is about a boot*' explore --guest correct --journal x
	refused 'tdlab: explore: more than one guest*' explore --guest correct build/payloads/violate
	refused 'tdlab: run: which guest*' run --vmm hyperv
	refused 'tdlab: run: what is to be run in vmlinuz[?] *tdlab boot' run vmlinuz
	printf '[]\n' >"$BATS_TEST_TMPDIR/state"; rm "$BATS_TEST_TMPDIR/state"
	(cd "$BATS_TEST_TMPDIR" && "$OLDPWD/$tdlab" explore --guest correct --depth 2 --state --memory)	# a file's name
}

@test "replay: what does not come again is no pass" {
	run -5 --separate-stderr "$tdlab" replay stall,ok --guest correct --finding runaway
	[[ $stderr == *"runaway did not come again"* ]]
	run -0 "$tdlab" replay stall,ok --guest correct
	run -1 "$tdlab" replay stall --guest unbounded --finding runaway
}

@test "replay and minimise of a result: with the platform and the faults that it was found with" {
	run -1 "$tdlab" explore --json --guest rax-reused --to-private --depth 1 --platform module-1.5.01 \
		--inject accept:busy=3
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/found"
	[ "$(jq -rc .options "$BATS_TEST_TMPDIR/found")" = '["--platform","module-1.5.01","--inject","accept:busy=3"]' ]
	run -1 sh -c "$(jq -r '.violations[0].again' "$BATS_TEST_TMPDIR/found")"
	[[ $output == *"accept-abandoned"* ]]
	run -1 "$tdlab" replay "$BATS_TEST_TMPDIR/found"
	[[ $output == *"accept-abandoned"*"conditions --platform module-1.5.01 --inject accept:busy=3"* ]]
	run -0 "$tdlab" minimise "$BATS_TEST_TMPDIR/found"
	run -5 "$tdlab" replay --inject accept:busy=1:when=99 "$BATS_TEST_TMPDIR/found"
	[[ $output == *"accept-abandoned did not come again"* ]]
}

@test "replay tells its steps: what was asked, answered, accepted, returned, and what was wrong" {
	steps() { awk '/^steps /{ on = 1 } /^explored /{ exit } on { sub(/^(steps)? +/, ""); print }' <<<"$output"; }
	run -1 "$tdlab" replay first --guest tail-only --to-private --pages 2
	[ "$(steps)" = "MapGPA 0x40008000, 2 pages: RETRY at 0x40009000, 1 converted
MapGPA 0x40009000, 1 pages: SUCCESS, 1 converted
ACCEPT 0x40009000, 4 KiB: SUCCESS
violation pending-access at 0x40008000, 1 pages" ]
	harness trap
	run -1 "$tdlab" replay stall --harness "$BATS_TEST_TMPDIR/trap.so" --journal "$BATS_TEST_TMPDIR/journal" --pages 2
	[ "$(steps)" = "MapGPA 0x800040008000, 2 pages: RETRY at 0x800040008000, 0 converted
$("$tdlab" trace --only note "$BATS_TEST_TMPDIR/journal" | sed 's/.* the guest:/the guest:/')
violation abandoned at 0x800040008000, 2 pages" ]
	[[ $(steps) == *'the guest: "convert() returned '* ]]
	run -0 "$tdlab" replay ok --guest correct --to-private --pages 100
	[[ $(steps | wc -l) -eq 41 && $output == *"and 61 more: --journal keeps them all"* ]]
	run -0 "$tdlab" replay ok --guest correct --journal /dev/null
	[[ $output != *steps* ]]
}

@test "--seed is of all chances: of the sequences that are drawn, and of the VMM's in one run" {
	printf '%s\n' '[behaviour]' 'title = now and then' 'class = permitted' 'expect = complete' '[rule]' \
		'chunk = 1' 'chance = 128' >"$BATS_TEST_TMPDIR/chance.vmm"
	calls() { "$tdlab" run --guest correct --pages 64 --vmm "$BATS_TEST_TMPDIR/chance.vmm" --json "$@" | jq .calls; }
	[ "$(calls)" = "$(calls --seed 1)" ]
	[ "$(calls --seed 7)" = "$(calls --seed 7)" ]
	[ "$(for seed in 1 2 3 4 5; do calls --seed $seed; done | sort -u | wc -l)" -gt 1 ]
}
