#!/bin/bash
# SPDX-License-Identifier: MIT
# Boots the tiny TDs: every row of payloads/expect, expect-endings and expect-firmware, on the monitor. The columns are
# explained in the first. usage: payloads.sh [PATTERN], of names. TIMEOUT=SECONDS for each, if 120 is not right.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=${B:-$top/build}
cd "$top" || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"
# shellcheck source=tests/expect.sh
. "$top/tests/expect.sh"

# guest PAYLOAD NAME: what tdlab boot has to be given for it.
guest() {
	case $1 in
	violate) guest=(--append "scenario=$2" "$build/payloads/violate") ;;
	ending) guest=(--append "ending=$2" "$build/payloads/ending") ;;
	firmware)
		local mode=${2^^} number
		number=$(awk -v name="FIRMWARE_MODE_${mode//-/_}" '$2 == name { print $3 }' payloads/firmware/firmware.h)
		[ -n "$number" ] || { echo "no mode $2 in payloads/firmware/firmware.h"; return 1; }
		# shellcheck disable=SC2059 # the number is made a byte
		{ printf "\\x$number"; tail -c +2 "$build/payloads/firmware.fd"; } >"$work/firmware.fd"
		truncate -s 1M "$work/disk"
		guest=(--firmware "$work/firmware.fd" --disk "$work/disk")
		[ "$mode" != MEMORY ] || guest+=(--memory 5G)	# some of it lies above 4 GiB
	esac
}

# row PAYLOAD NAME BEHAVIOUR CPUS STATUS VIOLATIONS FACTS: complains on stdout if the report is another.
row() {
	guest "$1" "$2" || return 0
	[[ $3 != *@* ]] || guest=(--platform "${3#*@}" "${guest[@]}")
	"$build/tdlab" boot --json --behaviours behaviours --timeout "${TIMEOUT:-120}" --console "$work/console" \
		--vmm "${3%%@*}" --cpus "$4" "${guest[@]}" >"$work/report" 2>"$work/err" </dev/null
	as_expected "$work/report" "${@:5}"
}

# rows PAYLOAD FILE PATTERN
rows() {
	local name vmm cpus status violations facts
	while read -r name vmm cpus status violations facts; do
		[[ -z $name || $name == '#'* ]] && continue
		# shellcheck disable=SC2053 # a pattern
		[[ $name == $3 ]] || continue
		result "$1 $name under $vmm, $cpus vCPU" \
			"$(row "$1" "$name" "$vmm" "$cpus" "$status" "$violations" "$facts")" "$work/err" "$work/console"
	done <"$top/payloads/$2"
}

rows violate expect "${1:-*}"
rows ending expect-endings "${1:-*}"
rows firmware expect-firmware "${1:-*}"
finish
