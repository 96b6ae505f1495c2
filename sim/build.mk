# SPDX-License-Identifier: MIT
# sim: td in a process.
# What the program is made of beyond what its tests need.
SIM_PROGRAM := main report search vmm
SIM_SRC := $(filter-out %_test.c $(SIM_PROGRAM:%=sim/%.c),$(wildcard sim/*.c))
SIM_OBJ := $(SIM_SRC:%.c=$(B)/host/%.o)
SIM_TESTS := $(patsubst %.c,$(B)/%,$(wildcard sim/*_test.c))

ALL += $(B)/tdlab-sim
TESTS += $(SIM_TESTS)

# A harness may call tdlab_tdcall(): the program's symbols are visible to it.
$(B)/tdlab-sim: $(SIM_PROGRAM:%=$(B)/host/sim/%.o) $(SIM_OBJ) $(B)/libcli.a $(B)/libtd.a $(B)/libtdconv.a
	$(CC) $(CFLAGS) -rdynamic -Wl,--gc-sections -o $@ $^ -linih -ldl

$(B)/host/sim/%.o: sim/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iguest/include $(CFLAGS) $(WARN) -D_GNU_SOURCE -MMD -c $< -o $@

$(SIM_TESTS): $(B)/sim/%_test: sim/%_test.c $(SIM_OBJ) $(B)/libtd.a $(B)/libtdconv.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD $< $(SIM_OBJ) $(B)/libtd.a $(B)/libtdconv.a -o $@
