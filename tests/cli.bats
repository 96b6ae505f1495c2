#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # scripts in single quotes; $stderr is set by run
# Bad input and bad surroundings: one clear line that names the subject, and the documented exit status.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	cd "$BATS_TEST_TMPDIR" || return
	violate=$build/payloads/violate
}

# refused STATUS PATTERN ARG...: tdlab ARG... ends with STATUS, says one line on stderr that matches, and no report.
refused() {
	local want=$1 pattern=$2
	shift 2
	run --separate-stderr "$tdlab" "$@" </dev/null
	printf '%s\n' "exit status $status: tdlab $*" "$output" "$stderr"
	[ "$status" -eq "$want" ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	# shellcheck disable=SC2053 # a pattern
	[[ ${stderr_lines[0]} == $pattern ]]
}

@test "a kernel that is not there" {
	refused 2 'tdlab: *nowhere*No such file*' boot nowhere
}

@test "a folder in place of a kernel" {
	refused 2 'tdlab: */tmp*not a file*' boot /tmp
}

@test "not a bzImage" {
	printf 'just text\n%.0s' {1..2000} >text
	refused 2 'tdlab: *text: *bzImage*' boot text
	: >empty
	refused 2 'tdlab: *empty: *' boot empty
}

@test "a truncated bzImage" {
	head -c 3M "$kernel/vmlinuz" >short
	refused 2 'tdlab: *short: *truncated*' boot short
	head -c 600 "$kernel/vmlinuz" >shorter
	refused 2 'tdlab: *shorter: *' boot shorter
}

@test "a truncated payload" {
	head -c 2000 "$violate" >short
	refused 2 'tdlab: *short: *' boot short
}

@test "a kernel without TDX guest support: says which option it lacks" {
	run --separate-stderr "$tdlab" boot --timeout 120 "$top/build/kernel-6.1/vmlinuz" </dev/null
	printf '%s\n' "$status" "$output" "$stderr"
	[[ $stderr$output == *CONFIG_INTEL_TDX_GUEST* ]]
	[[ $stderr == *"the kernel's log was not found in its memory: --console-live shows it"* ]]	# so early it ended
	[ "$status" -eq 5 ] || [ "$status" -eq 2 ]
}

@test "an initrd that is not there" {
	refused 2 'tdlab: *nowhere*No such file*' boot --initrd nowhere "$kernel/vmlinuz"
}

@test "a disk that is not there" {
	refused 2 'tdlab: *nowhere*No such file*' boot --disk nowhere "$kernel/vmlinuz"
}

@test "a folder of modules that is none" {
	refused 2 'tdlab: *--modules /tmp*' boot --modules /tmp "$kernel/vmlinuz"
}

@test "a module of the user's that is none, or is not there" {
	refused 2 'tdlab: *--module /etc/passwd: not a module*' boot --module /etc/passwd "$kernel/vmlinuz"
	refused 2 'tdlab: *--module nowhere.ko: not a module*' boot --module nowhere.ko "$kernel/vmlinuz"
	refused 2 'tdlab: *takes no --initrd and no modules*' boot --module nowhere.ko "$build/payloads/violate"
}

@test "memory: too small, too large, no number" {
	refused 2 'tdlab: *--memory*' boot --memory 64M "$kernel/vmlinuz"
	refused 2 'tdlab: *--memory*' boot --memory 1T "$kernel/vmlinuz"
	refused 2 'tdlab: --memory 1047553K: *whole MiB' boot --memory 1047553K "$kernel/vmlinuz"
	refused 2 'tdlab: --memory-split 2G: from 64M to 1886M*' boot --memory-split 2G "$kernel/vmlinuz"
	refused 2 'tdlab: --memory-split 0: from 64M*' boot --memory-split 0 "$kernel/vmlinuz"
	refused 2 'tdlab: --memory: *below 4 GiB' boot --memory-split 64M "$kernel/vmlinuz"
	refused 2 'tdlab: *--memory 1Q*' boot --memory 1Q "$kernel/vmlinuz"
}

@test "CPUs: none, too many, no number" {
	refused 2 'tdlab: *--cpus*' boot --cpus 0 "$kernel/vmlinuz"
	refused 2 'tdlab: *--cpus*' boot --cpus 99 "$kernel/vmlinuz"
	refused 2 'tdlab: *--cpus two*' boot --cpus two "$kernel/vmlinuz"
}

@test "where the behaviours begin: no number from 1, no phase, no firmware to have phases" {
	refused 2 'tdlab: --template-at 0: *from 1, nor firmware, loader or kernel' check --template-at 0 "$kernel/vmlinuz"
	refused 2 'tdlab: --template-at 2x: *from 1*' check --template-at 2x "$kernel/vmlinuz"
	refused 2 'tdlab: --template-at boot: *firmware, loader or kernel' check --template-at boot "$kernel/vmlinuz"
	refused 2 'tdlab: --template-at kernel: without --firmware*' check --template-at kernel "$kernel/vmlinuz"
	refused 2 'tdlab: *--full has no template*' check --full --template-at kernel --firmware nowhere "$kernel/vmlinuz"
}

@test "an unknown verb or option, with the nearest name" {
	refused 2 'tdlab: *boat*boot*' boat
	refused 2 'tdlab: *--memry*--memory*' boot --memry 1G "$kernel/vmlinuz"
}

@test "an unknown behaviour or parameter, with the nearest name" {
	refused 2 'tdlab: *"hyperb"*"hyperv"*' boot --vmm hyperb "$kernel/vmlinuz"
	refused 2 'tdlab: *hyperv*"page"*"pages"*' boot --vmm hyperv:page=3 "$kernel/vmlinuz"
	refused 2 'tdlab: *hyperv*pages*' boot --vmm hyperv:pages=0 "$kernel/vmlinuz"
	refused 2 'tdlab: *hyperv*pages*' boot --vmm hyperv:pages=many "$kernel/vmlinuz"
	refused 2 'tdlab: --inject mapgpa:retr=3: *"retr"*"retry"*' boot --inject mapgpa:retr=3 "$kernel/vmlinuz"
	refused 2 'tdlab: --inject accept:lie: *' boot --inject mapgpa:retry --inject accept:lie "$kernel/vmlinuz"
	refused 2 'tdlab: --inject mapgpa:retry:when=0: *counted from 1*' check --inject mapgpa:retry:when=0 "$kernel/vmlinuz"
}

@test "a malformed behaviour file, with its line" {
	printf '%s\n' '# SPDX-License-Identifier: MIT' '[behaviour]' 'title = odd' 'class = perhaps' >odd.vmm
	refused 2 'tdlab: *odd.vmm:4: *' boot --vmm ./odd.vmm "$kernel/vmlinuz"
}

@test "no QEMU, not QEMU, too old a QEMU" {
	refused 3 'tdlab: *nowhere*' boot --qemu nowhere "$kernel/vmlinuz"
	refused 3 'tdlab: */bin/true*' boot --qemu /bin/true "$kernel/vmlinuz"
	printf '#!/bin/sh\necho QEMU emulator version 6.2.0\n' >old
	chmod +x old
	refused 3 'tdlab: *old*6.2.0*7.2*' boot --qemu ./old "$kernel/vmlinuz"
}

@test "QEMU that dies at once" {
	printf '#!/bin/sh\n[ "$1" = -version ] && { echo QEMU emulator version 9.0.0; exit; }\necho broken >&2; exit 1\n' >bad
	chmod +x bad
	run --separate-stderr "$tdlab" boot --qemu ./bad "$kernel/vmlinuz" </dev/null
	printf '%s\n' "$status" "$output" "$stderr"
	[ "$status" -eq 3 ]
	[[ $stderr == *broken* ]]
}

@test "a report that cannot be written" {
	[ -c /dev/full ]
	run bash -c '"$1" boot --json --append scenario=plain "$2" 2>err >/dev/full; echo $?' - "$tdlab" "$violate"
	cat err
	[ "$output" = 3 ]
	grep -q 'No space left' err
}

@test "no room for the guest's memory" {
	# An address space of 1 GiB cannot hold 2 GiB and more.
	run --separate-stderr bash -c 'ulimit -v 1000000; exec "$1" boot "$2"' - "$tdlab" "$violate"
	printf '%s\n' "$status" "$output" "$stderr"
	[ "$status" -eq 3 ]
	[[ $stderr == tdlab:*MiB* ]]
}

# ended SIGNAL STATUS: the signal, sent while a guest runs, leaves neither a process nor a file.
ended() {
	local pid qemu got=0 i
	mkdir -p tmp
	# The shell has a background job ignore Ctrl-C; a terminal does not.
	TMPDIR=$PWD/tmp env --default-signal=INT "$tdlab" boot --console console --vmm hyperv:pages=1 "$kernel/vmlinuz" \
		>out 2>err </dev/null 3>&- &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		qemu=$(pgrep -P "$pid" -f isa-debug-exit) && grep -qs 'Linux version' console && break
		sleep 0.1
	done
	[ -n "$qemu" ]
	kill "-$1" "$pid"
	wait "$pid" || got=$?
	[ "$got" -eq "$2" ] || { echo "exit status $got, expected $2"; return 1; }
	for ((i = 0; i < 50; i++)); do
		kill -0 "$qemu" 2>/dev/null || break
		sleep 0.1
	done
	run ! kill -0 "$qemu"
	[ -z "$(ls -A tmp)" ]
	run ! ls /dev/shm/*tdlab*
}

@test "Ctrl-C" {
	ended INT 130
}

@test "kill" {
	ended TERM 143
}

@test "kill -9" {
	ended KILL 137
}

@test "time runs out: the guest did not finish" {
	run --separate-stderr "$tdlab" boot --timeout 2 --console console --vmm hyperv:pages=1 "$kernel/vmlinuz" </dev/null
	printf '%s\n' "$status" "$output" "$stderr"
	[ "$status" -eq 4 ]
}

@test "a disk that is not whole sectors" {
	head -c 1000 /dev/zero >odd
	refused 2 'tdlab: disk odd: 1000 bytes*sectors*' boot --disk odd "$violate"
}

@test "what is taken for a kernel and is none: what to give instead" {
	gzip -c "$kernel/vmlinuz" >vmlinux.gz
	refused 2 'tdlab: kernel vmlinux.gz: compressed: *gzip -d*' boot vmlinux.gz
	xz -0 -c "$violate" >vmlinux.xz
	refused 2 'tdlab: kernel vmlinux.xz: compressed: *xz -d*' boot vmlinux.xz
	# What a vmlinux has and a payload has not.
	cp "$violate" vmlinux
	printf 'Linux version 6.12.0' >>vmlinux
	run "$tdlab" boot --console /dev/null --append scenario=plain vmlinux </dev/null
	[ "$status" -eq 0 ]
	printf '\0__ksymtab\0' >>vmlinux
	refused 2 'tdlab: kernel vmlinux: this is vmlinux*arch/x86/boot/bzImage*' boot vmlinux
}

@test "the modules of an unpacked package, of every layout: beside the kernel, below it, without modules.order" {
	local release layout at
	release=$(sed -n 's/^release *//p' "$kernel/VERSION")
	modules=usr/lib/modules/$release
	for layout in beside boot binary; do
		rm -rf usr boot
		mkdir -p "$modules/kernel/drivers" boot
		cp "$kernel/modules/modules.order" "$modules"
		# The list names a module that is not there: whoever finds it says so.
		case $layout in
		beside) at=$modules/vmlinuz ;;
		boot) at=boot/vmlinuz-$release ;;
		binary) at=$modules/vmlinuz; rm "$modules/modules.order"; touch "$modules/kernel/drivers/virtio_blk.ko.xz" ;;
		esac
		cp "$kernel/vmlinuz" "$at"
		run --separate-stderr "$tdlab" boot "$at" </dev/null
		echo "$layout: $status $stderr"
		[[ $stderr == *"module "*"$modules/kernel/drivers/"* ]]
	done
}

@test "a parameter or a word of --inject that is given twice" {
	refused 2 'tdlab: hyperv: pages is given twice: 1 and 2' boot --vmm hyperv:pages=1,pages=2 "$violate"
	refused 2 'tdlab: hyperv: pages is given twice: 1 and 1' check --vmm complete,hyperv:pages=1,pages=1 "$violate"
	refused 2 'tdlab: --inject mapgpa:retry=+1:retry=+2: "retry" is given twice' \
		boot --inject mapgpa:retry=+1:retry=+2 "$violate"
	refused 2 'tdlab: *"when" is given twice' boot --inject mapgpa:retry:when=1:when=2 "$violate"
}

@test "numbers and units are told as they were typed" {
	refused 2 'tdlab: --memory 1T: *' boot --memory 1T "$violate"
	refused 2 'tdlab: --memory 65536K: *' boot --memory 65536K "$violate"
	refused 2 'tdlab: --memory 0x1000: *' check --memory 0x1000 "$violate"
	refused 2 'tdlab: --cpus 0x20: *' boot --cpus 0x20 "$violate"
	refused 2 'tdlab: --timeout 0x0: *' boot --timeout 0x0 "$violate"
	refused 2 'tdlab: --jobs 0x800: *' check --jobs 0x800 "$violate"
	refused 2 'tdlab: --depth 0x1000: *' explore --depth 0x1000 "$violate"
	refused 2 'tdlab: --pages 0x10000000: *' explore --guest linux --pages 0x10000000
}

@test "explain: a name in any of its forms, a status with its operand; what has no name; every name of every list" {
	for word in MapGPA MAP_GPA 'TDG.VP.VMCALL<MapGPA>' 0x10001; do
		run -0 "$tdlab" explain "$word"
		[[ $output == *"MAP_GPA (tdvmcall)"*"0x10001"*"GHCI MapGPA"* ]]
	done
	for word in TDG.MEM.PAGE.ACCEPT TDG_MEM_PAGE_ACCEPT mem_page_accept; do
		run -0 "$tdlab" explain "$word"
		[[ $output == *"TDG.MEM_PAGE_ACCEPT (tdcall)"* ]]
	done
	run -0 "$tdlab" explain 0x8000020000000001
	[[ $output == "OPERAND_BUSY (tdcall-status)"*"RAX[31:0]"*"0x00000001"* && $output != *$'\n\n'* ]]
	run -0 "$tdlab" explain kvm
	[[ $output == *"kvm (behaviour)"*$'\n\n'"kvm (platform)"* ]]
	run -0 "$tdlab" explain hyperv:pages=64
	[[ $output == *"hyperv (behaviour)"*"parameters"*"pages, 512, "* ]]
	refused 2 'tdlab: explain: nothing is called "abandonned": did you mean "abandoned"[?]' explain abandonned
	refused 2 'tdlab: explain: nothing is called "0x77777777"*' explain 0x77777777
	refused 2 'tdlab: explain: one name or number*' explain
	for columns in 60 120; do
		COLUMNS=$columns run -0 "$tdlab" explain busy
		run -1 grep -E "^.{$columns}" <<<"$output"
	done
	for list in behaviours platforms violations outcomes answers guests records totals abi; do
		"$tdlab" list --json "$list" | jq -r '.[].name' | sort -u >names
		[ -s names ]
		while read -r word; do
			"$tdlab" explain "$word" >/dev/null || { echo "$word"; return 1; }
		done <names
	done
}

@test "an answer that is none, with the nearest name" {
	refused 2 'tdlab: frst: neither a file nor answers*did you mean "first"?' replay frst
	refused 2 'tdlab: *"stal" is none*did you mean "stall"?' replay first,stal,ok
	refused 2 'tdlab: *tdlab list answers names them' replay nothing-like-it
	refused 2 'tdlab: *"stal" is none*did you mean "stall"?' replay --guest linux first,stal
}

@test "--qemu that is no program: why not" {
	printf 'text\n' >text
	mkdir folder
	refused 3 'tdlab: --qemu ./text: *may not execute it' boot --qemu ./text "$violate"
	refused 3 'tdlab: --qemu ./folder: Is a directory' boot --qemu ./folder "$violate"
	refused 3 'tdlab: --qemu ./nowhere: No such file*' boot --qemu ./nowhere "$violate"
	refused 3 'tdlab: --qemu text: no such program in PATH: write ./*' boot --qemu text "$violate"
}

@test "no /proc: it is named, and not what would be found by it" {
	local apart='mount -t tmpfs none /proc && exec "$@"'
	unshare --map-root-user --mount true || skip "no mount namespaces here"
	run unshare --map-root-user --mount sh -c "$apart" - "$tdlab" boot "$violate"
	[ "$status" -eq 3 ]
	[[ $output == *"/proc is not mounted"* ]]
	[ "${#lines[@]}" -eq 1 ]
	run unshare --map-root-user --mount sh -c "$apart" - "$tdlab" doctor
	[ "$status" -eq 3 ]
	[[ $output == *"is /proc mounted?"* ]]
}

@test "doctor: a host that gives memory files huge pages" {
	local file=/sys/kernel/mm/transparent_hugepage/shmem_enabled
	unshare --map-root-user --mount true || skip "no mount namespaces here"
	[ -e $file ] || skip "no $file"
	for setting in 'always within_size [advise] never:optional' 'always advise [never] deny force:ok'; do
		echo "${setting%:*}" >setting
		run -0 unshare --map-root-user --mount sh -c "mount --bind setting $file && exec \"\$@\"" - "$tdlab" doctor
		grep -q "^${setting#*:} *holes " <<<"$output"
	done
}

@test "doctor: each part that is gone or damaged, and none that is there" {
	local part path
	mkdir -p tree
	cp -r "$build"/{tdlab,tdlab-first,monitor.elf,initrd.cpio,payloads} "$top"/{behaviours,platforms} tree
	run tree/tdlab doctor
	[ "$status" -eq 0 ]
	run ! grep -q '^missing' <<<"$output"
	while read -r part path; do
		mv "tree/$path" kept
		run tree/tdlab doctor
		[ "$status" -eq 3 ]
		[ "$(grep -c '^missing' <<<"$output")" -eq 1 ]
		grep -q "^missing *$part " <<<"$output"
		if [ -d kept ]; then mkdir "tree/$path"; else head -c 3 kept >"tree/$path"; fi
		run tree/tdlab doctor
		[ "$status" -eq 3 ]
		grep -q "^missing *$part " <<<"$output"
		rm -r "tree/${path:?}"
		mv kept "tree/$path"
	done <<-END
		monitor monitor.elf
		payload payloads/builtin
		first tdlab-first
		initrd initrd.cpio
		behaviours behaviours
		platforms platforms
	END
}

@test "--net with --seed: the seed is for the VMM's chances, and it is said" {
	run --separate-stderr "$tdlab" boot --net user --seed 7 --console /dev/null --append scenario=plain \
		"$violate" </dev/null
	[ "$status" -eq 0 ]
	[[ $stderr == 'tdlab: --net: a network answers when it does: --seed 7 is for '* ]]
}

# Each input of each verb, as words; IN is the file. A fake kernel's modules stand in a folder.
inputs() {
	local k=$kernel/vmlinuz
	cat <<-EOF
		boot IN
		boot --firmware IN $k
		boot --initrd IN $k
		boot --disk IN $violate
		boot --vmm ./IN.vmm $violate
		boot --modules in-modules $k
		check IN
		check --vmm ./IN.vmm --guest libtdconv
		check --harness IN
		explore IN
		explore --harness IN
		explore --guest libtdconv --state IN
		explore --state IN $k
		replay IN
		replay --finding abandoned IN $k
		replay first --harness IN
		minimise IN
		merge IN IN
		trace IN
		trace --symbols IN journal
		measure IN
		boot --known IN $violate
		boot --vmm recorded:IN $violate
		check --known IN --guest libtdconv
		explore --known IN --guest libtdconv
		run IN -- /bin/true
		run --file IN $k -- /bin/true
	EOF
}

@test "no input waits for a pipe, or reads a device for ever: one line, exit status 2" {
	local words kind want
	mkdir in-modules
	"$tdlab" boot --console /dev/null --journal journal --append scenario=plain "$violate" </dev/null
	for kind in pipe device; do
		rm -f IN IN.vmm in-modules/modules.order
		case $kind in
		pipe) mkfifo IN IN.vmm in-modules/modules.order ;;
		device) ln -s /dev/zero IN; ln -s /dev/zero IN.vmm; ln -s /dev/zero in-modules/modules.order ;;
		esac
		while read -ra words; do
			run --separate-stderr timeout 20 "$tdlab" "${words[@]}" </dev/null
			printf '%s\n' "exit status $status: tdlab ${words[*]}" "$output" "$stderr"
			want=2
			[ "${words[0]}" != run ] || want=102
			[ "$status" -eq "$want" ]
			[ "${#stderr_lines[@]}" -eq 1 ]
			[[ ${stderr_lines[0]} == *"not a file but a $kind"* ]]
		done < <(inputs)
	done
}

@test "an input that is a link to a file is a file" {
	ln -s "$violate" IN
	run "$tdlab" boot --console /dev/null --append scenario=plain IN </dev/null
	[ "$status" -eq 0 ]
}

@test "closed standard descriptors: nothing goes to another file, the exit status is the same" {
	local close want=0
	"$tdlab" boot --seed 1 --console console.want --journal want --append scenario=abandoned --vmm hyperv "$violate" \
		</dev/null >out 2>err || want=$?
	[ "$want" -eq 1 ]
	for close in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
		run bash -c "exec \"\$@\" $close" - "$tdlab" boot --seed 1 --console console --journal got \
			--append scenario=abandoned --vmm hyperv "$violate"
		[ "$status" -eq 1 ]
		cmp want got
		cmp console.want console
	done
	run bash -c 'exec "$@" >&-' - "$build/tdlab" explore --guest libtdconv --depth 2
	[ "$status" -eq 0 ]
}

@test "help fits 80 columns; a dumb terminal gets neither colours nor a line that is written over" {
	local verb
	for verb in $("$tdlab" --help | awk '/^  / { print $1 }'); do
		"$tdlab" "$verb" --help | awk -v verb="$verb" 'length > 80 { print verb ": " $0; bad = 1 } END { exit bad }'
	done
	# script gives it a terminal.
	SHELL=/bin/sh TERM=dumb script -qec "'$tdlab' boot --console /dev/null --append scenario=plain '$violate'" typescript
	run ! grep -q $'\033' typescript
	SHELL=/bin/sh TERM=xterm script -qec "'$tdlab' boot --console /dev/null --append scenario=plain '$violate'" typescript
	grep -q $'\033' typescript
}

@test "80 columns: no line of a list or a table is longer on a terminal, and each is one line in a pipe" {
	shown() {
		SHELL=/bin/sh script -qec "stty cols 80; $1 2>/dev/null" /dev/null </dev/null | tr -d '\r' |
			sed $'s/\033\\[[0-9;]*[A-Za-z]//g'
	}
	run ! grep -vE '^.{0,80}$|^    replay: ' \
		<(shown "'$tdlab' list behaviours; '$tdlab' check --guest tail-only --vmm permitted")
	shown "'$tdlab' list" | grep -q '^    everything is converted; private memory'
	"$tdlab" list |
		grep -qE '^aug-4k +permitted +complete +everything is converted; private memory appears in 4 KiB pages only$'
}
