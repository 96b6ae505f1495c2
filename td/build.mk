# SPDX-License-Identifier: MIT
# td: one source, three engines. Other fragments compile TD_SRC with their own flags; here it is an ordinary library.
TD_SRC := $(filter-out %_test.c td/fake.c,$(wildcard td/*.c))
TD_OBJ := $(TD_SRC:%.c=$(B)/host/%.o)
TD_TESTS := $(patsubst %.c,$(B)/%,$(wildcard td/*_test.c))

ALL += $(B)/libtd.a
TESTS += $(TD_TESTS)

$(B)/host/td/%.o: td/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(STRICT) -ffreestanding -MMD -c $< -o $@

$(B)/libtd.a: $(TD_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(TD_TESTS): $(B)/td/%_test: td/%_test.c $(B)/host/td/fake.o $(B)/libtd.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD $< $(B)/host/td/fake.o $(B)/libtd.a -o $@
