#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets is what the same test looks at
# Guest code of other people's, by struct tdlab_guest: how it may be built, what it may say of itself, and that what it
# is not to blame for is no finding.
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/.." || return 1
	tdlab=$(realpath "${B:-build}/tdlab")
	dir=$BATS_TEST_TMPDIR
}

# object NAME FLAG...: tests/harness/NAME.c, or the files among the flags, as $dir/NAME.so
object() {
	local name=$1
	shift
	[[ "$*" == *.c* ]] || set -- "tests/harness/$name.c" "$@"
	gcc -Wall -Wextra -Werror -O2 -I. -shared -fPIC -o "$dir/$name.so" "$@"
}

# explored NAME DIRECTION: verdict, findings with their shortest answers
explored() {
	"$tdlab" explore --stalls 4 --depth 3 --json --harness "$dir/$1.so" ${2:+"$2"} >"$dir/json" || [ $? -eq 1 ]
	jq -r '"\(.verdict)\([.violations[] | " \(.name)=\(.shortest)"] | add // "")"' "$dir/json"
}

# guest FLAG...: tests/harness/guest.c built so: what is found to shared, and to private
guest() {
	object guest "$@"
	shared=$(explored guest)
	private=$(explored guest --to-private)
}

@test "what a guest does after an error is judged; who leaves the memory alone is not blamed" {
	guest
	[ "$shared, $private" = "pass, pass" ]
	guest -DAFTER=TDLAB_USES_NEW	# the page table stays as it was asked for
	[[ $shared == "fail shared-alias-of-private=invalid "* && $private == "fail pending-access=invalid-after "* ]]
	guest -DAFTER=TDLAB_USES_OLD	# it is put back, without asking
	[[ $shared == "fail private-alias-of-shared=invalid-after "* && $private == "fail shared-alias-of-private=invalid "* ]]
	guest -DUNDO
	[ "$shared, $private" = "pass, pass" ]
	guest -DSTOP			# a panic is containment
	[ "$shared, $private" = "pass, pass" ]
}

@test "partial progress: what is said to be converted has to be" {
	guest -DDONE=1
	[ "$shared, $private" = "pass, pass" ]
	guest -DDONE=2
	[[ $shared == "fail false-success=ok,invalid "* && $private == "fail "*" false-success=ok,invalid "* ]]
}

@test "a guest that panics where it had to go on is found, and says its last words; notes are in the journal" {
	object guest -DSTOP
	run -1 "$tdlab" replay stall,stall,stall,stall,stall --stalls 9 --harness "$dir/guest.so"
	[[ $output == *"abandoned (permitted)"* && $output != *guest-died* ]]
	run -0 "$tdlab" run --harness "$dir/guest.so" --vmm error-after
	[[ $output == *"ended      by itself: cannot go on"*"verdict    pass: what the VMM did not complete"* ]]
	run -0 "$tdlab" replay invalid --harness "$dir/guest.so" --journal "$dir/journal"
	run -0 "$tdlab" trace --only note "$dir/journal"
	[[ $output == *'the guest: "begins"'*'the guest: "cannot go on"'* ]]
	object guest
	run -0 "$tdlab" replay invalid --harness "$dir/guest.so" --journal "$dir/journal"
	run -0 "$tdlab" trace --only note "$dir/journal"
	[[ $output == *'the guest: "convert() returned -1"'* ]]
	run -0 "$tdlab" run --harness "$dir/guest.so" --vmm error-after --journal "$dir/journal" --pages 64
	[[ $output == *"returned   -1"* ]]
	run -0 "$tdlab" trace "$dir/journal"
	[[ $output == *"MapGPA 0x800040008000, 64 pages: "*'the guest: "convert() returned -1"'* ]]
	run -0 "$tdlab" trace --only mapgpa --symbols "$dir/guest.so" "$dir/journal"
	[[ ${lines[0]} =~ ' RIP '[a-z_]+'+0x'[0-9a-f]+' MapGPA ' ]]
	run -0 "$tdlab" trace --only mapgpa --symbols "$dir/guest.so" --json "$dir/journal"
	jq -e '.symbol | test("^[a-z_]+[+]0x")' <<<"${lines[0]}"
	run -2 "$tdlab" trace --symbols "$dir/none" "$dir/journal"
	[ "$output" = "tdlab: --symbols $dir/none: No such file or directory" ]
	run -2 "$tdlab" trace --symbols "$dir/journal" "$dir/journal"
	[[ $output == *": no names of functions in it" ]]
	run -3 "$tdlab" run --harness "$dir/guest.so" --journal /dev/full
	[[ ${#lines[@]} -eq 1 && $output == *"--journal /dev/full: No space left on device" ]]
}

@test "memory that the guest says it used is judged" {
	guest -DTOUCH=0
	[[ $shared == "fail private-alias-of-shared=ok "* && $private == pass ]]
	guest -DTOUCH=1
	[ "$shared, $private" = "pass, pass" ]
	guest -DTOUCH=0 -DWRITE=0	# to read it is no better
	[[ $shared == "fail private-alias-of-shared=ok "* && $private == pass ]]
	guest -DTOUCH=1 -DWRITE=0
	[ "$shared, $private" = "pass, pass" ]
	for write in 0 1; do
		guest -DEARLY "-DWRITE=$write"
		[[ $shared == pass && $private == "fail pending-access=ok "* ]]
	done
}

@test "what accept() and undo() returned is in the journal, beside what convert() did" {
	object guest -DACCEPT -DUNDO
	run -0 "$tdlab" replay ok --to-private --harness "$dir/guest.so" --journal "$dir/journal"
	run -0 "$tdlab" trace --only note "$dir/journal"
	[[ $output == *'the guest: "convert() returned 0"'*'the guest: "accept() returned 0"' ]]
	run -0 "$tdlab" replay no-size --to-private --harness "$dir/guest.so" --journal "$dir/journal"
	run -0 "$tdlab" trace --only note "$dir/journal"
	[[ $output == *'the guest: "convert() returned 0"'*'"accept() returned -1"'*'"undo() returned '* ]]
	run -0 "$tdlab" replay invalid-after --harness "$dir/guest.so" --journal "$dir/journal"
	run -0 "$tdlab" trace --only note "$dir/journal"
	[[ $output == *'the guest: "convert() returned -1"'*'the guest: "undo() returned 0"' && $output != *'accept()'* ]]
}

@test "GPAW 40 and 52: the shared bit is where the guest says, and one that is elsewhere is found" {
	guest -DGPAW=40
	[ "$shared, $private" = "pass, pass" ]
	guest -DGPAW=52
	[ "$shared, $private" = "pass, pass" ]
	run -0 "$tdlab" replay ok --harness "$dir/guest.so" --journal "$dir/journal"
	run -0 "$tdlab" trace --only start,mapgpa "$dir/journal"
	[[ $output == *"GPAW 52"*"MapGPA 0x800004"* ]]
	sed 's/GPAW == 48 ? 0 : GPAW/48/' tests/harness/guest.c >"$dir/other.c"
	guest -DGPAW=52 "$dir/other.c"
	[[ $shared == "fail "*beyond-gpaw* ]]
	sed 's/GPAW == 48 ? 0 : GPAW/53/' tests/harness/guest.c >"$dir/other.c"
	object guest "$dir/other.c"
	run -2 "$tdlab" explore --harness "$dir/guest.so"
	[[ ${#lines[@]} -eq 1 && $output == *"not from 40 to 52" ]]
}

@test "ranges as the guest takes them" {
	guest -DALIGN=0x200000
	[ "$shared, $private" = "pass, pass" ]
	jq -e '.pages == 0 and .align == 2097152' "$dir/json"
	run -0 "$tdlab" explore --harness "$dir/guest.so" --stalls 4 --depth 1
	[ "$(sed -n 's/^shapes  *//p' <<<"$output")" = "unaligned (512 at 0x40000000, 1), aligned (512 at 0x40200000, 1),\
 over-2m (1024 at 0x40200000, 1), over-4g (1024 at 0xffe00000, 1), large (1536 at 0x40400000, 1),\
 large-aligned (1024 at 0x40600000, 1)" ]
	object guest -DALIGN=0x200000 -DONE_UNIT	# one unit goes well, two do not
	run -1 "$tdlab" explore --harness "$dir/guest.so" --stalls 4 --depth 2 --json
	printf '%s\n' "$output" >"$dir/result"
	[ "$(jq -r '.violations[0] | "\(.name) \(.shape) \(.at) \(.pages)"' <<<"$output")" = \
		"false-success over-2m 0x40200000 1024" ]
	run -1 "$tdlab" replay "$dir/result"
	run -0 "$tdlab" explore --harness "$dir/guest.so" --stalls 4 --depth 2 --pages 512
	object guest -DALIGN=0x200000
	run -2 "$tdlab" explore --harness "$dir/guest.so" --pages 8
	[[ ${#lines[@]} -eq 1 && $output == *"takes a multiple of 512" ]]
	sed 's/\.align = ALIGN/.align = 0/' tests/harness/guest.c >"$dir/other.c"	# it does not say so
	guest -DALIGN=0x200000 "$dir/other.c"
	[[ $shared == "fail false-success="* ]]
}

@test "TDCALL as a call: the same is found as with the instruction" {
	guest -DCALLED
	[ "$shared, $private" = "pass, pass" ]
	"$tdlab" explore --depth 3 --json --harness "$dir/guest.so" --stalls 4 | jq '[.sequences, .tdcalls]' >"$dir/called"
	object guest
	"$tdlab" explore --depth 3 --json --harness "$dir/guest.so" --stalls 4 | jq '[.sequences, .tdcalls]' >"$dir/direct"
	cmp "$dir/direct" "$dir/called"
}

@test "stopped within a call: reset() is as good as a new process" {
	guest -DFORGETS -DRESET
	[[ $shared == pass && $private == "fail td-lost=invalid "* ]]
	"$tdlab" explore --stalls 4 --depth 3 --json --harness "$dir/guest.so" --to-private >"$dir/reset" || true
	object guest -DFORGETS
	"$tdlab" explore --stalls 4 --depth 3 --json --harness "$dir/guest.so" --to-private >"$dir/new" || true
	for file in reset new; do
		jq '[.sequences, .violations[].name, .violations[].sequences]' "$dir/$file" >"$dir/$file.told"
	done
	cmp "$dir/reset.told" "$dir/new.told"
}

@test "a crash before its first call: signal, address and functions, static ones, too" {
	object early
	run -1 "$tdlab" explore --harness "$dir/early.so" --depth 1
	[[ $output == *"guest-died (permitted) in "*": SIGSEGV at address 0x124 in look+0x"*", called by convert+0x"* ]]
	[[ $output == *"minimal  (no answer is needed)"* ]]
	run -1 "$tdlab" run --harness "$dir/early.so"
	[[ $output == *"verdict    fail: the guest code crashed: SIGSEGV at address 0x124 in look+0x"* ]]
	printf '%s\n' '#include "sim/include/tdlab.h"' 'static int over(uint64_t gpa, uint64_t n, int s) {' \
		'volatile char room[4096];' 'room[0] = (char)s;' 'return over(gpa, n + room[0], s) + room[0];' '}' \
		'TDLAB_GUEST(over);' >"$dir/deep.c"
	gcc -O1 -I. -shared -fPIC -o "$dir/deep.so" "$dir/deep.c"
	run -1 "$tdlab" run --harness "$dir/deep.so"		# there is no stack to say it on
	[[ $output == *"crashed: SIGSEGV at address 0x"*" in over+0x"* ]]
}

@test "a TDCALL of a second thread is refused in one line, by every verb, and is no finding" {
	object threads
	for verb in explore run; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr "$tdlab" $verb --harness "$dir/threads.so" --to-private
		[[ ${#stderr_lines[@]} -eq 1 && $stderr == *"a TDCALL in a second thread"* ]]
		[ -z "$output" ]
	done
	for verb in 'replay ok' 'minimise ok'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr "$tdlab" $verb --harness "$dir/threads.so" --to-private
		[[ ${#stderr_lines[@]} -eq 1 && $stderr == *"a TDCALL in a second thread"* && -z $output ]]
	done
	run -2 "$tdlab" check --harness "$dir/threads.so" --vmm complete
	[[ $output == *"to private: it makes a TDCALL in a second thread"* ]]
	run -0 "$tdlab" explore --harness "$dir/threads.so" --stalls 4 --depth 3	# to shared there is one thread
	sed 's/TDLAB_TDCALL/".byte 0x66, 0x0f, 0x01, 0xcc"/' tests/harness/loop.h >"$dir/loop.h"
	sed 's#tests/harness/loop.h#loop.h#' tests/harness/threads.c >"$dir/trapped.c"
	object trapped -DCALLED -I"$dir" "$dir/trapped.c"
	run -2 --separate-stderr "$tdlab" explore --harness "$dir/trapped.so" --to-private
	[[ ${#stderr_lines[@]} -eq 1 && $stderr == *"a TDCALL in a second thread"* ]]
}

@test "what is found while a second thread is there is refused, by every verb; a thread that has ended is none" {
	local text="it has a second thread when it is judged" verb
	for how in LATE CRASHES; do
		object threads "-D$how"
		for verb in explore run 'replay ok' 'minimise ok'; do
			# shellcheck disable=SC2086 # words
			run -2 --separate-stderr "$tdlab" $verb --harness "$dir/threads.so" --to-private
			[[ ${#stderr_lines[@]} -eq 1 && $stderr == *"$text"* && -z $output ]]
		done
		run -2 "$tdlab" check --harness "$dir/threads.so" --vmm complete
		[[ $output == *"to private: $text"* ]]
	done
	object threads -DNOTHING
	for verb in explore run 'replay ok'; do
		# shellcheck disable=SC2086 # words
		run -1 "$tdlab" $verb --harness "$dir/threads.so" --to-private
		[[ $output == *"pending-access"* ]]
	done
}

@test "two files whose names are those of libc, of tdlab and of each other; C++" {
	for file in "" -DASK; do
		gcc -Wall -Wextra -Werror -O2 -I. -fPIC -c $file tests/harness/clash.c -o "$dir/clash$file.o"
	done
	gcc -shared -o "$dir/clash.so" "$dir"/clash*.o
	[ "$(explored clash), $(explored clash --to-private)" = "pass, pass" ]
	g++ -Wall -Wextra -Werror -O2 -I. -shared -fPIC -o "$dir/plus.so" tests/harness/plus.cc
	[ "$(explored plus), $(explored plus --to-private)" = "pass, pass" ]
	run -0 "$tdlab" explore --harness "$dir/plus.so" --depth 2 --stalls 4
	[[ $output == *"plus.so: C++"* ]]
}

@test "every name that nothing defines is listed, in one line; a sanitizer's runtime that is missing is said" {
	printf '%s\n' '#include "tests/harness/loop.h"' 'int printk(const char *, ...);' 'extern int page_offset_base;' \
		'void panic(void);' 'static int convert(uint64_t gpa, uint64_t size, int to_shared)' '{' \
		'if (page_offset_base) panic();' 'printk("");' 'return convert_all(gpa, size, to_shared);' '}' \
		'TDLAB_GUEST(convert);' >"$dir/kernel.c"
	object kernel "$dir/kernel.c"
	run -2 "$tdlab" explore --harness "$dir/kernel.so"
	[[ ${#lines[@]} -eq 1 && $output == *page_offset_base* && $output == *panic* && $output == *printk* ]]
	[[ $output != *tdlab_tdcall* ]]
	object guest -fsanitize=address
	run -2 "$tdlab" explore --harness "$dir/guest.so"
	[[ ${#lines[@]} -eq 1 && $output == *"-fsanitize=address"*LD_PRELOAD* ]]
	object guest -fsanitize=address -DSTALLS=2	# what is found is found there, too
	ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$(gcc -print-file-name=libasan.so) \
		run -1 "$tdlab" explore --harness "$dir/guest.so" --depth 3
	[[ $output == *$'\nfinding    abandoned (permitted) in '*"minimal  stall,stall"* ]]
	printf '%s\n' '#include <stdlib.h>' '#include "tests/harness/loop.h"' \
		'static int convert(uint64_t gpa, uint64_t size, int to_shared)' '{' \
		'	volatile char *room = malloc(size);' '	int status = convert_all(gpa, size, to_shared);' \
		'	room[size] = 0;' '	free((void *)room);' '	return status;' '}' 'TDLAB_GUEST(convert);' >"$dir/over.c"
	object over -fsanitize=address "$dir/over.c"
	ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$(gcc -print-file-name=libasan.so) \
		run -1 "$tdlab" explore --harness "$dir/over.so" --stalls 4 --depth 1
	[[ $output == *"heap-buffer-overflow"*"in convert "*$'\nfinding    guest-died (permitted)'* ]]
	object guest -fsanitize=address
	ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$(gcc -print-file-name=libasan.so) \
		run -0 "$tdlab" explore --harness "$dir/guest.so" --stalls 4 --depth 2 --to-private
}

@test "what it says of itself is looked at before it is run: each in one line" {
	while IFS='|' read -r fields text; do
		printf '%s\n' '#include "sim/include/tdlab.h"' \
			'static int convert(uint64_t gpa, uint64_t n, int s) { (void)gpa, (void)n, (void)s; return -1; }' \
			'int (*const used)(uint64_t, uint64_t, int) = convert;' \
			"const struct tdlab_guest tdlab_guest = { $fields };" >"$dir/wrong.c"
		object wrong "$dir/wrong.c"
		run -2 "$tdlab" explore --harness "$dir/wrong.so" --depth 1
		[[ ${#lines[@]} -eq 1 && $output == *"$text"* ]]
	done <<-END
	.convert = convert|is of another version
	.version = TDLAB_GUEST_VERSION + 1, .convert = convert|is of another version
	.version = 1|has no convert()
	.version = 1, .convert = convert, .directions = 4|directions or an after_error that tdlab.h does not name
	.version = 1, .convert = convert, .after_error = 3|directions or an after_error that tdlab.h does not name
	.version = 1, .convert = convert, .gpaw = 39|is not from 40 to 52
	.version = 1, .convert = convert, .align = 0x3000|no power of two from 4 KiB to 64 MiB
	.version = 1, .convert = convert, .unit = 0x800|no power of two from 4 KiB to 64 MiB
	.version = 1, .convert = convert, .unit = 0x8000000|no power of two from 4 KiB to 64 MiB
	.version = 1, .convert = convert }; void tdlab_tdcall(uint64_t r[16]) { (void)r; } int a[] = { 0|defines tdlab_tdcall()
	END
	printf '%s\n' 'int other;' >"$dir/wrong.c"
	object wrong "$dir/wrong.c"
	run -2 "$tdlab" explore --harness "$dir/wrong.so" --depth 1
	[[ ${#lines[@]} -eq 1 && $output == *"it does not define const struct tdlab_guest tdlab_guest"* ]]
}

@test "coverage of guest code is written when its process ends" {
	cp tests/harness/guest.c "$dir"
	gcc -I. --coverage -O0 -shared -fPIC -o "$dir/guest.so" "$dir/guest.c"
	[ "$(explored guest)" = pass ]
	(cd "$dir" && gcov -t ./*.gcda) >"$dir/lines"
	grep -qE '^ +[1-9][0-9]*\*?: +[0-9]+:	status = convert_all' "$dir/lines"
}

@test "a direction that the guest does not have is not applicable, which is said, and fails nothing" {
	object guest -DONE_WAY=TDLAB_TO_SHARED
	run -0 "$tdlab" explore --harness "$dir/guest.so" --stalls 4 --depth 2
	run -0 "$tdlab" explore --harness "$dir/guest.so" --to-private
	[[ $output == *$'\nverdict    not-applicable: the guest does not convert to private'* ]]
	run -0 "$tdlab" replay ok --harness "$dir/guest.so" --to-private
	[[ $output == *"not-applicable: the guest does not convert to private"* ]]
	run -0 "$tdlab" explore --harness "$dir/guest.so" --to-private --tap
	[[ $output == *"# SKIP not applicable: the guest does not convert to private"* ]]
	run -0 "$tdlab" explore --harness "$dir/guest.so" --to-private --json
	[ "$(jq -r '"\(.verdict) \(.complete) \(.sequences)"' <<<"$output")" = "not-applicable false 0" ]
	run -0 "$tdlab" run --harness "$dir/guest.so" --to-private
	[[ $output == *"verdict    not-applicable: the guest does not convert to private"* ]]
	run -0 "$tdlab" check --harness "$dir/guest.so" --vmm complete,inplace,kept-page --json
	[ "$(jq -r '[.rows[] | "\(.verdict) \(.not_applicable)"] | join(", ")' <<<"$output")" = \
		"pass private, not-applicable private, not-applicable private" ]
	[ "$(jq .not_applicable <<<"$output")" = 2 ]
	run -0 "$tdlab" check --harness "$dir/guest.so" --vmm complete,inplace --tap --junit "$dir/junit"
	[[ $output == *"ok 1 - "*"ok 2 - "*"# SKIP not applicable: the guest does not convert to private" ]]
	grep -q '<testsuite name="tdlab check" tests="2" failures="0" errors="0" skipped="1"' "$dir/junit"
	run -5 "$tdlab" check --harness "$dir/guest.so" --vmm inplace	# nothing was tried
	object guest	# it has both, and to private it is exercised
	run -0 "$tdlab" check --harness "$dir/guest.so" --vmm complete,inplace --json
	[ "$(jq -r '[.rows[] | "\(.verdict) \(.not_applicable)"] | join(", ")' <<<"$output")" = "pass null, pass null" ]
}

@test "check: --keep has a journal of each direction, --at and --pages choose the request" {
	object guest
	run -0 "$tdlab" check --harness "$dir/guest.so" --vmm complete,hyperv:pages=4 --keep "$dir/kept" \
		--at 0x40200000 --pages 16
	[ "$(cd "$dir/kept" && echo complete.*)" = "complete.to-private.journal complete.to-shared.journal" ]
	[ "$(cd "$dir/kept" && echo hyper*)" = "hyperv:pages=4.to-private.journal hyperv:pages=4.to-shared.journal" ]
	[[ $("$tdlab" trace --only mapgpa "$dir/kept/hyperv:pages=4.to-shared.journal") == \
		*"0x800040200000"*"RETRY"*"0x800040204000"* ]]
	run "$tdlab" trace --only accept "$dir/kept/complete.to-private.journal"
	[[ $output == *0x4020f000* && $output != *0x40210000* ]]
	object guest -DONE_WAY=TDLAB_TO_SHARED
	run -0 "$tdlab" check --harness "$dir/guest.so" --vmm complete --keep "$dir/one"
	[ "$(cd "$dir/one" && echo ./*)" = ./complete.to-shared.journal ]
	run -2 "$tdlab" check --harness "$dir/guest.so" --at 0x1001
	[[ $output == *"--at 0x1001: a page from 0x8000000 on"* ]]
	run -2 "$tdlab" check --at 0x40200000 build/payloads/violate
	# what is found where it was asked for is found again there by the row's line
	run -1 "$tdlab" check --guest mailbox-tail --vmm complete --at 0x40200000 --pages 8
	again=$(sed -n 's/^ *replay: //p' <<<"$output")
	[[ $again == *" --at 0x40200000"* ]]
	run -1 bash -c "PATH=$(dirname "$tdlab"):\$PATH; $again"
	run -0 "$tdlab" check --guest mailbox-tail --vmm complete --pages 8
}

@test "started by whoever ignores SIGCHLD, as some servers do, it sees how a guest ends" {
	object early
	# shellcheck disable=SC2016 # it is perl's
	run -1 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' "$tdlab" explore --depth 1 --harness "$dir/early.so"
	[[ $output == *"guest-died (permitted)"* && $output != *guest-hung* ]]
}
