# SPDX-License-Identifier: MIT
# What is known of libtdconv beyond its unit tests and its proof: fuzzing, mutants, cost.
TDCONV_FUZZ := $(wildcard guest/fuzz*.c)

# libFuzzer, so always clang, and all sources at once.
$(B)/guest/fuzz: $(TDCONV_FUZZ) guest/fuzz.h $(filter-out guest/linux.c guest/walk.c,$(TDCONV_SRC)) \
	$(wildcard guest/*.h guest/include/*.h abi/*)
	@mkdir -p $(@D)
	clang $(ALL_CPPFLAGS) -Iguest/include -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all $(WARN) $(filter %.c,$^) -o $@

## make prove      discharge libtdconv's contracts with Frama-C, z3 and cvc4, for every VMM; minutes
prove:
	$(NEEDS) boot prove
	guest/prove

TESTS += tests/prove.bats

# The cost, against td in one process: both ends meet in the test only.
TESTS += $(B)/tests/guest_cost
$(B)/tests/guest_cost: tests/guest_cost.c wire/tap.h $(B)/libtdconv.a $(B)/libtd.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Iguest/include $(ALL_CFLAGS) $(WARN) $(LDFLAGS) -MMD $< $(B)/libtdconv.a $(B)/libtd.a -o $@

## make bench-guest  what libtdconv costs: TDCALLs for 1 GiB, instructions, code size; a part of make bench
bench-guest: $(B)/tests/guest_cost
	guest/bench $(B)

.PHONY: prove bench-guest
