#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # text that is meant as it stands
# Each check of scripts/lint fails on the one thing that it is there for, and passes without it.

setup() {
	lint=$BATS_TEST_DIRNAME/../scripts/lint
	cd "$BATS_TEST_TMPDIR" || return
	export GIT_CONFIG_GLOBAL=/dev/null
	git init -q .
	mkdir guest td
}

# file NAME LINE...: a file of the tree, with the licence line first.
file() {
	local name=$1
	shift
	printf '%s\n' "${first-/* SPDX-License-Identifier: MIT */}" "$@" >"$name"
	git add "$name"
}

# caught CHECK TEXT: CHECK fails and says TEXT.
caught() {
	run "$lint" "$1"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"not ok 1 - $1"* && $output == *"$2"* ]]
}

passes() {
	run "$lint" "$1"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "a header that needs another one first" {
	file td/a.h '#include <stdint.h>' 'uint32_t a(void);'
	passes headers
	file td/a.h 'uint32_t a(void);'
	caught headers uint32_t
}

@test "guest/ that includes td/, td/ that includes guest/" {
	file guest/a.c '#include "guest/b.h"' '#include "abi/tdx.h"'
	file td/a.c '#include "td/td.h"'
	passes separation
	file guest/a.c '#include "td/td.h"'
	caught separation guest/a.c:2
	file guest/a.c '#include "../td/td.h"'
	caught separation guest/a.c:2
	file guest/a.c ''
	file td/a.c '#include "guest/include/tdconv.h"'
	caught separation td/a.c:2
	file td/a.c '#include <tdconv.h>'
	caught separation td/a.c:2
}

@test "an include that goes past the table" {
	file td/a.c '#include "td/td.h"'
	passes arrows
	file td/a.c '#include "../cli/json.h"'
	caught arrows td/a.c:2
}

@test "an include that points up" {
	mkdir -p wire monitor/svm monitor/qemu
	file wire/a.h '#include "image/elf.h"' '#include "td/td.h"'
	file monitor/a.c '#include "monitor/qemu/pci.h"' '#include "wire/a.h"'
	file monitor/svm/a_test.c '#include "cli/json.h"'
	passes arrows
	file td/a.c '#include <stdint.h>' '#include "wire/machine.h"'
	caught arrows "td/a.c:3: wire/machine.h"
	file td/a.c ''
	file monitor/qemu/a.c '#include "monitor/load/load.h"'
	caught arrows "monitor/qemu/a.c:2: monitor/load/load.h"
	file monitor/qemu/a.c '#include "monitor/state.h"'
	passes arrows
	file monitor/a.c '#include "monitor/svm/vmcb.h"'
	caught arrows "monitor/a.c:2: monitor/svm/vmcb.h"
}

@test "objects that need each other in a circle" {
	chain() {
		local at=build/lint/gcc/mon/monitor i
		mkdir -p "$at" build/lint/gcc/host/{wire,image} build/lint/gcc/cli
		for i in 1 2 3 4; do
			echo "void f$i(void); void f$((i + 1))(void); void f$i(void) { f$((i + 1))(); }" | gcc -x c -c -o "$at/$i.o" -
		done
		echo "void f5(void); $1" | gcc -x c -c -o "$at/5.o" -
		cp "$at/5.o" build/lint/gcc/cli
	}
	chain 'void f5(void) { }'
	passes circles
	chain 'void f2(void); void f5(void) { f2(); }'
	caught circles '4 of 5 objects are a circle'
	[[ $output == *"/2.o: f3 (3)"* && $output != *"/1.o:"* ]]
}

@test "libc in td/" {
	file td/a.c '#include <stdint.h>'
	passes freestanding
	file td/a.c '#include <stdlib.h>'
	caught freestanding td/a.c:2
}

@test "a global variable in td/" {
	file td/a.c 'int counter;'
	mkdir -p build/lint/gcc/td
	gcc -c -o build/lint/gcc/td/a.o td/a.c
	caught freestanding counter
}

@test "what cppcheck sees" {
	file td/a.c 'int a(void) { int x[2] = { 0 }; return x[2]; }'
	caught cppcheck 'out of bounds'
}

@test "what shellcheck sees" {
	first='#!/bin/sh' file a 'rm $1'
	caught shellcheck SC2086
}

@test "a man page that is not one" {
	caught man 'no man page'
	mkdir -p build/lint/gcc/man
	echo '.XX' >build/lint/gcc/man/a.1
	caught man 'unknown macro'
}

@test "a long line, a long file" {
	file td/a.c "$(printf '%0120d' 0)"
	passes length
	file td/a.c "$(printf '%0121d' 0)"
	caught length td/a.c:2
	file td/a.c "$(yes '' | head -n 501; echo .)"
	passes length
	[[ $output == *"# td/a.c: more than 500 lines"* ]]
}

@test "a commit's subject of more than 72 columns" {
	commit() {
		git -c user.name=a -c user.email=a@b commit -q --allow-empty -m "$1"
	}
	passes subject
	commit "$(printf '%072d' 0)"
	passes subject
	commit "$(printf '%073d' 0)"
	caught subject 'a subject of 73 columns'
}

@test "a file without a licence line" {
	first='int a;' file td/a.c
	caught spdx td/a.c
	first='int a;' file td/a.c 'int b;' '/* SPDX-License-Identifier: MIT */'
	caught spdx td/a.c
	first='int a;' file td/a.c '/* SPDX-License-Identifier: MIT */'
	passes spdx
}

@test "a function that only its own file uses" {
	mkdir -p build/lint/gcc/td
	file td/a.c 'int nobody(void) { return 0; }' 'int other(void) { return nobody(); }'
	gcc -c -o build/lint/gcc/td/a.o td/a.c
	file td/b.c 'int other(void);' 'int main(void) { return other(); }'
	caught exports 'td/a.c: nobody is used nowhere else'
	[[ $output != *other* ]]
	file td/c.c 'int nobody(void);' 'int more(void) { return nobody(); }'
	passes exports
}

@test "a file that does not say what it is" {
	file td/a.c '#include "td/a.h"'
	caught sentence td/a.c
	file td/a.h '/* It is told here. */'
	passes sentence
}

@test "a script that nobody can run" {
	first='#!/bin/sh' file td/a
	caught executable td/a
	git update-index --chmod=+x td/a
	passes executable
}

@test "a mark of unfinished work" {
	file td/a.c "/* TO""DO: later */"
	caught leftovers td/a.c:2
}

@test "a warning of either compiler" {
	mkdir -p bin
	printf 'all unit-tests:\n\t$(CC) -Wall -Werror -c -o /dev/null td/a.c\n' >Makefile
	file td/a.c 'int a(void) { return 0; }'
	passes gcc
	passes clang
	file td/a.c 'int a(void) { int b; return 0; }'
	caught gcc 'unused variable'
	caught clang 'unused variable'
}

@test "an unknown check is a usage error" {
	run "$lint" nosuch
	[ "$status" -eq 2 ]
}

@test "what distributions build with: a result that must be used" {
	printf 'all unit-tests:\n\t$(CC) $(CPPFLAGS) $(CFLAGS) -O2 -Wall -Werror -c -o /dev/null td/a.c\n' >Makefile
	file td/a.c '#include <sys/random.h>' 'long a(char *to) { return getrandom(to, 1, 0); }'
	passes gcc
	file td/a.c '#include <sys/random.h>' 'void a(char *to) { getrandom(to, 1, 0); }'
	passes clang
	caught gcc warn_unused_result
}

@test "a monitor that was built with them and does not boot" {
	mkdir -p build/lint/gcc
	printf '#!/bin/sh\nexit 0\n' >build/lint/gcc/tdlab
	chmod +x build/lint/gcc/tdlab
	passes hardened
	printf '#!/bin/sh\necho dead; exit 4\n' >build/lint/gcc/tdlab
	caught hardened dead
}

@test "a compiler that is not at hand: skipped, with the reason" {
	printf 'all unit-tests:\n\t$(CC) -c -o /dev/null td/a.c\n' >Makefile
	file td/a.c 'int a;'
	PATH=/usr/bin:/bin run "$lint" gcc_14
	[ "$status" -eq 0 ]
	command -v gcc-14 || [[ $output == *'ok 1 - gcc_14 # SKIP no gcc-14 in PATH'* ]]
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/gcc-14
	chmod +x bin/gcc-14
	PATH=$PWD/bin:$PATH run "$lint" gcc_14
	[ "$status" -eq 1 ]
}

# row ID REPOSITORY: a line of the table.
row() {
	mkdir -p docs
	printf '%s %s 0123456789ab a.c f(\n' "$@" >>docs/sources
	git add docs/sources
}

@test "a citation without a row, a row that nobody names, a citation past the table" {
	row linux:f torvalds/linux
	file td/a.c '/* As [linux:f] does; [[:space:]], a[3], x[i:j] are something else. */'
	caught sources '[i:j] has no row'
	file td/a.c '/* As [linux:f] does; [[:space:]], a[3], 0x0123456789ab are something else. */'
	passes sources
	file td/a.c '/* As [linux:f] and [linux:g] do. */'
	caught sources '[linux:g] has no row'
	file td/a.c '/* As somebody does. */'
	caught sources 'nobody names [linux:f]'
	file td/a.c '/* [linux:f] */' '/* linux arch/x86/coco/tdx/tdx.c, f() */'
	caught sources td/a.c:3
	file td/a.c '/* [linux:f] */' '/* since 0123456789ab */'
	caught sources td/a.c:3
	file td/a.c '/* [linux:f] */' '/* as Linux does (arch/x86/coco/tdx/tdx.c, f) */'
	caught sources td/a.c:3
	file td/a.c '/* [linux:f] */' '/* EDK2 OvmfPkg/Library/SomeLib says so */'
	caught sources td/a.c:3
	file td/a.c '/* [linux:f] */' '/* give it arch/x86/boot/bzImage; monitor/load/linux.c, build/kernel/vmlinuz */'
	passes sources
	file td/a.c '/* [linux:f] */' '/* torvalds/linux at v7.2 */'
	caught sources td/a.c:3
	file td/a.c '/* [linux:f] */'
	row linux:f torvalds/linux
	caught sources 'linux:f: two rows'
}

@test "a behaviour that is said to be KVM's and is not; one without a basis" {
	mkdir behaviours
	first='# SPDX-License-Identifier: MIT' file behaviours/a.vmm '[behaviour]' 'basis = thread' 'who = A VMM like' \
		$'\tQEMU on KVM' 'aug = 4k' 'implicit = convert'
	passes behaviours
	sed -i 's/convert/ve/' behaviours/a.vmm
	caught behaviours 'implicit = ve, and who names a VMM with implicit = convert'
	sed -i 's/QEMU on //; s/4k/2m/' behaviours/a.vmm
	caught behaviours 'aug = 2m'
	sed -i 's/2m/4k/' behaviours/a.vmm
	passes behaviours
	echo 'class = permitted' >>behaviours/a.vmm
	caught behaviours 'implicit = ve, and who names a VMM with implicit = convert'
	sed -i '1a # implicit: user space says' behaviours/a.vmm
	passes behaviours
	echo 'claim = start-1' >>behaviours/a.vmm
	caught behaviours 'claim = start-1, and who names a VMM with claim = '
	sed -i 's/permitted/hostile/' behaviours/a.vmm
	passes behaviours
	sed -i 's/A VMM like/Hyper-V/; s/KVM/and others/' behaviours/a.vmm
	passes behaviours
	sed -i /basis/d behaviours/a.vmm
	caught behaviours 'no basis'
}

@test "a figure that does not say how it was measured" {
	mkdir docs
	first='# A page' file docs/a.md '' 'A boot takes 1.30 times as long.' '' '    make bench'
	caught figures 'docs/a.md:3: measured how?'
	first='# A page' file docs/a.md '' '- it takes 9 s (`make bench`)' '- it runs 2600 sequences' '  a second'
	caught figures docs/a.md:4
	first='# A page' file docs/a.md '' 'Scores:' '' '| a | 598 of 621 |'
	caught figures docs/a.md:3
	first='# A page' file docs/a.md '' 'Seen in 200 s by hand, 2026-11.'
	caught figures docs/a.md:3
	first='# A page' file docs/a.md '' 'Of `tests/x.bats`:' '' '| a | 598 of 621 |' '' \
		'200 s (by hand, 2026-11, QEMU 7.2); 64 MiB at 2 MiB a call, three times a day.' '' '```' 'in 9 s' '```' '' \
		'It comes every 0.4 s ([edk2:pull-2916]).'
	passes figures
}

@test "a negative claim that does not say what was searched" {
	mkdir docs behaviours
	first='# SPDX-License-Identifier: MIT' file behaviours/a.vmm '# What ends a call is not' '# public.' '[behaviour]'
	caught claims 'behaviours/a.vmm: what was searched'
	first='# SPDX-License-Identifier: MIT' file behaviours/a.vmm '# What ends a call is not' \
		'# public (searched 2026-11: the threads).' '[behaviour]'
	passes claims
	first='# A page' file docs/a.md 'No VMM is known to do it.' '' 'Searched 2026-11: everything, for something else.'
	caught claims 'docs/a.md'
	first='# A page' file docs/a.md 'We know of no measurement.'
	caught claims 'docs/a.md'
	first='# A page' file docs/a.md 'No VMM is known to do it: searched 2026-11, QEMU.' '' 'Nobody but the VMM knows.'
	passes claims
	file td/a.c '/*' ' * How long it waits is not' ' * public.' ' */'
	caught claims 'td/a.c: what was searched'
	file td/a.c '/*' ' * There is no such answer: searched 2026-11, GHCI. How long it waits is not' ' * public.' ' */'
	passes claims
}
