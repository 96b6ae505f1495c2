# SPDX-License-Identifier: MIT
# td: one source, several engines. Other fragments compile TD_SRC with their own flags; here it is an ordinary library.
TD_SRC := $(filter-out %_test.c td/fake%.c td/fuzz.c,$(wildcard td/*.c))
TD_OBJ := $(TD_SRC:%.c=$(B)/host/%.o)
TD_FAKE := $(patsubst %.c,$(B)/host/%.o,$(wildcard td/fake*.c))
TD_TESTS := $(patsubst %.c,$(B)/%,$(wildcard td/*_test.c))

ALL += $(B)/libtd.a
TESTS += $(TD_TESTS)

$(B)/host/td/%.o: td/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(STRICT) -ffreestanding -MMD -c $< -o $@

$(B)/libtd.a: $(TD_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(TD_TESTS): $(B)/td/%_test: td/%_test.c $(TD_FAKE) $(B)/libtd.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(WARN) $(LDFLAGS) -MMD $< $(TD_FAKE) $(B)/libtd.a -o $@

# libFuzzer, so always clang, and all sources at once: build/td/fuzz -max_total_time=60 CORPUS
$(B)/td/fuzz: td/fuzz.c $(wildcard td/fake*.c td/*.h abi/*) $(TD_SRC)
	@mkdir -p $(@D)
	clang $(ALL_CPPFLAGS) -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(STRICT) \
		$(filter %.c,$^) -o $@
