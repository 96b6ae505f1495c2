# SPDX-License-Identifier: MIT
# sim: td in a process, a library. Rates matter here; from the same sources as everywhere. A release and the bench have
# LTO=1: all of it is one program to the optimizer then, both ends included, which takes gcc, and seconds for each link.
SIM_CFLAGS := $(BASE_CFLAGS) -O3 -fPIC -fvisibility=hidden $(if $(LTO),-flto=auto) $(CFLAGS)
SIM_SRC := $(filter-out %_test.c sim/bench%,$(wildcard sim/*.c)) \
	$(filter-out %_test.c td/fake%.c td/fuzz.c,$(wildcard td/*.c)) \
	$(filter-out %_test.c guest/fuzz% guest/fake.c,$(wildcard guest/*.c)) \
	image/elf.c image/elf_tables.c
SIM_OBJ := $(SIM_SRC:%.c=$(B)/fast/%.o) $(B)/sim/instruction.o
SIM_TESTS := $(patsubst %.c,$(B)/%,$(wildcard sim/*_test.c))

TESTS += $(SIM_TESTS) sim/model_test.sh
ALL += $(B)/libtdlab.a $(B)/libtdlab.so

# The library: all of it but the guests that come with the command, as one object that has no names but tdlab.h's.
TDLAB_OBJ := $(filter-out $(B)/fast/guest/% $(patsubst %,$(B)/fast/sim/%.o,broken library toys),$(SIM_OBJ))

TDLAB_VERSION = $(shell sed -n 's/^\#define TDLAB_VERSION[[:space:]]*"\(.*\)"/\1/p' cli/tdlab.h)
TDLAB_SONAME := libtdlab.so.0

$(B)/libtdlab.o: $(TDLAB_OBJ)
	$(CC) $(SIM_CFLAGS) $(if $(LTO),-flinker-output=nolto-rel) -nostdlib -r -o $@ $^
	$(OBJCOPY) --localize-hidden $@

$(B)/libtdlab.a: $(B)/libtdlab.o
	rm -f $@
	$(AR) rcs $@ $^

$(B)/libtdlab.so: $(B)/libtdlab.o
	$(CC) $(SIM_CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(TDLAB_SONAME) -Wl,-z,defs -o $@ $^ -ldl

$(B)/tdlab: $(SIM_OBJ)

# For tests of the command, which are many and need no rates.
$(B)/libsim.a: $(patsubst %.c,$(B)/%.o,$(filter sim/%,$(SIM_SRC))) $(B)/sim/instruction.o
	rm -f $@
	$(AR) rcs $@ $^

$(B)/sim/%.o: sim/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(WARN) -D_GNU_SOURCE -MMD -c $< -o $@

$(B)/sim/instruction.o: sim/instruction.S
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(filter -fcf-protection%,$(ALL_CFLAGS)) -MMD -c $< -o $@

$(B)/fast/%.o: %.c sim/build.mk
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Iguest/include $(SIM_CFLAGS) $(WARN) -ffunction-sections -D_GNU_SOURCE -MMD -c $< -o $@

# It plays the other end itself.
$(B)/sim/instruction_test: sim/instruction_test.c $(B)/sim/instruction.o
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(WARN) $(LDFLAGS) -MMD $(filter %.c %.o,$^) -o $@

$(filter-out $(B)/sim/instruction_test,$(SIM_TESTS)): $(B)/sim/%_test: sim/%_test.c $(SIM_OBJ)
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(SIM_CFLAGS) $(WARN) $(LDFLAGS) -MMD $< $(SIM_OBJ) -Wl,--gc-sections -ldl -o $@

# The guests, and td's answers without td.
$(B)/sim/bench_bare: sim/bench_bare.c $(filter-out $(B)/fast/sim/%,$(SIM_OBJ)) \
	$(B)/fast/sim/toys.o $(B)/fast/sim/library.o
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(SIM_CFLAGS) $(WARN) -ffunction-sections $(LDFLAGS) -MMD $(filter %.c %.o,$^) \
		-Wl,--gc-sections -o $@

## make bench-sim  sequences of answers a second in process, beside td's answers alone and Spin; a part of make bench
bench-sim:
	$(NEEDS) boot check
	$(MAKE) B=$(B)/release LTO=1 all $(B)/release/sim/bench_bare
	sim/bench $(B)/release

.PHONY: bench-sim
