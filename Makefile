# SPDX-License-Identifier: MIT
# One fragment per component: <component>/build.mk. Everything that is built goes under $(B).
B := build
CC := gcc
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wundef -Werror
STRICT := $(WARN) -Wconversion
CPPFLAGS := -I.
CFLAGS := -std=gnu11 -O2 -g
FREESTANDING := -ffreestanding -fno-stack-protector -fno-builtin

# Fragments add to these.
ALL :=		# what plain make builds
TESTS :=	# executables and scripts that print TAP, run by make check

include $(sort $(wildcard */build.mk))

all: $(ALL)

check: all $(filter $(B)/%,$(TESTS))
	scripts/run-tests $(TESTS)

clean:
	rm -rf $(B)

help:
	@sed -n 's/^## //p' Makefile */build.mk

.PHONY: all check clean help

-include $(shell find $(B) -name '*.d' 2>/dev/null)
