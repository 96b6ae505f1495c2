# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests of what is installed: all of it in a folder of the file's own, and the environment in which it is found.
setup_file() {
	export top root
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	root=$BATS_FILE_TMPDIR/root
	unset MAKEFLAGS MFLAGS MAKELEVEL
	make -s -C "$top" install B="${B:-build}" DESTDIR="$root" PREFIX=/usr
}

installed() {
	export PATH=$root/usr/bin:$PATH LD_LIBRARY_PATH=$root/usr/lib
	export PKG_CONFIG_LIBDIR=$root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
}
