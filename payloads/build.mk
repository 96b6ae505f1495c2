# SPDX-License-Identifier: MIT
# Tiny TDs: static ELF64, linked where they are loaded. General registers only: nobody saves the others.
PAYLOAD_CFLAGS := $(ALL_CFLAGS) $(FREESTANDING) $(BARE) $(STRICT) -mcmodel=small -fno-omit-frame-pointer
PAYLOAD_LDFLAGS := -nostdlib -static -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-T,payloads/payload.lds
ifneq ($(findstring clang,$(CC)),)
PAYLOAD_STRING := -fno-builtin
else
PAYLOAD_STRING := -fno-tree-loop-distribute-patterns
endif

PAYLOAD_LIB := start lib/string lib/vmcall lib/console lib/paging lib/trap lib/machine
PAYLOAD_SCENARIOS := scenario scenarios scenarios_broken scenarios_hosts scenarios_sound \
	scenarios_vcpus
PAYLOAD_GUESTS := guests guests_convert guests_defects
PAYLOAD_OBJ = $(patsubst %,$(B)/payloads/%.o,$(PAYLOAD_LIB) $(1))

PAYLOADS := $(addprefix $(B)/payloads/,violate conform ending builtin guests)
ALL += $(PAYLOADS) $(B)/payloads/firmware.fd

$(B)/payloads/violate: $(call PAYLOAD_OBJ,violate scene_td $(PAYLOAD_SCENARIOS) lib/pci lib/virtio_blk)
$(B)/payloads/guests: $(call PAYLOAD_OBJ,guests_main scene_td scenario $(PAYLOAD_GUESTS) lib/pci lib/virtio_blk)
$(B)/payloads/conform: $(call PAYLOAD_OBJ,conform conform_tdcall conform_leaves conform_platform conform_ve \
		conform_debug conform_cr conform_cpu conform_irq conform_memory lib/told_memory)
$(B)/payloads/ending: $(call PAYLOAD_OBJ,ending scenario wild lib/pci lib/virtio_blk)

# libtdconv as it is installed. Its TDCALL is wrapped so that answers of the VMM can be replaced.
BUILTIN := $(patsubst payloads/%.c,%,$(wildcard payloads/builtin*.c))
$(B)/payloads/builtin: $(call PAYLOAD_OBJ,$(BUILTIN) lib/pci lib/virtio_blk) $(B)/payloads/wire/sha256.o \
	$(B)/libtdconv.a
$(B)/payloads/builtin: PAYLOAD_LDFLAGS += -Wl,--wrap=tdconv_os_tdcall
$(B)/payloads/built%.o: ALL_CPPFLAGS += -Iguest/include

$(PAYLOADS): payloads/payload.lds
	$(CC) $(PAYLOAD_LDFLAGS) -o $@ $(filter %.o %.a,$^)

$(B)/payloads/%.o: payloads/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(PAYLOAD_CFLAGS) $(if $(filter %/string.o,$@),$(PAYLOAD_STRING)) -MMD -MP -c -o $@ $<

$(B)/payloads/wire/%.o: wire/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(PAYLOAD_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/payloads/%.o: payloads/%.S
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -MMD -MP -c -o $@ $<

# A program of the initrd's, on Linux and without libc.
$(B)/payloads/kexec: payloads/kexec.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(PAYLOAD_CFLAGS) -static -nostdlib -Wl,--build-id=none -s -MMD -MP -o $@ $<

# A firmware is the whole of its flash, of which it can reach each byte from each other.
$(B)/payloads/firmware/firmware.o: PAYLOAD_CFLAGS += -fpie
FIRMWARE_OBJ := $(addprefix $(B)/payloads/,firmware/start.o firmware/firmware.o lib/told_memory.o lib/string.o)
$(B)/payloads/firmware.fd: $(FIRMWARE_OBJ) payloads/firmware/firmware.lds
	$(LD) -nostdlib -static -T payloads/firmware/firmware.lds -o $@.elf $(filter %.o,$^)
	$(OBJCOPY) -O binary $@.elf $@

# The same scenarios against td/ in a process, with the command's reader of behaviours.
SCENARIO_TEST_SRC := $(addprefix payloads/,scenarios_test.c test_engine.c $(PAYLOAD_SCENARIOS:=.c))
$(B)/payloads/scenarios_test: $(SCENARIO_TEST_SRC) $(wildcard payloads/*.h) \
		$(B)/libcli.a $(B)/libtd.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(WARN) -pthread $(LDFLAGS) -o $@ $(filter %.c %.o %.a,$^) -linih

GUESTS_TEST_SRC := $(addprefix payloads/,guests_test.c test_engine.c scenario.c $(PAYLOAD_GUESTS:=.c))
$(B)/payloads/guests_test: $(GUESTS_TEST_SRC) $(wildcard payloads/*.h) $(B)/libcli.a $(B)/libtd.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(WARN) -pthread $(LDFLAGS) -o $@ $(filter %.c %.o %.a,$^) -linih

TESTS += $(B)/payloads/scenarios_test $(B)/payloads/guests_test payloads/boot_test.sh
