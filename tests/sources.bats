#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# scripts/sources finds each kind of wrong row, in a repository that is made here.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	git init -q -b main src/owner+name/repo
	commit 'One' 'int f(void);' 'int g(void);'
	one=$(id)
	commit 'Two' 'int f(void);'
	git -C src/owner+name/repo checkout -q -b pull
	commit 'Never merged' 'int f(void);' 'int h(void);'
	pull=$(id)
	git -C src/owner+name/repo tag released
	git -C src/owner+name/repo checkout -q main
}

commit() {
	printf '%s\n' "${@:2}" >src/owner+name/repo/a.c
	git -C src/owner+name/repo add a.c
	git -C src/owner+name/repo commit -q -m "$1"
}

id() {
	git -C src/owner+name/repo rev-parse --short=12 HEAD
}

# table LINE...: what the rows say of owner/name, and what comes of it.
table() {
	printf 'x:%s owner/name %s\n' "$@" >table
	SOURCES=table run "$BATS_TEST_DIRNAME/../scripts/sources" src
	echo "$output"
}

@test "rows that hold, also of a release beside the default branch; what HEAD has no more is said" {
	table a "$one a.c f(" b "$one (commit) One" c 'released a.c h(' d "$one a.c g(" e '17 (pull) A title'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "note: x:d: owner/name: no \"g(\" in a.c at HEAD (HEAD is $(id) of $(date +%F))" ]
	[ "${lines[1]}" = '4 rows hold, 0 are wrong; 1 are mails, pull requests and issues, which no clone has' ]
}

@test "a wrong row of each kind" {
	wrong() {
		table good "$one a.c f(" bad "$1"
		[ "$status" -eq 1 ]
		[ "${lines[0]}" = "x:bad: owner/name: $2" ]
	}
	wrong "$one b.c f(" "no b.c at $one"
	wrong "$one a.c h(" "no \"h(\" in a.c at $one"
	wrong "$pull a.c h(" "$pull is not part of the default branch"
	wrong '0123456789ab a.c f(' 'no commit or tag 0123456789ab'
	wrong "$one (commit) Two" "$one is \"One\""
}

@test "a repository that is not there: nothing is said to be right" {
	table a "$one a.c f("
	[ "$status" -eq 0 ]
	echo 'y:a other/thing 0123456789ab a.c f(' >>table
	SOURCES=table run "$BATS_TEST_DIRNAME/../scripts/sources" src
	[ "$status" -eq 5 ]
	[ "${lines[0]}" = 'not checked: 1 rows, no clone of other/thing in src' ]
	run "$BATS_TEST_DIRNAME/../scripts/sources" nowhere
	[ "$status" -eq 2 ]
}

@test "this table has the form that it describes" {
	run awk '!/^#/ && (NF < 5 || $1 !~ /^[a-z0-9_-]+:[A-Za-z0-9_.\/-]+$/)' "$BATS_TEST_DIRNAME/../docs/sources"
	[ -z "$output" ]
}
