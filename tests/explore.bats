#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # $stderr is set by run, and what it sets is what the same test looks at
# One unmodified kernel under every sequence of answers: it agrees with the model, another model is found out, and it
# boots on afterwards as if nothing had been.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	cd "$BATS_TEST_TMPDIR" || return
}

explore() {
	run --separate-stderr "$tdlab" explore --json --console console "$@" --modules "$kernel/modules" "$kernel/vmlinuz"
	printf '%s\n' "exit status $status" "$output" "$stderr"
}

field() {
	jq -r "$1" <<<"$output"
}

# Everything but the time that it took and where Linux put its memory.
essence() {
	jq -S 'del(.seconds, .cpu_seconds, .gpa, .last)'
}

swiotlb() {
	explore --depth 3
	[ "$status" -eq 1 ]	# Linux gives up at the third
	[ "$(field '[.violations[] | "\(.name) \(.class) \(.minimal | join(" "))"] | join(";")')" = \
		"abandoned permitted stall,stall,stall" ]
	[ "$(field .pages)" -eq 16384 ]
	[ "$(field .sequences)" -ge 280 ]
	[ "$(field .mismatches)" -eq 0 ]
	[ "$(field '[.answers | to_entries[] | select(.value == 0) | .key] | join(" ")')" = "busy no-size small" ]	# of ACCEPT
	[ "$(field '.states | length')" -eq 6 ]
	[ "$(field '.states | index("mapped/claimed-shared")')" != null ]	# a lie was among the answers
	[ "$(field .afterwards)" = power-off ]
}

@test "to shared, the swiotlb: every sequence as the model, then power-off" {
	swiotlb
	essence <<<"$output" >"$BATS_FILE_TMPDIR/whole"
}

@test "to shared, the swiotlb of the newest kernel likewise" {
	kernel=$top/build/kernel-newest
	[ -e "$kernel/VERSION" ] || skip "no newest kernel"
	swiotlb
}

@test "to private, with ACCEPT" {
	explore --depth 3 --to-private
	[ "$status" -eq 1 ]
	[ "$(field '[.violations[] | "\(.name) \(.class) \(.minimal | join(" "))"] | join(";")')" = \
		"abandoned permitted stall,stall,stall;accept-abandoned permitted busy" ]
	[ "$(field .direction)" = private ]
	[ "$(field .pages)" -ge 4 ]
	[ "$(field .sequences)" -ge 250 ]
	[ "$(field .mismatches)" -eq 0 ]
	# a window of 2 MiB would be needed
	[ "$(field '[.answers | to_entries[] | select(.value == 0) | .key] | join(" ")')" = small ]
	[ "$(field .afterwards)" = power-off ]
}

# Each leaf of the direct map that is shared is given back by itself, and what fails is told and left.
@test "to private, before a kexec: 2 MiB" {
	explore --depth 2 --to-private --pages 512 --append 'quiet tdlab.kexec'
	[ "$status" -eq 1 ]
	[ "$(field '[.violations[] | "\(.name) \(.class) \(.minimal | join(" "))"] | join(";")')" = \
		"abandoned permitted stall,stall,stall" ]
	[ "$(field '"\(.direction) \(.pages) \(.mismatches) \(.afterwards)"')" = "private 512 0 power-off" ]
	[ "$(field .sequences)" -ge 120 ]
	[ "$(field '[.answers[] | select(. == 0)] | length')" -eq 0 ]
}

@test "a window too small for some answers says for which" {
	run -0 "$tdlab" explore --guest correct --depth 2 --pages 4
	[[ $output != *"not tried"* ]]
	run -0 "$tdlab" explore --guest correct --depth 2 --pages 2
	[[ $output == *$'\nnot tried  half, last: a request of 2 pages does not tell them from others\n'* ]]
	run -5 "$tdlab" explore --guest correct --depth 2 --pages 1
	[[ $output == *"verdict    inconclusive: the guest was never given partial completion"* ]]
	[[ $output == *$'\nnot tried  first, half, last, other-s, invalid-after, first-changed: a request of 1 page '* ]]
}

@test "a model with another budget is found out, and so is where they part" {
	explore --depth 3 --model linux:2
	[ "$status" -eq 1 ]
	[ "$(field .mismatches)" -gt 0 ]
	[ "$(field '.mismatch[0].name')" = model-mismatch ]
	[ "$(field '.mismatch[0].shortest')" = stall,stall,ok ]
	[ "$(field .afterwards)" = power-off ]
}

@test "two shards, merged, are the whole" {
	for part in 1 2; do
		explore --depth 3 --shard "$part/2"
		[ "$status" -le 1 ]
		[ "$(field .sequences)" -gt 20 ]
		printf '%s\n' "$output" >"part.$part"
	done
	run -1 "$tdlab" merge --json part.1 part.2
	printf '%s\n' "$output" >sum
	essence <sum >merged
	diff "$BATS_FILE_TMPDIR/whole" merged
}

@test "killed in the middle, it goes on from its state and ends with the same" {
	explore --depth 5
	[ "$status" -eq 1 ]
	essence <<<"$output" >whole
	[ "$(field '.sequences >= 1300 and .mismatches == 0 and .cpu_seconds > 0')" = true ]
	setsid "$tdlab" explore --depth 5 --state state --console console2 --modules "$kernel/modules" "$kernel/vmlinuz" 3>&- &
	for ((i = 0; i < 6000; i++)); do
		[ -s state ] && [ "$(jq .sequences state)" -gt 0 ] && break
		sleep 0.02
	done
	kill -9 $!
	wait $! || true
	jq '{sequences, complete}' state
	[ "$(jq .complete state)" = false ]
	[ "$(jq .sequences state)" -gt 0 ]
	[ "$(jq .sequences state)" -lt "$(jq .sequences whole)" ]
	explore --depth 5 --state state
	[ "$status" -eq 1 ]
	essence <<<"$output" | diff whole -
	explore --depth 4 --state state
	[ "$status" -eq 2 ]
	[[ $stderr == *"the depth is another"* ]]
}

# begun FILE VERB ARG...: it runs as $pid, and FILE has something in it.
begun() {
	local file=$1 i
	shift
	rm -f "$file"
	env --default-signal=INT setsid "$tdlab" "$@" --json --console console --modules "$kernel/modules" "$kernel/vmlinuz" \
		>out 2>err </dev/null 3>&- &
	pid=$!
	for ((i = 0; i < 6000; i++)); do
		[ -s "$file" ] && break
		sleep 0.02
	done
}

# ends SIGNAL STATUS: with that exit status, sent $pid.
ends() {
	local got=0
	kill -"$1" "$pid"
	wait "$pid" || got=$?
	cat out err
	[ "$got" -eq "$2" ]
}

@test "Ctrl-C and kill: what was seen until then is reported, by explore, replay and minimise" {
	local pid
	begun console explore --depth 12 --state state
	for ((i = 0; i < 6000; i++)); do
		[ -s state ] && [ "$(jq .sequences state)" -gt 300 ] && break
		sleep 0.02
	done
	ends INT 130
	[ "$(jq -r '"\(.complete) \(.incomplete) \(.sequences > 300)"' out)" = "false interrupted by signal 2 true" ]
	[ "$(jq -r '.violations[0].name' out)" = abandoned ]
	begun console replay stall,stall,stall
	ends TERM 143
	[ "$(jq -r '"\(.complete) \(.incomplete) \(.verdict)"' out)" = "false interrupted by signal 15 inconclusive" ]
	begun console minimise stall,stall,stall
	ends TERM 143
	grep -q '^tdlab: the guest did not come to it: the run was interrupted' err
}

@test "drawn sequences, deeper than all of them can be had" {
	explore --depth 24 --random 60 --seed 3
	[ "$status" -le 1 ]
	[ "$(field .sequences)" -eq 60 ]
	[ "$(field .mismatches)" -eq 0 ]
}

# payload ARG...: the same of the tiny TD. It is no Linux, so that its requests are not the model's.
payload() {
	run --separate-stderr "$tdlab" explore --json --console console --behaviours "$top/behaviours" "$@" \
		"$build/payloads/violate"
	printf '%s\n' "exit status $status" "$output" "$stderr"
}

@test "taken back is as it was at first, also what was shared, taken back, accepted and written meanwhile" {
	payload --vmm eagain:stalls=1 --append scenario=rewritten --depth 3
	[ "$(field .sequences)" -ge 100 ]
	[ "$(field '.states | index("shared/claimed-shared") and index("pending/claimed-private")')" = true ]
	[ "$(field '[.violations[].name] | join(" ")')" = accept-abandoned ]	# it does not repeat a busy ACCEPT
	[ "$(field .afterwards)" = ended ]
}

# ending ARG...: the same of the tiny TD that can end in many ways, at its second conversion.
ending() {
	run --separate-stderr "$tdlab" "$1" --json --console console --pages 2 --append "ending=$2" "${@:3}" \
		"$build/payloads/ending"
	printf '%s\n' "exit status $status" "$output" "$stderr"
}

@test "a guest that dies or hangs of a conversion in parts: found under honest answers, replayed, minimised" {
	while read -r end name how; do
		ending explore "$end-if-partial" --depth 1
		[ "$status" -eq 1 ]
		[ "$(field '.violations[0] | "\(.name) \(.sequences) \(.shortest)"')" = "$name 5 stall" ]
		[[ $(field '.violations[0].detail') == *"$how"* ]]
		[ "$(field .sequences)" -eq 21 ]
		[ "$(field .afterwards)" = ended ]
		printf '%s\n' "$output" >result
		ending replay "$end-if-partial" --finding "$name" result
		[ "$status" -eq 1 ]
		[ "$(field '.violations[0] | "\(.name) \(.shortest)"')" = "$name stall" ]
		ending minimise "$end-if-partial" half,stall,ok
		[ "$status" -eq 0 ]
		[ "$(field '.violations[0] | "\(.name) \(.minimal | join(" "))"')" = "$name stall half" ]
	done <<-END
	fault guest-died (triple-fault)
	fatal guest-died (fatal-error)
	park guest-hung nothing could happen
	END
	ending explore ask-if-partial --depth 1 --sequences 2
	[ "$status" -eq 1 ]
	[ "$(field '.violations[0] | "\(.name) \(.sequences) \(.shortest)"')" = "unbounded 1 stall" ]
}

@test "what is known of a guest is expected: each of the minimal sequences" {
	echo 'linux stall,stall,stall abandoned permitted three tries' >known
	run -0 "$tdlab" explore --guest linux --known known --json
	[ "$(field '"\(.verdict) \(.violations[0].known)"')" = "pass three tries" ]
	run -1 "$tdlab" explore --guest tail-only --to-private --known known
	run -1 "$tdlab" explore --guest linux --write-known written
	[ "$(tail -n 1 written | cut -d' ' -f1-4)" = "linux stall,stall,stall abandoned permitted" ]
}

@test "a guest that ends itself when it is refused, or told what cannot be, contains it" {
	ending explore fatal-if-refused --depth 1
	[ "$(field '.violations | length')" -eq 0 ]
	[ "$(field .sequences)" -eq 21 ]
	[ "$(field .afterwards)" = ended ]
}

@test "more is written than can be put back: the monitor says so" {
	run -3 --separate-stderr "$tdlab" explore --depth 1 --console console --append convert=64 "$build/payloads/builtin"
	[ -z "$output" ]
	[[ $stderr == *"pages changed while the guest was explored" ]]
}

@test "a large window to private: what was behind shared pages need not be put back" {
	run -1 --separate-stderr "$tdlab" explore --depth 1 --console console --append convert=96 --to-private --pages 100 \
		--json "$build/payloads/builtin"
	[ "$(field .pages)" -eq 24576 ]
	[ "$(field .sequences)" -eq 24 ]
	[ "$(field '.violations | length')" -eq 0 ]
}

@test "no such window, depth, shard; a state that is none" {
	explore --pages 1000000
	[ "$status" -eq 5 ]
	explore --depth 65
	[ "$status" -eq 2 ]
	[[ $stderr == *"--depth 65"* ]]
	explore --shard 3/2
	[ "$status" -eq 2 ]
	[[ $stderr == *"--shard 3/2: write I/N"* ]]
	echo '{}' >state
	explore --state state
	[ "$status" -eq 2 ]
	[[ $stderr == *"state: no result of tdlab explore"* ]]
	explore --state /nowhere/state --depth 1
	[ "$status" -eq 3 ]
	[[ $stderr == *"/nowhere/state cannot be written"* ]]
}
