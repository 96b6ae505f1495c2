# SPDX-License-Identifier: MIT
# The monitor: one freestanding image with td in it, for QEMU's multiboot loader, which takes 32-bit ELF only.
MON_SRC := $(filter-out %_test.c %/fuzz.c image/fuzz_% td/fake%.c,\
	$(wildcard monitor/*.c monitor/*/*.c wire/*.c image/*.c td/*.c))
MON_OBJ := $(MON_SRC:%.c=$(B)/mon/%.o) $(patsubst %.S,$(B)/mon/%.o,$(wildcard monitor/*.S monitor/*/*.S))

# General registers only: floating point and vector registers always hold the guest's. No red zone: NMIs come in.
MON_FLAGS := $(FREESTANDING) $(BARE) -fno-strict-aliasing

ALL += $(B)/monitor.elf

$(B)/mon/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(WARN) $(MON_FLAGS) $(MON_EXTRA) -MMD -c $< -o $@

$(B)/mon/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -g -c $< -o $@

# gcc would make memcpy() a call of memcpy(); clang does not when freestanding.
ifeq ($(findstring clang,$(CC)),)
$(B)/mon/monitor/lib.o: MON_EXTRA := -fno-tree-loop-distribute-patterns
endif

$(B)/monitor.elf64: $(MON_OBJ) monitor/link.ld
	$(LD) -nostdlib -static -z max-page-size=4096 -T monitor/link.ld $(MON_OBJ) -o $@

$(B)/monitor.elf: $(B)/monitor.elf64
	$(OBJCOPY) -O elf32-i386 $< $@

MON_BELOW := $(filter-out %_test.c image/fuzz_%,$(wildcard image/*.c wire/*.c))

# What is pure is tested on the host. npt_test and its like include the code under test itself.
MON_TESTS := $(patsubst %.c,$(B)/%,$(wildcard monitor/*_test.c monitor/*/*_test.c))
TESTS += $(MON_TESTS)

$(B)/host/monitor/%.o: monitor/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(WARN) -ffunction-sections -fdata-sections -MMD -c $< -o $@

MON_HOST = $(patsubst %,$(B)/host/monitor/%.o,$(1))
$(B)/monitor/bank_test: $(call MON_HOST,bank)
$(B)/monitor/insn_test: $(call MON_HOST,insn)
$(B)/monitor/insn_test: MON_LIBS := -lZydis
$(B)/monitor/engine_test: $(call MON_HOST,bank) $(B)/libtd.a
$(B)/monitor/template_test: $(call MON_HOST,images) $(B)/libtd.a
$(B)/monitor/template_test $(B)/monitor/engine_test: MON_LIBS := $(B)/libtd.a
$(B)/monitor/load/load_test: $(call MON_HOST,load/load load/linux load/payload qemu/memory_map)
$(B)/monitor/persona/cpuid_test: $(call MON_HOST,persona/cpuid)
$(B)/monitor/persona/cr_test: $(call MON_HOST,persona/cr)
$(B)/monitor/persona/ioapic_test: $(call MON_HOST,persona/ioapic)
$(B)/monitor/persona/lapic_test: $(call MON_HOST,persona/lapic persona/msr persona/mce persona/mtrr persona/cpuid)
$(B)/monitor/qemu/acpi_test: $(call MON_HOST,qemu/acpi)
$(B)/monitor/qemu/fwcfg_guest_test: $(call MON_HOST,qemu/fwcfg_guest qemu/memory_map)
$(B)/monitor/qemu/memory_map_test: $(call MON_HOST,qemu/memory_map)
$(B)/monitor/qemu/virtio_test: $(call MON_HOST,qemu/virtio)
$(B)/monitor/svm/msr_map_test: $(call MON_HOST,svm/msr_map persona/msr)

$(MON_TESTS): $(B)/monitor/%_test: $(B)/host/monitor/%_test.o $(MON_BELOW:%.c=$(B)/host/%.o)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--gc-sections $(filter %.o,$^) -o $@ $(MON_LIBS)

# libFuzzer on loaded kernels, firmware tables and instructions.
MON_FUZZ := $(MON_BELOW) $(patsubst %,monitor/%.c,\
	qemu/acpi load/load load/linux load/payload qemu/memory_map insn persona/cr fuzz)

$(B)/monitor/fuzz: $(MON_FUZZ) $(wildcard monitor/*.h monitor/*/*.h)
	@mkdir -p $(@D)
	clang $(ALL_CPPFLAGS) -std=gnu11 -O1 -g $(WARN) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		$(filter %.c,$^) -o $@
