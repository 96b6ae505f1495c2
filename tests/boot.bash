# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by the tests that boot guests. B=FOLDER tests another build.
# shellcheck disable=SC2034 # for whoever sources this

top=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
build=${B:-$top/build}
tdlab=$build/tdlab
kernel=$top/build/kernel
tdvf=$top/build/firmware/OVMF.inteltdx.ms.fd
report=$BATS_TEST_TMPDIR/report
console=$BATS_TEST_TMPDIR/console
journal=$BATS_TEST_TMPDIR/journal
# shellcheck source=tests/expect.sh
. "$top/tests/expect.sh"

# boot STATUS ARG...: tdlab boot ends with STATUS. A test that fails shows all that there is to see.
boot() {
	local want=$1 got=0
	shift
	"$tdlab" boot --json --behaviours "$top/behaviours" --timeout 300 --console "$console" "$@" \
		>"$report" 2>"$report.err" </dev/null || got=$?
	[ "$got" -eq "$want" ] && return
	echo "tdlab boot $*: exit status $got, expected $want"
	cat "$report" "$report.err"
	tail -n 25 "$console"
	return 1
}

# linux STATUS ARG...: the same with Debian's kernel and the disk's driver.
linux() {
	local want=$1
	shift
	boot "$want" --modules "$kernel/modules" "$@" "$kernel/vmlinuz"
}

# says FILTER: jq FILTER is true of the report.
says() {
	jq -e "$1" "$report" >/dev/null && return
	echo "the report does not satisfy: $1"
	jq . "$report"
	return 1
}

# firmware_known VMM SOURCE: the $status that tests/expect-boots expects of TDVF under this VMM, booting from there, and
# its $verdict. Skips the test unless the firmware is there and known.
firmware_known() {
	local sum
	[ -r "$tdvf" ] || skip "no firmware: Debian sid was not to be had"
	sum=$(sha256sum <"$tdvf")
	read -r _ _ _ status _ < <(rows_of "$2" "${sum%% *}" "$1") ||
		skip "tests/expect-boots does not know this firmware under $1 from $2"
	case $status in
	0) verdict=pass ;;
	1) verdict=fail ;;
	5) verdict=inconclusive ;;
	esac
}

# mkesp ARG...: a disk with the kernel and the initrd that are tested.
mkesp() {
	"$top/scripts/mkesp" --kernel "$kernel/vmlinuz" --initrd "$build/initrd.cpio" "$@"
}

# check_rows STATUS ARG...: tdlab check ends with STATUS, and keeps what it saw.
check_rows() {
	local want=$1 got=0
	shift
	"$tdlab" check --json --behaviours "$top/behaviours" --keep "$BATS_TEST_TMPDIR/kept" "$@" >"$report" || got=$?
	[ "$got" -eq "$want" ] && return
	echo "tdlab check $*: exit status $got, expected $want"
	cat "$report"
	return 1
}
