#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# make fuzz fails when a target finds something, names the input, and runs the others all the same. A kept input that
# breaks something fails make check.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/.." || return 1
	build=$BATS_TEST_TMPDIR/build
	mkdir -p "$build/td" "$build/cli"
}

# target NAME CODE: a libFuzzer target.
target() {
	printf '#include <stddef.h>\n#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n%s\n{%s return 0;}\n' \
		'int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)' "$2" >"$build/$1.c"
	clang -g -fsanitize=fuzzer,address "$build/$1.c" -o "$build/$1"
}

@test "a target that finds something fails the run, the others run" {
	target td/fuzz '(void)data; (void)bytes;'
	target cli/fuzz_bad 'if (bytes > 2 && memcmp(data, "bad", 3) == 0) abort();'
	run -0 --separate-stderr scripts/fuzz 1 "$build" td/fuzz
	[[ $output == *td/fuzz* ]]
	run -1 --separate-stderr scripts/fuzz 20 "$build" cli/fuzz_bad td/fuzz
	[[ $output == *td/fuzz* && $output != *cli/fuzz_bad* ]]
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *"fuzz: cli/fuzz_bad failed; the input is $build/found/cli/fuzz_bad/bad-crash-"* ]]
}

@test "a kept input that breaks something fails its replay" {
	mkdir "$build/corpus"
	for i in 1 2 3 4 5; do echo "good $i" >"$build/corpus/$i"; done
	replay() {
		target td/fuzz 'if (bytes > 2 && memcmp(data, "bad", 3) == 0) abort();'
		gcc -I. -DCORPUS="\"$build/corpus\"" "$build/td/fuzz.c" tests/fuzz_replay.c -o "$build/replay"
		prove "$build/replay"
	}
	run -0 replay
	echo bad >"$build/corpus/6"
	run -1 replay
	rm "$build"/corpus/[1-3] "$build/corpus/6"
	run -1 replay
}
