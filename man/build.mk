# SPDX-License-Identifier: MIT
MAN_PAGES := $(patsubst man/%.scd,$(B)/man/%,$(wildcard man/*.scd))

# To build and boot needs no scdoc; make check installs it, and its lint wants the pages.
ifneq ($(shell command -v scdoc),)
ALL += $(MAN_PAGES)
endif

# scdoc begins paragraphs that stay empty, which mandoc's lint would report. One belongs right before text.
$(B)/man/%: man/%.scd
	@mkdir -p $(@D)
	scdoc <$< | awk '$$0 == ".P" { held = 1; next } /^\.RE/ { print; next } \
		held && !heading && !/^\.SH/ { print ".P" } { held = 0; heading = /^\.SH/; print }' >$@
