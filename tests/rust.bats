#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # $output is set by run
# The crate of bindings/rust, with no registry, and two guests without std, of which one is libtdconv: its tests, which
# find what is wrong with one loop and pass another.
bats_require_minimum_version 1.5.0

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cp -r "$top/bindings/rust" "$BATS_TEST_TMPDIR/rust"
	cd "$BATS_TEST_TMPDIR/rust" || return
	TDLAB_LIB_DIR=$(realpath "$top/${B:-build}")
	PATH=/usr/bin:$PATH	# Debian's cargo and rustc, before a newer one of the user's
	unset MAKEFLAGS MFLAGS CARGO_MAKEFLAGS	# a job server that cargo or rustc cannot reach would be a warning of theirs
	TDCONV_LIB_DIR=$TDLAB_LIB_DIR
	export TDLAB_LIB_DIR TDCONV_LIB_DIR CARGO_HOME=$BATS_TEST_TMPDIR/cargo CARGO_TARGET_DIR=$BATS_TEST_TMPDIR/target
}

@test "cargo test --offline; and it can fail" {
	printf '%s\n' 'use guest as mine;' >tests/page.rs
	awk '$0 == "```rust test" { on = 1; next } /^```/ { on = 0 } on' "$top/docs/harness.md" >>tests/page.rs
	sed -i 's/Options::default()/Options { depth: 3, ..Default::default() }/' tests/page.rs
	[ "$(command -v cargo rustc | paste -sd' ')" = "/usr/bin/cargo /usr/bin/rustc" ]
	run -0 cargo test --offline
	[[ $output == *"test every_answer ... ok"* ]]
	[[ $output == *"7 passed; 0 failed"*"2 passed; 0 failed"* && $output != *warning* ]]
	sed -i 's/guest::convert(\(.*\).map_err/guest::convert_tail(\1.map_err/' tests/explore.rs
	run -101 cargo test --offline
	[[ $output == *"correct_passes ... FAILED"*"pending-access (permitted) to private"* ]]
	sed -i '/impl Guest for Library/,/^}/s/PATIENCE/2/' tests/libtdconv.rs
	run -101 cargo test --offline --test libtdconv
	[[ $output == *"the_library_is_clean_in_both_directions ... FAILED"*"abandoned (permitted) to shared"* ]]
}

@test "a crate elsewhere, as docs/harness.md says: no workspace, no std, its own test" {
	mkdir -p ../mine/tests
	cp -r guest/src ../mine
	printf '%s\n' '[package]' 'name = "mine"' 'version = "1.0.0"' 'edition = "2021"' '[dev-dependencies]' \
		'tdlab = { path = "../rust" }' >../mine/Cargo.toml
	awk '$0 == "```rust test" { on = 1; next } /^```/ { on = 0 } on' "$top/docs/harness.md" >../mine/tests/every.rs
	sed -i 's/Options::default()/Options { depth: 3, ..Default::default() }/' ../mine/tests/every.rs
	cd ../mine || return
	run -0 cargo test --offline
	[[ $output == *"test every_answer ... ok"* ]]
	sed -i 's/take(gpa, gpa + size)/take(gpa + PAGE, gpa + size)/' src/lib.rs
	run -101 cargo test --offline
	[[ $output == *"test every_answer ... FAILED"*"pending-access (permitted) to private"* ]]
}

# size NAME: what the crate has room for
size() {
	sed -n "s/^struct $1(\[u8; \([0-9]*\)\]);/\1/p" "$top/bindings/rust/tdconv/src/lib.rs"
}

@test "the crate of libtdconv has room for what tdconv.h says, and the same small structures" {
	local text
	text="#include \"guest/include/tdconv_os.h\"
_Static_assert(sizeof(struct tdconv) <= $(size Tdconv) && sizeof(struct tdconv_result) <= $(size Outcome), \"room\");
_Static_assert(sizeof(struct tdconv_lost) == 16 && sizeof(struct tdconv_quarantine) == 16, \"lists\");
_Static_assert(TDCONV_OK == 0 && TDCONV_PRIVATE == 0 && TDCONV_SHARED == 1 && TDCONV_RECORD_NONE == 0, \"numbers\");"
	run -0 gcc -I"$top" -fsyntax-only -x c - <<<"$text"
	run -1 gcc -I"$top" -fsyntax-only -x c - <<<"${text/$(size Tdconv)/256}"
	[[ $output == *room* ]]
}
