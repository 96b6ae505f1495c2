/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/code/load.h"
#include "cli/file.h"
#include "cli/tdlab.h"
#include "sim/harness.h"

/* What the dynamic linker reads of an object. */
struct object {
	uint8_t *data;
	size_t bytes;
	const Elf64_Sym *symbols;
	size_t nsymbols;
	const char *names;
	size_t names_bytes;
};

static bool inside(const struct object *o, const Elf64_Shdr *s)
{
	return s->sh_offset <= o->bytes && s->sh_size <= o->bytes - s->sh_offset && s->sh_offset % 8 == 0;
}

/* False: it is none, or it was stripped of more than its symbols. Nothing is known of it then. */
static bool find_symbols(struct object *o)
{
	const Elf64_Ehdr *head = (const void *)o->data;
	const Elf64_Shdr *all = (const void *)(o->data + (o->bytes >= sizeof(*head) ? head->e_shoff : 0));

	if (o->bytes < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_shoff % 8 != 0 ||
	    head->e_shoff > o->bytes || (uint64_t)head->e_shnum * sizeof(*all) > o->bytes - head->e_shoff)
		return false;
	for (unsigned int i = 0; i < head->e_shnum; i++) {
		const Elf64_Shdr *names = all[i].sh_link < head->e_shnum ? &all[all[i].sh_link] : NULL;

		if (all[i].sh_type != SHT_DYNSYM || names == NULL || !inside(o, &all[i]) || names->sh_size == 0 ||
		    names->sh_offset > o->bytes || names->sh_size > o->bytes - names->sh_offset ||
		    o->data[names->sh_offset + names->sh_size - 1] != '\0')
			continue;
		o->symbols = (const void *)(o->data + all[i].sh_offset);
		o->nsymbols = all[i].sh_size / sizeof(*o->symbols);
		o->names = (const char *)o->data + names->sh_offset;
		o->names_bytes = names->sh_size;
		return true;
	}
	return false;
}

static const char *undefined(const struct object *o, size_t i)
{
	const Elf64_Sym *s = &o->symbols[i];

	return s->st_shndx == SHN_UNDEF && ELF64_ST_BIND(s->st_info) == STB_GLOBAL && s->st_name < o->names_bytes ?
	       o->names + s->st_name : NULL;
}

/* An object that was built with a sanitizer ends the process that loads it without the sanitizer's runtime. */
static const char *sanitizer_missing(const struct object *o, char wrong[400])
{
	static const struct {
		const char *symbol, *flag, *library;
	} all[] = {
		{ "__asan_init", "address", "libasan.so" }, { "__tsan_init", "thread", "libtsan.so" },
		{ "__msan_init", "memory", NULL },
	};

	for (size_t i = 0; i < o->nsymbols; i++)
		for (size_t k = 0; k < ARRAY_SIZE(all); k++) {
			const char *name = undefined(o, i);

			if (name == NULL || strcmp(name, all[k].symbol) != 0 || dlsym(RTLD_DEFAULT, name) != NULL)
				continue;
			snprintf(wrong, 400, "it was built with -fsanitize=%s, and its runtime has to be loaded first: %s%s%s",
				 all[k].flag, all[k].library != NULL ? "ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=\"$(gcc -print-file-name=" :
				 "make it a program that links libtdlab (tdlab.h)",
				 all[k].library != NULL ? all[k].library : "", all[k].library != NULL ? ")\" tdlab ..." : "");
			return wrong;
		}
	return NULL;
}

/* All that it needs and nobody has, instead of the first: what the linker says. */
static const char *why_not(const struct object *o, char wrong[400])
{
	const char *said = dlerror();
	size_t missing = 0;

	if (strstr(said, "undefined symbol") == NULL) {
		snprintf(wrong, 400, "%s", said);
		return wrong;
	}
	snprintf(wrong, 400, "nothing defines what it needs: ");
	for (size_t i = 0; i < o->nsymbols; i++) {
		const char *name = undefined(o, i);
		size_t used = strlen(wrong);

		if (name == NULL || dlsym(RTLD_DEFAULT, name) != NULL)
			continue;
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
		return "it links libtdlab, but the command has its own: link it without";
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
	const char *bad = NULL;
	void *object = NULL;

	if (file_read(path, "--harness", &o.data, &o.bytes) == 0 && find_symbols(&o))
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
