#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # $output is set by run
# The same answers, the same name, class and verdict, from whichever verb: a boot under a behaviour, one sequence
# replayed on a kernel, the same sequence in a process, and a row of check.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	cd "$BATS_TEST_TMPDIR" || return
}

# found JQ: the first finding, as "name class".
found() {
	jq -r "[$1 | \"\(.name) \(.class)\"][0]" <<<"$output"
}

@test "three RETRYs without progress: Linux, booted, replayed, and its model in a process" {
	run -1 "$tdlab" boot --json --vmm eagain:stalls=3 --console console --modules "$kernel/modules" "$kernel/vmlinuz"
	[ "$(found '.violations[]')" = "abandoned permitted" ]
	run -1 "$tdlab" replay --json --console console --modules "$kernel/modules" stall,stall,stall "$kernel/vmlinuz"
	[ "$(found '.violations[]')" = "abandoned permitted" ]
	run -1 "$tdlab" replay --json --guest linux stall,stall,stall
	[ "$(found '.violations[]')" = "abandoned permitted" ]
	run -1 "$tdlab" check --json --guest linux --vmm eagain:stalls=3
	[ "$(found '.rows[].findings[]')" = "abandoned permitted" ]
	# What is not to blame: one RETRY less, and a VMM that goes on like that for ever.
	run -0 "$tdlab" replay --guest linux stall,stall,ok
	run -0 "$tdlab" check --guest linux --vmm eagain:stalls=2,stall
}

@test "an ACCEPT that is busy has one name, and an R11 inside a page blames nobody" {
	run -1 "$tdlab" boot --json --vmm busy --append scenario=accept-abandoned --console console "$build/payloads/violate"
	[ "$(found '.violations[]')" = "accept-abandoned permitted" ]
	run -1 "$tdlab" run --json --guest broken-double-accept --to-private --vmm busy
	[ "$(jq -r '"\(.finding) \(.finding_class)"' <<<"$output")" = "accept-abandoned permitted" ]
	run -0 "$tdlab" boot --json --vmm byte-trickle --append scenario=inside-page --console console \
		"$build/payloads/violate"
	[ "$(jq -r '.observations[0] | "\(.name) \(.class)"' <<<"$output")" = "unaligned-request vmm-caused" ]
	run -0 "$tdlab" replay --guest byte-trickle unaligned
	run -0 "$tdlab" check --guest byte-trickle --vmm unaligned
}

@test "the first of its pages only, and the tail accepted: booted and in a process" {
	run -1 "$tdlab" boot --json --vmm hyperv --append scenario=pending-access --console console "$build/payloads/violate"
	[ "$(found '.violations[]')" = "pending-access permitted" ]
	run -1 "$tdlab" replay --json --guest tail-only --to-private first
	[ "$(found '.violations[]')" = "pending-access permitted" ]
}
