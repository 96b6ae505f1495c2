# SPDX-License-Identifier: MIT
MAN_PAGES := $(patsubst man/%.scd,$(B)/man/%,$(wildcard man/*.scd))

ALL += $(MAN_PAGES)

# scdoc begins paragraphs that stay empty, which mandoc's lint would report. One belongs right before text.
$(B)/man/%: man/%.scd
	@mkdir -p $(@D)
	scdoc <$< | awk '$$0 == ".P" { held = 1; next } /^\.RE/ { print; next } \
		held && !heading && !/^\.SH/ { print ".P" } { held = 0; heading = /^\.SH/; print }' >$@
