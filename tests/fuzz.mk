# SPDX-License-Identifier: MIT
# libFuzzer targets: COMPONENT/fuzz.c, built from sources by its own fragment, and cli/FOLDER/fuzz_NAME.c and
# image/fuzz_NAME.c against the command's archives. Inputs that are kept lie in tests/corpus/COMPONENT or NAME; make
# check goes through them once more, without libFuzzer.
FUZZ_NAMED := $(basename $(wildcard cli/*/fuzz_*.c image/fuzz_*.c))
FUZZ_TARGETS := td/fuzz guest/fuzz monitor/fuzz $(FUZZ_NAMED)
F := $(FUZZ_TARGETS)
FUZZ_ARCHIVES := $(B)/libcli.a $(B)/libsim.a $(B)/libtd.a $(B)/libtdconv.a
FUZZ_LINK := -Wl,--gc-sections -Wl,--start-group $(FUZZ_ARCHIVES) -Wl,--end-group
FUZZ_CORPUS = tests/corpus/$(patsubst fuzz_%,%,$(notdir $(patsubst %/fuzz,%,$1)))

TESTS += $(FUZZ_TARGETS:%=$(B)/%_replay)

## make fuzz T=60  each libFuzzer target for T seconds, or those in F='td/fuzz guest/fuzz'; fails if one finds
##                 something. What is new is kept in build/fuzz
T := 60
fuzz:
	$(NEEDS) boot check
	$(MAKE) B=$(B)/fuzz CC=clang SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
		$(F:%=$(B)/fuzz/%)
	scripts/fuzz $(T) $(B)/fuzz $(F)

$(addprefix $(B)/,$(FUZZ_NAMED)): $(B)/%: %.c $(FUZZ_ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Iguest/include $(ALL_CFLAGS) -fsanitize=fuzzer $(WARN) -D_GNU_SOURCE $< $(FUZZ_LINK) \
		$(CLI_LIBS) -o $@

REPLAY = $(CC) $(ALL_CPPFLAGS) -Iguest/include $(ALL_CFLAGS) $(WARN) -D_GNU_SOURCE $(LDFLAGS) -Wl,--gc-sections -MMD \
	-DCORPUS='"$(call FUZZ_CORPUS,$(patsubst $(B)/%_replay,%,$@))"' tests/fuzz_replay.c

$(addprefix $(B)/,$(addsuffix _replay,$(FUZZ_NAMED))): $(B)/%_replay: %.c tests/fuzz_replay.c $(FUZZ_ARCHIVES)
	@mkdir -p $(@D)
	$(REPLAY) $< $(FUZZ_LINK) $(CLI_LIBS) -o $@

$(B)/td/fuzz_replay: td/fuzz.c tests/fuzz_replay.c $(TD_FAKE) $(B)/libtd.a
	@mkdir -p $(@D)
	$(REPLAY) $< $(TD_FAKE) $(B)/libtd.a -o $@

$(B)/guest/fuzz_replay: $(TDCONV_FUZZ) tests/fuzz_replay.c guest/fuzz.h $(B)/libtdconv.a
	@mkdir -p $(@D)
	$(REPLAY) $(TDCONV_FUZZ) $(B)/libtdconv.a -o $@

$(B)/monitor/fuzz_replay: $(MON_FUZZ) tests/fuzz_replay.c $(wildcard monitor/*.h monitor/*/*.h)
	@mkdir -p $(@D)
	$(REPLAY) $(filter monitor/%.c image/%.c wire/%.c,$^) -o $@

.PHONY: fuzz
