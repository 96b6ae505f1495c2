# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by fetch-kernel, fetch-firmware and fetch-qemu10: an apt with a state of its own, so that nothing of the
# system changes and no root is needed. The mirror, proxies and credentials are those that the system's apt is
# configured with; a package is trusted through Debian's archive keyring alone.
#
#   private_apt_open DIR SUITE...   makes the state under DIR and loads the lists of the first suite that is to be had;
#                                   sets apt_suite
#   private_apt_add SUITE           loads the lists of one more suite of the same mirror; private_apt_try may fail
#   private_apt_get ARGS...         apt-get on that state;  private_apt_cache ARGS... likewise
#
# DEBIAN_MIRROR=URI overrides the mirror, for a system whose own apt knows no Debian one.

apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
apt_suite=

die() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	exit 3
}

private_apt_get() {
	APT_CONFIG=$apt_dir/apt.conf apt-get -q "$@"
}

private_apt_cache() {
	APT_CONFIG=$apt_dir/apt.conf apt-cache "$@"
}

# The base URIs from which the system's apt gets Debian, best first. apt itself reads its sources (both formats,
# mirror lists, options): --print-uris asks nothing of the network.
debian_mirrors() {
	local lists
	if [ -n "${DEBIAN_MIRROR:-}" ]; then
		printf '%s\n' "${DEBIAN_MIRROR%/}"
		return
	fi
	lists=$apt_dir/no-lists
	mkdir -p "$lists/partial"
	# A base that carries a release and its -updates is an archive; one that carries only the release may be anybody's.
	apt-get -o Dir::State::lists="$lists" --print-uris update 2>/dev/null |
		sed -nE "s,^'([^']*)/dists/([^/']*)/InRelease'.*,\1 \2,p" |
		awk '$2 ~ /-security$/ { next }
		     $2 ~ /-updates$/ { archive[$1] = 1 }
		     !seen[$1]++ { order[++n] = $1 }
		     END { for (i = 1; i <= n; i++) if (order[i] in archive) print order[i]
			   for (i = 1; i <= n; i++) if (!(order[i] in archive)) print order[i] }'
}

private_apt_open() {
	local mirror mirrors suite
	apt_dir=$1
	shift
	command -v apt-get >/dev/null || die "needs apt-get: install Debian's apt, or give tdlab a kernel of your own"
	[ -r "$apt_keyring" ] || die "no $apt_keyring: install the package debian-archive-keyring"
	mkdir -p "$apt_dir/lists/partial" "$apt_dir/archives/partial" "$apt_dir/empty"
	# As root apt would download as user _apt, who may not reach a checkout in a private folder.
	cat >"$apt_dir/apt.conf" <<-EOF
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; };
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
		Acquire::Languages "none";
		Acquire::Retries "2";
		Dir::State "$apt_dir";
		Dir::State::lists "$apt_dir/lists";
		Dir::State::status "${apt_status:-$apt_dir/status}";
		Dir::Cache "$apt_dir";
		Dir::Cache::archives "$apt_dir/archives";
		Dir::Etc::sourcelist "$apt_dir/sources.list";
		Dir::Etc::sourceparts "$apt_dir/empty";
		Dir::Etc::preferences "$apt_dir/preferences";
		Dir::Etc::preferencesparts "$apt_dir/empty";
	EOF
	: >"$apt_dir/status"
	: >"$apt_dir/preferences"
	mapfile -t mirrors < <(debian_mirrors)
	[ ${#mirrors[@]} -gt 0 ] || die "apt's sources name no Debian archive: set DEBIAN_MIRROR to the URI of one"
	for suite; do
		for mirror in "${mirrors[@]}"; do
			printf 'deb [signed-by=%s] %s %s main\n' "$apt_keyring" "$mirror" "$suite" >"$apt_dir/sources.list"
			if private_apt_get update >"$apt_dir/update.log" 2>&1; then
				# shellcheck disable=SC2034 # read by those who source this
				apt_suite=$suite
				return
			fi
		done
	done
	die "cannot load the package lists of $* (offline?): $(sed -n '/^E: /{p;q;}' "$apt_dir/update.log")"
}

# Like private_apt_add, but a suite that is not to be had is left out, and the status is 1.
private_apt_try() {
	local line
	line=$(sed -n "1s, $apt_suite , $1 ,p" "$apt_dir/sources.list")
	echo "$line" >>"$apt_dir/sources.list"
	private_apt_get update >"$apt_dir/update.log" 2>&1 && return
	sed -i '$d' "$apt_dir/sources.list"
	private_apt_get update >/dev/null 2>&1 || true
	return 1
}

# The suite that a package would come from.
private_apt_suite() {
	private_apt_cache policy "$1" | sed -nE '/^ \*\*\*|^     [^ ]/{n;s,^ *[0-9-]+ [^ ]+ ([^/ ]+)/.*,\1,p;q;}'
}

private_apt_add() {
	private_apt_try "$1" ||
		die "cannot load the package lists of $1: $(sed -n '/^E: /{p;q;}' "$apt_dir/update.log")"
}
