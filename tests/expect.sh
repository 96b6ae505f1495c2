# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The columns of payloads/expect, for whoever has boots judged: source it.

# as_expected REPORT STATUS VIOLATIONS FACTS: complains on stdout if a report of tdlab boot, or a row of tdlab check's,
# is another. VIOLATIONS "*": any.
as_expected() {
	local got fact
	got=$(jq -r '.exit_status' "$1" 2>&1)
	[ "$got" = "$2" ] || echo "exit status $got, expected $2"
	got=$(jq -r '[(if .violations | type == "array" then .violations else .findings end)[].name] |
		reduce .[] as $name ([]; if index($name) then . else . + [$name] end) |
		if . == [] then "-" else join(",") end' "$1" 2>&1)
	[ "$3" = "*" ] || [ "$got" = "$3" ] || echo "violations $got, expected $3"
	[ "$4" = - ] && return
	for fact in ${4//,/ }; do
		got=$(jq -r --arg name "${fact%=*}" '(.totals + {outcome})[$name]' "$1" 2>&1)
		[ "$got" = "${fact#*=}" ] || echo "$got is not $fact: $(jq -c .totals "$1" 2>&1)"
	done
}

# rows_of NAME SHA256 [VMM]: those rows of tests/expect-boots that have the name, and the VMM, and stand below the line
# of that image; "": above all such lines. With their six columns, a line each.
rows_of() {
	awk -v name="$1" -v sum="$2" -v vmm="${3-}" '
		$1 == "sha256" { image = $2; next }
		$1 == name && image == sum && (vmm == "" || vmm == $2) { print $1, $2, $3, $4, $5, $6 }' \
		"${BASH_SOURCE[0]%/*}/expect-boots"
}
