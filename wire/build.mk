# SPDX-License-Identifier: MIT
# What the monitor and the command agree on. The monitor compiles WIRE_SRC with its own flags; here it is for the
# command and for tests.
WIRE_SRC := $(filter-out %_test.c,$(wildcard wire/*.c))

$(B)/host/wire/%.o: wire/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(WARN) -ffunction-sections -fdata-sections -MMD -c $< -o $@
