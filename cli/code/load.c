/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/code/load.h"
#include "cli/file.h"
#include "cli/tdlab.h"
#include "image/elf_tables.h"
#include "sim/harness.h"

/* What the dynamic linker reads of an object; nothing if it is none. */
struct object {
	uint8_t *data;
	size_t bytes;
	struct elf_tables elf;
	struct elf_section symbols;
};

static void find_symbols(struct object *o)
{
	struct elf_section section;

	if (!elf_tables(o->data, o->bytes, &o->elf))
		return;
	for (uint32_t i = 0; elf_section(&o->elf, i, &section); i++)
		if (section.type == ELF_DYNSYM)
			o->symbols = section;
}

/* The next name that it needs and that nobody has, from *at on; NULL: there is no more. */
static const char *next_missing(const struct object *o, uint64_t *at)
{
	struct elf_symbol s;

	while (elf_symbol(&o->elf, &o->symbols, (*at)++, &s))
		if (s.section == 0 && s.binding == ELF_GLOBAL && *s.name != '\0' && dlsym(RTLD_DEFAULT, s.name) == NULL)
			return s.name;
	return NULL;
}

/* An object that was built with a sanitizer ends the process that loads it without the sanitizer's runtime. */
static const char *sanitizer_missing(const struct object *o, char wrong[400])
{
	static const struct {
		const char *symbol, *flag, *library;
	} all[] = {
		{ "__asan_init", "address", "libasan.so" }, { "__tsan_init", "thread", "libtsan.so" },
	};
	const char *name;

	for (uint64_t i = 0; (name = next_missing(o, &i)) != NULL;)
		for (size_t k = 0; k < ARRAY_SIZE(all); k++) {
			if (strcmp(name, all[k].symbol) != 0)
				continue;
			snprintf(wrong, 400, "it was built with -fsanitize=%s, and its runtime has to be loaded first: "
				 "ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=\"$(gcc -print-file-name=%s)\" tdlab ...", all[k].flag,
				 all[k].library);
			return wrong;
		}
	return NULL;
}

/* All that it needs and nobody has, instead of the first: what the linker says. */
static const char *why_not(const struct object *o, char wrong[400])
{
	const char *said = dlerror(), *name;
	size_t missing = 0;

	if (strstr(said, "undefined symbol") == NULL) {
		snprintf(wrong, 400, "%s", said);
		return wrong;
	}
	snprintf(wrong, 400, "nothing defines what it needs: ");
	for (uint64_t i = 0; (name = next_missing(o, &i)) != NULL;) {
		size_t used = strlen(wrong);

		if (used + strlen(name) + 8 > 400) {
			snprintf(wrong + used, 400 - used, " ...");
			break;
		}
		snprintf(wrong + used, 400 - used, "%s%s", missing++ ? ", " : "", name);
	}
	if (missing == 0)
		snprintf(wrong, 400, "%s", said);
	return wrong;
}

/* Its own structure. dlsym() looks in the libraries that it links, too. */
static const struct tdlab_guest *own(void *object)
{
	struct link_map *of_object = NULL, *of_symbol = NULL;
	void *symbol = dlsym(object, "tdlab_guest");
	Dl_info info;

	if (symbol == NULL || dlinfo(object, RTLD_DI_LINKMAP, &of_object) != 0 ||
	    dladdr1(symbol, &info, (void **)&of_symbol, RTLD_DL_LINKMAP) == 0 || of_symbol != of_object)
		return NULL;
	return symbol;
}

/* A name that libc has, too, is its own; sanitizers do not take that. */
static int own_names_first(void)
{
	return dlsym(RTLD_DEFAULT, "__asan_init") == NULL && dlsym(RTLD_DEFAULT, "__tsan_init") == NULL ? RTLD_DEEPBIND : 0;
}

/* Where that could not be had, a function of the structure may be libc's. */
static bool libc_has_it(const void *function)
{
	struct link_map *map = NULL;
	Dl_info info;

	return function != NULL && dladdr1(function, &info, (void **)&map, RTLD_DL_LINKMAP) != 0 && map != NULL &&
	       strstr(map->l_name, "/libc.so.6") != NULL;
}

static const char *check(void *object, const struct tdlab_guest *g)
{
	if (g == NULL)
		return "it does not define const struct tdlab_guest tdlab_guest: see tdlab.h";
	if (dlsym(object, "tdlab_tdcall") != NULL)
		return "it defines tdlab_tdcall(), which the command has for it: leave that out";
	if (libc_has_it((const void *)(uintptr_t)g->convert) || libc_has_it((const void *)(uintptr_t)g->accept) ||
	    libc_has_it((const void *)(uintptr_t)g->undo) || libc_has_it((const void *)(uintptr_t)g->reset))
		return "a function of its tdlab_guest has a name that libc has, and became libc's: make it static";
	return NULL;
}

const char *harness_load(const char *path, char title[80], struct sim_guest *guest, char wrong[400])
{
	char *file = realpath(path, NULL);	/* a name without a slash would be looked up among the system's libraries */
	struct object o = { 0 };
	const struct tdlab_guest *theirs;
	const char *bad;
	void *object = NULL;

	if (file_read(path, "--harness", &o.data, &o.bytes) == 0)
		find_symbols(&o);
	bad = sanitizer_missing(&o, wrong);
	if (bad == NULL) {
		object = dlopen(file != NULL ? file : path, RTLD_NOW | RTLD_LOCAL | own_names_first());
		bad = object == NULL ? why_not(&o, wrong) : NULL;
	}
	free(file);
	free(o.data);
	if (bad != NULL)
		return bad;
	theirs = own(object);
	bad = check(object, theirs);
	return bad != NULL ? bad : harness_guest(theirs, title, guest);
}
