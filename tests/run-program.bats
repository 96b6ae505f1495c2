#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1003,SC2016,SC2154 # words in single quotes; $output and $stderr are set by run
# A command in a TD: its files, what it prints, its exit status, and the verdict of the run beside it.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	cd "$BATS_TEST_TMPDIR" || return
}

# ran STATUS ARG...: tdlab run ARG... ends with it; what the command printed is in ./out.
ran() {
	local want=$1 got=0
	shift
	"$tdlab" run --json --report "$report" --behaviours "$top/behaviours" --console "$console" \
		--modules "$kernel/modules" "$@" >out 2>err </dev/null || got=$?
	[ "$got" -eq "$want" ] && return
	echo "tdlab run $*: exit status $got, expected $want"
	cat "$report" out err
	tail -n 25 "$console"
	return 1
}

# refused STATUS PATTERN ARG...: one line that matches, and nothing is booted.
refused() {
	local want=$1 pattern=$2
	shift 2
	run -"$want" --separate-stderr "$tdlab" run --qemu ./booted "$@" </dev/null
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	# shellcheck disable=SC2053 # a pattern
	[[ ${stderr_lines[0]} == $pattern ]]
}

@test "a command that fails, and one that sleeps longer than any guest that boots is idle" {
	ran 1 "$kernel/vmlinuz" -- /bin/false
	says '.verdict == "pass" and .command == { words: ["/bin/false"], exit_status: 1, tests: null } and .device.equal'
	[ ! -s out ]
	ran 0 --seed 1 "$kernel/vmlinuz" -- sleep 60
	says '.verdict == "pass" and .seconds.end > 60 and .command.exit_status == 0'
}

@test "a script, its interpreter and what it needs: every byte of it, TAP counted, its own status" {
	mkdir -p folder/inner
	head -c 3000 /dev/urandom >folder/inner/data
	ln -s inner/data folder/link
	cat >it <<-'END'
		#!/usr/bin/env bash
		printf '<%s>' "$@"
		cat /opt/folder/link
		echo $'\n1..4\nok 1 a\nnot ok 2 b\nok 3 # SKIP c'
		sed -n 's/^[^ ]* [^ ]* \([^ ]*s\|proc\) .*/\1/p' /proc/mounts | tr '\n' ' ' >&2
		[ -c /dev/tdx_guest ] && [ -b /dev/vda ] || exit 9
		exit $((${BASH_VERSINFO[0]} > 3 ? 42 : 8))
	END
	chmod +x it
	ran 42 --file folder:/opt/folder "$kernel/vmlinuz" -- ./it "it's" '' $'two\nlines' '$x \'
	{
		printf '<%s>' "it's" '' $'two\nlines' '$x \'
		cat folder/inner/data
		printf '\n1..4\nok 1 a\nnot ok 2 b\nok 3 # SKIP c\nrootfs proc sysfs devtmpfs debugfs configfs '
	} | cmp - out
	says '.verdict == "pass" and .command.exit_status == 42 and .command.tests ==
		{ passed: 1, failed: 1, skipped: 1, missing: 1, first_failed: "not ok 2 b" }'
}

# What this host does not have: a PATH with nothing else.
@test "busybox where the host has no such command; killed by a signal" {
	mkdir path
	ln -s "$(command -v qemu-system-x86_64)" "$(command -v xz)" path
	PATH=$PWD/path ran 137 "$kernel/vmlinuz" -- sh -c 'kill -9 $$'
	says '.verdict == "pass" and .command.exit_status == 137'
}

@test "disks: a qcow2 image under a snapshot stays as it is, a raw one is written; a network; no 9p in this kernel" {
	qemu-img create -q -f qcow2 'a,b.qcow2' 8M
	sum=$(sha256sum <'a,b.qcow2')
	truncate -s 1M raw
	mkdir shared
	ran 0 --disk 'a,b.qcow2,qcow2,snapshot' --disk raw,rw --net user "$kernel/vmlinuz" -- sh -c '
		for disk in a b; do echo "written to $disk" | dd of=/dev/vd$disk conv=fsync 2>/dev/null; done
		head -c 12 /dev/vda; ip route | grep -o "^10.0.2.0/24"'
	[ "$(cat out)" = "written to a10.0.2.0/24" ]
	says '.verdict == "pass" and .device.attached and (.device.equal | not)'
	[ "$(sha256sum <'a,b.qcow2')" = "$sum" ]
	[ "$(head -c 12 raw)" = "written to b" ]
	ran 105 --disk none --share shared:it "$kernel/vmlinuz" -- true
	says '.reason == "the guest'"'"'s user space could not mount the shared folder: 9p and 9pnet_virtio are needed"'
	refused 102 'tdlab: disk a,b.qcow2: this is a qcow2 image: write a,b.qcow2,qcow2' --disk a,b.qcow2 \
		"$kernel/vmlinuz" -- true
	refused 102 'tdlab: disk raw: this is no qcow2 image' --disk raw,qcow2 "$kernel/vmlinuz" -- true
	refused 102 'tdlab: --net tap: write user,*' --net tap "$kernel/vmlinuz" -- true
	refused 102 'tdlab: --share shared: write DIR:TAG,*' --share shared "$kernel/vmlinuz" -- true
	refused 102 "tdlab: --qemu-args: a quote is not closed" --qemu-args "'x" "$kernel/vmlinuz" -- true
	run -2 "$tdlab" check --disk raw,rw --vmm complete "$kernel/vmlinuz"
	[[ $output == *"disk raw: many runs share it: it can only be read"* ]]
}

@test "--expect: a prompt without an end of line ends the run; a text that never comes is no pass" {
	expects() {
		"$tdlab" boot --json --console "$console" --modules "$kernel/modules" --expect "$1" \
			"$kernel/vmlinuz" >"$report" </dev/null
	}
	run -0 expects "tdlab: init"
	says '.outcome == "expected" and .verdict == "pass"'
	run -5 expects "no such words"
	says '.outcome == "power-off" and .reason == "the text that was waited for never came"'
}

@test "a violation in the same run: 101, the report says both, and the replay has the command" {
	ran 101 --vmm eagain:stalls=3 "$kernel/vmlinuz" -- echo "all is well"
	says '.verdict == "fail" and .command.exit_status == 0'
	says '.violations[0].reproduce | test("run --vmm eagain:stalls=3 .* -- echo .all is well.$")'
	[ "$(cat out)" = 'all is well' ]
}

@test "a command that takes its guest down has no exit status: inconclusive" {
	ran 105 "$kernel/vmlinuz" -- sh -c 'echo "tdlab: exit 0" >/dev/ttyS3; poweroff -f'
	says '.verdict == "inconclusive" and .outcome == "power-off" and .command.exit_status == null
		and (.reason | test("the command did not"))'
}

# tiny ROOT: busybox as its shell, and a script that this host has nowhere.
tiny() {
	mkdir -p "$1/bin" "$1/opt/inner" "$1/etc"
	cp "$(command -v busybox)" "$1/bin/busybox"
	ln -s /bin/busybox "$1/bin/sh"
	ln -s ../opt/it "$1/bin/only-there"
	mkfifo "$1/opt/pipe"
	head -c 3000 /dev/urandom >"$1/opt/inner/data"
	chmod 4711 "$1/opt/inner/data"
	chmod 1777 "$1/opt/inner"
	cat >"$1/opt/it" <<-'END'
		#!/bin/sh
		cd /opt
		busybox stat -c '%n %a %u' inner inner/data
		[ -c /dev/null ] && [ -d /sys/kernel ] && [ ! -e pipe ] && [ ! -e /init ] && [ -r /proc/self/stat ] || exit 9
		echo "$1"
		busybox sha256sum inner/data
		exit 7
	END
	chmod +x "$1/opt/it"
}

@test "--root: a command with its own shell, modes and links, and the replay names it" {
	tiny 'my root'
	ran 7 --root 'my root' --vmm complete "$kernel/vmlinuz" -- only-there "it's"
	{
		printf '%s\n' 'inner 1777 0' 'inner/data 4711 0' "it's"
		(cd 'my root/opt' && sha256sum inner/data)
	} | cmp - out
	says '.verdict == "pass" and .command.exit_status == 7'
	ran 101 --root 'my root' --vmm eagain:stalls=3 "$kernel/vmlinuz" -- /bin/only-there x
	says '.violations[0].reproduce | test(" --root .my root. -- /bin/only-there x$")'
}

@test "--root: what cannot be a root, or is not in it, is told before anything is booted" {
	local k=$kernel/vmlinuz
	printf '#!/bin/bash\necho tdlab: booted\n' >booted
	chmod +x booted
	tiny r
	refused 102 'tdlab: --root nowhere: No such file*' --root nowhere "$k" -- true
	refused 102 'tdlab: --root booted: Not a directory' --root booted "$k" -- true
	refused 127 'tdlab: run: ls: no such command in r, in none of /usr/bin:*' --root r "$k" -- ls
	refused 127 'tdlab: run: /usr/bin/env, in r: No such file*' --root r "$k" -- /usr/bin/env
	chmod -x r/opt/it
	refused 126 'tdlab: run: only-there: not executable in r' --root r "$k" -- only-there
	refused 126 'tdlab: run: /opt/it, in r: not executable*' --root r "$k" -- /opt/it
	refused 126 'tdlab: run: /opt, in r: no file*' --root r "$k" -- /opt
	refused 102 'tdlab: run: --file booted: not with --root: put it into r' --root r --file booted "$k" -- sh
	refused 102 'tdlab: run: --initrd booted: *' --root r --initrd booted "$k" -- sh
	truncate -s 97M r/large
	refused 102 'tdlab: --root r: too large: more than 96 MiB for a guest with 256 MiB*' --root r --memory 256M "$k" -- sh
	run -2 "$tdlab" run --root r --guest linux
	[[ $output == 'tdlab: run: --root is about a boot'* ]]
}

@test "what cannot be run is told before anything is booted" {
	local k=$kernel/vmlinuz
	printf '#!/bin/bash\necho tdlab: booted\n' >booted
	chmod +x booted
	refused 127 'tdlab: run: no-such: no such command in PATH, nor in busybox' "$k" -- no-such
	refused 127 'tdlab: run: ./no-such: No such file*' "$k" -- ./no-such
	echo text >plain
	refused 126 'tdlab: run: ./plain: not executable*' "$k" -- ./plain
	refused 126 'tdlab: run: /tmp: a folder*' "$k" -- /tmp
	printf '#!/usr/bin/env no-such\n' >odd
	chmod +x odd
	refused 102 'tdlab: ./odd: its interpreter no-such is not in PATH' "$k" -- ./odd
	printf '#!\n' >odd
	refused 102 'tdlab: ./odd: its first line names no interpreter' "$k" -- ./odd
	printf '\177ELF\1%100s' '' >odd
	refused 102 'tdlab: ./odd: a 32-bit program*' "$k" -- ./odd
	refused 102 'tdlab: --file nowhere: No such file*' --file nowhere "$k" -- true
	refused 102 'tdlab: --file plain:there: where in the guest?*' --file plain:there "$k" -- true
	refused 102 "tdlab: /bin/sed: tdlab's own initrd has a file of that name*" --file plain:/bin/sed "$k" -- true
	refused 102 'tdlab: kernel nowhere: No such file*' nowhere -- true
	refused 102 'tdlab: run: more than one kernel' "$k" "$k" -- true
	refused 102 'tdlab: run: no command behind --' "$k" --
	refused 102 'tdlab: run: --append needs an argument*' "$k" --append -- true
	refused 102 'tdlab: run: unknown option --fil: did you mean --file?' --fil x "$k" -- true
	refused 102 'tdlab: run: --initrd plain: *' --initrd plain "$k" -- true
	refused 102 'tdlab: run: --pages*not with a boot' --pages 3 "$k" -- true
	refused 102 'tdlab: run: guest code in a process runs no command*' --guest linux -- true
	refused 2 'tdlab: run: --qemu is about a boot*' --guest linux
}

@test "without a command, and without a kernel" {
	run -2 --separate-stderr "$tdlab" run "$kernel/vmlinuz"
	[[ $stderr == 'tdlab: run: what is to be run in '*'? Write -- COMMAND behind it'* ]]
	run -2 --separate-stderr "$tdlab" run
	[[ $stderr == 'tdlab: run: which guest? KERNEL -- COMMAND,'* ]]
	[ ! -r "/boot/vmlinuz-$(uname -r)" ] || return 0
	run -102 --separate-stderr "$tdlab" run -- true
	[[ $stderr == "tdlab: run: which kernel? /boot/vmlinuz-$(uname -r), this machine's, cannot be read"* ]]
}

@test "libraries that this host does not have" {
	command -v gcc >/dev/null
	echo 'void it(void) {}' | gcc -shared -o libnone.so -xc -
	echo 'void it(void); int main(void) { it(); return 0; }' | gcc -o needs -xc - -L. -lnone
	refused 102 'tdlab: ./needs: not all that it needs is on this host: ldd ./needs says what' "$kernel/vmlinuz" -- ./needs
}
