# SPDX-License-Identifier: MIT
# The command. It links td/ to finish a run in the memory that the monitor leaves behind.
CLI_LIB := behaviour json opt parameter rule suggest util vmm
CLI_LIB_OBJ := $(CLI_LIB:%=$(B)/cli/%.o)
CLI_TESTS := behaviour

TESTS += $(CLI_TESTS:%=$(B)/cli/%_test)

$(CLI_TESTS:%=$(B)/cli/%_test): %: %.o $(CLI_LIB_OBJ)
	$(CC) $(CFLAGS) -o $@ $^ -linih

$(B)/cli/%.o: cli/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -D_GNU_SOURCE -MMD -MP -c -o $@ $<
