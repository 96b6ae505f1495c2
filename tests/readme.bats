#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $output is set by run
# The samples of README and tutorial are what their commands print, but for numbers. The demonstration is in
# boot-examples.bats.
bats_require_minimum_version 1.5.0

setup() {
	load boot.bash
}

shape() {
	sed -E 's/\.{3}/<cut>/; s/0x[0-9a-f]+|\(_*ptrval_*\)/N/g; s/[0-9]+(\.[0-9]+)*/N/g; s/ +/ /g; s#[^ ]*/tdlab #tdlab #'
}

# printed WORD STATUS ARG...: the lines of the sample that begins with WORD come in this order when tdlab does this
printed() {
	local word=$1 status=$2 line
	shift 2
	run -"$status" --separate-stderr "$tdlab" "$@"
	shape <<<"$output" >"$BATS_TEST_TMPDIR/now"
	exec 4<"$BATS_TEST_TMPDIR/now"
	awk -v word="$word" '/^```/ { if (on && index(text, word)) printf "%s", text; on = !on; text = ""; next }
		on { text = text $0 "\n" }' "$top/README.md" "$top/docs/tutorial.md" | shape >"$BATS_TEST_TMPDIR/sample"
	[ -s "$BATS_TEST_TMPDIR/sample" ]
	while IFS= read -r line; do
		[[ $line == *'<cut>' ]] || found "$line" || return 1
	done <"$BATS_TEST_TMPDIR/sample"
}

# found LINE: further on in what was printed
found() {
	local now
	while IFS= read -r now <&4; do
		[ "$now" != "$1" ] || return 0
	done
	echo "not printed: $1"
	return 1
}

@test "a boot" {
	printed 'vmm        hyperv: at most 512' 0 boot --vmm hyperv --append quiet --console "$console" \
		--modules "$kernel/modules" "$kernel/vmlinuz"
}

@test "a boot that fails" {
	printed 'vmm        eagain: 3 RETRY' 1 boot --vmm eagain:stalls=3 --append loglevel=5 --console "$console" \
		--modules "$kernel/modules" "$kernel/vmlinuz"
}

@test "each answer, to a kernel" {
	printed 'window     MapGPA' 1 explore --depth 3 --console "$console" --modules "$kernel/modules" "$kernel/vmlinuz"
}

@test "each answer, to code in a process" {
	printed 'guest      tail-only' 1 explore --guest tail-only --to-private
}

@test "a line that is not printed is missed" {
	printf '%s\n' one two >"$BATS_TEST_TMPDIR/now"
	exec 4<"$BATS_TEST_TMPDIR/now"
	run ! found three
	exec 4<"$BATS_TEST_TMPDIR/now"
	found two
	run ! found one
}
