#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # scripts in single quotes; run sets what the same test looks at
# tdlab check: the matrix in each of its forms, one boot for all against a boot for each, what must fail, what is
# refused.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	cd "$BATS_TEST_TMPDIR" || return
	violate=$build/payloads/violate
}

# check STATUS ARG...: tdlab check ARG... ends with STATUS; what it says is in $output and $stderr.
check() {
	local want=$1
	shift
	run --separate-stderr "$tdlab" check --behaviours "$top/behaviours" "$@" </dev/null
	printf '%s\n' "exit status $status, expected $want: tdlab check $*" "$output" "$stderr"
	[ "$status" -eq "$want" ]
}

field() {
	jq -r "$1" <<<"$output"
}

# What a row comes to, without where in memory, on how many pages and how long: memory is laid out anew in each boot,
# and which pages of a refused pool a kernel uses depends on that.
rows() {
	jq -S '[.rows[] | del(.seconds, .cpu_seconds, .reproduce) | .violations |= (. > 0) |
		.reason |= gsub("0x[0-9a-f]+"; "GPA") | .reason |= sub(", and [0-9]+ more$"; ", and more")]'
}

# both ARG...: one boot for all rows, and a boot for each, come to the same in every row.
both() {
	run --separate-stderr "$tdlab" check --json --seed 7 --behaviours "$top/behaviours" "$@"
	field '.template' | grep -qx true
	rows <<<"$output" >copies
	run --separate-stderr "$tdlab" check --json --seed 7 --full --behaviours "$top/behaviours" "$@"
	field '.template' | grep -qx false
	rows <<<"$output" >boots
	diff copies boots
}

@test "Debian's kernel: copies of one boot come to what boots come to" {
	both --modules "$kernel/modules" --vmm complete,eagain:stalls=3,error-after,kvm,lie "$kernel/vmlinuz"
	[ "$(jq -c 'map(.verdict)' copies)" = '["pass","fail","fail","pass","pass"]' ]
	jq -e 'map(select(.expect == "complete" and .verdict == "pass")) | length == 2 and all(.init and .device_equal)' copies
	jq -e '.[1] | .abandoned_pages > 16384 and .stalls > 36' copies	# of the boot; in the end kexec tries again
}

@test "a pass under a VMM that takes steps claims nothing of a direction in which none was taken" {
	# In the end, by kexec, Linux gives all of it back, 2 MiB at a time: not more than hyperv does at once.
	check 0 --json --modules "$kernel/modules" --vmm complete,hyperv,hyperv-slice,inplace "$kernel/vmlinuz"
	[ "$(field '[.rows[] | .exercised | length] | join(" ")')" = "2 1 2 2" ]
	jq -e 'all(.rows[]; .to_private_pages > 16384 and .accepts_2m + .accepts_4k > 64)' <<<"$output"
	[[ $(field '.rows[1].reason') == *"; to private not exercised" && $(field '.rows[0].reason') != *exercised* ]]
	# A kernel that cannot: not a word of it in the verdict but that.
	check 5 --json --modules "$kernel/modules" --append sysctl.kernel.kexec_load_disabled=1 \
		--vmm hyperv-slice,inplace "$kernel/vmlinuz"
	jq -e 'all(.rows[]; .to_private_pages < 16)' <<<"$output"
	[ "$(field '[.rows[].verdict] | join(" ")')" = "pass inconclusive" ]
	[[ $(field '.rows[0].reason') == *"; to private not exercised" && $(field '.rows[1].reason') == "not exercised: "* ]]
	# The built-in payload converts the same there and back.
	check 0 --json --vmm hyperv
	[ "$(field '.rows[0].exercised | join(" ")')" = "shared private" ]
	[[ $(field '.rows[0].reason') != *exercised* ]]
}

@test "a payload under every behaviour: copies come to what boots come to" {
	both --append scenario=undo "$violate"
	[ "$(jq length copies)" -eq "$(find "$top/behaviours" -name '*.vmm' | wc -l)" ]
	jq -e 'any(.verdict == "pass")' copies
}

@test "that comparison can fail: another parameter is another row" {
	both --append scenario=plain --vmm hyperv:pages=64 "$violate"
	check 0 --json --seed 7 --append scenario=plain --vmm hyperv:pages=32 "$violate"
	rows <<<"$output" >other
	run ! diff copies other
	run ! diff <(jq '.[0] | del(.behaviour)' copies) <(jq '.[0] | del(.behaviour)' other)
}

@test "two vCPUs: the other one is kept out of the guest while the first is saved" {
	check 0 --cpus 2 --append scenario=twocpu --vmm complete,hyperv,eagain "$violate"
	check 0 --json --cpus 2 --modules "$kernel/modules" --vmm hyperv "$kernel/vmlinuz"
	[ "$(field '.rows[0].device_equal')" = true ]
}

@test "QEMU 10" {
	check 0 --json --qemu "$top/build/qemu10/qemu-system-x86_64" --modules "$kernel/modules" --vmm hyperv "$kernel/vmlinuz"
	[ "$(field '.rows[0].device_equal')" = true ]
}

@test "what must fail does, and its command runs it again" {
	check 1 --json --append scenario=skipped-pages --vmm complete,hyperv "$violate"
	[ "$(field '.rows[1].verdict')" = fail ]
	[ "$(field .exit_status)" -eq 1 ]
	[[ $(field '.rows[1].reason') == *"went on beyond"* ]]
	local reason again
	reason=$(field '.rows[1].reason')
	again=$(field '.rows[1].reproduce')
	[[ $again == "$tdlab boot --vmm hyperv "*"$violate" ]]
	run --separate-stderr bash -c "$again --json"
	[ "$status" -eq 1 ]
	[ "$(field .reason)" = "$reason" ]
}

# Without a VMM that does a part the payload cannot do what it is for, and says that it failed.
@test "a table: a row each, the command below what did not pass, and the count" {
	check 1 --append scenario=skipped-pages --vmm complete,hyperv -j 1 "$violate"
	[[ ${lines[0]} == guest*violate* ]]
	[[ ${lines[1]} == *"every row goes on from there" ]]
	[[ ${lines[3]} =~ ^complete\ +permitted\ +complete\ +[a-z]+ ]]
	[[ $output == *$'\n    replay: '"$tdlab boot --vmm hyperv "* ]]
	[[ ${lines[-1]} =~ ^2\ rows:.*2\ fail.*\;\ [0-9.]+\ s,\ [0-9.]+\ s\ of\ CPU,\ 1\ at\ a\ time$ ]]
	[[ $output != *$'\033'* ]]
}

@test "colours: on a terminal, and not with NO_COLOR" {
	local command="$tdlab check --append scenario=plain --vmm complete $violate"
	script -qec "$command" /dev/null | grep -q $'\033\\[32mpass'
	run ! grep -q $'\033\\[3' <(NO_COLOR=1 script -qec "$command" /dev/null)
}

@test "TAP" {
	check 0 --tap --append scenario=plain --vmm complete,hyperv:pages=64,eagain:stalls=1,pages=99,kvm "$violate"
	printf '%s\n' "$output" >tap
	prove --exec cat tap
	[ "${lines[0]}" = 1..4 ]
	[ "${lines[2]}" = "ok 2 - hyperv:pages=64 (permitted, complete)" ]
	[ "${lines[3]}" = "ok 3 - eagain:stalls=1,pages=99 (permitted, complete)" ]
	check 1 --tap --append scenario=skipped-pages --vmm hyperv "$violate"
	[[ $output == *"not ok 1 - hyperv"*"# replay: $tdlab boot"* ]]
	printf '%s\n' "$output" >tap
	run ! prove --exec cat tap
}

@test "JUnit: counts, reasons, and names that XML would take amiss" {
	cp "$top/behaviours/hyperv.vmm" './a<b>&"c".vmm'
	check 1 --junit out.xml --append scenario=skipped-pages --vmm './a<b>&"c".vmm,complete' "$violate"
	grep -q '<testsuite name="tdlab check" tests="2" failures="2" errors="0" skipped="0" time="' out.xml
	grep -q 'name="./a&#60;b&#62;&#38;&#34;c&#34;.vmm"' out.xml
	grep -q '<failure message="[^"]*went on beyond[^"]*">replay: [^ ]*tdlab boot' out.xml
	# Each element that is opened is closed, and nothing else is a tag.
	perl -0777 -ne 's/<\?.*?\?>//; while (m{<(/?)(\w+)[^<>]*?(/?)>}g) { next if $3; if ($1) { pop @s eq $2 or exit 1 }
		else { push @s, $2 } } exit @s ? 1 : 0' out.xml
}

@test "--keep: console and journal of each row, from the first instruction on" {
	check 0 --keep kept --append scenario=plain --vmm complete,hyperv "$violate"
	[ "$(cd kept && echo ./*)" = "./complete.console ./complete.journal ./hyperv.console ./hyperv.journal" ]
	[[ $("$tdlab" trace kept/hyperv.journal | head -n 1) == *"start: GPAW 48"* ]]
	"$tdlab" trace --only mapgpa kept/hyperv.journal | grep -q RETRY
}

@test "a guest that never asks has met no behaviour: every row is that one run" {
	check 5 --json --vmm complete,hyperv "$build/payloads/ending"
	[ "$(field '[.rows[].mapgpa_calls] | add')" -eq 0 ]
	check 5 --vmm complete,hyperv "$build/payloads/ending"
	[[ $output == *"without a MapGPA 1: every row is that run"* ]]
}

@test "--template-at beyond the last: no behaviour was ever in force, so none passes" {
	check 5 --json --append scenario=plain --vmm hyperv --template-at 1000 "$violate"
	[[ $(field '.rows[0].verdict') == inconclusive && $(field '.rows[0].reason') == *"never in force"* ]]
}

@test "--template-at: the behaviours begin later" {
	check 0 --json --append scenario=plain --vmm hyperv:pages=64 --template-at 2 "$violate"
	[ "$(field '.rows[0].mapgpa_calls')" -eq 17 ]
	[[ $(field '.rows[0].reproduce') == "$tdlab check --template-at 2 --vmm hyperv:pages=64 "* ]]
	printf '%s\n' "$output" >result
	run --separate-stderr "$tdlab" replay --finding hyperv:pages=64 result
	[ "$status" -eq 0 ]
	[[ $stderr == "tdlab: $tdlab check --template-at 2 "* && $output == *"1 row: 1 pass, "* ]]
	check 0 --json --append scenario=plain --vmm hyperv:pages=64 "$violate"
	[ "$(field '.rows[0].mapgpa_calls')" -eq 32 ]
}

@test "guests in a process: each known defect fails somewhere, what is correct does not" {
	check 1 --json --guest all
	local toy
	for toy in tail-only no-r11-check unmasked-s unbounded end-is-success byte-trickle swallowed-error; do
		jq -e --arg toy "$toy" '.rows | map(select(.guest == "correct" and .verdict == "pass") | .behaviour) as $good |
			any(.[]; .guest == $toy and .verdict == "fail" and (.behaviour | IN($good[])))' <<<"$output"
	done
	jq -e '.rows | map(select(.guest == "libtdconv" and .class == "permitted")) |
		length > 10 and all(.verdict != "fail")' <<<"$output"
	local again
	again=$(field '[.rows[] | select(.guest == "tail-only" and .verdict == "fail")][0].reproduce')
	run bash -c "$again"
	[ "$status" -eq 1 ]
}

@test "no process for a row: it is inconclusive, the count says so, and the exit status is that of the environment" {
	# The command's own fork() fails after so many; what it starts is left alone.
	cat >forks.c <<-'END'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <errno.h>
		#include <stdlib.h>
		#include <unistd.h>

		static pid_t command;
		static int left;

		__attribute__((constructor)) static void begin(void)
		{
			command = getpid();
			left = atoi(getenv("FORKS"));
			unsetenv("LD_PRELOAD");
		}

		pid_t fork(void)
		{
			if (getpid() != command || left-- > 0)
				return ((pid_t (*)(void))dlsym(RTLD_NEXT, "fork"))();
			errno = EAGAIN;
			return -1;
		}
	END
	gcc -Wall -Werror -shared -fPIC -o forks.so forks.c
	local rows=(--guest correct --vmm 'complete,hyperv,kvm' -j 1)
	LD_PRELOAD=$PWD/forks.so FORKS=3 check 0 --json "${rows[@]}"
	LD_PRELOAD=$PWD/forks.so FORKS=1 check 3 --json "${rows[@]}"
	[ "$(jq -c '[.pass, .fail, .inconclusive, .not_run, .exit_status]' <<<"$output")" = '[1,0,2,0,3]' ]
	[ "$(jq -c '[.rows[] | .verdict, .exit_status]' <<<"$output")" = '["pass",0,"inconclusive",3,"inconclusive",3]' ]
	[[ $(field '.rows[2].reason') == "no process could be started: Resource temporarily unavailable" ]]
	LD_PRELOAD=$PWD/forks.so FORKS=0 check 3 "${rows[@]}"
	[ "$(grep -c 'inconclusive .*no process could be started' <<<"$output")" -eq 3 ]
	[[ ${lines[-1]} == "3 rows: 0 pass, 0 fail, 3 inconclusive;"* ]]
}

@test "a harness: its own loop, one that crashes and hangs, one that is none" {
	local name
	for name in trap broken empty; do
		gcc -Wall -Werror "-I$top" -shared -fPIC -o "$name.so" "$top/tests/harness/$name.c"
	done
	check 1 --json --harness ./trap.so --vmm complete,hyperv
	[ "$(field '[.rows[].verdict] | join(" ")')" = "pass fail" ]
	printf '%s\n' '[behaviour]' 'title = R11 is 0' 'class = hostile' 'expect = contain' '[rule]' 'complete = 1' \
		'claim = zero' 'claim-s = strip' >zero.vmm
	check 1 --json --harness ./broken.so --vmm ./zero.vmm,complete --pages 8
	[[ $(field '.rows[0].reason') == *crash* ]]
	check 2 --harness ./empty.so --vmm complete
	[[ $stderr == *"does not define const struct tdlab_guest"* ]]
	[ -z "$output" ]
	check 2 --harness ./nowhere.so --vmm complete
	[[ $stderr == *nowhere.so* ]]
}

@test "what Debian's 6.12 is known to do is known, and no more than that" {
	check 0 --json --modules "$kernel/modules" --known "$top/tests/known-linux-6.12" \
		--vmm complete,busy,eagain-thrice,flip-s "$kernel/vmlinuz"
	[ "$(field '[.rows[].verdict] | join(" ")')" = "pass known known known" ]
	grep -v ' busy ' "$top/tests/known-linux-6.12" >less
	check 1 --json --modules "$kernel/modules" --known less --vmm busy "$kernel/vmlinuz"
}

@test "known findings: expected where they are explained; what is new fails, what vanished is told" {
	local rows=(--guest linux --vmm 'eagain*,hyperv')
	check 1 --json --write-known known "${rows[@]}"
	[ "$(field '[.rows[].findings[] | "\(.name) \(.class)"] | join(",")')" = "abandoned permitted" ]
	[ "$(grep -vc '^#' known)" -eq 1 ]
	check 1 --known known "${rows[@]}"	# nobody has explained it
	sed -i 's/not explained yet: .*/three tries/' known
	check 0 --known known "${rows[@]}"
	[[ $output == *"eagain-thrice "*" known "*" three tries"* ]]
	[[ ${lines[-1]} == "3 rows: 2 pass, 0 fail, 0 inconclusive, 1 known;"* ]]
	check 0 --json --known known "${rows[@]}"
	[ "$(field '"\(.known) \(.rows[1].verdict) \(.exit_status)"')" = "1 known 0" ]
	sed 's/abandoned/runaway/' known >other	# another finding is not this one
	check 1 --known other "${rows[@]}"
	[[ $stderr == *"other:2: vanished: runaway (permitted) under eagain-thrice"* ]]
	echo 'linux hyperv abandoned permitted once it was so' >>known
	check 0 --known known "${rows[@]}"
	[[ $stderr == *"known:3: vanished: abandoned (permitted) under hyperv"* ]]
	check 0 --known known --guest linux --vmm eagain	# what was not tried has not vanished
	[ -z "$stderr" ]
	echo 'linux hyperv abandond permitted a slip' >>known
	check 2 --known known "${rows[@]}"
	[[ -z $output && $stderr == *'known:4: tdlab list violations has no "abandond"'* ]]
}

@test "a kernel's known finding: the same line for boot and for check" {
	printf '%s\n' 'violate hyperv skipped-pages permitted that is what it is for' >known
	check 0 --known known --append scenario=skipped-pages --vmm hyperv --json "$violate"
	[ "$(field '.rows[0].verdict')" = known ]
	run -0 "$tdlab" boot --known known --append scenario=skipped-pages --vmm hyperv --console console "$violate"
	[[ $output == *"violation  skipped-pages (permitted): "* && $output == *"verdict    known: that is what it is for"* ]]
	run -1 "$tdlab" boot --known known --append scenario=skipped-pages --vmm hyperv:pages=64 --console console "$violate"
}

@test "behaviours by class, by pattern, and all but some" {
	"$tdlab" list behaviours --json >listed
	of_class() { jq -r --arg class "$1" '[.[] | select(.class == $class) | .name] | join(" ")' listed; }
	run "$tdlab" check --json --guest correct --pages 64 --vmm 'hostile'
	[ "$(field '[.rows[].behaviour] | join(" ")')" = "$(of_class hostile)" ]
	run "$tdlab" check --json --guest correct --pages 64 --vmm '!hostile,!busy'
	[ "$(field '[.rows[].behaviour] | join(" ")')" = "$(of_class permitted | sed 's/ busy / /')" ]
	run "$tdlab" check --json --guest correct --pages 64 --vmm 'hyperv*,one-page,!hyperv-*'
	[ "$(field '[.rows[].behaviour] | join(" ")')" = "hyperv one-page" ]
	check 2 --guest correct --vmm 'nobody*'
	[[ $stderr == *"--vmm nobody*: no behaviour is called so"* ]]
	check 2 --guest correct --vmm 'hyperv,!busy'
	[[ $stderr == *"nothing to take out: !busy"* ]]
}

# refused STATUS PATTERN ARG...: one line, before anything is run, and no output.
refused() {
	local want=$1 pattern=$2
	shift 2
	check "$want" "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	# shellcheck disable=SC2053 # a pattern
	[[ ${stderr_lines[0]} == $pattern ]]
}

@test "a row for each platform: what one of them refuses is that row's, in a boot and in a process" {
	check 1 --platform kvm --platform module-1.5.01 --vmm complete --append scenario=rbp-unseen "$violate"
	[[ $output == *"complete@kvm "*" fail "*"replay: "*"--platform kvm "*"complete@module-1.5.01 "*" pass "* ]]
	[ "$(grep -c '^template ' <<<"$output")" -eq 2 ]
	check 1 --full --json --platform module-1.5.01 --platform kvm --vmm complete --append scenario=rbp-unseen \
		"$violate"
	[ "$(field '[.rows[] | .platform, .verdict] | join(" ")')" = "module-1.5.01 pass kvm fail" ]
	[ "$(field '[.rows[].reproduce | capture("--seed (?<n>[0-9]+)").n] | unique | length')" -eq 1 ]
	check 0 --json --guest libtdconv --platform kvm --platform gpaw=52 --vmm complete
	[ "$(field '[.rows[].platform] | join(" ")')" = "kvm gpaw=52" ]
	check 2 --platform kvm --platform nowhere --vmm complete "$violate"
	[[ $stderr == 'tdlab: no platform "nowhere": '* ]]
	check 2 --guest libtdconv --platform kvm --platform gpaw=53
	[ -z "$output" ]
}

@test "bad input is refused before anything is run" {
	refused 2 'tdlab: *"hyperb"*"hyperv"*' --vmm complete,hyperb "$violate"
	refused 2 'tdlab: *hyperv*pages*' --vmm complete,hyperv:pages=0 "$violate"
	refused 2 'tdlab: --vmm: an empty name*' --vmm complete,,hyperv "$violate"
	refused 2 'tdlab: --vmm: no behaviour*' --vmm '' "$violate"
	refused 2 'tdlab: *nowhere*' nowhere
	refused 2 'tdlab: *one kernel*' "$violate" "$violate"
	refused 2 'tdlab: *--tap and --json*' --tap --json "$violate"
	refused 2 'tdlab: *one guest at a time*' --guest libtdconv "$violate"
	refused 2 'tdlab: *one guest at a time*' --guest libtdconv --harness ./x.so
	refused 2 'tdlab: *about a boot*' --guest libtdconv --cpus 2
	refused 2 'tdlab: *--guest nobody*' --guest nobody
	refused 2 'tdlab: *--pages*' --pages 8 "$violate"
	refused 2 'tdlab: *--jobs 0*' -j 0 "$violate"
	refused 2 'tdlab: *-j many*' -j many "$violate"
	refused 2 'tdlab: *-j needs*' "$violate" -j
	refused 2 'tdlab: *--template-at*' --template-at 0 "$violate"
	refused 2 'tdlab: *--template-at*' --full --template-at 2 "$violate"
	refused 3 'tdlab: *nowhere*' --qemu nowhere "$violate"
	mkdir none
	refused 2 'tdlab: none: no behaviour*' --behaviours none "$violate"
}

@test "QEMU that dies at once: told once, and no row is made of it" {
	printf '#!/bin/sh\n[ "$1" = -version ] && { echo QEMU emulator version 9.0.0; exit; }\necho broken >&2; exit 1\n' >bad
	chmod +x bad
	refused 3 'tdlab: *QEMU*broken*' --qemu ./bad --vmm complete,hyperv "$violate"
}

@test "what cannot be written is refused before anything is run" {
	refused 2 'tdlab: --junit nowhere/x.xml: No such file*' --junit nowhere/x.xml "$violate"
	: >file
	refused 2 'tdlab: --keep file: *' --keep file "$violate"
	refused 2 'tdlab: --keep /proc/none: *' --keep /proc/none "$violate"
	[ -c /dev/full ]
	run bash -c '"$1" check --json --append scenario=plain --vmm complete "$2" 2>err >/dev/full; echo $?' - \
		"$tdlab" "$violate"
	[ "$output" = 3 ]
	grep -q 'No space left' err
	check 3 --junit /dev/full --append scenario=plain --vmm complete "$violate"
	[[ $stderr == *"--junit /dev/full: No space left"* ]]
}

# begun ARG...: a check whose row hangs for seconds, with $pid; returns when the row runs.
begun() {
	gcc -Wall -Werror "-I$top" -shared -fPIC -o broken.so "$top/tests/harness/broken.c"
	printf '%s\n' '[behaviour]' 'title = hangs it' 'class = permitted' 'expect = contain' '[rule]' 'complete = 0' \
		'fail = GPA_INUSE' >hang.vmm
	env --default-signal=INT "$tdlab" check --harness ./broken.so --pages 8 -j 1 --vmm ./hang.vmm,complete "$@" \
		>out 2>err </dev/null 3>&- &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		pgrep -P "$pid" >/dev/null && break
		sleep 0.1
	done
	sleep 1
}

@test "--junit: what was there stays until all of the new file is written, or for good" {
	echo old >out.xml
	begun --junit out.xml
	[ "$(cat out.xml)" = old ]
	kill -9 "$pid"
	wait "$pid" || true
	[ "$(cat out.xml)" = old ]
	rm out.xml.new
	printf '#!/bin/sh\n[ "$1" = -version ] && { echo QEMU emulator version 9.0.0; exit; }\nexit 1\n' >bad
	chmod +x bad
	check 3 --qemu ./bad --junit out.xml --vmm complete "$violate"
	[ "$(cat out.xml)" = old ]
	[ ! -e out.xml.new ]
	check 0 --guest correct --vmm complete --junit out.xml
	[ "$(tail -n 1 out.xml)" = "</testsuites>" ]
	[ ! -e out.xml.new ]
}

@test "--junit: devices, pipes, links and standard output stay what they are" {
	local ended='</testsuites>' long
	mkfifo pipe
	timeout 30 cat pipe >piped 3>&- &
	check 0 --guest correct --vmm complete --junit pipe
	[ -p pipe ]
	wait $!
	[ "$(tail -n 1 piped)" = "$ended" ]
	check 0 --guest correct --vmm complete --junit /dev/null
	[ -c /dev/null ]
	"$tdlab" check --guest correct --vmm complete --junit /dev/stdout >both
	grep -q '^1 row: 1 pass' both
	[ "$(tail -n 1 both)" = "$ended" ]
	ln -s file link
	echo old >file
	check 0 --guest correct --vmm complete --junit link
	[ -L link ]
	[ "$(tail -n 1 file)" = "$ended" ]
	# No room beside it: the file itself is written, and nothing stays of what was longer.
	mkdir place.new
	printf -v long '%9999s' old
	echo "$long" >place
	check 0 --guest correct --vmm complete --junit place
	[ "$(tail -n 1 place)" = "$ended" ]
	# What cannot take its place in the end is kept.
	begun --junit taken
	mkdir -p taken/by
	kill -INT "$pid"
	wait "$pid" || true
	grep -q 'is in .*taken.new' err
	grep -q "$ended" taken.new
}

# ended SIGNAL STATUS: sent while two rows run, it leaves neither them nor their QEMUs.
ended() {
	local pid got=0 i family=()
	env --default-signal=INT "$tdlab" check --tap -j 2 --append ending=spin-halfway \
		--vmm hyperv,hyperv:pages=9,hyperv:pages=8 "$build/payloads/ending" >out 2>err </dev/null 3>&- &
	pid=$!
	for ((i = 0; i < 600 && ${#family[@]} < 4; i++)); do
		sleep 0.1
		mapfile -t family < <(for row in $(pgrep -P "$pid"); do pgrep -P "$row" -f isa-debug-exit && echo "$row"; done)
	done
	[ "${#family[@]}" -eq 4 ]
	kill "-$1" "$pid"
	wait "$pid" || got=$?
	[ "$got" -eq "$2" ] || { echo "exit status $got, expected $2"; cat out err; return 1; }
	for ((i = 0; i < 100; i++)); do
		kill -0 "${family[@]}" 2>/dev/null || break
		sleep 0.1
	done
	for i in "${family[@]}"; do
		run ! kill -0 "$i"
	done
}

@test "Ctrl-C among guests in a process: what was not run is said to be" {
	local got=0
	begun --junit out.xml --json
	kill -INT "$pid"
	wait "$pid" || got=$?
	[ "$got" -eq 130 ]
	[ "$(jq -c '[.not_run, .rows[1].verdict]' out)" = '[2,null]' ]
	grep -q 'skipped="2"' out.xml
	run ! pgrep -f "harness [.]/broken.so"
}

@test "Ctrl-C" {
	ended INT 130
	grep -q '^Bail out! ended by signal 2' out
}

@test "kill" {
	ended TERM 143
}

@test "kill -9" {
	ended KILL 137
}
