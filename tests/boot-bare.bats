#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# libtdconv without an operating system: examples/unikernel and examples/efi, built against an installed library with
# the commands of docs/embed.md. Each also as a guest that takes every RETRY for success, which must be caught.

# the_sample NAME: that block of docs/embed.md.
the_sample() {
	awk -v name="$1" '$0 == "```sh " name { on = 1; next } /^```/ { on = 0 } on' "$top/docs/embed.md"
}

# built FOLDER FLAG...: what the sample makes, there.
built() {
	mkdir "$1"
	the_sample bare >"$1/commands"
	[ "$(wc -l <"$1/commands")" -ge 5 ]
	OUT=$1 CFLAGS="-Wall -Wextra -Wshadow -Wundef -Werror ${*:2}" PKG_CONFIG_LIBDIR=$root/usr/lib/pkgconfig \
		PKG_CONFIG_SYSROOT_DIR=$root bash -e "$1/commands"
}

setup_file() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	cd "$top" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
	export ROOT=$BATS_FILE_TMPDIR
	root=$ROOT/root
	make -s install-guest B="$build" DESTDIR="$root" PREFIX=/usr
	built "$ROOT/right"
	built "$ROOT/wrong" -DIGNORE_R11 -DNO_END_PORT
}

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	bare=${tdvf%.ms.fd}.nokeys.fd
}

# VMMs, and what the guest has to say under them.
vmms=complete,hyperv,eagain-thrice,busy,flip-s
all_pass() {
	local name want
	says '(.rows | length) == 5 and all(.rows[]; .verdict == "pass" and .outcome == "ended")'
	for name in ${vmms//,/ }; do
		want='done, both ways'
		[ "$name" != flip-s ] || want='contained, to shared: '
		grep -aF "tdconv: $want" "$BATS_TEST_TMPDIR/kept/$name.console"
	done
}

@test "the samples of docs/embed.md name what they make and how it is run" {
	the_sample run | grep -F "tdlab check --vmm $vmms \"\$OUT/unikernel\""
	# shellcheck disable=SC2016 # as the page says it
	the_sample run | grep -F 'scripts/mkesp "$OUT/tdconv.efi" "$OUT/esp"'
	the_sample run | grep -F -- "--firmware build/firmware/${bare##*/} --disk \"\$OUT/esp\""
}

@test "a unikernel in C: done where GHCI permits it, contained where it does not" {
	check_rows 0 --vmm "$vmms" "$ROOT/right/unikernel"
	all_pass
}

# Under kept-page the page can be accepted again only if it was released. The memory begins within 2 MiB: where the VMM
# maps it in one, the part of it cannot be released, and the VMM is not asked.
@test "a unikernel releases its pages where the module can, and keeps them if that fails" {
	check_rows 5 --platform kvm --platform tdx-2026 --vmm aug-4k,kept-page,complete "$ROOT/right/unikernel"
	says '[.rows[] | [.behaviour, .platform, .verdict, .accepts_4k, .mapgpa_calls]] == [
		["aug-4k", "kvm", "pass", 1024, 2], ["kept-page", "kvm", "pass", 0, 2], ["complete", "kvm", "pass", 512, 2],
		["aug-4k", "tdx-2026", "pass", 1024, 2], ["kept-page", "tdx-2026", "inconclusive", 1024, 2],
		["complete", "tdx-2026", "inconclusive", 0, 0]]'
	grep -aF 'tdconv: done, both ways' "$BATS_TEST_TMPDIR/kept/kept-page@tdx-2026.console"
	grep -aF 'tdconv: contained, to shared: a page could not be released' \
		"$BATS_TEST_TMPDIR/kept/complete@tdx-2026.console"
}

@test "what one unikernel was answered is given to another, and to one that is caught by it" {
	check_rows 0 --vmm complete,hyperv "$ROOT/right/unikernel"
	"$tdlab" trace --json "$BATS_TEST_TMPDIR/kept/hyperv.journal" |
		jq -r 'select(.type == "MAPGPA").fields | "\(.r10) \(.r11) of \(.gpa) \(.bytes)"' >"$BATS_TEST_TMPDIR/answers"
	grep -q '^0x1 ' "$BATS_TEST_TMPDIR/answers"
	check_rows 0 --vmm "recorded:$BATS_TEST_TMPDIR/answers" "$ROOT/right/unikernel"
	says '.rows[0] | .verdict == "pass" and .class == "permitted" and .expect == "complete"'
	check_rows 1 --vmm "recorded:$BATS_TEST_TMPDIR/answers" "$ROOT/wrong/unikernel"
	check_rows 2 --template-at 2 --vmm "recorded:$BATS_TEST_TMPDIR/answers" "$ROOT/right/unikernel"
	sed -i '1s/ of .*/ of 0x800000000000 0x1000/' "$BATS_TEST_TMPDIR/answers"
	check_rows 5 --vmm "recorded:$BATS_TEST_TMPDIR/answers" "$ROOT/right/unikernel"
	says '.rows[0].reason | startswith("the guest asked for something else than was recorded")'
}

@test "a unikernel in C++: done where GHCI permits it, contained where it does not" {
	check_rows 0 --vmm "$vmms" "$ROOT/right/unikernel-c++"
	all_pass
}

@test "a unikernel that takes RETRY for success is caught" {
	check_rows 1 --vmm complete,hyperv,flip-s "$ROOT/wrong/unikernel"
	says '[.rows[].verdict] == ["pass", "fail", "fail"]'
}

@test "an EFI image with an address in its data, which nobody would relocate, is not linked" {
	local status=0
	cp -r "$top/examples" "$BATS_TEST_TMPDIR"
	sed -i 's/^static struct system_table/const char *volatile wrong = "somewhere";\n&/' \
		"$BATS_TEST_TMPDIR/examples/efi/efi.c"
	cd "$BATS_TEST_TMPDIR"
	root=$ROOT/root
	built "$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/log" || status=$?
	[ "$status" -ne 0 ]
	grep -F 'an address is in the data' "$BATS_TEST_TMPDIR/log"
}

@test "an EFI application under Debian's TDVF: done where GHCI permits it, contained where it does not" {
	[ -r "$bare" ] || skip "no firmware: Debian sid was not to be had"
	"$top/scripts/mkesp" "$ROOT/right/tdconv.efi" "$BATS_TEST_TMPDIR/esp"
	check_rows 0 --template-at loader --vmm "$vmms" --firmware "$bare" --disk "$BATS_TEST_TMPDIR/esp"
	all_pass
	says 'all(.rows[]; .mapgpa_calls > 1900)'	# most of them are the firmware's
}

@test "an EFI application that takes RETRY for success is caught; ResetSystem powers off" {
	[ -r "$bare" ] || skip "no firmware: Debian sid was not to be had"
	"$top/scripts/mkesp" "$ROOT/wrong/tdconv.efi" "$BATS_TEST_TMPDIR/esp"
	check_rows 1 --template-at loader --vmm complete,hyperv --firmware "$bare" --disk "$BATS_TEST_TMPDIR/esp"
	says '.rows[0] | .outcome == "power-off" and .verdict == "inconclusive"'	# nothing but its word says that it ran
	grep -aF 'tdconv: done, both ways' "$BATS_TEST_TMPDIR/kept/complete.console"
	says '.rows[1].verdict == "fail"'
	"$tdlab" trace --only image "$BATS_TEST_TMPDIR/kept/hyperv.journal" | grep -F ': tdconv, hash'
}
