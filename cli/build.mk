# SPDX-License-Identifier: MIT
# The command. It links sim/ and what that is made of: td/ is also what finishes a run in the memory that the monitor
# leaves behind, libtdconv its model of Linux. Nothing of monitor/: what both need is in image/ and wire/.
CLI_SRC := $(filter-out cli/main.c cli/first/% %_test.c $(wildcard cli/*/fuzz_*.c),$(wildcard cli/*.c cli/*/*.c))
CLI_LIB := $(CLI_SRC:cli/%.c=%)
CLI_LIBS := -linih -ljansson
CLI_TESTS := $(patsubst cli/%.c,$(B)/cli/%,$(wildcard cli/*_test.c cli/*/*_test.c))
CLI_BELOW := $(filter-out %_test.c image/fuzz_%,$(wildcard image/*.c wire/*.c))
CLI_LIB_OBJ := $(patsubst %/model.o,%/model_alone.o,$(CLI_LIB:%=$(B)/cli/%.o)) $(CLI_BELOW:%.c=$(B)/host/%.o)

ALL += $(B)/tdlab $(B)/tdlab-first

# tdlab of build/ finds these beside build/, one that is built elsewhere beside itself.
ifneq ($(B),build)
ALL += $(B)/platforms $(B)/behaviours
$(B)/platforms $(B)/behaviours:
	@mkdir -p $(B)
	ln -sfn $(CURDIR)/$(@F) $@
endif
TESTS += $(CLI_TESTS)

# The commit, if this is a repository: the version names it.
$(B)/cli/main.o: $(B)/commit.h
$(B)/cli/main.o: ALL_CPPFLAGS += -include $(B)/commit.h

$(B)/commit.h: always
	@mkdir -p $(@D)
	@printf '#define TDLAB_COMMIT "%s"\n' "$$(git describe --always --dirty --tags 2>/dev/null | sed 's/^/ /')" >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

.PHONY: always

# The models have a libtdconv of their own, whose hooks play answers back: those of the guest code in sim/ are others.
$(B)/cli/campaign/model.o: ALL_CFLAGS += -fno-lto
$(B)/cli/campaign/model_alone.o: $(B)/cli/campaign/model.o $(B)/libtdconv.a
	$(LD) -r -o $@.all $^
	$(OBJCOPY) --keep-global-symbol=model_compare --keep-global-symbol=model_named $@.all $@

# An archive, so that a test is linked with what it needs and not with the whole command.
$(B)/libcli.a: $(CLI_LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

# A harness may call what tdlab.h names.
$(B)/tdlab: $(B)/cli/main.o $(B)/libcli.a
	$(CC) $(SIM_CFLAGS) $(LDFLAGS) -Wl,--export-dynamic-symbol='tdlab_*' -Wl,--gc-sections -o $@ \
		$(filter %.o,$^) $(B)/libcli.a $(CLI_LIBS) -ldl

$(CLI_TESTS): %: %.o $(B)/libcli.a $(B)/libsim.a $(B)/libtd.a $(B)/libtdconv.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--gc-sections -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(CLI_LIBS) -ldl

$(B)/cli/%.o: cli/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Iguest/include $(ALL_CFLAGS) $(WARN) -D_GNU_SOURCE -ffunction-sections -fdata-sections \
		-MMD -MP -c -o $@ $<

# A program of the guest's: no libc, so that it runs wherever Linux does.
$(B)/tdlab-first: cli/first/first.c wire/evidence.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(WARN) $(FREESTANDING) $(BARE) -static -nostdlib -Wl,--build-id=none -s \
		-o $@ $<
