#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Secure Boot from a disk: Debian's TDVF with Microsoft's keys, nothing modified, starts shim, grub and the kernel as
# they were signed, and refuses a kernel that was not. One boot, looked at from several sides, and two refusals.

setup_file() {
	export DISKS=$BATS_FILE_TMPDIR
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	[ -r "$tdvf" ] || return 0
	mkesp --append tdlab.stress grub "$DISKS/signed"
	mkesp --tamper grub "$DISKS/tampered"
	mkesp --unsigned grub "$DISKS/unsigned"
}

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
}

# of_the_boot: goes on with what the first test left.
of_the_boot() {
	firmware_known hyperv signed
	report=$DISKS/report
	[ -s "$report" ] || { echo "the signed kernel did not boot"; return 1; }
}

# refused DISK: grub was started, and said no to the kernel.
refused() {
	firmware_known complete "$1"
	boot "$status" --vmm complete --firmware "$tdvf" --disk "$DISKS/$1" --memory 2G
	says ".verdict == \"$verdict\""
	says '.totals.mapgpa_calls > 1000 and .outcome == "power-off" and (.console.init | not)'
	grep -a 'error: bad shim signature' "$console"
	grep -a 'tdlab: grub did not start the kernel' "$console"
	! grep -a 'Linux version' "$console"
}

@test "a signed kernel reaches user space, its disk and its network under hyperv" {
	firmware_known hyperv signed
	boot "$status" --vmm hyperv --firmware "$tdvf" --disk "$DISKS/signed" --memory 2G --memory-split 1G \
		--net user --eventlog "$DISKS/log"
	cp "$report" "$DISKS/report"
	grep -a 'Secure boot enabled' "$console"
	says ".verdict == \"$verdict\""
	says '.device.equal and .console.net'
	says '.totals.retries > 100 and .totals.abandoned_pages == 0'
}

@test "under load all memory is accepted, and files keep their contents" {
	of_the_boot
	says '.stress.unaccepted_before > 100000000 and .stress.unaccepted_after == 0'
	says '.stress.files > 10 and .stress.wrong == 0'
}

@test "MRTD is what the module makes of the image" {
	of_the_boot
	says ".measured.mrtd == \"$("$top/tests/mrtd" "$tdvf")\""
}

@test "the RTMRs equal a replay of the guest's event log" {
	of_the_boot
	says '.measured.log.equal and ([.measured.log.events[:3][] > 0] | all) and .measured.log.events[3] == 0'
	"$tdlab" measure --json "$DISKS/log" >"$BATS_TEST_TMPDIR/replay"
	says ".measured.rtmrs == $(jq -c .rtmrs "$BATS_TEST_TMPDIR/replay")"
}

@test "one changed byte of the event log is another replay" {
	local i=0 at digest byte
	of_the_boot
	"$tdlab" measure --json "$DISKS/log" >"$BATS_TEST_TMPDIR/replay"
	# One byte of each event's digest, found where it stands in the log.
	od -An -v -tx1 "$DISKS/log" | tr -d ' \n' >"$BATS_TEST_TMPDIR/hex"
	for digest in $(jq -r '.events[] | select(.rtmr >= 0).digest' "$BATS_TEST_TMPDIR/replay"); do
		at=$(grep -bo -m 1 "$digest" "$BATS_TEST_TMPDIR/hex" | sed -n '1s/:.*//p')
		cp "$DISKS/log" "$BATS_TEST_TMPDIR/log"
		byte=$(od -An -tu1 -j $((at / 2 + i % 48)) -N 1 "$DISKS/log")
		printf %b "\\x$(printf %02x $((byte ^ 1)))" |
			dd of="$BATS_TEST_TMPDIR/log" bs=1 seek=$((at / 2 + i % 48)) conv=notrunc status=none
		"$tdlab" measure --json "$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/changed"
		says ".measured.rtmrs != $(jq -c .rtmrs "$BATS_TEST_TMPDIR/changed")"
		i=$((i + 1))
	done
	[ "$i" -gt 20 ]
}

@test "a kernel that was tampered with is refused" {
	refused tampered
}

@test "a kernel without a signature is refused" {
	refused unsigned
}
