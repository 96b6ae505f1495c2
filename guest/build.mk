# SPDX-License-Identifier: MIT
# libtdconv. Its objects fit a kernel, a firmware and an ordinary program alike: general registers only, no red zone,
# position independent.
TDCONV_SRC := $(filter-out %_test.c guest/fuzz% guest/bench% guest/fake.c,$(wildcard guest/*.c))
TDCONV_OBJ := $(TDCONV_SRC:%.c=$(B)/%.o) $(B)/guest/tdcall_asm.o
TDCONV_TESTS := $(patsubst %.c,$(B)/%,$(wildcard guest/*_test.c))
TDCONV_CFLAGS := $(ALL_CFLAGS) $(FREESTANDING) $(STRICT) -fpie -mgeneral-regs-only -mno-red-zone

ALL += $(B)/libtdconv.a
TESTS += $(TDCONV_TESTS)

$(B)/guest/%.o: guest/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Iguest/include $(TDCONV_CFLAGS) -MMD -MP -c $< -o $@

$(B)/guest/tdcall_asm.o: guest/tdcall.S
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(filter -fcf-protection%,$(ALL_CFLAGS)) -MMD -MP -c $< -o $@

$(B)/libtdconv.a: $(TDCONV_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

# An archive, so that a test with an other end of its own does not get this one too.
$(B)/guest/fake.o: guest/fake.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Iguest/include $(ALL_CFLAGS) $(WARN) -MMD -MP -c $< -o $@
$(B)/guest/libfake.a: $(B)/guest/fake.o
	rm -f $@
	$(AR) rcs $@ $^

$(TDCONV_TESTS): $(B)/guest/%_test: guest/%_test.c $(B)/guest/libfake.a $(B)/libtdconv.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Iguest/include $(ALL_CFLAGS) $(WARN) $(LDFLAGS) -MMD $< $(filter %.o,$^) $(B)/guest/libfake.a \
		$(B)/libtdconv.a -o $@

$(B)/guest/tdcall_test: $(B)/guest/tdcall_asm.o		# the real one, not the fake's

include guest/evidence.mk guest/package.mk

# Both ends meet here and nowhere else. td's fragment is read after this one, so its variables are not known yet.
ENDS_FAKE := $(patsubst %.c,$(B)/host/%.o,$(wildcard td/fake*.c))
TESTS += $(B)/tests/ends_test
$(B)/tests/ends_test: tests/ends_test.c $(ENDS_FAKE) $(B)/libtdconv.a $(B)/libtd.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Iguest/include $(ALL_CFLAGS) $(WARN) $(LDFLAGS) -MMD $< $(ENDS_FAKE) $(B)/libtdconv.a \
		$(B)/libtd.a -o $@
