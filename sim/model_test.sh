#!/bin/bash
# SPDX-License-Identifier: MIT
# The model of the loop keeps its obligations, both ways, and each check that is left out of it is missed.
set -u

cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# verify OPTION...: Spin's last word on the model: how many states without an error, or the assertion that is violated.
verify() {
	(cd "$work" && spin -a -DN=4 "$@" model.pml && gcc -w -DSAFETY -o pan pan.c && ./pan -m100000) >"$work/log" 2>&1
	sed -nE 's/^pan:1: assertion violated (.*) \(at depth.*/violated \1/p; s/^ *([0-9]+) states, stored$/\1 states/p' "$work/log" |
		head -n 1
}

# is NAME WANTED OPTION...: WANTED is a pattern.
is() {
	local name=$1 wanted=$2 got
	shift 2
	got=$(verify "$@")
	# shellcheck disable=SC2053 # a pattern
	if [[ $got == $wanted ]] && { [[ $wanted == violated* ]] || grep -q 'errors: 0$' "$work/log"; }; then
		result "$name" ''
	else
		result "$name" "got \"$got\", wanted \"$wanted\"" "$work/log"
	fi
}

cp sim/model.pml "$work"
for to in '' -DTO_PRIVATE; do
	is "every answer, every number of pages${to:+, to private}" '????* states' ${to:+"$to"}
	is "R11 is not checked${to:+, to private}" 'violated told*' -DNO_R11_CHECK ${to:+"$to"}
	is "stalls are not counted${to:+, to private}" 'violated (judged_fruitless<=2)' -DNO_BUDGET ${to:+"$to"}
	is "the error is lost${to:+, to private}" 'violated told*' -DNO_ERROR ${to:+"$to"}
	is "nothing is quarantined${to:+, to private}" 'violated (lost*' -DNO_QUARANTINE ${to:+"$to"}
done
is "to private, only the tail is accepted" 'violated (real*' -DTAIL_ONLY -DTO_PRIVATE
finish
