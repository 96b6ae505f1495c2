# SPDX-License-Identifier: MIT
# libtdconv for others: installed (scripts/install.mk), or as one pair of files.
TDCONV_VERSION := $(shell sed -n 's/^.define TDCONV_VERSION[[:space:]]*"\(.*\)"/\1/p' guest/include/tdconv.h)
TDCONV_PAIR := $(B)/amalgamated/tdconv.c $(B)/amalgamated/tdconv.h

ALL += $(TDCONV_PAIR)
TESTS += guest/package_test.sh

$(TDCONV_PAIR) &: guest/amalgamate $(TDCONV_SRC) $(wildcard guest/*.h guest/include/*.h abi/*) guest/tdcall.S
	guest/amalgamate $(B)/amalgamated
