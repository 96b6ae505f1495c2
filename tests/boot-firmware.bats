#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Debian's TDVF from its first instruction: to Linux by fw_cfg with two vCPUs, and to where the firmware goes wrong.

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	without_keys=${tdvf%.ms.fd}.nokeys.fd
}

# phase NAME FILTER: jq FILTER is true of what this phase did.
phase() {
	says ".phases[] | select(.name == \"$1\") | $2"
}

@test "firmware, Linux by fw_cfg, user space: two vCPUs under hyperv, every phase accounts for its pages" {
	firmware_known hyperv kernel
	linux "$status" --vmm hyperv --cpus 2 --append quiet --memory 1023M --memory-split 513M --firmware "$without_keys"
	says ".verdict == \"$verdict\" and .guest.cpus == 2 and .device.equal and .measured.log.equal"
	# The bounce pool is shared and given back before the kernel runs; devices have no RAM.
	phase firmware '.to_shared_pages > 1000 and .to_shared_pages == .to_private_pages and .device_pages > 100000'
	phase firmware '.retries > 100 and .accepts_2m > 200 and .accepts_4k > .to_private_pages'
	# What is above 4 GiB is the kernel's to accept; its pool is 64 MiB.
	phase kernel '.accepts_2m > 200 and .to_shared_pages > 16384 and .retries == 31 and .size_mismatches == 0'
	says '[.phases[] | .to_shared_pages + .to_private_pages + .device_pages] | add > 400000'
	# shellcheck disable=SC2016 # jq's own variable
	says '. as $r | [.totals | keys[]] | length > 8 and
		all(.[]; . as $key | $r.totals[$key] == ([$r.phases[][$key]] | add))'
}

@test "Debian 12's OVMF, which asks for memory by CMOS and sets up MTRRs: Linux by fw_cfg, user space under hyperv" {
	local ovmf=${tdvf%/*}/OVMF.debian12.fd
	[ -r "$ovmf" ] || skip "no OVMF of Debian 12: fetched before it was wanted, remove build/firmware to fetch anew"
	linux 0 --platform module-1.5.01 --vmm hyperv --append quiet --memory-split 512M --firmware "$ovmf"
	says '.verdict == "pass" and .device.equal and .unserved == []'
	phase firmware '.to_shared_pages > 1000 and .to_shared_pages == .to_private_pages and .device_pages > 100000'
	phase kernel '.accepts_2m > 200 and .to_shared_pages > 16384 and .retries == 31'
}

# Its mask is 0xffec: all but RAX, RCX, RSP and XMM. Each TD of KVM has NO_RBP_MOD ([kvm:setup_tdparams]).
@test "Debian 12's OVMF as KVM creates the TD: the module refuses its first TDVMCALL, and the report says why" {
	local ovmf=${tdvf%/*}/OVMF.debian12.fd
	[ -r "$ovmf" ] || skip "no OVMF of Debian 12: fetched before it was wanted, remove build/firmware to fetch anew"
	boot 4 --firmware "$ovmf" "$kernel/vmlinuz"
	says '.platform.spec == "kvm" and .totals.mapgpa_calls == 0'
	phase kernel '.last == null'
	says '.unserved | length == 1 and .[0].by == "module" and
		(.[0].what | contains("mask 0xffec") and contains("RBP"))'
}

@test "a large buffer given back in parts: the firmware accepts the last part only" {
	firmware_known hyperv:pages=256 signed
	mkesp grub "$BATS_TEST_TMPDIR/disk"
	boot "$status" --vmm hyperv:pages=256 --firmware "$tdvf" --disk "$BATS_TEST_TMPDIR/disk"
	says ".verdict == \"$verdict\" and .vmm.class == \"permitted\""
	says '.violations | length == 1'
	says '.violations[0] | .name == "pending-access" and (.at | startswith("IoMmuDxe+0x")) and .reproduce != null'
	# The conversion that the page was part of was completed: 512 pages in two calls.
	# shellcheck disable=SC2016 # jq's own variable
	says '.violations[0].gpa as $gpa | [.conversions[] | select(.gpa == $gpa and .direction == "private")] |
		length == 1 and .[0].pages == 512 and .[0].calls == 2 and .[0].end == "complete"'
	says '.conversions | map(select(.direction == "private" and .pages < 512 and .calls > 1)) | length == 0'
}

# retries VMM WHERE: how many MapGPA of this row from RIPs like that were answered RETRY.
retries() {
	"$tdlab" trace --only mapgpa "$BATS_TEST_TMPDIR/kept/$1.journal" | grep -c "RIP $2.*RETRY" || true
}

@test "tdlab check from the kernel on: all that the firmware asks for is done, and the kernel meets each VMM" {
	firmware_known hyperv kernel
	check_rows 0 --template-at kernel --vmm complete,hyperv:pages=64 --modules "$kernel/modules" \
		--firmware "$without_keys" "$kernel/vmlinuz"
	says '[.rows[] | .verdict == "pass" and .mapgpa_calls > 3000 and .device_equal] == [true, true]'
	# 64 MiB of swiotlb in parts of 64 pages. The firmware's hole for devices would be six thousand.
	says '.rows[0].retries == 0 and .rows[1].retries > 250 and .rows[1].retries < 300'
	[ "$(retries hyperv:pages=64 0x00000000)" -eq 0 ]
	[ "$(retries hyperv:pages=64 0xffffffff)" -eq "$(jq '.rows[1].retries' "$report")" ]
	says '.rows[1].reproduce | contains("tdlab check --template-at kernel --vmm hyperv:pages=64 ")'
}

@test "tdlab check from the boot loader on: what the firmware converts for it meets them too, nothing before" {
	firmware_known hyperv:pages=256 signed
	mkesp grub "$BATS_TEST_TMPDIR/disk"
	check_rows "$status" --template-at loader --vmm hyperv:pages=256 --firmware "$tdvf" --disk "$BATS_TEST_TMPDIR/disk" \
		--junit "$BATS_TEST_TMPDIR/junit"
	grep -F "classname=\"$BATS_TEST_TMPDIR/disk\"" "$BATS_TEST_TMPDIR/junit"	# a guest without a kernel of its own
	says ".rows[0] | .verdict == \"$verdict\" and (.reason | startswith(\"private memory\")) and .retries < 10"
	[ "$(retries hyperv:pages=256 0x00000000)" -eq "$(jq '.rows[0].retries' "$report")" ]
}

@test "tdlab check from a phase that never comes: no behaviour is ever in force" {
	firmware_known hyperv kernel
	check_rows 4 --template-at kernel --vmm hyperv --firmware "$tdvf" --disk "$tdvf"
	says '.rows[0] | .verdict == "inconclusive" and .outcome == "no-boot" and .mapgpa_calls > 1000 and .retries == 0'
}

# refused TEXT ARG...: one line that says it, and nothing was started.
refused() {
	local want=$1 got=0
	shift
	"$tdlab" boot --console "$console" "$@" >"$report" 2>"$report.err" || got=$?
	[ "$got" -eq 2 ] && [ "$(wc -l <"$report.err")" -eq 1 ] && [ ! -e "$console" ] &&
		grep -F -- "$want" "$report.err" && return
	echo "tdlab boot $*: exit status $got, expected 2 and: $want"
	cat "$report.err"
	return 1
}

# damaged TEXT OFFSET-FROM-END BYTE...: the image with these bytes there is refused.
damaged() {
	local want=$1 at
	at=$(($(stat -c %s "$tdvf") - $2))
	cp "$tdvf" "$BATS_TEST_TMPDIR/image"
	shift 2
	printf '%b' "$(printf '\\x%s' "$@")" | dd of="$BATS_TEST_TMPDIR/image" bs=1 seek="$at" conv=notrunc status=none
	refused "$want" --firmware "$BATS_TEST_TMPDIR/image" "$kernel/vmlinuz"
}

@test "what is no TDVF image is refused in one line" {
	head -c 65536 /dev/zero >"$BATS_TEST_TMPDIR/zeroes"
	refused "not a TDVF image: there is no table of GUIDs" --firmware "$BATS_TEST_TMPDIR/zeroes" "$kernel/vmlinuz"
	refused "not a firmware image" --firmware "$kernel/vmlinuz" "$kernel/vmlinuz"
	refused "No such file" --firmware "$BATS_TEST_TMPDIR/nothing" "$kernel/vmlinuz"
}

@test "TDX metadata that cannot be is refused in one line" {
	firmware_known hyperv kernel
	refused "the code half of a split image (OVMF_CODE), without TDX metadata: give the whole image" \
		--firmware "${tdvf%/*}/OVMF_CODE.fd" "$kernel/vmlinuz"
	refused "the variable store of a split image (OVMF_VARS)" --firmware "${tdvf%/*}/OVMF_VARS.fd" "$kernel/vmlinuz"
	cat "${tdvf%/*}/OVMF_VARS.fd" "${tdvf%/*}/OVMF_CODE.fd" >"$BATS_TEST_TMPDIR/whole"
	refused "firmware without TDX metadata" --firmware "$BATS_TEST_TMPDIR/whole" "$kernel/vmlinuz"
	# The descriptor is 0xa00 before the end, its sections 32 bytes each from 16 bytes on.
	damaged "unknown version" $((0xa00 - 8)) 02
	damaged "no section, or more than 16" $((0xa00 - 12)) ff ff ff ff
	damaged "section 3 of the TDX metadata overlaps another section" $((0xa00 - 16 - 3 * 32 - 8)) 00 00 81 00
	damaged "section 2 of the TDX metadata lies where it cannot" $((0xa00 - 16 - 2 * 32 - 16)) 00 00 00 00 00 ff ff ff
	damaged "section 0 of the TDX metadata takes data from beyond" $((0xa00 - 16)) 00 00 40 00
	damaged "section 4 of the TDX metadata has an unknown type" $((0xa00 - 16 - 4 * 32 - 24)) 05
	damaged "no section for the TD HOB" $((0xa00 - 16 - 4 * 32 - 24)) 03
}

@test "firmware with too little memory, or nothing to start, is refused in one line" {
	firmware_known hyperv kernel
	refused "too little below 4 GiB for the firmware: at least 146M" --memory 145M --firmware "$tdvf" "$kernel/vmlinuz"
	refused "too little below 4 GiB for the firmware: at least 146M" --memory-split 145M \
		--firmware "$tdvf" "$kernel/vmlinuz"
	refused "what is the firmware to boot?" --firmware "$tdvf"
	refused "what is the firmware to boot?" --firmware "$tdvf" --disk none
	refused "is a payload" --firmware "$tdvf" "$build/payloads/builtin"
	refused "the disk has its own" --firmware "$tdvf" --disk "$tdvf" --append quiet
}

@test "firmware that finds nothing to start says so, and the run is over" {
	firmware_known hyperv kernel
	boot 4 --firmware "$tdvf" --disk "$tdvf"
	says '.outcome == "no-boot" and .verdict == "inconclusive"'
}
