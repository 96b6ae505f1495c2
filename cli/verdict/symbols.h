/* SPDX-License-Identifier: MIT */
/* Names for the guest's addresses: of vmlinux or System.map, of the kernel's own table, of a module's file. */
#ifndef CLI_SYMBOLS_H
#define CLI_SYMBOLS_H

#include "cli/verdict/records.h"

struct symbol {
	uint64_t address;
	const char *name;	/* NULL: here ends what has one */
	const char *module;	/* it is of, or NULL */
};

/* Code that has a name as a whole: a firmware's driver. */
struct symbol_image {
	uint64_t base, bytes;
	char name[48];
};

struct symbols {
	struct symbol *all;	/* text symbols, sorted by address */
	size_t count, room;
	char **texts;		/* where the names are */
	size_t ntexts;
	char *path;		/* of the kernel's file, NULL if there was none */
	uint64_t slide;		/* of a kernel that moved itself: run-time address - linked address */
	bool placed;		/* the slide is known */
	struct symbol_image *images;	/* the later ones first, where they overlap */
	size_t nimages;
};

/* Looks beside the kernel and, from arch/x86/boot, at the top of its build tree. No file is no error. */
void symbols_load(struct symbols *symbols, const char *kernel, const char *version);
void symbols_load_payload(struct symbols *symbols, const char *payload);	/* its own, where it was linked to */

/* Of a file that the user names: an ELF, or a System.map. Returns 0, or a status after a complaint. */
int symbols_load_file(struct symbols *symbols, const char *path);

/* The module's file, uncompressed, as it was built; its .text is at that address. Of another file nothing is added. */
void symbols_add_module(struct symbols *symbols, const char *path, const char *name, uint64_t address);
void symbols_add_image(struct symbols *symbols, uint64_t base, uint64_t bytes, const char *name);
void symbols_free(struct symbols *symbols);

/*
 * Finds the slide: every hypercall comes from one of Linux's few stubs, and the kernel moves in steps of 2 MiB
 * ([linux:boot.rst], "kernel_alignment").
 */
void symbols_place(struct symbols *symbols, const struct records *records);

/*
 * "name+0x1c", of a symbol or an image, "name+0x1c [module]", or "0xffffffff81000000". Returns false if it is only the
 * number.
 */
bool symbols_name(const struct symbols *symbols, uint64_t address, char *text, size_t bytes);

/* Whether a function, "name" or "name [module]", does no more than execute TDCALL for whoever calls it. */
bool symbols_is_stub(const char *name);

/* Of the text of a System.map; takes text. */
void symbols_parse_map(struct symbols *symbols, char *text);

#endif
