# SPDX-License-Identifier: MIT
# Installation. One table says what goes where: MODE:FILE:FOLDER under PREFIX. The command finds its parts from where it
# lies itself (installed() in cli/util.c), so that a tree under DESTDIR runs as well, and one that was moved.
PREFIX := /usr/local
LIBDIR := $(PREFIX)/lib
DESTDIR ?=

INSTALL_GUEST = $(patsubst %,644:%:include,$(wildcard guest/include/*.h)) $(TDCONV_PAIR:%=644:%:share/tdconv)
INSTALL_TABLE = 755:$(B)/tdlab:bin \
	$(foreach f,monitor.elf initrd.cpio,644:$(B)/$f:share/tdlab) 755:$(B)/tdlab-first:share/tdlab \
	$(PAYLOADS:%=644:%:share/tdlab/payloads) \
	$(patsubst %,644:%:share/tdlab/behaviours,$(wildcard behaviours/*.vmm)) \
	$(patsubst %,644:%:share/tdlab/platforms,$(wildcard platforms/*.platform)) \
	$(foreach n,1 5,$(patsubst %,644:%:share/man/man$n,$(filter %.$n,$(INSTALL_PAGES)))) \
	644:$(B)/completion/tdlab:share/bash-completion/completions 644:$(B)/completion/_tdlab:share/zsh/site-functions \
	$(patsubst %,644:%:share/doc/tdlab,LICENSE README.md docs/sources $(wildcard docs/*.md)) \
	644:sim/include/tdlab.h:include

# Folders that are nobody else's.
INSTALL_FOLDERS := share/tdlab/payloads share/tdlab/behaviours share/tdlab/platforms share/tdlab share/doc/tdlab \
	share/tdconv
INSTALL_PAGES = $(filter $(MAN_PAGES),$(ALL))

ALL += $(B)/completion/tdlab $(B)/completion/_tdlab

$(B)/completion/tdlab: $(B)/tdlab
	@mkdir -p $(@D)
	$< completion bash >$@

$(B)/completion/_tdlab: $(B)/tdlab
	@mkdir -p $(@D)
	$< completion zsh >$@

# What is done with each line of the table: $$1 mode, $$2 file, $$3 folder.
install_each = for line in $(1); do IFS=:; set -- $$line; unset IFS; $(2) || exit 1; done
INSTALL_ONE = install -D -m $$1 "$$2" "$(INSTALL_TO)/$$3/$$(basename $$2)"
INSTALL_TO := $(DESTDIR)$(PREFIX)
INSTALL_LIB := $(DESTDIR)$(LIBDIR)
comma := ,

# The pkg-config file of a library: its name, description, version, what it needs besides when it is linked statically.
define install_pc
install -d "$(INSTALL_LIB)/pkgconfig"
printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))' \
	'includedir=$${prefix}/include' '' 'Name: lib$(1)' 'Description: $(2)' 'Version: $(3)' \
	'Libs: -L$${libdir} -l$(1)' $(if $(4),'Libs.private: $(4)') 'Cflags: -I$${includedir}' \
	>"$(INSTALL_LIB)/pkgconfig/$(1).pc"
chmod 644 "$(INSTALL_LIB)/pkgconfig/$(1).pc"
endef

## make install DESTDIR= PREFIX=/usr/local   the command and its parts, man pages, completion; libtdlab and libtdconv
##                 with headers and pkg-config files.   make uninstall  takes the same away
install: all install-guest
	$(if $(INSTALL_PAGES),,@echo 'install: no man pages: there is no scdoc that makes them')
	$(call install_each,$(INSTALL_TABLE),$(INSTALL_ONE))
	install -D -m 644 $(B)/libtdlab.a "$(INSTALL_LIB)/libtdlab.a"
	install -m 755 $(B)/libtdlab.so "$(INSTALL_LIB)/$(TDLAB_SONAME)"
	ln -sf $(TDLAB_SONAME) "$(INSTALL_LIB)/libtdlab.so"
	$(call install_pc,tdlab,An Intel TDX guest under every answer of a VMM,$(TDLAB_VERSION),-ldl -pthread)

# libtdconv alone.
install-guest: $(B)/libtdconv.a $(TDCONV_PAIR)
	$(call install_each,$(INSTALL_GUEST),$(INSTALL_ONE))
	install -D -m 644 $(B)/libtdconv.a "$(INSTALL_LIB)/libtdconv.a"
	$(call install_pc,tdconv,Memory of an Intel TDX guest$(comma) from private to shared and back,$(TDCONV_VERSION))

uninstall: INSTALL_PAGES = $(MAN_PAGES)
uninstall:
	$(call install_each,$(INSTALL_TABLE) $(INSTALL_GUEST),rm -f "$(INSTALL_TO)/$$3/$$(basename $$2)")
	rm -f $(foreach f,libtdconv.a pkgconfig/tdconv.pc libtdlab.a libtdlab.so $(TDLAB_SONAME) pkgconfig/tdlab.pc,\
		"$(INSTALL_LIB)/$f")
	for folder in $(INSTALL_FOLDERS:%="$(INSTALL_TO)/%"); do \
		! [ -d "$$folder" ] || rmdir --ignore-fail-on-non-empty "$$folder"; done

.PHONY: install install-guest uninstall
