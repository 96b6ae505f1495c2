#!/bin/bash
# SPDX-License-Identifier: MIT
# libtdconv as others get it: installed, in one pair of files, without a libc, in C++. Every check is seen to fail on
# something that is wrong on purpose.
# shellcheck disable=SC2317 # the checks are called by check and refuse
set -u

cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# check NAME COMMAND...: the command succeeds. refuse NAME COMMAND...: it fails.
check() {
	local name=$1
	shift
	if "$@" >"$work/log" 2>&1; then result "$name" ''; else result "$name" "it fails" "$work/log"; fi
}

refuse() {
	local name=$1
	shift
	check "$name" not "$@"
}

not() {
	! "$@"
}

strict=(-std=c11 -ffreestanding -nostdlib -fno-stack-protector -mgeneral-regs-only -mno-red-zone -Wall -Wextra -Wshadow
	-Wmissing-prototypes -Wstrict-prototypes -Wundef -Wconversion -Werror)
root=$work/root
pair=$root/usr/share/tdconv

# own_symbols OBJECT: it needs nothing but the embedder's functions; the optional walker has two of its own.
own_symbols() {
	local needed
	needed=$(nm -u "$1" | awk '{ print $2 }' | grep -vE '^tdconv_os_[a-z_]+$|^tdconv_walk_(table|page)$')
	[ -z "$needed" ] || { echo "needs: $needed"; return 1; }
}

# pair_builds COMPILER C-FILE: at every level of optimisation, which is when calls of memset() come and go.
pair_builds() {
	local level
	for level in 0 1 2 3 s; do
		"$1" "${strict[@]}" -O"$level" -I"$pair" -c "$2" -o "$work/pair.o" && own_symbols "$work/pair.o" || return 1
	done
}

# pair_passes TEST C-FILE: a unit test of guest/ with the pair instead of the library. The test's headers are the pair's.
pair_passes() {
	gcc -std=gnu11 -O1 -DTDCONV_NO_TDCALL -I"$work/shim" -I"$pair" -I. "guest/$1.c" guest/fake.c "$2" \
		-o "$work/$1" && timeout 60 "$work/$1"
}

# pair_tdcall C-FILE: the assembly in the pair. Functions that are not called need no embedder then.
pair_tdcall() {
	gcc -std=gnu11 -O1 -ffunction-sections -Wl,--gc-sections -I"$pair" -Iguest/include -I. guest/tdcall_test.c "$1" \
		-o "$work/tdcall_test" && timeout 60 "$work/tdcall_test"
}

# stands_alone COMPILER... HEADER: a file that includes nothing else.
stands_alone() {
	"${@:1:$#-1}" -Wall -Wextra -Werror -fsyntax-only -I"$root/usr/include" -include "${!#}" "$work/empty"
}

installed() {
	local file
	make -s install-guest DESTDIR="$root" PREFIX=/usr B="$work/build" || return 1
	for file in include/tdconv.h include/tdconv_os.h include/tdconv_set.h include/tdconv_tdcall.h include/tdconv_walk.h \
		include/tdconv_linux.h lib/libtdconv.a lib/pkgconfig/tdconv.pc share/tdconv/tdconv.c share/tdconv/tdconv.h; do
		[ -s "$root/usr/$file" ] || { echo "no $file"; return 1; }
	done
}

flags() {
	PKG_CONFIG_LIBDIR=$root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root pkg-config "$@"
}

# user COMPILER OUTPUT SOURCE [FLAG...]: a program that uses the installed library.
user() {
	local compiler=$1 output=$2 source=$3
	shift 3
	# shellcheck disable=SC2046 # flags are words
	"$compiler" "$@" -Wall -Wextra -Werror $(flags --cflags tdconv) "$source" $(flags --libs tdconv) -o "$output"
}

cat >"$work/user.c" <<'END'
#include <tdconv_os.h>
#include <tdconv_tdcall.h>
bool tdconv_os_pause(void *os, enum tdconv_wait why, uint64_t run) { return os && why && run; }
enum tdconv_record tdconv_os_record(void *os, uint64_t gpa, uint64_t bytes)
{
	return os && gpa && bytes ? TDCONV_RECORD_NEVER : TDCONV_RECORD_NONE;
}
void tdconv_os_zero(void *os, uint64_t gpa, uint64_t bytes) { (void)os; (void)gpa; (void)bytes; }
int run(struct tdconv *tdc, struct tdconv_result *res);
int run(struct tdconv *tdc, struct tdconv_result *res)
{
	return tdconv_convert(tdc, 0, 0, TDCONV_SHARED, res) == TDCONV_E_ARGUMENT &&
	       tdconv_strstatus(res->status)[0] != '\0' ? 0 : 1;
}
END
{ cat "$work/user.c"; echo 'int main(void) { static struct tdconv tdc; struct tdconv_result res; return run(&tdc, &res); }'
} >"$work/hosted.c"
{ cat "$work/user.c"; echo 'void _start(void); void _start(void) { static struct tdconv tdc; struct tdconv_result res;
	tdconv_init(&tdc, 0); for (;;) run(&tdc, &res); }'
} >"$work/bare.c"
cp "$work/hosted.c" "$work/hosted.cc"
echo 'void *memset(void *, int, unsigned long); void f(char *p); void f(char *p) { memset(p, 0, 4096); }' >"$work/libc.c"
gcc -c "$work/libc.c" -o "$work/libc.o"
mkdir "$work/shim"
for name in os set linux; do
	echo '#include "tdconv.h"' >"$work/shim/tdconv_$name.h"
done

check "make install-guest puts library, headers, pkg-config file and the pair of files under DESTDIR" installed
[ "$failed" -eq 0 ] || finish
check "pkg-config knows its version" test "$(flags --modversion tdconv)" = "$(sed -n \
	's/^#define TDCONV_VERSION[[:space:]]*"\(.*\)"/\1/p' guest/include/tdconv.h)"
for compiler in gcc clang; do
	check "$compiler: a program is built with pkg-config's flags" user "$compiler" "$work/hosted" "$work/hosted.c"
	check "$compiler: and runs" "$work/hosted"
	check "$compiler: a freestanding one links without a libc" user "$compiler" "$work/bare" "$work/bare.c" \
		-ffreestanding -nostdlib -static -fno-stack-protector
done
check "g++: C++11 takes the headers" user g++ "$work/cc" "$work/hosted.cc" -std=c++11 -pedantic
check "g++: C++17, too, which has no register variables" user g++ "$work/cc" "$work/hosted.cc" -std=c++17
check "clang++: and so does clang" user clang++ "$work/cc" "$work/hosted.cc" -std=c++17
check "and it runs" "$work/cc"
touch "$work/empty"
for header in "$root"/usr/include/tdconv*.h; do
	check "$(basename "$header") stands alone in C11" stands_alone gcc -x c -std=c11 -ffreestanding -pedantic "$header"
	check "$(basename "$header") and in C++11" stands_alone g++ -x c++ -std=c++11 "$header"
done
sed 's/#include "tdconv.h"//' "$root/usr/include/tdconv_linux.h" >"$work/alone.h"
refuse "a header that does not is noticed" stands_alone gcc -x c -std=c11 "$work/alone.h"
sed -i 's/extern "C" {/namespace wrong {/' "$root"/usr/include/tdconv*.h
refuse "headers without extern \"C\" are noticed" user g++ "$work/cc" "$work/hosted.cc" -std=c++11
cp guest/include/*.h "$root/usr/include/"

ld -r --whole-archive "$root/usr/lib/libtdconv.a" -o "$work/whole.o"
check "the library needs no symbol but tdconv_os_*" own_symbols "$work/whole.o"
refuse "a call of memset() is noticed" own_symbols "$work/libc.o"
check "nothing of it is writable" test "$(size -A "$work/whole.o" |
	awk '/^\.(data|bss)/ { sum += $2 } END { print sum + 0 }')" -eq 0
for compiler in gcc clang; do
	check "$compiler: the pair builds alone, freestanding, without a warning" pair_builds "$compiler" "$pair/tdconv.c"
	{ cat "$pair/tdconv.c"; echo 'static int unused_here;'; } >"$work/warns.c"
	refuse "$compiler: a warning in it is noticed" pair_builds "$compiler" "$work/warns.c"
done
{ cat "$pair/tdconv.c" "$work/libc.c"; } >"$work/with-libc.c"
refuse "a call of memset() in it is noticed" pair_builds gcc "$work/with-libc.c"
sed 's/if (address >= end)/if (address > end)/' "$pair/tdconv.c" >"$work/broken.c"
for file in guest/*_test.c; do
	grep -qE 'tdconv_(linux|walk|tdcall)\.h|^void tdconv_os_tdcall' "$file" && continue	# not in the pair, or no fake.c
	name=$(basename "$file" .c)
	check "the pair passes $name" pair_passes "$name" "$pair/tdconv.c"
done
check "the pair's assembly passes tdcall_test" pair_tdcall "$pair/tdconv.c"
sed 's/xor %ebx, %ebx/nop/' "$pair/tdconv.c" >"$work/leaks.c"
refuse "which notices a register that is shown" pair_tdcall "$work/leaks.c"
refuse "map_test notices a pair with a wrong bound" pair_passes map_test "$work/broken.c"

# The core: small enough to paste, and nothing of a function's code is other than in the pair.
core=$work/core
same_code=(-std=c11 -ffreestanding -Os -ffunction-sections -fno-stack-protector -fno-inline -fno-ipa-cp -fno-ipa-sra
	-fno-ipa-ra -fno-ipa-icf -fno-ipa-modref -fno-ipa-pure-const -fno-ipa-reference -fno-ipa-vrp -fno-partial-inlining)

core_is_small() {
	gcc "${strict[@]}" -Os -c "$1/tdconv-core.c" -o "$work/core.o" || return 1
	[ "$(wc -l <"$1/tdconv-core.c")" -le 600 ] || { echo "more than 600 lines"; return 1; }
	! expand "$1"/tdconv-core.[ch] | grep -nE '^.{101}' || { echo "more than 100 columns"; return 1; }
	[ "$(size -A "$work/core.o" | awk '/^\.text/ { sum += $2 } END { print sum + 0 }')" -le 5120 ]
}

# core_is_the_same C-FILE: each function of it, instructions and what they refer to.
core_is_the_same() {
	local functions name
	gcc "${same_code[@]}" -I"$core" -c "$1" -o "$work/core.o" &&
		gcc "${same_code[@]}" -DTDCONV_NO_TDCALL -c "$pair/tdconv.c" -o "$work/pair.o" || return 1
	functions=$(objdump -h "$work/core.o" | awk '$2 ~ /^\.text\./ { print $2 }')
	[ "$(wc -l <<<"$functions")" -ge 20 ] || { echo "too few functions: $functions"; return 1; }
	for name in $functions; do
		for file in core pair; do
			objdump -dr --section="$name" "$work/$file.o" |
				sed -e 1,3d -e '/^ /s/ <.*//' >"$work/$file.text"	# a target's name is a guess
		done
		if ! [ -s "$work/core.text" ] || ! cmp "$work/core.text" "$work/pair.text"; then
			echo "$name"
			return 1
		fi
	done
}

# sample NAME: that block of docs/embed.md, behind declarations of what it takes from its surroundings.
sample() {
	echo '#include "tdconv-core.h"'
	awk -v name="$1" '$0 == "```c defaults" || $0 == "```c " name { on = 1; next } /^```/ { on = 0 } on' docs/embed.md |
		if [ "$1" = paravisor ]; then sed '/^#define BUDGET/,/^};/d'; else cat; fi
}

sample_builds() {
	{ sample_surroundings "$1"; sample "$1"; } >"$work/sample.c"
	grep -q tdconv_convert "$work/sample.c" &&
		gcc -std=gnu11 -ffreestanding -Wall -Wextra -Wno-unused-parameter -Werror -Wno-unused-function -I"$core" \
			-c "$work/sample.c" -o "$work/sample.o"
}

sample_surroundings() {
	case $1 in
	linux) cat <<-'END'
		#include <stdint.h>
		#include <stddef.h>
		typedef unsigned long long u64;
		struct tdx_module_args { u64 rcx, rdx, r8, r9, r10, r11, r12, r13, r14, r15, rbx, rdi, rsi; };
		u64 __tdcall_saved_ret(u64 leaf, struct tdx_module_args *args);
		u64 cc_mkdec(u64 value);
		void udelay(unsigned long us);
		void *memset(void *to, int byte, size_t bytes);
		int printk(const char *format, ...);
		#define pr_warn_ratelimited(...) printk(__VA_ARGS__)
		#define __pa(v) ((u64)(v))
		#define __va(p) ((void *)(unsigned long)(p))
		#define PAGE_SIZE 4096ul
		END
		;;
	edk2) cat <<-'END'
		#include <stdint.h>
		typedef uint64_t UINT64, EFI_PHYSICAL_ADDRESS, EFI_STATUS;
		typedef enum { SetSharedBit, ClearSharedBit } TDX_PAGETABLE_MODE;
		#define EFI_SUCCESS 0
		#define EFI_DEVICE_ERROR 7
		UINT64 TdSharedPageMask (void);
		void CpuFlushTlb (void);
		END
		;;
	paravisor) cat <<-'END'
		#include "tdconv-core.h"
		struct vp { struct tdconv tdc; bool host_shares_nothing; };
		uint64_t modify_visibility(struct vp *vp, uint64_t gpa, uint64_t count, bool shared, uint64_t *lost);
		END
		;;
	esac
}

# The defaults that docs/embed.md gives are those of tdconv_init().
sample_defaults() {
	{
		sed 's/#include "tdconv-core.h"/#include "tdconv.h"/' <(sample defaults)
		cat <<-'END'
		#include <string.h>
		#include "guest/fake.h"
		int main(void)
		{
			struct tdconv *tdc = fake_start();
			const struct tdconv_policy *a = &tdc->policy, *b = &tdconv_defaults.policy;

			tdconv_init(tdc, tdc->os);
			return memcmp(&a->work, &b->work, sizeof(a->work)) || memcmp(&a->undo, &b->undo, sizeof(a->undo)) ||
			       a->chunk != b->chunk || a->lenient_s != b->lenient_s || a->no_release != b->no_release ||
			       a->already != b->already || a->already_boot != b->already_boot ||
			       tdc->small_units != tdconv_defaults.small_units || tdc->backoff != tdconv_defaults.backoff;
		}
		END
	} >"$work/defaults.c"
	[ -z "${1-}" ] || sed -i "$1" "$work/defaults.c"
	gcc -std=gnu11 -O1 -DTDCONV_NO_TDCALL -I"$work/shim" -I"$pair" -I. "$work/defaults.c" guest/fake.c "$pair/tdconv.c" \
		-o "$work/defaults" && "$work/defaults"
}

check "amalgamate --core" guest/amalgamate --core "$core"
check "the core: at most 600 lines of 100 columns and 5 KiB of text" core_is_small "$core"
mkdir -p "$work/large"
cp "$core/tdconv-core.h" "$work/large"
{ cat "$core/tdconv-core.c"; seq -f '/* %g */' 600; } >"$work/large/tdconv-core.c"
refuse "a longer one is noticed" core_is_small "$work/large"
check "it needs no symbol but tdconv_os_*" own_symbols "$work/core.o"
check "the object code of each function is that of the pair" core_is_the_same "$core/tdconv-core.c"
sed 's/if (address >= end)/if (address > end)/' "$core/tdconv-core.c" >"$work/other-core.c"
refuse "which notices one that is not" core_is_the_same "$work/other-core.c"
for name in linux edk2 paravisor; do
	check "docs/embed.md: the sample for $name compiles" sample_builds "$name"
done
check "docs/embed.md: the defaults are those of tdconv_init()" sample_defaults
refuse "others are noticed" sample_defaults 's/stalls = 1024/stalls = 3/'

size -t "$root/usr/lib/libtdconv.a" | sed 's/^/# /'
finish
