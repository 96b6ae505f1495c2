#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# make prove must turn red: its driver on two small functions that prove, and on each thing that is no proof.

bats_require_minimum_version 1.5.0

setup() {
	command -v frama-c >/dev/null || skip "no frama-c: scripts/install-packages prove"
	prove=$BATS_TEST_DIRNAME/../guest/prove
	export B=$BATS_TEST_TMPDIR/build PROVE_TIMEOUT=60
	dir=$BATS_TEST_TMPDIR/src
	mkdir "$dir"
	printf '%s\t%s\t%s\n' engine_next assumed 'anything' >"$dir/proof-status"
	cat >"$dir/small.h" <<-'END'
		#include <stdint.h>

		/*@ assigns \nothing; */
		uint64_t engine_next(void);
		uint64_t take(uint64_t *left, uint64_t most);
		void drain(uint64_t *left);
	END
	cat >"$dir/small.c" <<-'END'
		#include "small.h"

		/*@ requires \valid(left) && most > 0;
		  @ assigns *left;
		  @ ensures \result <= most && *left == \old(*left) - \result;
		  @*/
		uint64_t take(uint64_t *left, uint64_t most)
		{
			uint64_t n = engine_next();

			if (n > most)
				n = most;
			if (n > *left)
				n = *left;
			*left -= n;
			return n;
		}

		/*@ requires \valid(left) && *left > 0;
		  @ assigns *left;
		  @ ensures *left == 0;
		  @*/
		void drain(uint64_t *left)
		{
			/*@ loop assigns *left;
			  @ loop variant *left;
			  @*/
			while (*left > 0)
				if (take(left, 1) == 0)
					*left -= 1;
		}
	END
}

# change FROM TO: one line of small.c.
change() {
	cp "$dir/small.c" "$dir/was"
	sed -i "s|$1|$2|" "$dir/small.c"
	! cmp -s "$dir/small.c" "$dir/was"
	rm "$dir/was"
}

# red TEXT...: the proof fails, and says so. What cannot be proved takes all the time that there is.
red() {
	PROVE_TIMEOUT=5 run "$prove" -d "$dir"
	echo "$output"
	[ "$status" -eq 1 ]
	for text; do
		[[ $output == *"$text"* ]]
	done
}

@test "what proves is green, and every function is listed" {
	run "$prove" -d "$dir"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ proved\ ([0-9]+)\ /\ ([0-9]+) ]]
	[ "${BASH_REMATCH[1]}" -gt 10 ]
	[ "${BASH_REMATCH[1]}" -eq "${BASH_REMATCH[2]}" ]
	[[ $output == *take*"proved,"*drain*"proved,"* || $output == *drain*"proved,"*take*"proved,"* ]]
	[[ $output == *"engine_next"*"assumed: anything"* ]]
}

@test "a check that is taken out" {
	change 'if (n > \*left)' 'if (n > most)'
	red "goal take_assert_rte_unsigned_overflow" "is not proved"
}

@test "a contract that nobody can meet" {
	change 'requires .valid(left) && most > 0;' 'requires \\valid(left) \&\& most > 0 \&\& most < 0;'
	red "take_wp_smoke_default_requires"
}

@test "admit, an axiom, a lemma" {
	change 'uint64_t n = engine_next();' '//@ admit most == 1;\n&'
	red "admit, which nobody proves"
	change 'admit' 'assert'
	printf '%s\n' '/*@ axiomatic a { axiom one: \false; } */' >>"$dir/small.c"
	red "axiomatic, which nobody proves"
	change 'axiomatic a { axiom one: .false; }' 'lemma two: \\false;'
	red "lemma, which nobody proves"
}

@test "a contract without assigns, and none" {
	sed -i '0,/assigns/{/assigns/d}' "$dir/small.c"
	red "the contract of take() has no assigns"
	sed -i '/^\/\*@ requires .*most/,/\*\/$/d' "$dir/small.c"
	red "take() has no contract"
}

@test "a loop that need not end" {
	change 'loop variant \*left;' 'loop invariant *left >= 0;'
	red "drain() has a loop without variant"
}

@test "a function of which the list knows nothing" {
	: >"$dir/proof-status"
	red "the contract of engine_next() is taken for granted"
	echo "take tested by hand" >"$dir/proof-status"
	echo "engine_next assumed anything" >>"$dir/proof-status"
	echo "gone tested never" >>"$dir/proof-status"
	red "there is no function gone()"
}

@test "a contract of a function that is not there" {
	change 'uint64_t n = engine_next();' 'uint64_t n = engine_other();'
	echo 'uint64_t engine_other(void);' >>"$dir/small.h"
	red "frama-c warns: "
}

@test "what did not change is not proved again; what did is, and so is what fails" {
	run -0 --separate-stderr "$prove" -d "$dir"
	proved=$output
	mkdir "$BATS_TEST_TMPDIR/none"
	printf '#!/bin/sh\nexit 9\n' >"$BATS_TEST_TMPDIR/none/frama-c"
	chmod +x "$BATS_TEST_TMPDIR/none/frama-c"
	PATH=$BATS_TEST_TMPDIR/none:$PATH run -0 --separate-stderr "$prove" -d "$dir"
	[ "$output" = "$proved" ]
	change 'return n;' 'return n + 0;'
	PATH=$BATS_TEST_TMPDIR/none:$PATH run -1 "$prove" -d "$dir"
	[[ $output == *"frama-c came to no end"* ]]
	change 'return n + 0;' 'return n + 1;'
	for _ in first again; do
		run -1 "$prove" -d "$dir"
		[[ $output == *"is not proved"* ]]
	done
}
