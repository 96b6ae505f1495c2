# SPDX-License-Identifier: MIT
# What is known of libtdconv beyond its unit tests and its proof: fuzzing, mutants, cost.
TDCONV_FUZZ := $(filter-out guest/fuzz_replay.c,$(wildcard guest/fuzz*.c))

TESTS += $(B)/guest/fuzz_replay

$(B)/guest/fuzz_replay: guest/fuzz_replay.c $(TDCONV_FUZZ) guest/fuzz.h $(B)/libtdconv.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Iguest/include $(ALL_CFLAGS) $(WARN) $(LDFLAGS) -MMD $(filter %.c,$^) $(B)/libtdconv.a -o $@

# libFuzzer, so always clang, and all sources at once.
$(B)/guest/fuzz: $(TDCONV_FUZZ) guest/fuzz.h $(filter-out guest/linux.c guest/walk.c,$(TDCONV_SRC)) \
	$(wildcard guest/*.h guest/include/*.h abi/*)
	@mkdir -p $(@D)
	clang $(ALL_CPPFLAGS) -Iguest/include -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all $(WARN) $(filter %.c,$^) -o $@

## make fuzz-guest SECONDS=60   fuzz libtdconv: VMM, module and embedder are the input; starts from guest/corpus
SECONDS := 60
fuzz-guest: $(B)/guest/fuzz
	mkdir -p $(B)/guest/found
	$(B)/guest/fuzz -max_total_time=$(SECONDS) -max_len=256 -print_final_stats=1 \
		-artifact_prefix=$(B)/guest/ $(B)/guest/found guest/corpus

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

.PHONY: prove fuzz-guest bench-guest
