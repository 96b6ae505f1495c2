#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# scripts/mkesp: the same disk every time, the change that was asked for and no other, and one line for what is no good.

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	[ -r "$tdvf" ] || skip "no boot loaders: scripts/fetch-firmware did not get them"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# no_good STATUS TEXT ARG...: one line that has the text, and nothing left behind.
no_good() {
	local want=$1 text=$2 got=0
	shift 2
	"$top/scripts/mkesp" "$@" >out 2>&1 || got=$?
	[ "$got" -eq "$want" ] && [ "$(wc -l <out)" -eq 1 ] && grep -F -- "$text" out && rm out && [ -z "$(ls -A)" ] && return
	echo "status $got:"
	cat out
	ls -la
	return 1
}

@test "the same bytes every time, for each kind" {
	for kind in grub uki; do
		mkesp "$kind" first
		sleep 1.1
		TZ=America/New_York mkesp "$kind" second
		cmp first second
	done
}

@test "the disk holds shim, grub and the kernel, byte for byte" {
	mkesp grub disk
	for pair in "EFI/BOOT/BOOTX64.EFI $top/build/firmware/shimx64.efi" \
		    "EFI/BOOT/grubx64.efi $top/build/firmware/grubx64.efi" "vmlinuz $kernel/vmlinuz"; do
		mcopy -i disk@@1M "::${pair% *}" - | cmp - "${pair#* }"
	done
}

@test "--tamper changes one bit of the kernel" {
	mkesp --tamper grub disk
	mcopy -i disk@@1M ::vmlinuz changed
	cmp -l "$kernel/vmlinuz" changed >difference || true
	[ "$(wc -l <difference)" -eq 1 ]
}

@test "--unsigned takes the signature away, and only that" {
	mkesp --unsigned grub disk
	mcopy -i disk@@1M ::vmlinuz bare
	sbverify --list "$kernel/vmlinuz" 2>&1 | grep 'Debian Secure Boot CA'
	sbverify --list bare 2>&1 | grep 'No signature table present'
	[ "$(stat -c %s bare)" -lt "$(stat -c %s "$kernel/vmlinuz")" ]
}

@test "an EFI application of one's own, and nothing else, byte for byte; no fetched file is needed" {
	cp "$top/build/firmware/mmx64.efi" own.efi
	"$top/scripts/mkesp" --kernel nowhere --firmware nowhere own.efi disk
	mcopy -i disk@@1M ::EFI/BOOT/BOOTX64.EFI - | cmp - own.efi
	[ "$(mdir -/ -b -i disk@@1M :: | grep -vc '/$')" -eq 1 ]
}

@test "what it needs is what make boot-firmware asks for" {
	local sets pairs pair
	read -ra sets < <(make -s -C "$top" -n boot-firmware | sed -n 's/^scripts.install-packages --look //p')
	read -ra pairs < <(sed -n 's/^for tool in \(.*\); do$/\1/p' "$top/scripts/mkesp")
	[ ${#pairs[@]} -ge 6 ]
	for pair in "${pairs[@]}"; do
		grep -E "^($(IFS='|'; echo "${sets[*]}")) +${pair#*:} " "$top/scripts/packages"
	done
}

@test "what is no good is told in one line" {
	no_good 2 "usage:"
	no_good 2 "usage:" iso disk
	no_good 2 "no option --sign" --sign grub disk
	no_good 2 "--append needs a value" --append
	no_good 2 "cannot read nowhere" --kernel nowhere grub disk
	no_good 2 "cannot read nowhere.efi" nowhere.efi disk
	no_good 3 "run scripts/fetch-firmware" --firmware nowhere grub disk
	no_good 2 "no module failover in" --modules "$top/tests" --initrd /dev/null grub disk
}
