# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# TAP from scripts: source it, call result for each test, and finish.

number=0
failed=0

# result NAME COMPLAINTS [FILE...]: one test, which is ok if there are no complaints. Otherwise they are shown, and how
# each FILE ends.
result() {
	local name=$1 complaints=$2
	shift 2
	number=$((number + 1))
	[ -n "$complaints" ] || { echo "ok $number - $name"; return; }
	failed=1
	echo "not ok $number - $name"
	{ echo "$complaints"; [ $# -eq 0 ] || tail -q -n 20 "$@"; } 2>/dev/null | sed 's/^/# /'
}

finish() {
	echo "1..$number"
	exit "$failed"
}
