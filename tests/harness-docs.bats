#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $output is set by run
# The files and commands of docs/harness.md, from an empty folder, with what is installed.
bats_require_minimum_version 1.5.0

load installed.bash

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	installed
	export CPATH=$root/usr/include
}

# sample KIND NAME: that block
sample() {
	awk -v first="\`\`\`$1 $2" '$0 == first { on = 1; next } /^```/ { on = 0 } on' "$top/docs/harness.md"
}

# files KIND NAME...: as files
files() {
	local kind=$1 name text
	shift
	for name; do
		text=$(sample "$kind" "$name")
		[ -n "$text" ]
		printf '%s\n' "$text" >"$name"
	done
}

# commands NAME: run, one after the other, whatever the one before came to; $output and the last one's status
commands() {
	local lines
	lines=$(sample sh "$1")
	[ -n "$lines" ]
	run bash -c "$lines"
}

# printed FIRST LAST: those lines of what the page says is printed
printed() {
	local lines
	lines=$(sample text report | sed -n "$1,$2p")
	[[ -n $lines && $output == *"$lines"* ]]
}

# mended: SharedBit.c by the diff
mended() {
	local old new
	sample diff mended | while IFS= read -r old && IFS= read -r new; do
		grep -qxF -- "${old#-}" SharedBit.c
		OLD=${old#-} NEW=${new#+} awk '$0 == ENVIRON["OLD"] { print ENVIRON["NEW"]; next } { print }' SharedBit.c >new
		mv new SharedBit.c
	done
}

@test "a kernel's loop: what is wrong with it is found as printed; mended, it is clean" {
	files c loop.c harness.c mended.c
	commands kernel
	[ "$status" -eq 1 ]
	printed 1 3
	[[ $output =~ hyperv\ +permitted\ +complete\ +fail ]]
	commands journal
	[[ $output == *"MapGPA 0x800040008000"*"RETRY"*"convert() returned -1"* ]]
	sed -i '/^bool set_memory/,$d' loop.c
	cat mended.c >>loop.c
	gcc -g -O2 -shared -fPIC -o harness.so harness.c
	run -0 tdlab check --harness ./harness.so --vmm hyperv,busy,busy-storm,stall,flip-s,stuck-shared
	run -0 tdlab explore --harness ./harness.so --depth 4
	run -0 tdlab explore --harness ./harness.so --to-private --depth 4
}

@test "what was found once, as a test: it fails with the loop as it was, and passes with the mended one" {
	files c loop.c harness.c mended.c regression.c
	commands regression
	[ "$status" -eq 1 ]
	[[ $output == *"abandoned (permitted) to shared in 1 sequence:"* ]]
	sed -i '/^bool set_memory/,$d' loop.c
	sed 's/busy < 1000/busy < 1/' mended.c | cat loop.c - >busy.c
	cat mended.c >>loop.c
	commands regression
	[ "$status" -eq 0 ]
	sed -i 's/loop.c/busy.c/' harness.c
	commands regression
	[ "$status" -eq 1 ]
	[[ $output == *"accept-abandoned (permitted) to private in 1 sequence:"* ]]
}

@test "firmware: EFIAPI, assembly, a test program; mended by the diff" {
	files c SharedBit.c test.c
	files nasm TdVmCall.nasm
	commands firmware
	[ "$status" -eq 1 ]
	printed 4 5
	[[ $output == *$'\nfinding    pending-access (permitted) to private'* ]]
	mended
	commands firmware
	[ "$status" -eq 0 ]
	gcc -shared -fPIC -z noexecstack -o it.so test.c TdVmCall.o	# the same files, for the command
	run -0 tdlab explore --harness ./it.so --to-private
}

@test "the test program in gdb, and by gtest: it fails, and mended it passes" {
	local line
	files c SharedBit.c test.c
	files nasm TdVmCall.nasm
	files cpp gtest.cc
	sed -i 's/&tdlab_guest, NULL/\&tdlab_guest, \&(struct tdlab_options){ .directions = 2, .answers = "first" }/' test.c
	commands firmware
	[ "$status" -eq 1 ]
	line=$(sample sh gdb)
	run -0 bash -c "${line/ .\/test/} -batch -nx -ex run -ex backtrace ./test </dev/null"
	[[ $output == *"Breakpoint 1, "*"TdAcceptPage"*"SetOrClearSharedBit (Share="*"in convert (gpa="* ]]
	[[ $output != *SIGSEGV* && $output != *SIGILL* ]]
	commands gtest
	[[ $status -eq 1 && $output == *"SharedBit.EveryAnswer"*"pending-access (permitted) to private"* ]]
	mended
	commands gtest
	[[ $status -eq 0 && $output == *"[  PASSED  ] 1 test."* ]]
}

@test "objects of a kernel: as they are, in a static program" {
	files c harness.c test.c SharedBit.c
	sed -i 's/^typedef unsigned char/typedef _Bool/; s/((BOOLEAN)\([01]\))/\1/' test.c
	files nasm TdVmCall.nasm
	sed '/^TDLAB_GUEST/,$d; s/^static int convert/int convert/; s/^static void reset/void reset/' test.c >loop.c
	gcc -O2 -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -c loop.c
	nasm -f elf64 -D 'ASM_PFX(name)=name' TdVmCall.nasm
	{ sed -n '1,2p' test.c; echo 'int convert(uint64_t, uint64_t, int); void reset(void);' &&
		sed -n '/^TDLAB_GUEST/,$p' test.c; } >main.c
	# shellcheck disable=SC2046 # words
	gcc -static -no-pie -z noexecstack -o test main.c loop.o TdVmCall.o $(pkg-config --cflags --static --libs tdlab)
	run -1 ./test
	[[ $output == *"minimal  first"* ]]
}

@test "the steps of the workflow" {
	local line
	files c loop.c harness.c mended.c
	sed -i '/^bool set_memory/,$d' loop.c
	cat mended.c >>loop.c
	ln -s "$top" tdlab
	unset CPATH
	[ "$(sample yaml workflow | grep -c -- '- run: ')" -eq 6 ]
	sample yaml workflow | sed -n 's/^ *- run: //p' | grep -v apt-get |
		sed "s#build/tdlab#${B:-build}/tdlab#; s#-C tdlab#-C tdlab B=${B:-build}#" |
		sed 's/check/& --vmm hyperv,busy/; s/explore/& --depth 4/' >steps
	while IFS= read -r line; do
		bash -c "$line"
	done <steps
	grep -q 'tests="' tdlab.xml
}
