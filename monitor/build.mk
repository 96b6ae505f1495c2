# SPDX-License-Identifier: MIT
# The monitor: one freestanding image with td in it, for QEMU's multiboot loader, which takes 32-bit ELF only.
MON_SRC := $(filter-out %_test.c td/fake.c,$(wildcard monitor/*.c td/*.c))
MON_OBJ := $(MON_SRC:%.c=$(B)/mon/%.o) $(patsubst %.S,$(B)/mon/%.o,$(wildcard monitor/*.S))

# General registers only: floating point and vector registers always hold the guest's. No red zone: NMIs come in.
MON_FLAGS := -ffreestanding -fno-stack-protector -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only \
	     -fno-asynchronous-unwind-tables -fno-strict-aliasing -fcf-protection=none

ALL += $(B)/monitor.elf

$(B)/mon/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(filter-out $(SANITIZE),$(CFLAGS)) $(WARN) $(MON_FLAGS) $(MON_EXTRA) -MMD -c $< -o $@

$(B)/mon/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -g -c $< -o $@

# Its memcpy() would otherwise become a call of memcpy().
$(B)/mon/monitor/lib.o: MON_EXTRA := -fno-tree-loop-distribute-patterns

$(B)/monitor.elf64: $(MON_OBJ) monitor/link.ld
	$(LD) -nostdlib -static -z max-page-size=4096 -T monitor/link.ld $(MON_OBJ) -o $@

$(B)/monitor.elf: $(B)/monitor.elf64
	objcopy -O elf32-i386 $< $@
