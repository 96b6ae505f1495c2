#!/bin/bash
# SPDX-License-Identifier: MIT
# Guests made by seed (payloads/guests.h), many in a boot: sound ones under every behaviour, whom nobody may blame, and
# those with a planted defect, who must get the same names here as in a process (guests_test --list).
# usage: guests.sh [sound|planted]
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=${B:-$top/build}
cd "$top" || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"
window=0x2000000	# of the first guest, as in guests_main.c
each=0x800000		# bytes that a guest has to itself
willing=13		# guests under a behaviour that lets them complete,
other=4			# and under one that need not

boot() {	# BEHAVIOUR CPUS GUESTS: sets status, and named[N] to the names that the guest N got, sorted
	local name gpa n
	status=0
	"$build/tdlab" boot --json --behaviours behaviours --timeout 120 --console "$work/console" --vmm "$1" --cpus "$2" \
		--append "guests=$3" "$build/payloads/guests" >"$work/report" 2>"$work/err" </dev/null || status=$?
	named=()
	while read -r name gpa; do
		n=$(((gpa - window) / each))
		[[ " ${named[n]:-}" == *" $name "* ]] || named[n]+="$name "
	done < <(jq -r '.violations[] | .name + " " + .gpa' "$work/report" | sort)
}

# Whoever changes its mind has not completed what it was let to complete: that is told, and is no violation. A VMM may
# have the module end the TD. No guest here asks for more than qemu-64m does at a time.
sound() {	# BEHAVIOUR CPUS FIRST LAST
	local expect reason
	boot "$1" "$2" "none:$3-$4"
	expect=$(jq -r .vmm.expect "$work/report")
	reason=$(jq -r '.outcome + ": " + .reason' "$work/report")
	[ ${#named[@]} -eq 0 ] || echo "blamed: ${named[*]}"
	case $expect:$status:$reason in
	complete:0:ended:* | complete:1:ended:*"was undone after"*) ;;
	complete:5:ended:*"not exercised"*) [ "$1" = qemu-64m ] || echo "$reason" ;;
	contain:[05]:ended:* | contain:[05]:stopped:*) ;;
	*) echo "exit status $status, $reason" ;;
	esac
	[ "$expect" = contain ] || [ "$(jq .totals.to_shared_pages "$work/report")" -gt "$willing" ] || echo "no conversion"
}

test_sound() {
	local vmm seed=1 cpus=1 count guests=0
	for vmm in behaviours/*.vmm; do
		count=$willing
		! grep -q '^expect = contain' "$vmm" || count=$other
		vmm=${vmm##*/}
		result "$count sound guests under ${vmm%.vmm}, $cpus vCPU" \
			"$(sound "${vmm%.vmm}" $cpus $seed $((seed + count - 1)))" "$work/err" "$work/console"
		seed=$((seed + count)) guests=$((guests + count)) cpus=$((3 - cpus))
	done
	[ "$guests" -ge 300 ] || result "there are sound guests" "only $guests"
	echo "# score: $guests sound guests on the monitor"
}

test_planted() {
	local vmm cpus guests names want got i wrong all=0 same=0
	while read -r vmm cpus guests names; do
		boot "$vmm" "$cpus" "$guests"
		IFS=, read -ra want <<<"$names"
		wrong=
		for i in "${!want[@]}"; do
			got=${named[i]:-nothing}
			all=$((all + 1))
			if [ "$(tr '+' '\n' <<<"${want[i]}" | sort | tr '\n' ' ')" = "$got" ]; then
				same=$((same + 1))
			else
				wrong+="guest $i of $guests: $got, in a process ${want[i]}"$'\n'
			fi
		done
		result "planted under $vmm, $cpus vCPU: $guests" "$wrong" "$work/err" "$work/console"
	done < <("$build/payloads/guests_test" --list)
	[ "$all" -ge 100 ] || result "there are planted guests" "only $all"
	echo "# score: planted $same / $all, named on the monitor as in a process"
}

[ "${1:-sound}" != sound ] || test_sound
[ "${1:-planted}" != planted ] || test_planted
finish
