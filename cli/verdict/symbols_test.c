/* SPDX-License-Identifier: MIT */
/* Where a kernel's symbols are looked for, how far a name reaches, and many of them. See also cli/parts_test.c. */
#include "cli/testing.h"
#include "cli/verdict/symbols.h"

#define BASE 0xffffffff81000000ull

static char folder[1024];

static bool named(const struct symbols *s, uint64_t address, const char *want)
{
	char text[80];

	return symbols_name(s, address, text, sizeof(text)) == (want != NULL) && (!want || strcmp(text, want) == 0);
}

/* A map of two symbols, the first of which has that name. */
static void map_at(const char *where, const char *name)
{
	char *path = xprintf("%s/%s", folder, where);
	FILE *file = fopen(path, "w");

	fprintf(file, "%llx T %s\n%llx T other\n", BASE, name, BASE + 0x100);
	fclose(file);
	free(path);
}

/* Whether the symbols of that kernel are those of the map whose first symbol has this name; NULL: there are none. */
static bool loads(const char *kernel, const char *version, const char *name)
{
	char *path = xprintf("%s/%s", folder, kernel);
	struct symbols s;
	bool right;

	symbols_load(&s, path, version);
	right = name ? s.count == 2 && strcmp(s.all[0].name, name) == 0 : s.count == 0 && !s.path;
	symbols_free(&s);
	free(path);
	return right;
}

static void test_load(void)
{
	static const char *const parts[] = { "arch", "arch/x86", "arch/x86/boot" };
	char paths[ARRAY_SIZE(parts)][sizeof(folder) + 32];

	tap_ok(loads("vmlinuz", "6.12", NULL), "a kernel with nothing beside it");
	map_at("System.map-", "of_no_version");
	tap_ok(loads("vmlinuz", "", NULL), "a kernel whose version is not known");
	map_at("System.map-6.12", "versioned");
	tap_ok(loads("vmlinuz", "6.12", "versioned"), "the map of its version");
	tap_ok(loads("vmlinuz", "6.13", NULL), "... and of no other");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", folder, parts[i]);
		mkdir(paths[i], 0700);
	}
	map_at("arch/x86/boot/bzImage", "kernel");
	map_at("System.map", "of_the_tree");
	map_at("vmlinux", "tree_vmlinux");
	snprintf(paths[0], sizeof(paths[0]), "%s/System.map", folder);
	unlink(paths[0]);
	tap_ok(loads("arch/x86/boot/bzImage", "", "tree_vmlinux"), "a kernel in its build tree has the tree's vmlinux");
	map_at("System.map", "of_the_tree");
	tap_ok(loads("arch/x86/boot/bzImage", "", "of_the_tree"), "... but its map before that");
	snprintf(paths[0], sizeof(paths[0]), "%s/vmlinux", folder);
	unlink(paths[0]);
	tap_ok(loads("vmlinuz", "6.12", "of_the_tree"), "what lies beside a kernel comes before its version's");
	map_at("arch/x86/boot/System.map", "beside");
	tap_ok(loads("arch/x86/boot/bzImage", "", "beside"), "... and before the tree's");
	snprintf(paths[0], sizeof(paths[0]), "%s/arch/x86/boot/System.map", folder);
	unlink(paths[0]);
	snprintf(paths[0], sizeof(paths[0]), "%s/arch/x86/boot/bzImage", folder);
	unlink(paths[0]);
	for (size_t i = ARRAY_SIZE(parts); i > 0; i--) {
		snprintf(paths[0], sizeof(paths[0]), "%s/%s", folder, parts[i - 1]);
		rmdir(paths[0]);
	}
}

/* Where else its symbols may be, and that a note is not them. */
static void test_places(void)
{
	static const char *const files[] = { "System.map-7", "System.map", "vmlinux" };
	FILE *note;
	char path[sizeof(folder) + 32];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		map_at(files[i], files[i]);
		tap_ok(loads("vmlinuz", "7", files[i]), files[i]);
	}
	snprintf(path, sizeof(path), "%s/vmlinux", folder);
	note = fopen(path, "w");
	fprintf(note, "%llx T only", BASE);
	fclose(note);
	tap_ok(loads("vmlinuz", "7", "System.map"), "a file with one symbol is a note that says where they are");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
}

/* What the user names: a file that is not there, or names nothing, is told; a kernel's may have moved. */
static void test_file(void)
{
	static const struct {
		const char *text;
		int status;
		const char *said;
		bool placed;
	} rows[] = {
		{ "1000 T first\n2000 T other\n", 0, "", true },
		{ "ffffffff7fffffff T first\nffffffff81000000 T other\n", 0, "", true },
		{ "ffffffff80000000 T first\nffffffff81000000 T other\n", 0, "", false },
		{ "nothing\n", STATUS_INPUT, "no names of functions in it", false },
		{ NULL, STATUS_INPUT, "No such file", false },
	};
	char path[sizeof(folder) + 32];

	snprintf(path, sizeof(path), "%s/named", folder);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		FILE *file = rows[i].text ? fopen(path, "w") : NULL;
		struct symbols s;

		if (file) {
			fputs(rows[i].text, file);
			fclose(file);
		}
		tap_case_number("file", i);
		listen();
		tap_is(symbols_load_file(&s, path), rows[i].status, "a file of names");
		tap_has(said(), rows[i].said, "... what is wrong with it");
		tap_ok(rows[i].status || (s.count == 2 && s.placed == rows[i].placed), "... whether it lies where it says");
		symbols_free(&s);
		unlink(path);
	}
	tap_case(NULL);
}

/* The kernel lies so that its last call from its half came from a stub; by steps of 2 MiB. */
static void test_place(void)
{
	static const char stub[] = "ffffffff80000000 T __tdcall\nffffffff80000010 T other\nffffffff80000400 T __tdcall_ret";
	static const struct {
		uint16_t type;
		uint64_t rip;
		uint64_t slide;		/* 1: it is not known */
		const char *name;
	} rows[] = {
		{ TD_EV_MAPGPA, 0xffffffff80000000, 0, "the kernel's half begins there" },
		{ TD_EV_TDCALL, 0xffffffff8060000f, 0x600000, "a TDCALL" },
		{ TD_EV_OPEN, 0xffffffff8060000f, 1, "no call" },
		{ TD_EV_TDCALL, 0xffffffff80600010, 1, "the next function" },
		{ TD_EV_TDCALL, 0xffffffff80600013, 1, "... is no stub" },
		{ TD_EV_TDCALL, 0xffffffff806013ff, 0x600000, "the last function" },
		{ TD_EV_TDCALL, 0xffffffff80601400, 1, "... is no longer than a page" },
		{ TD_EV_TDCALL, 0xffffffffc0000000, 1, "modules lie from there on" },
		{ TD_EV_TDCALL, 0xffffffffbfe00000, 0x3fe00000, "... and the kernel up to there" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct td_event all[3] = { { .type = rows[i].type, .rip = rows[i].rip },
					   { .type = TD_EV_OPEN, .rip = 0xffffffff80000013 } };
		struct records records = { .all = all, .count = 2 };
		struct symbols s = { 0 };

		symbols_parse_map(&s, xprintf("%s", stub));
		symbols_place(&s, &records);
		tap_ok(rows[i].slide == 1 ? !s.placed : s.placed && s.slide == rows[i].slide, rows[i].name);
		symbols_free(&s);
	}
}

/* No function is longer than 1 MiB. */
static void test_reach(void)
{
	struct symbols s = { .placed = true };

	symbols_parse_map(&s, xprintf("%llx T last", BASE));
	tap_ok(named(&s, BASE, "last+0x0") && named(&s, BASE + (1 << 20) - 1, "last+0xfffff"), "a name up to a MiB");
	tap_ok(named(&s, BASE + (1 << 20), NULL) && named(&s, BASE - 1, NULL), "and none behind it, nor before");
	symbols_free(&s);
}

static void test_many(void)
{
	const size_t count = 140000;	/* a kernel's */
	struct symbols s = { .placed = true };
	char *text = malloc(count * 32), *at = text;
	bool right = true;

	for (size_t i = 0; i < count; i++)
		at += sprintf(at, "%llx t f%zu\n", BASE + 0x10 * (count - 1 - i), i);
	symbols_parse_map(&s, text);
	tap_ok(s.count == count && named(&s, BASE, "f139999+0x0") && named(&s, BASE + 0x10 * (count - 1) + 3, "f0+0x3"),
	       "as many symbols as a kernel has, in any order");
	symbols_free(&s);
	s.placed = true;
	for (unsigned int i = 0; i < 100; i++)
		symbols_parse_map(&s, xprintf("%x t g%u\n", 0x10 * i, i));
	for (unsigned int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "g%u+0x1", i);
		right &= named(&s, 0x10 * i + 1, name);
	}
	tap_ok(right, "of a hundred texts");
	symbols_free(&s);
}

int main(void)
{
	snprintf(folder, sizeof(folder), "%s", testing_folder());
	test_places();
	test_load();
	test_file();
	test_place();
	test_reach();
	test_many();
	return tap_done();
}
