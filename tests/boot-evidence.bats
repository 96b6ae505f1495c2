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

# quote KERNEL: its driver of the TDX module, asked for a quote, and for an RTMR to be extended with 48 letters.
quote() {
	local name number=10
	own_initrd
	mkdir -p "$BATS_TEST_TMPDIR/root/drivers"
	for name in configfs tsm tsm_report tdx-guest; do
		find "$1/modules" -name "$name.ko.xz" -exec xz -dc {} + >"$BATS_TEST_TMPDIR/root/drivers/$number-$name.ko"
		number=$((number + 1))
	done
	cat >"$BATS_TEST_TMPDIR/root/init" <<-'END'
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		mkdir -p /proc /sys /dev
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		for driver in /drivers/*.ko; do
			[ ! -s "$driver" ] || insmod "$driver"
		done
		mount -t configfs none /sys/kernel/config
		mkdir /sys/kernel/config/tsm/report/one
		cd /sys/kernel/config/tsm/report/one
		dd if=/dev/zero bs=64 count=1 of=inblob 2>/dev/null
		cat outblob >/quote 2>/error
		echo "quote: status $?, $(wc -c </quote) bytes of $(cat provider)" $(sed 's/.*: //' /error)
		rtmr=/sys/class/misc/tdx_guest/measurements/rtmr3:sha384
		if [ -e "$rtmr" ]; then
			yes | tr -d '\n' | dd bs=48 count=1 of="$rtmr" 2>/dev/null
			echo "rtmr: $(od -An -v -tx1 "$rtmr" | tr -d ' \n')"
		fi
		poweroff -f
	END
	(cd "$BATS_TEST_TMPDIR/root" && find . | cpio --quiet -o -H newc) >"$initrd"
	boot 0 --append quiet --initrd "$initrd" "$1/vmlinuz"
	cat "$console"
}

# Without a quoting service QEMU says so in the header ([qemu:tdx_handle_get_quote]); 6.12 does not look there.
@test "Linux 6.12 asks for a quote: there is no service, so there is none" {
	quote "$kernel"
	grep -aF 'quote: status 0, 0 bytes of tdx_guest' "$console"
}

@test "Linux 7.3 asks for a quote, and is told; an RTMR is extended as SHA-384 says" {
	[ -e "$top/build/kernel-newest/VERSION" ] || skip "no newest kernel"
	quote "$top/build/kernel-newest"
	grep -aF 'quote: status 1, 0 bytes of tdx_guest Input/output error' "$console"
	grep -aF "rtmr: $({ head -c 48 /dev/zero; yes | tr -d '\n' | head -c 48; } | sha384sum | cut -d' ' -f1)" "$console"
}

# warned KERNEL [OPTION]...: what it says at level warning and above, but for the two lines that docs/fidelity.md
# explains, which have to be there, and for what is no warning: the initrd's own words, and that it powers off.
warned() {
	local said=$BATS_TEST_TMPDIR/said checksum='ACPI BIOS Warning \(bug\): Incorrect checksum in table \[APIC\]'
	local bounce='software IO TLB: Memory encryption is active'
	boot 0 --vmm complete --modules "$1/modules" --console-live --append loglevel=5 "${@:2}" "$1/vmlinuz" || return 1
	tr -d '\r' <"$console" | grep -aE '^\[ *[0-9.]+\] ' | sed -E 's/^\[ *[0-9.]+\] //' >"$said"
	grep -qE "^$checksum" "$said" && grep -q "^$bounce" "$said" || return 1
	grep -vE "^($checksum|$bounce|tdlab: |reboot: )" "$said" || true
}

@test "Linux 6.12 warns of nothing but what docs/fidelity.md lists" {
	run -0 warned "$kernel"
	[ -z "$output" ]
}

@test "Linux 7.3 does neither; without x2APIC IDs it does, and with REDUCE_VE of machine checks" {
	[ -e "$top/build/kernel-newest/VERSION" ] || skip "no newest kernel"
	run -0 warned "$top/build/kernel-newest"
	[ -z "$output" ]
	run -0 warned "$top/build/kernel-newest" --platform module-1.5.01
	[[ $output == *X2APIC_IDs* ]]
	run -0 warned "$top/build/kernel-newest" --platform tdx-2026
	[ "$output" = "mce: Unable to init MCE device (rc: -5)" ]
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

@test "what a vCPU waits for, and the #VE that nobody served, are in the report and in JSON" {
	local ve='#VE EPT_VIOLATION \(48\), GPA 0x8000fec00000 at RIP 0x[0-9a-f]+: no TDVMCALL followed'
	run -4 "$tdlab" boot --console /dev/null --append ending=unserved-ve "$build/payloads/ending"
	grep -Eq "^ +vCPU 0: $ve\$" <<<"$output"
	run -4 "$tdlab" boot --json --console /dev/null --append ending=unserved-ve "$build/payloads/ending"
	jq -e --arg ve "^$ve\$" '.waiting[0].ve | test($ve)' <<<"$output"
	run -4 "$tdlab" boot --console /dev/null --append ending=await-key "$build/payloads/ending"
	grep -Eq '^waiting +vCPU 0: halted until an interrupt comes, at RIP 0x[0-9a-f]+$' <<<"$output"
	grep -q '^verdict .*the guest waits for input on its console' <<<"$output"
	run -4 "$tdlab" boot --json --console /dev/null --append ending=await-key "$build/payloads/ending"
	jq -e '.outcome == "input" and .waiting[0].ve == null and (.waiting[0].for | test("^halted until an"))' <<<"$output"
}

@test "a finding on a page says what converted it last, and who called that" {
	run -1 "$tdlab" boot --console /dev/null --append scenario=stale-shared-alias "$build/payloads/violate"
	grep -Eq '^ +last converted by [^ ]+: conversion 2, .* to private, ' <<<"$output"
	[ "$(grep -c 'called by .*stale_shared_alias' <<<"$output")" -eq 2 ]	# of the use, and of the conversion
}
