# SPDX-License-Identifier: MIT
# libtdconv for others: installed, or as one pair of files.
PREFIX := /usr/local
DESTDIR :=
TDCONV_VERSION := $(shell sed -n 's/^.define TDCONV_VERSION[[:space:]]*"\(.*\)"/\1/p' guest/include/tdconv.h)
TDCONV_PAIR := $(B)/amalgamated/tdconv.c $(B)/amalgamated/tdconv.h

ALL += $(TDCONV_PAIR) $(B)/tdconv.pc
TESTS += guest/package_test.sh

$(TDCONV_PAIR) &: guest/amalgamate $(TDCONV_SRC) $(wildcard guest/*.h guest/include/*.h abi/*) guest/tdcall.S
	guest/amalgamate $(B)/amalgamated

$(B)/tdconv.pc: guest/package.mk guest/include/tdconv.h
	@mkdir -p $(@D)
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' 'Name: libtdconv' \
		'Description: Memory of an Intel TDX guest, from private to shared and back' \
		'Version: $(TDCONV_VERSION)' 'Libs: -L$${libdir} -ltdconv' 'Cflags: -I$${includedir}' >$@

## make install DESTDIR= PREFIX=/usr/local   libtdconv: library, headers, pkg-config file, the pair of source files
install: install-guest
install-guest: $(B)/libtdconv.a $(B)/tdconv.pc $(TDCONV_PAIR)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,include lib/pkgconfig share/tdconv)
	install -m 644 guest/include/*.h $(DESTDIR)$(PREFIX)/include
	install -m 644 $(B)/libtdconv.a $(DESTDIR)$(PREFIX)/lib
	install -m 644 $(B)/tdconv.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 $(TDCONV_PAIR) $(DESTDIR)$(PREFIX)/share/tdconv

.PHONY: install install-guest
