#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# How others build tdlab and have it installed.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	cd "$top" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS
}

# Every call of a compiler that a whole build makes; the user's flags are words that are easily found.
calls() {
	make -n -B V=1 B="$BATS_TEST_TMPDIR/b" "$@" all unit-tests | sed ':a; /\\$/ { N; s/\\\n//; ta }' |
		grep -E '^(gcc|clang|my-cc) '
}

# honoured: every call has the word CFLAGS and, where it compiles, CPPFLAGS; a program with a libc is linked with LDFLAGS.
honoured() {
	awk '/ -c / || / [^ ]*\.[cS]( |$)/ { compiles++; if (!/ -DUSERS_CPP/) { print "no CPPFLAGS: " $0; bad = 1 } }
	     / [^ ]*\.c( |$)/ && !/ -DUSERS_C( |$)/ { print "no CFLAGS: " $0; bad = 1 }
	     !/ -c / && !/ -nostdlib/ { links++; if (!/ -Wl,--users/) { print "no LDFLAGS: " $0; bad = 1 } }
	     END { exit bad || compiles < 100 || links < 30 }'
}

@test "the user's CPPFLAGS, CFLAGS and LDFLAGS reach every call of the compiler: command line, environment" {
	calls CC=my-cc CPPFLAGS=-DUSERS_CPP CFLAGS=-DUSERS_C LDFLAGS=-Wl,--users | honoured
	CC=my-cc CPPFLAGS=-DUSERS_CPP CFLAGS=-DUSERS_C LDFLAGS=-Wl,--users calls | honoured
	run ! honoured < <(calls CC=my-cc CPPFLAGS=-DUSERS_CPP CFLAGS=-DUSERS_C)
	run ! honoured < <(calls CC=my-cc CFLAGS=-DUSERS_C LDFLAGS=-Wl,--users)
	run ! honoured < <(calls CC=my-cc CPPFLAGS=-DUSERS_CPP LDFLAGS=-Wl,--users)
}

@test "ours come before them, but where no libc is; no warning is an error unless asked for" {
	calls CFLAGS=-fstack-protector-strong | awk '
		!/ -c / { next }
		/-O3/ || / -O2/ { n++; if (/-fstack-protector-strong.* -O[23]/) { print "ours is stronger: " $0; bad = 1 } }
		/ -o [^ ]*\/(mon|payloads)\// && /\.c( |$)/ {
			bare++; if (!/-fstack-protector-strong.* -fno-stack-protector/) { print "kept: " $0; bad = 1 } }
		/-Werror/ { print "an error: " $0; bad = 1 }
		END { exit bad || n < 100 || bare < 30 }'
	calls WERROR=1 | grep -q -- -Werror
}
