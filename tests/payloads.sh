#!/bin/bash
# SPDX-License-Identifier: MIT
# Boots the tiny TDs: every row of payloads/expect, on the monitor. usage: payloads.sh [PATTERN]
# The columns are explained in that file. TIMEOUT=SECONDS for each, if 120 is not right.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=${B:-$top/build}
cd "$top" || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
number=0
failed=0

# row SCENARIO BEHAVIOUR CPUS STATUS VIOLATIONS FACTS: complains on stdout if the report is another.
row() {
	local status=0 violations fact
	"$build/tdlab" boot --json --behaviours behaviours --timeout "${TIMEOUT:-120}" --console "$work/console" --vmm "$2" \
		--cpus "$3" --append "scenario=$1" "$build/payloads/violate" >"$work/report" 2>"$work/err" </dev/null || status=$?
	[ "$status" -eq "$4" ] || echo "exit status $status, expected $4"
	violations=$(jq -r 'reduce .violations[].name as $name ([]; if index($name) then . else . + [$name] end) |
		if . == [] then "-" else join(",") end' "$work/report" 2>&1)
	[ "$violations" = "$5" ] || echo "violations $violations, expected $5"
	[ "$6" = - ] && return
	for fact in ${6//,/ }; do
		jq -e ".totals.${fact%=*} == ${fact#*=}" "$work/report" >/dev/null 2>&1 ||
			echo "totals do not have $fact: $(jq -c .totals "$work/report" 2>&1)"
	done
}

while read -r scenario vmm cpus status violations facts; do
	[[ -z $scenario || $scenario == '#'* ]] && continue
	# shellcheck disable=SC2053 # a pattern
	[[ $scenario == ${1:-*} ]] || continue
	number=$((number + 1))
	wrong=$(row "$scenario" "$vmm" "$cpus" "$status" "$violations" "$facts")
	if [ -z "$wrong" ]; then
		echo "ok $number - $scenario under $vmm, $cpus vCPU"
	else
		failed=1
		echo "not ok $number - $scenario under $vmm, $cpus vCPU"
		{ echo "$wrong"; cat "$work/err"; tail -n 15 "$work/console"; } 2>/dev/null | sed 's/^/# /'
	fi
done <"$top/payloads/expect"
echo "1..$number"
exit $failed
