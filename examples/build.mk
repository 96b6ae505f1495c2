# SPDX-License-Identifier: MIT
# libtdconv where it is meant to live.
DEMO_SRC := $(wildcard examples/linux/*)

# For the kernel that scripts/fetch-kernel put into this folder; two may be made at a time.
%/tdconv_demo.ko: $(DEMO_SRC) $(TDCONV_PAIR) scripts/build-module
	rm -f $@
	scripts/fetch-headers $*
	rm -rf $(B)/examples/$(notdir $*)
	mkdir -p $(B)/examples/$(notdir $*)
	cp $(DEMO_SRC) $(TDCONV_PAIR) $(B)/examples/$(notdir $*)
	scripts/build-module $* $(B)/examples/$(notdir $*) $@

## make demo       the kernel's own loop and libtdconv side by side, in one boot under one VMM: Debian's newest kernel
##                 and 6.12
demo:
	$(NEEDS) boot
	$(MAKE) all
	scripts/fetch-kernel newest $(KERNEL)-newest
	scripts/fetch-kernel 6.12 $(KERNEL)
	$(MAKE) $(KERNEL)-newest/tdconv_demo.ko $(KERNEL)/tdconv_demo.ko
	scripts/demo $(KERNEL)-newest $(KERNEL)

.PHONY: demo
