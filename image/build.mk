# SPDX-License-Identifier: MIT
# File formats: freestanding, pure, bounds-checked. The monitor compiles IMAGE_SRC with its own flags; here they are for
# the command and for tests.
IMAGE_SRC := $(filter-out %_test.c image/fuzz_%,$(wildcard image/*.c))
IMAGE_TESTS := $(patsubst %.c,$(B)/%,$(wildcard image/*_test.c))

TESTS += $(IMAGE_TESTS)

# Sections, so that the linker leaves out what only the monitor calls.
$(B)/host/image/%.o: image/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(WARN) -ffunction-sections -fdata-sections -MMD -c $< -o $@

$(IMAGE_TESTS): $(B)/image/%_test: $(B)/host/image/%_test.o $(IMAGE_SRC:%.c=$(B)/host/%.o)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--gc-sections $^ -o $@
