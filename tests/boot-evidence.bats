#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What was set up to show something, and does not come; what a run leaves behind that does not come to its end.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
}

# A QEMU whose devices do not offer VIRTIO_F_ACCESS_PLATFORM: a TD's kernel refuses them ([linux:virtio_features_ok],
# virtio_features_ok()).
without_platform() {
	qemu=$BATS_TEST_TMPDIR/qemu
	cat >"$qemu" <<-'END'
	#!/bin/bash
	exec qemu-system-x86_64 "${@//iommu_platform=on/iommu_platform=off}"
	END
	chmod +x "$qemu"
}

@test "a disk that never turns up, although its driver is there, is missing evidence" {
	without_platform
	linux 5 --append quiet --qemu "$qemu"
	says '.verdict == "inconclusive" and (.reason | test("never turned up")) and .outcome == "power-off"'
	linux 0 --append quiet --qemu "$qemu" --disk none
}

@test "a disk that never turns up is missing evidence in a row of check too" {
	without_platform
	run -5 "$tdlab" check --modules "$kernel/modules" --vmm hyperv --qemu "$qemu" --json "$kernel/vmlinuz"
	jq -e '.rows[0] | .verdict == "inconclusive" and (.reason | test("never turned up"))' <<<"$output"
}

# An initrd that knows nothing of tdlab, and ends at once.
own_initrd() {
	local root=$BATS_TEST_TMPDIR/root
	initrd=$BATS_TEST_TMPDIR/initrd
	mkdir -p "$root/bin"
	cp "$(command -v busybox)" "$root/bin/busybox"
	printf '%s\n' '#!/bin/busybox sh' '/bin/busybox poweroff -f' >"$root/init"
	chmod +x "$root/init"
	(cd "$root" && find . | cpio --quiet -o -H newc) >"$initrd"
}

@test "an own initrd: user space is told of when it is reached, whatever the console shows" {
	own_initrd
	linux 0 --console-live --append "quiet loglevel=1" --initrd "$initrd"
	says '.console.init and .seconds.detected < .seconds.init and .seconds.init < .seconds.end'
	run ! grep -a 'tdlab: init' "$console"
}

# What came by the console and is not in the log, as it came: its lines end in CR LF.
not_in_the_log() {
	grep -a $'^\[ *[0-9.]*\\].*\r' "$console"
}

@test "the log out of the guest's memory has every line of its console, once" {
	own_initrd
	linux 0 --append ignore_loglevel --initrd "$initrd"
	says '.console.init and .seconds.init < .seconds.end and .exits["tdvmcall-io"] > 20000'
	[ "$(grep -ac '^\[ *[0-9.]*\] ' "$console")" -gt 300 ]
	run -1 not_in_the_log
	[ "$(grep -ac 'tdlab: init' "$console")" -eq 1 ]
	[ "$(grep -a '^\[' "$console" | sort -s -n -k 1.2,1.13 | cmp - <(grep -a '^\[' "$console"))" = '' ]
}

@test "an rdinit= of the user: nobody says that it runs, the monitor has seen it; no console: the log is there" {
	own_initrd
	linux 0 --append "quiet rdinit=/init 8250.nr_uarts=0" --initrd "$initrd"
	says '(.console.init | not) and .seconds.user_space > .seconds.detected and .seconds.user_space < .seconds.end'
	grep -a 'Run /init as init process' "$console"
	run -1 not_in_the_log
}

# started: a guest that asks for a conversion and then spins; goes on when the journal on the disk has it.
started() {
	rm -f "$journal"
	"$tdlab" boot --console /dev/null --journal "$journal" --append ending=spin "$build/payloads/ending" 3>&- &
	for _ in {1..300}; do
		"$tdlab" trace --only mapgpa "$journal" 2>/dev/null | grep -q MapGPA && return
		sleep 0.1
	done
	kill -9 $!
	return 1
}

@test "the journal of a run that is killed has what happened until then" {
	started
	kill -9 $!
	run wait $!
	"$tdlab" trace --only mapgpa "$journal" | grep MapGPA
}

@test "the journal of a run that is ended by SIGTERM, and of one whose QEMU is killed" {
	local status=0
	started
	kill -TERM $!
	wait $! || status=$?
	[ "$status" -eq 143 ]
	"$tdlab" trace --only mapgpa "$journal" | grep MapGPA
	started
	kill -9 "$(pgrep -P $!)"
	status=0
	wait $! || status=$?
	[ "$status" -eq 3 ]
	"$tdlab" trace --only mapgpa "$journal" | grep MapGPA
}
