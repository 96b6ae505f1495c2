/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/machine/modules.h"
#include "cli/process.h"
#include "cli/tdlab.h"
#include "wire/evidence.h"

#define MODULES		16	/* with all that they depend on */
#define MODULE_BYTES	(64u << 20)

struct module {
	char name[64];
	uint8_t *data;
	size_t bytes;
};

struct collection {
	const char *folder;
	char *order;		/* text of modules.order: what there is, one path per line */
	struct module modules[MODULES];
	unsigned int count;
};

/* Linux takes - and _ for the same in names of modules. */
static bool same_name(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	return b[length] == '\0';
}

/* Path in the folder without ".ko" or ".o" and what follows, to be freed; NULL if the kernel has no such module. */
static char *path_of(const struct collection *c, const char *name)
{
	const char *line = c->order, *base;
	size_t length, stem;

	for (; line && *line; line += length + (line[length] == '\n')) {
		length = strcspn(line, "\n");
		for (base = line + length; base > line && base[-1] != '/'; base--)
			;
		stem = strcspn(base, ".\n");
		if (same_name(base, name, stem))
			return xprintf("%s/%.*s", c->folder, (int)(base + stem - line), line);
	}
	return NULL;
}

/* The module's file, decompressed by the program that the kernel's own build used. */
static int read_module(const char *stem, struct module *module)
{
	static const struct {
		const char *suffix;
		const char *program;
	} forms[] = { { ".ko", NULL }, { ".ko.xz", "xz" }, { ".ko.zst", "zstd" }, { ".ko.gz", "gzip" } };
	int status = STATUS_INPUT;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		char *path = xprintf("%s%s", stem, forms[i].suffix);
		char *const argv[] = { (char *)(uintptr_t)forms[i].program, (char *)(uintptr_t)"-dcq", NULL };
		uint64_t bytes;
		int in;

		if (access(path, F_OK) != 0) {
			free(path);
			continue;
		}
		if (!forms[i].program) {
			status = file_read(path, "module", &module->data, &module->bytes);
		} else {
			in = file_open(path, "module", &bytes);
			module->data = (uint8_t *)process_capture(argv, in, MODULE_BYTES, &module->bytes);
			status = module->data
					 ? 0
					 : complain(STATUS_ENVIRONMENT, "module %s: cannot be decompressed with %s",
						    path, forms[i].program);
			if (in >= 0)
				close(in);
		}
		free(path);
		return status;
	}
	return complain(STATUS_INPUT, "module %s.ko: listed in modules.order, but not there", stem);
}

/* The value of "depends=" in the section .modinfo, whose entries end with 0 ([linux:include/linux/module.h]). */
static const char *depends(const struct module *module)
{
	static const char key[] = "\0depends=";
	const uint8_t *found = memmem(module->data, module->bytes, key, sizeof(key) - 1);
	const char *value = found ? (const char *)found + sizeof(key) - 1 : NULL;

	if (!value || !memchr(value, '\0', module->bytes - (size_t)((const uint8_t *)value - module->data)))
		return "";
	return value;
}

static int collect(struct collection *c, const char *name, unsigned int depth);

/* What the module depends on comes before it. The collection takes it over, or frees it. */
static int add(struct collection *c, struct module *module, unsigned int depth)
{
	char *needs = xprintf("%s", depends(module));
	int status = 0;

	for (char *word = needs; word && !status;) {
		char *comma = strchr(word, ',');

		if (comma)
			*comma++ = '\0';
		if (*word && depth < MODULES)
			status = collect(c, word, depth + 1);
		word = comma;
	}
	free(needs);
	if (!status && c->count == MODULES)
		status = complain(STATUS_INPUT, "module %s: needs more than %d modules", module->name, MODULES);
	if (status)
		free(module->data);
	else
		c->modules[c->count++] = *module;
	return status;
}

static int collect(struct collection *c, const char *name, unsigned int depth)
{
	struct module module = { 0 };
	char *stem;
	int status;

	for (unsigned int i = 0; i < c->count; i++)
		if (strcmp(c->modules[i].name, name) == 0)
			return 0;
	stem = path_of(c, name);
	if (!stem)	/* built into the kernel, or not there; the guest will say */
		return 0;
	snprintf(module.name, sizeof(module.name), "%s", name);
	status = read_module(stem, &module);
	free(stem);
	if (status)
		return status;
	return add(c, &module, depth);
}

/* The module's name in a path, and the end of it; NULL if it is not a module's. */
static const char *name_in(const char *path, const char **end)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	*end = strstr(base, ".ko");
	return *end && *end != base ? base : NULL;
}

bool modules_same_name(const char *path, const char *name)
{
	const char *end, *base = name_in(path, &end);

	return base && same_name(base, name, (size_t)(end - base));
}

/* A file of the user's, the name of which is the module's. */
static int collect_file(struct collection *c, const char *path)
{
	const char *end, *base = name_in(path, &end);
	struct module module = { 0 };
	char *stem;
	int status;

	if (!base || access(path, R_OK) != 0)
		return complain(STATUS_INPUT, "--module %s: not a module: give it FILE.ko, or .ko.xz, .ko.zst, .ko.gz", path);
	snprintf(module.name, sizeof(module.name), "%.*s", (int)(end - base), base);
	stem = xprintf("%.*s", (int)(end - path), path);
	status = read_module(stem, &module);
	free(stem);
	return status ? status : add(c, &module, 0);
}

/* What modules.order would say, from the files themselves; to be freed. */
static char *list_of(const char *folder)
{
	char *top = xprintf("%s/kernel", folder), *list = xprintf("%s", ""), *longer;
	char *const tops[] = { top, NULL };
	FTS *tree = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	while (tree && (entry = fts_read(tree))) {
		if (entry->fts_info != FTS_F || !strstr(entry->fts_name, ".ko"))
			continue;
		longer = xprintf("%s%s\n", list, entry->fts_path + strlen(folder) + 1);
		free(list);
		list = longer;
	}
	if (tree)
		fts_close(tree);
	free(top);
	return list;
}

/*
 * Debian has the list in a package of its own (linux-base-VERSION), which one who unpacks kernel and modules may
 * lack.
 */
static bool has_modules(const char *folder)
{
	char *order = xprintf("%s/modules.order", folder), *drivers = xprintf("%s/kernel/drivers", folder);
	bool has = access(order, R_OK) == 0 || access(drivers, R_OK | X_OK) == 0;

	free(order);
	free(drivers);
	return has;
}

/* The text of modules.order, to be freed, in *text. Returns 0, or a status after a complaint. */
static int read_list(const char *folder, char **text)
{
	char *path = xprintf("%s/modules.order", folder);
	uint8_t *order = NULL;
	size_t bytes = 0;
	int status = 0;

	if (!has_modules(folder))
		status = complain(STATUS_INPUT,
				  "--modules %s: it has no modules.order, so it is not a kernel's folder of modules",
				  folder);
	else if (access(path, F_OK) != 0)
		*text = list_of(folder);
	else if (!(status = file_read(path, "list of modules", &order, &bytes)))
		*text = xprintf("%.*s", (int)bytes, (const char *)order);
	free(order);
	free(path);
	return status;
}

/* The folder with the kernel's modules, to be freed; NULL if there is none. */
static char *find_folder(const char *kernel, const char *release)
{
	char *beside = folder_of(kernel), *found = NULL;
	char *places[] = {
		xprintf("%s/modules", beside),			   /* scripts/fetch-kernel */
		xprintf("%s", beside),				   /* lib/modules/RELEASE/vmlinuz */
		build_tree_of(kernel),
		xprintf("%s/../lib/modules/%s", beside, release),  /* an unpacked package */
		xprintf("%s/../usr/lib/modules/%s", beside, release),
		xprintf("/lib/modules/%s", release),
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!found && places[i] && has_modules(places[i]))
			found = places[i];
		else
			free(places[i]);
	}
	free(beside);
	return found;
}

static void archive_all(struct collection *c, struct cpio *archive)
{
	if (c->count)
		cpio_folder(archive, EVIDENCE_MODULE_DIR);
	for (unsigned int i = 0; i < c->count; i++) {
		char *path = xprintf("%s/%02u-%s.ko", EVIDENCE_MODULE_DIR, i, c->modules[i].name);

		cpio_file(archive, path, 0644, c->modules[i].data, c->modules[i].bytes);
		free(path);
		free(c->modules[i].data);
	}
	if (c->count)
		cpio_end(archive);
}

int modules_collect(const char *kernel, const char *release, const char *folder, const char *const *wanted,
		    const struct opt_list *own, struct cpio *archive)
{
	char *found = folder ? xprintf("%s", folder) : find_folder(kernel, release);
	struct collection c = { .folder = found };
	int status = found ? read_list(found, &c.order) : 0;

	for (; *wanted && !status && found; wanted++)
		status = collect(&c, *wanted, 0);
	for (unsigned int i = 0; i < own->count && !status; i++)
		status = collect_file(&c, own->items[i]);
	archive_all(&c, archive);
	free(c.order);
	free(found);
	return status;
}
