#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# libtdconv in a Linux kernel: examples/linux, beside the kernel's own loop.

bats_require_minimum_version 1.5.0

# need KERNEL: the module for it, or a skip with scripts/fetch-headers' word that it cannot be built.
need() {
	[ -r "$1/tdconv_demo.ko" ] && return
	[ -e "$1/no-headers" ] || { echo "no module for $1, and nobody looked for headers: make fetched-modules"; return 1; }
	skip "no module: the kernel's headers were not to be had"
}

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	kernel=${MODULE_KERNEL:-$kernel}
	module=$kernel/tdconv_demo.ko
	newest=$top/build/kernel-newest
	need "$kernel"
}

@test "the module builds without a warning, and a return that the kernel does not want is one" {
	mkdir "$BATS_TEST_TMPDIR/linux"
	cp "$build"/examples/kernel/* "$BATS_TEST_TMPDIR/linux"
	"$top/scripts/build-module" "$kernel" "$BATS_TEST_TMPDIR/linux" "$BATS_TEST_TMPDIR/good.ko"
	sed -i 's/^\(#define TDCONV_RET\).*ASM_RET/\1 "ret\\n"/' "$BATS_TEST_TMPDIR/linux/tdconv.c"
	run ! "$top/scripts/build-module" "$kernel" "$BATS_TEST_TMPDIR/linux" "$BATS_TEST_TMPDIR/bad.ko"
	[[ $output == *"'naked' return"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/bad.ko" ]
	# The root that it is built in lies under build/, and has folders called *.d, which are no dependencies.
	env -u MAKEFLAGS -u MAKELEVEL make -C "$top" help
}

@test "tdcall.S itself builds in a kernel, and with a return of its own does not" {
	mkdir "$BATS_TEST_TMPDIR/linux"
	cp "$top"/examples/linux/* "$top/guest/tdcall.S" "$BATS_TEST_TMPDIR/linux"
	(cd "$top" && guest/amalgamate "$BATS_TEST_TMPDIR/linux")
	sed -i 's/tdconv.o$/tdconv.o tdcall.o\nccflags-y := -DTDCONV_NO_TDCALL/' "$BATS_TEST_TMPDIR/linux/Kbuild"
	"$top/scripts/build-module" "$kernel" "$BATS_TEST_TMPDIR/linux" "$BATS_TEST_TMPDIR/good.ko"
	sed -i 's/^\tRET$/\tret/' "$BATS_TEST_TMPDIR/linux/tdcall.S"
	run ! "$top/scripts/build-module" "$kernel" "$BATS_TEST_TMPDIR/linux" "$BATS_TEST_TMPDIR/bad.ko"
	[[ $output == *"tdconv_os_tdcall"*"'naked' return"* ]]
}

@test "under permitted answers that end the kernel's loop libtdconv completes, in the same boot" {
	"$top/scripts/demo" "$kernel"
}

# A demonstration without what differs from run to run and from kernel to kernel: numbers, and which functions were on
# the stack between those that it looks for.
shape() {
	sed -E 's/0x[0-9a-f]+|\b[0-9a-f]{16}\b|\(_*ptrval_*\)/N/g; s/[0-9]+(\.[0-9]+)*/N/g; s/^Linux [^ ]+/Linux/
		s/, by .*(tdx_enc_status_change)[a-z]*\+N.*/, by \1/; s/, by .*(tdconv_convert\+N \[tdconv_demo\]).*/, by \1/'
}

@test "under permitted answers libtdconv completes in Debian's newest kernel too, as the README shows it" {
	[ -e "$newest/VERSION" ] || skip "no newest kernel"
	need "$newest"
	"$top/scripts/demo" "$newest" | shape >"$BATS_TEST_TMPDIR/demo"
	sed -n '/^Linux .* under eagain-thrice/,/^```/p' "$top/README.md" | grep -v '^```' | shape |
		diff - "$BATS_TEST_TMPDIR/demo"
}

@test "a demonstration without the module is none" {
	mkdir "$BATS_TEST_TMPDIR/kernel"
	ln -s "$kernel"/{vmlinuz,modules} "$BATS_TEST_TMPDIR/kernel"
	run ! "$top/scripts/demo" "$BATS_TEST_TMPDIR/kernel"
}

# charged JOURNAL RIP: how many violations are in memory that was asked for from RIPs that begin so.
modules=0xffffffffc		# where Linux has them; its own text lies below
linux=0xffffffff
charged() {
	"$tdlab" trace --json --only mapgpa,verdict "$1" | jq -n --arg rip "$2" '
		def number: ltrimstr("0x") | explode | reduce .[] as $c (0; . * 16 + (if $c > 96 then $c - 87 else $c - 48 end));
		def without_s: if . >= 140737488355328 then . - 140737488355328 else . end;
		[inputs] as $all
		| [$all[] | select(.type == "MAPGPA" and (.rip | startswith($rip)))
			| {from: (.fields.gpa | number | without_s), size: .fields.bytes}] as $asked
		| [$all[] | select(.type == "VERDICT" and .fields.class == "violation")
			| (.fields.gpa | number | without_s) as $gpa
			| select(any($asked[]; .from <= $gpa and $gpa < .from + .size))] | length'
}

# asked JOURNAL: how many MapGPAs are the module's.
asked() {
	"$tdlab" trace --json --only mapgpa "$1" | jq -n --arg rip $modules '[inputs.rip | select(startswith($rip))] | length'
}

# behaves DIR: in every row that a check kept, the module did what its behaviour lets it do. What it contained it has in
# quarantine, unless the VMM refuses to share alone, and gives all back: then nothing is lost.
behaves() {
	local name line rows=0 class wrong=0
	for line in "$1"/*.console; do
		name=${line##*/}
		name=${name%.console}
		class=$(sed -n 's/^expect *= *//p' "$top/behaviours/$name.vmm")
		case $class:$(sed -n 's/.*tdconv: \([a-z]*\):.*/\1/p' "$line" | head -n 1) in
		complete:done | contain:done | contain:contained) rows=$((rows + 1)) ;;
		contain:)	# the VMM took the TD's memory away, or told it what was not so, and the TD ended
			case $name in
			elsewhere | lie | lie-private | readd-accepted | remove-accepted | shared-ve)
				[ "$(asked "${line%.console}.journal")" -gt 0 ] || { echo "$name: it asked nothing"; wrong=1; } ;;
			*) echo "$name: nothing was heard of the module"; wrong=1 ;;
			esac ;;
		*) echo "$name: not as expected of $class"; wrong=1 ;;
		esac
		case $name in
		maxphyaddr | oldkvm) ;;
		*) ! grep -a 'tdconv: .*; 0 pages in quarantine' "$line" || { echo "$name: nothing in quarantine"; wrong=1; } ;;
		esac
		[ "$(charged "${line%.console}.journal" $modules)" -eq 0 ] || { echo "$name: the module broke a rule"; wrong=1; }
	done
	[ $wrong -eq 0 ] && [ $rows -gt "$2" ]
}

@test "100 conversions each way under every behaviour: done where GHCI permits it, contained where it does not" {
	local first proven
	# The VMM does as it is asked until the module's first MapGPA: the kernel before it is the business of other tests.
	local cpus=${MODULE_CPUS:-1}
	linux 0 --vmm complete --disk none --cpus "$cpus" --module "$module" --seed 7 --journal "$journal"
	first=$("$tdlab" trace --json --only mapgpa "$journal" |
		jq -n --arg rip $modules '[inputs.rip | startswith($rip)] | index(true) + 1')
	"$tdlab" check --json --disk none --cpus "$cpus" --module "$module" --seed 7 --template-at "$first" \
		--append tdlab.kexec=no --keep "$BATS_TEST_TMPDIR/keep" "$kernel/vmlinuz" >"$report" || true
	# Each behaviour but those six, at most, under which the TD ends.
	behaves "$BATS_TEST_TMPDIR/keep" $(($(find "$top/behaviours" -name '*.vmm' | wc -l) - 7))
	# Half of the loop is no pass: whoever passes was met beyond a step both ways. The module gives back 4 MiB.
	jq -e '[.rows[] | select(.verdict == "pass" and .expect == "complete")] |
		length > 15 and all(.exercised == ["shared", "private"] and (.reason | endswith("no violation")))' "$report"
	# And nothing but the module gave any back: as many bytes as it says itself, some 10 MB on one CPU.
	proven=$(sed -nE 's/.*tdconv: done: .*; ([0-9]+) bytes proven.*/\1/p' "$BATS_TEST_TMPDIR/keep/complete.console")
	jq -e --argjson proven "$proven" '$proven > 10000000 and
		(.rows[] | select(.behaviour == "complete") | .to_private_pages * 4096 == $proven)' "$report"
}

@test "conversions each way on four vCPUs at once" {
	"$tdlab" check --json --cpus 4 --disk none --module "$module" --keep "$BATS_TEST_TMPDIR/keep" \
		--append tdlab.kexec=no --vmm complete,hyperv-stall,eagain-thrice,busy,aug-mixed,flip-s \
		"$kernel/vmlinuz" >"$report" || true
	behaves "$BATS_TEST_TMPDIR/keep" 5
	[ "$(charged "$BATS_TEST_TMPDIR/keep/eagain-thrice.journal" $linux)" -ge 4 ]	# the kernel's own are found like that
}

# Its loop is not Linux's: each MapGPA and each ACCEPT is to be libtdconv's. 4 MiB, so that an ACCEPT of 2 MiB can be
# told to be too large.
@test "each answer to the module's conversion to private, ACCEPT's too" {
	"$tdlab" explore --json --to-private --pages 513 --depth 1 --model libtdconv --module "$module" --console "$console" \
		--modules "$kernel/modules" "$kernel/vmlinuz" >"$report"
	says '.pages == 1024 and .sequences >= 20 and .afterwards == "power-off" and .violations == [] and .mismatches == 0'
	says '.model == "libtdconv" and .model_successes == 8'
	says '[.answers[] | select(. == 0)] == []'
}
