#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test has a PATH of its own
# How others build tdlab and have it installed.
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/boot.bash
	. "$BATS_TEST_DIRNAME/boot.bash"
	cd "$top" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL WERROR CFLAGS CPPFLAGS LDFLAGS
}

# Every call of a compiler that a whole build makes; the user's flags are words that are easily found.
calls() {
	make -n -B V=1 B="$BATS_TEST_TMPDIR/b" "$@" all unit-tests | sed ':a; /\\$/ { N; s/\\\n//; ta }' |
		grep -E '^(gcc|clang|my-cc) '
}

# honoured: each call has CFLAGS and, where it compiles, CPPFLAGS; a program with a libc is linked with LDFLAGS.
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

@test "install-packages --look says what is missing and how to install it, and installs nothing" {
	local bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	printf '#!/bin/sh\necho "$@" >>"%s/installed"\n' "$BATS_TEST_TMPDIR" >"$bin/apt-get"
	# shellcheck disable=SC2016 # for the script to expand
	printf '#!/bin/sh\nfor name; do :; done\n[ "$name" = clang ] || printf installed\n' >"$bin/dpkg-query"
	cp "$bin/apt-get" "$bin/sudo"
	chmod +x "$bin"/*
	PATH=$bin:$PATH
	run scripts/install-packages --look boot firmware	# all of it is there
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run scripts/install-packages --look boot check
	[ "$status" -eq 3 ]
	[ "$output" = "install-packages: missing: clang; this installs them: make deps SETS='boot check'" ]
	run scripts/install-packages --look
	[ "$status" -eq 2 ]
	run scripts/install-packages --look nosuch
	[ "$status" -eq 2 ]
	[ ! -e "$BATS_TEST_TMPDIR/installed" ]
	run scripts/install-packages boot check			# without --look it does
	grep -q clang "$BATS_TEST_TMPDIR/installed"
}

# installed PREFIX: what is built, installed under $root and nowhere else.
installed() {
	root=$BATS_TEST_TMPDIR/root
	make -s install B="$build" DESTDIR="$root" PREFIX="$1"
}

@test "make install takes its prefix then, not from the build; uninstall takes away what it brought, and no more" {
	local before
	installed /opt/lab
	grep -qx 'prefix=/opt/lab' "$root/opt/lab/lib/pkgconfig/tdconv.pc"
	make -s install B="$build" DESTDIR="$root" PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu
	grep -qx 'prefix=/usr' "$root/usr/lib/x86_64-linux-gnu/pkgconfig/tdconv.pc"
	# shellcheck disable=SC2016 # pkg-config expands it
	grep -qx 'libdir=${prefix}/lib/x86_64-linux-gnu' "$root/usr/lib/x86_64-linux-gnu/pkgconfig/tdconv.pc"
	[ ! -w /usr/share/tdlab/monitor.elf ]	# nothing went past DESTDIR
	[ -z "$(find "$root" -type f ! -perm -444)" ]
	touch "$root/usr/share/tdlab/behaviours/mine.vmm" "$root/usr/bin/other"
	make -s uninstall B="$build" DESTDIR="$root" PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu
	make -s uninstall B="$build" DESTDIR="$root" PREFIX=/opt/lab
	before=$(cd "$root" && find . -type f | sort | paste -sd' ')
	[ "$before" = './usr/bin/other ./usr/share/tdlab/behaviours/mine.vmm' ]
	[ ! -e "$root/opt/lab/share/tdlab" ]
}

# finds COMMAND...: it ends with 1, as for a violation.
finds() {
	local status=0
	"$@" || status=$?
	[ "$status" -eq 1 ]
}

# What each verb is given, in a folder that has nothing of the sources.
verb() {
	case $1 in
	boot) tdlab boot --seed 1 --journal journal --console /dev/null "$payloads/violate" --append scenario=plain ;;
	check) tdlab check --vmm complete,hyperv --append scenario=plain "$payloads/violate" &&
		tdlab check --guest libtdconv --vmm hyperv ;;
	explore) finds tdlab explore --guest tail-only --to-private --depth 2 --json >result &&
		finds tdlab explore --guest tail-only --to-private --depth 2 --shard 1/2 --json >part.1 &&
		{ tdlab explore --guest tail-only --to-private --depth 2 --shard 2/2 --json >part.2 || [ -s part.2 ]; } ;;
	replay) finds tdlab replay result ;;
	minimise) tdlab minimise result ;;
	run) finds tdlab run --guest tail-only --to-private --vmm hyperv ;;
	merge) finds tdlab merge part.1 part.2 ;;
	list) tdlab list behaviours | grep -q '^hyperv ' ;;
	explain) tdlab explain abandoned | grep -q 'was given up' ;;
	trace) tdlab trace --only mapgpa journal | grep -q MapGPA ;;
	measure) tdlab measure eventlog | grep -q '^RTMR0' ;;
	doctor) tdlab doctor ;;
	completion) tdlab completion bash | bash -n ;;
	*) echo "no test for tdlab $1"; return 1 ;;
	esac
}

@test "every verb runs from an installed tree, found in PATH; so do two boots and what they print" {
	local word
	installed /usr/local
	mkdir "$BATS_TEST_TMPDIR/away"
	cp "$top/tests/corpus/eventlog/tdvf" "$BATS_TEST_TMPDIR/away/eventlog"
	cd "$BATS_TEST_TMPDIR/away"
	PATH=$root/usr/local/bin:$PATH
	payloads=$root/usr/local/share/tdlab/payloads
	for word in $(tdlab --help | awk '/^  / { print $1 }'); do
		echo "tdlab $word"
		verb "$word"
	done
	tdlab doctor | grep -q "^ok *monitor .*$root"
	run ! grep -q "$top" <(tdlab doctor)
	tdlab boot --modules "$kernel/modules" --console /dev/null "$kernel/vmlinuz" </dev/null	# its own initrd
	# shellcheck source=/dev/null
	. "$root/usr/local/share/bash-completion/completions/tdlab"
	complete -p tdlab
	[ -s "$root/usr/local/share/man/man1/tdlab-boot.1" ]
}

@test "printed commands name the program as it was called: by PATH, by a path, by a link" {
	local line
	installed /usr
	ln -s "$root/usr/bin/tdlab" "$BATS_TEST_TMPDIR/my lab"
	cd "$BATS_TEST_TMPDIR"
	replay() {
		"$@" check --guest tail-only --vmm hyperv | sed -n 's/^ *replay: //p'
	}
	PATH=$root/usr/bin:$PATH
	[[ $(replay tdlab) == 'tdlab run --vmm hyperv '* ]]
	[[ $(replay root/usr/bin/tdlab) == 'root/usr/bin/tdlab run '* ]]
	line=$(replay './my lab')
	[[ $line == "'./my lab' run "* ]]
	run bash -c "$line"
	[ "$status" -eq 1 ]
	[[ $output == *"verdict    fail"* ]]
}
