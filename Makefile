# SPDX-License-Identifier: MIT
# One fragment per component: <component>/build.mk. Everything that is built goes under $(B).
B := build
ifeq ($(origin CC),default)
CC := gcc
endif
OBJCOPY := objcopy
KERNEL := build/kernel
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory $(if $(V),,--silent)

# CPPFLAGS, CFLAGS and LDFLAGS are the user's, from the environment or the command line. They stand behind our own, so
# that they are stronger. SANITIZE is how make sanitize builds the unit tests once more, DEFINES how a test builds a
# monitor that is wrong on purpose.
SANITIZE :=
DEFINES :=
BASE_CFLAGS := -std=gnu11 -O2 -g $(SANITIZE)
ALL_CPPFLAGS := -I. $(DEFINES) $(CPPFLAGS)
ALL_CFLAGS := $(BASE_CFLAGS) $(CFLAGS)

# Another compiler knows other warnings: they are errors for lint and CI only.
WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wundef $(if $(WERROR),-Werror)
STRICT := $(WARN) -Wconversion

# What runs without a libc has nobody behind __stack_chk_fail() and no canary at %fs:40, and is linked by programs that
# know no LTO. It stands behind the user's flags. _FORTIFY_SOURCE changes nothing there, since it is libc's headers that
# read it; -fstack-clash-protection needs nobody and stays.
FREESTANDING := -ffreestanding -fno-stack-protector -fno-builtin -fno-lto

# A bare machine besides: where nobody has turned on control-flow enforcement, unwinds, relocates or serves a sanitizer.
BARE := -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only -fcf-protection=none -fno-asynchronous-unwind-tables \
	-fno-exceptions -fno-sanitize=all

# Fragments add to these.
ALL :=		# what plain make builds
TESTS :=	# executables ($(B)/...) and scripts that print TAP, run by make check

include $(sort $(wildcard */build.mk))
include scripts/install.mk

UNIT_TESTS = $(filter $(B)/%,$(TESTS))

# What needs packages and is none of README's two commands says which are missing.
NEEDS := scripts/install-packages --look

## make            build tdlab, the monitor, the payloads and the initrd
all: $(ALL)

## make deps       install what is missing of Debian's packages, and say what: SETS='boot firmware check prove', or
##                 some of them (scripts/packages). make boot and make check do it themselves
SETS := boot firmware check prove
deps:
	scripts/install-packages $(SETS)

## make boot       install what is missing, build, fetch Debian's 6.12 kernel, boot it as a TD and report
boot:
	scripts/install-packages boot
	$(MAKE) all
	scripts/fetch-kernel 6.12 $(KERNEL)
	$(B)/tdlab boot --vmm hyperv --modules $(KERNEL)/modules $(KERNEL)/vmlinuz

## make boot-firmware  the same from its firmware on: Debian sid's TDVF accepts the memory and starts the kernel
boot-firmware:
	$(NEEDS) boot firmware
	$(MAKE) all
	scripts/fetch-kernel 6.12 $(KERNEL)
	scripts/fetch-firmware build/firmware
	$(B)/tdlab boot --vmm hyperv --firmware build/firmware/OVMF.inteltdx.nokeys.fd --modules $(KERNEL)/modules \
		$(KERNEL)/vmlinuz

## make check      install what is missing and run every test: lint, unit tests plain and under sanitizers, command
##                 line, payload TDs, boots of Debian's kernel. Keeps each test's output in build/tap/.
check:
	scripts/install-packages boot firmware check
	$(MAKE) prepare-check
	$(MAKE) all unit-tests sanitized-tests
	@# They need the headers of exactly these kernels, which a mirror may have dropped: the tests say so then.
	-$(MAKE) fetched-modules
	$(MAKE) B=$(B)/alias DEFINES=-DTDLAB_ALIAS_BANKS all
	scripts/run-tests $(filter tests/boot-%,$(TESTS)) scripts/lint $(filter-out tests/boot-%,$(TESTS)) \
		$(patsubst $(B)/%,$(B)/sanitize/%,$(UNIT_TESTS))

# Of the kernels that are there by now: a recipe is expanded as a whole, before its first line fetches any.
fetched-modules: $(patsubst %/VERSION,%/tdconv_demo.ko,$(wildcard $(KERNEL)/VERSION $(KERNEL)-newest/VERSION))

## make t=td/mapgpa  builds and runs one unit test: td/mapgpa_test
ifdef t
.DEFAULT_GOAL := one
one: $(B)/$(t)_test
	$<
.PHONY: one
endif

## make unit       the unit tests alone: seconds
unit:
	$(NEEDS) boot check
	$(MAKE) unit-tests
	scripts/run-tests $(UNIT_TESTS)

## make lint       gcc and clang without a warning, cppcheck, shellcheck, man pages, and the rules of the tree
lint:
	$(NEEDS) boot check
	scripts/run-tests scripts/lint

## make sanitize   the unit tests under clang's address and undefined-behaviour sanitizers
sanitize:
	$(NEEDS) boot check
	$(MAKE) sanitized-tests
	scripts/run-tests $(patsubst $(B)/%,$(B)/sanitize/%,$(UNIT_TESTS))

## make soak N=20  N boots in a row over the behaviours and 1-2 vCPUs, and five with firmware from a signed disk,
##                 each as expected, none tried twice
N := 20
soak: prepare-check
	$(MAKE) all
	scripts/soak $(N)

## make sources SRC=DIR  holds docs/sources against clones in DIR: path and symbol at that commit, and now
sources:
	@[ -n "$(SRC)" ] || { echo "make sources SRC=DIR: DIR holds clones of what docs/sources names" >&2; exit 2; }
	scripts/sources $(SRC)

## make firmware-matrix  TDVF under every behaviour, at several sizes of step, from a signed disk and by fw_cfg: the
##                 verdicts are compared with tests/expect-boots; twenty minutes
firmware-matrix: prepare-check
	$(MAKE) all
	scripts/firmware-matrix

## make module-matrix  the module of examples/linux in Debian's 6.12 and newest kernel, on 1 and on 4 vCPUs: 100
##                 conversions each way under every behaviour, done or contained. make check has one of the four
MODULE_ROW = MODULE_KERNEL=$(CURDIR)/$(1) MODULE_CPUS=$(2) bats -f "under every behaviour" tests/boot-examples.bats
module-matrix: prepare-check
	$(MAKE) all
	$(MAKE) fetched-modules
	$(call MODULE_ROW,$(KERNEL),1)
	$(call MODULE_ROW,$(KERNEL),4)
	$(call MODULE_ROW,$(KERNEL)-newest,1)
	$(call MODULE_ROW,$(KERNEL)-newest,4)

## make bench      how much slower a TD boots than the same kernel in plain QEMU (paired, median of 5), what the library
##                 costs, and how fast answers are explored in process
bench: prepare-check
	$(MAKE) all
	scripts/bench
	$(MAKE) bench-guest bench-sim

## make clean      remove what was built; what was fetched stays.   make distclean   remove build/
clean:
	rm -rf $(filter-out $(B)/kernel% $(B)/qemu10 $(B)/firmware,$(wildcard $(B)/*))
distclean:
	rm -rf $(B)

## V=1             with any of these: show each command.   WERROR=1  a warning is an error.   CFLAGS, CPPFLAGS, LDFLAGS
##                 are yours; where no libc is, stack protector, LTO and, on bare metal, CET are left out of them
help:
	@sed -n 's/^## //p' Makefile */*.mk

prepare-check:
	$(NEEDS) boot firmware check
	scripts/fetch-kernel 6.12 $(KERNEL)
	scripts/fetch-kernel 6.1 $(KERNEL)-6.1
	scripts/fetch-kernel newest $(KERNEL)-newest || test $$? -eq 3
	scripts/fetch-qemu10 build/qemu10
	@# Debian sid is nobody's promise: without its firmware the tests of it are skipped, with the reason.
	scripts/fetch-firmware build/firmware || test $$? -eq 3

unit-tests: $(UNIT_TESTS)

sanitized-tests:
	$(MAKE) B=$(B)/sanitize CC=clang SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all' unit-tests

.PHONY: all deps boot boot-firmware check unit lint sanitize soak sources firmware-matrix bench clean distclean help
.PHONY: module-matrix
.PHONY: prepare-check fetched-modules
.PHONY: unit-tests sanitized-tests
# A header that has moved: what was made of it is made again.
%.h: ;
# What was fetched is not ours: a kernel's build-root has folders called like that.
-include $(shell find $(B) -path '$(B)/kernel*' -prune -o -type f -name '*.d' -print 2>/dev/null)
