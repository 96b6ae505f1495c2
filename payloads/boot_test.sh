#!/bin/bash
# SPDX-License-Identifier: MIT
# Boots the payloads that check for themselves; tests/payloads.sh has the others.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=${B:-$top/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"

limit=120	# seconds for one boot

boot() {	# ARG...: sets status
	status=0
	tee "$work/console" "$work/report" "$work/err" </dev/null
	"$build/tdlab" boot --json --timeout "$limit" --console "$work/console" "$@" \
		>"$work/report" 2>"$work/err" </dev/null || status=$?
}

# What conform checks does not need a VMM's steps, and it may meet none of them.
unmet() {
	[ "$status" -eq 5 ] && [[ $(jq -r .reason "$work/report") == "not exercised"* ]]
}

# The payload's own TAP decides, and it must be complete; unless the TDX module ended the TD for what the VMM had done.
# A VMM that lets every conversion be completed is no reason to skip anything.
checks_itself() {	# NAME ARG...
	local name=$1 complaints=
	shift
	boot "$@"
	[ "$status" -eq 0 ] || { [[ $name == conform* ]] && unmet; } || complaints="exit status $status"
	tr -d '\r' <"$work/console" | grep -E '^(ok|not ok|1\.\.)' >"$work/tap"
	grep -q '^not ok' "$work/tap" && complaints+=" $(grep '^not ok' "$work/tap")"
	[ "$(jq -r .outcome "$work/report")" = stopped ] ||
		[ "$(tail -n 1 "$work/tap")" = "1..$(grep -c '^ok' "$work/tap")" ] || complaints+=" its plan does not match"
	grep -q '^ok' "$work/tap" || complaints+=" no test ran"
	[ "$(jq -r .vmm.expect "$work/report")" != complete ] || ! grep -q '# SKIP' "$work/tap" ||
		complaints+=" $(grep '# SKIP' "$work/tap")"
	result "$name" "$complaints" "$work/report" "$work/err" "$work/console"
}

# The default; an odd size that QEMU has in one piece with its bank; more, some of it above 4 GiB; split, in odd parts.
while read -r vmm mib split cpus; do
	[ "$split" = - ] && more=() || more=(--memory-split "${split}M")
	checks_itself "conform under $vmm, $cpus vCPU, $mib MiB, split at $split" --vmm "$vmm" --cpus "$cpus" \
		--memory "${mib}M" "${more[@]}" --append "memory=$mib low=${split/-/0}" "$build/payloads/conform"
done <<-END
	complete 1024 - 1
	hyperv 1237 - 1
	kvm 3077 - 1
	complete 1024 - 2
	hyperv 1023 513 2
	kvm 3078 1886 2
END
# Every platform, read back by the TD: each word is what tdlab list says.
while read -r platform words; do
	checks_itself "conform on $platform" --platform "$platform" --append "$words" "$build/payloads/conform"
done < <("$build/tdlab" list --json platforms | jq -r '.[] | "\(.name) " +
	([("attributes", "xfam", "config_flags", "td_ctls", "features") as $k | "\($k)=\(.[$k])"] | join(" ")) +
	" topology=0x\(if .topology then 1 else 0 end)"')
checks_itself "conform with DEBUG and RELEASE" --platform attributes=debug+sept-ve-disable,config-flags=page-release \
	--append "attributes=0x10000001 config_flags=0x40" "$build/payloads/conform"

checks_itself "conform with a GPAW of 52" --platform gpaw=52 --cpus 2 --vmm hyperv \
	--append "gpaw=0x34 config_flags=0x5" "$build/payloads/conform"

checks_itself "conform with APIC IDs that are not the vCPUs' numbers" --platform cores=3 --cpus 4 --append cores=3 \
	"$build/payloads/conform"

checks_itself "conform with neither AVX nor PKRU" --platform xfam=3 --append xfam=0x3 "$build/payloads/conform"

checks_itself "conform, 128 MiB" --memory 128M --append memory=128 "$build/payloads/conform"

# The use of a PENDING page, where that is a #VE: accepted and used again, it is none too early.
checks_itself "conform, with a #VE of PENDING pages" --platform tdx-2026 \
	--append "attributes=0x0 config_flags=0x46 td_ctls=0xf pending=1" "$build/payloads/conform"
complaints=
grep -q '^ok .* accepted, it can be used$' "$work/tap" || complaints="it did not"
result "conform tries PENDING pages when it is asked to" "$complaints" "$work/tap"

# 66 MiB under every behaviour that comes with tdlab, more than a step of each; Linux's largest swiotlb under two.
for vmm in "$top"/behaviours/*.vmm error-after:call=2 error-after:call=3,code=GPA_INUSE eagain:stalls=20 \
	busy:times=3 byte-trickle:bytes=1; do
	vmm=${vmm##*/}
	checks_itself "builtin under ${vmm%.vmm}" --vmm "${vmm%.vmm}" --append convert=66 "$build/payloads/builtin"
done
checks_itself "builtin, 2 vCPUs, under hyperv" --vmm hyperv --cpus 2 --append convert=64 "$build/payloads/builtin"
checks_itself "builtin in chunks of 4 MiB under kvm" --vmm kvm --append "convert=64 chunk=1024" \
	"$build/payloads/builtin"
checks_itself "builtin, 1 GiB" --vmm hyperv --memory 1280M "$build/payloads/builtin"
checks_itself "builtin, 1 GiB on 2 vCPUs" --vmm qemu-64m --cpus 2 --memory 1280M "$build/payloads/builtin"
finish
