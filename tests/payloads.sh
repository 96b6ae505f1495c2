#!/bin/bash
# SPDX-License-Identifier: MIT
# Boots the tiny TDs: every row of payloads/expect and payloads/expect-endings, on the monitor. The columns are explained
# in the former. usage: payloads.sh [PATTERN], of names. TIMEOUT=SECONDS for each, if 120 is not right.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=${B:-$top/build}
cd "$top" || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"

# row PAYLOAD APPEND BEHAVIOUR CPUS STATUS VIOLATIONS FACTS: complains on stdout if the report is another.
row() {
	local status=0 violations fact got
	"$build/tdlab" boot --json --behaviours behaviours --timeout "${TIMEOUT:-120}" --console "$work/console" --vmm "$3" \
		--cpus "$4" --append "$2" "$build/payloads/$1" >"$work/report" 2>"$work/err" </dev/null || status=$?
	[ "$status" -eq "$5" ] || echo "exit status $status, expected $5"
	violations=$(jq -r 'reduce .violations[].name as $name ([]; if index($name) then . else . + [$name] end) |
		if . == [] then "-" else join(",") end' "$work/report" 2>&1)
	[ "$violations" = "$6" ] || echo "violations $violations, expected $6"
	[ "$7" = - ] && return
	for fact in ${7//,/ }; do
		got=$(jq -r --arg name "${fact%=*}" '(.totals + {outcome})[$name]' "$work/report" 2>&1)
		[ "$got" = "${fact#*=}" ] || echo "$got is not $fact: $(jq -c .totals "$work/report" 2>&1)"
	done
}

# rows PAYLOAD PARAMETER FILE PATTERN
rows() {
	local name vmm cpus status violations facts
	while read -r name vmm cpus status violations facts; do
		[[ -z $name || $name == '#'* ]] && continue
		# shellcheck disable=SC2053 # a pattern
		[[ $name == $4 ]] || continue
		result "$1 $name under $vmm, $cpus vCPU" \
			"$(row "$1" "$2=$name" "$vmm" "$cpus" "$status" "$violations" "$facts")" "$work/err" "$work/console"
	done <"$top/payloads/$3"
}

rows violate scenario expect "${1:-*}"
rows ending ending expect-endings "${1:-*}"
finish
