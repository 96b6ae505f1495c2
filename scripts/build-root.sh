# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by what builds for a fetched kernel: commands run in the folder that scripts/fetch-headers made, with the
# compiler that is there. Without root it needs user namespaces.

# build_root_open KERNEL-FOLDER: sets $build_root and $build_headers, as it is called inside. 3: no headers.
build_root_open() {
	local release
	release=$(sed -n 's/^release *//p' "$1/VERSION")
	build_root=$(realpath "$1")/build-root build_headers=/usr/src/linux-headers-$release
	[ -e "$build_root$build_headers/Makefile" ] ||
		{ echo "${0##*/}: no headers of $release: run scripts/fetch-headers $1" >&2; return 3; }
}

# build_root_run FOLDER COMMAND...: in FOLDER, which is a path inside.
build_root_run() {
	local mounts=(unshare --mount) folder=$1
	shift
	[ "$(id -u)" -eq 0 ] || mounts+=(--map-root-user)
	# Without /dev/null kbuild takes every option of the compiler's for one that it does not have, and objtool wants
	# /proc.
	# shellcheck disable=SC2016 # for the inner shells
	"${mounts[@]}" sh -c \
		'mount --bind /dev/null "$0/dev/null" && mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"' \
		"$build_root" /usr/bin/env -i PATH=/usr/bin:/bin sh -c 'cd "$0" && export PWD && exec "$@"' "$folder" "$@"
}
