# SPDX-License-Identifier: MIT
# sim: td in a process.
SIM_SRC := $(filter-out %_test.c,$(wildcard sim/*.c))
SIM_OBJ := $(SIM_SRC:%.c=$(B)/host/%.o)
SIM_TESTS := $(patsubst %.c,$(B)/%,$(wildcard sim/*_test.c))

TESTS += $(SIM_TESTS)

$(B)/host/sim/%.o: sim/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iguest/include $(CFLAGS) $(WARN) -MMD -c $< -o $@

$(SIM_TESTS): $(B)/sim/%_test: sim/%_test.c $(SIM_OBJ) $(B)/libtd.a $(B)/libtdconv.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD $< $(SIM_OBJ) $(B)/libtd.a $(B)/libtdconv.a -o $@
