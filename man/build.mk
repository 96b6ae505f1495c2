# SPDX-License-Identifier: MIT
MAN_PAGES := $(patsubst man/%.scd,$(B)/man/%,$(wildcard man/*.scd))

# To build and boot needs no scdoc; make check installs it, and its lint wants the pages.
ifneq ($(shell command -v scdoc),)
ALL += $(MAN_PAGES)
endif

# A line "@list THING@" is what tdlab list THING says: what is a table there is no second one here.
define LISTED
/^@list / { \
	command = "$(B)/tdlab list " substr($$2, 1, length($$2) - 1); \
	while ((command | getline row) > 0) { \
		name = row; sub(/^ +/, "", name); sub(/ .*/, "", name); \
		said = row; sub(/^ *[^ ]+ +/, "", said); kind = said; \
		if (row ~ /^ /) { \
			sub(/   .*/, "", kind); sub(/^.*   +/, "", said); \
			printf "; _%s_ (%s): %s", name, kind, said; \
		} else { \
			printf "\n\n*%s*\n	%s", name, said; \
		} \
	} \
	print ""; \
	next \
} \
{ print }
endef

# scdoc begins paragraphs that stay empty, which mandoc's lint would report. One belongs right before text.
$(B)/man/%: man/%.scd $(B)/tdlab
	@mkdir -p $(@D)
	awk '$(LISTED)' $< | scdoc | awk '$$0 == ".P" { held = 1; next } /^\.RE/ { print; next } \
		held && !heading && !/^\.SH/ { print ".P" } { held = 0; heading = /^\.SH/; print }' >$@
