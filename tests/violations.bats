#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $output and $stderr are set by run
# Each rule has a guest that breaks it: explore finds it under its name, the finding is replayed to the same journal and
# minimised. A violation that the table does not know fails the first test.
bats_require_minimum_version 1.5.0

# VIOLATION, the guest that commits it, its direction, pages.
table() {
	cat <<-END
	pending-access tail-only private 4
	private-alias-of-shared broken-private-alias-of-shared shared 4
	shared-alias-of-private broken-shared-alias-of-private shared 4
	accept-unrequested broken-accept-unrequested shared 4
	double-accept broken-double-accept private 4
	skipped-pages broken-skipped-pages shared 4
	abandoned broken-abandoned shared 4
	accept-abandoned broken-accept-abandoned private 600
	runaway unbounded shared 4
	dma-to-private broken-dma-to-private private 4
	wrapping-request no-r11-check shared 4
	crosses-shared-bit no-r11-check shared 4
	beyond-gpaw broken-beyond-gpaw shared 4
	empty-request broken-empty-request shared 4
	unaligned-request broken-unaligned-request shared 4
	unbounded broken-unbounded private 4
	false-success end-is-success shared 4
	false-success swallowed-error shared 4
	abandoned linux shared 4
	td-lost swallowed-error private 4
	outside-request no-r11-check shared 4
	END
}

setup() {
	build=${B:-$(cd "$BATS_TEST_DIRNAME/.." && pwd)/build}
	export PATH=$build:$PATH
	cd "$BATS_TEST_TMPDIR" || return
}

@test "every violation that there is has a guest that commits it" {
	# What only other tests' guests do: harnesses that crash and hang (sim.bats), kernels beside their model
	# (explore.bats), a payload that has interrupts to block (payloads/ending.c).
	tdlab list violations | sed 's/ .*//' | grep -Ev '^(guest-died|guest-hung|model-mismatch|halt-blocked)$' |
		sort -u >listed
	table | cut -d' ' -f1 | sort -u >known
	[ -s listed ]
	run -0 comm -23 listed known
	echo "without a guest: $output"
	[ -z "$output" ]
}

@test "each is found under its name, replayed to the same journal, and minimised to three answers or less" {
	while read -r violation guest direction pages; do
		echo "$violation by $guest"
		options=(--guest "$guest" --pages "$pages")
		[ "$direction" = shared ] || options+=(--to-private)
		run -1 tdlab explore "${options[@]}" --depth 4 --json
		printf '%s\n' "$output" >result
		jq -e --arg name "$violation" '.violations[] | select(.name == $name)' result >finding
		run -1 tdlab replay --finding "$violation" --journal first --json result
		jq -e --arg name "$violation" '.sequences == 1 and .violations[0].name == $name' <<<"$output"
		run -1 tdlab replay --finding "$violation" --journal second result
		cmp first second
		tdlab trace first | grep -q MapGPA
		run -0 tdlab minimise --finding "$violation" --json result
		jq -e --arg name "$violation" '.violations[0].name == $name and
			(.violations[0].shortest | split(",") | length <= 3)' <<<"$output"
	done < <(table)
}

@test "the correct loop and libtdconv break no rule, both ways" {
	for guest in correct libtdconv; do
		tdlab explore --guest "$guest" --depth 5 --pages 4
		tdlab explore --guest "$guest" --depth 5 --pages 4 --to-private
	done
}

@test "minimise: a long sequence comes down to what matters" {
	run -0 tdlab minimise --guest tail-only --to-private stall,half,stall,first,stall,stall,last,ok --json
	[ "$(jq -r '.violations[0] | "\(.name) \(.shortest | split(",") | length)"' <<<"$output")" = "pending-access 1" ]
	run -0 tdlab minimise --guest swallowed-error --json stall,first,half,stall,invalid,ok
	[ "$(jq -r '.violations[0] | "\(.name) \(.shortest)"' <<<"$output")" = "false-success invalid" ]
	run -2 --separate-stderr tdlab minimise --guest correct stall,ok
	[[ $stderr == *"it shows nothing"* ]]
	run -2 --separate-stderr tdlab minimise --guest tail-only --to-private --finding runaway first
	[[ $stderr == *"it shows pending-access, not runaway"* ]]
}

@test "replay: a row of tdlab check" {
	cat >vmm.json <<-END
	{ "schema": "tdlab.check/1", "tdlab": "$(tdlab --version | cut -d' ' -f2)", "rows": [
	  { "behaviour": "complete", "verdict": "pass",
	    "reproduce": "tdlab run --guest tail-only --vmm complete --to-private" },
	  { "behaviour": "hyperv", "verdict": "fail",
	    "reproduce": "tdlab run --guest 'tail-only' --vmm hyperv --to-private" } ] }
	END
	run -1 tdlab replay vmm.json
	[[ $output == *pending-access* ]]
	run -0 tdlab replay --finding complete vmm.json
	run -2 tdlab replay --finding nobody vmm.json
	run -2 tdlab minimise vmm.json
	run -2 tdlab replay --json vmm.json	# its line has the options
	[[ $output == *"--json: a row of tdlab check is run as it was"* ]]
	sed 's/"tdlab": "[^"]*"/"tdlab": "0.0"/' vmm.json >old
	run -2 tdlab replay old
	sed 's/tdlab run --guest .tail/touch owned; tdlab run --guest .tail/' vmm.json >evil
	run -2 tdlab replay evil
	[[ $output == *"none of tdlab boot, check, nor run"* ]]
	[ ! -e owned ]
}

@test "replay: what is no answer, no result, another version's, another harness's or has no finding is refused" {
	refused() {
		local what=$1
		shift
		run -2 --separate-stderr tdlab "$@"
		echo "$stderr"
		[[ $stderr == *"$what"* ]] && [ "$(wc -l <<<"$stderr")" -eq 1 ] && [ -z "$output" ]
	}
	tdlab explore --guest tail-only --to-private --json >result || true
	refused 'neither a file nor answers ("maybe" is none)' replay ok,maybe
	refused "on which guest?" replay first,ok
	refused "which file or answers?" replay --guest tail-only
	refused 'no finding runaway' replay --finding runaway result
	refused "which file or answers?" minimise
	sed 's/"version": "[^"]*"/"version": "0.0"/' result >old
	refused "old: made by tdlab 0.0" replay old
	sed 's/tdlab.explore\/[0-9]*/tdlab.explore\/99/' result >newer
	refused "newer: another version's" minimise newer
	head -c 300 result >short
	refused "short: no JSON" replay short
	tdlab explore --guest correct --json >clean
	refused "nothing was found" replay clean
	gcc -I"$BATS_TEST_DIRNAME/.." -shared -fPIC -o it.so "$BATS_TEST_DIRNAME/harness/trap.c"
	tdlab explore --harness ./it.so --to-private --json >harness || true
	run -1 tdlab replay harness
	gcc -g -I"$BATS_TEST_DIRNAME/.." -shared -fPIC -o it.so "$BATS_TEST_DIRNAME/harness/trap.c"
	refused "it.so is not the harness" replay harness
}
