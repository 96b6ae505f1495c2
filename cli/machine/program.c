/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/machine/linked.h"
#include "cli/machine/program.h"
#include "cli/machine/root.h"
#include "cli/words.h"
#include "wire/evidence.h"

#define OUTPUT_ROOM	(1 << 20)	/* with a full pipe the guest's serial port would wait */
#define CACHE		"/etc/ld.so.cache"	/* by which the loader finds what is in none of its own folders */

/* What is put behind the initrd. */
struct tree {
	struct cpio *cpio;
	const uint8_t *initrd;
	size_t bytes;
	struct words done;	/* paths in the guest */
};

static bool in_initrd(const struct tree *t, const char *path)
{
	const uint8_t *data;
	size_t bytes;

	return cpio_find(t->initrd, t->bytes, path + 1, &data, &bytes);
}

static bool is_done(const struct tree *t, const char *path)
{
	for (size_t i = 0; i < t->done.count; i++)
		if (strcmp(t->done.all[i], path) == 0)
			return true;
	return false;
}

static int add_file(struct tree *t, const char *from, const char *to);

static int add_needs(struct tree *t, const char *path, const uint8_t *data, size_t bytes)
{
	struct words needs = { 0 };
	int status = linked_needs(path, data, bytes, &needs);

	if (!status && needs.count && data[0] != '#' && access(CACHE, R_OK) == 0)
		status = add_file(t, CACHE, CACHE);
	for (size_t i = 0; i < needs.count && !status; i++)
		status = in_initrd(t, needs.all[i]) ? 0 : add_file(t, needs.all[i], needs.all[i]);
	words_free(&needs);
	return status;
}

/* With what it needs, if it can be run. */
static int add_file(struct tree *t, const char *from, const char *to)
{
	uint8_t *data = NULL;
	struct stat st = { 0 };
	size_t bytes = 0;
	int status;

	if (is_done(t, to))
		return 0;
	if (in_initrd(t, to))
		return complain(STATUS_INPUT, "%s: tdlab's own initrd has a file of that name: choose another with --file %s:DST",
				to, from);
	words_add(&t->done, "%s", to);
	status = file_read(from, "file", &data, &bytes);
	if (!status) {
		stat(from, &st);
		cpio_parents(t->cpio, to + 1);
		cpio_file(t->cpio, to + 1, st.st_mode & 0777, data, bytes);
		if (st.st_mode & 0111)
			status = add_needs(t, from, data, bytes);
	}
	free(data);
	return status;
}

static int add_link(struct tree *t, const char *from, const char *to)
{
	char target[4096];
	ssize_t length = readlink(from, target, sizeof(target) - 1);

	if (length < 0)
		return complain(STATUS_INPUT, "file %s: %s", from, strerror(errno));
	target[length] = '\0';
	cpio_link(t->cpio, to + 1, target);
	return 0;
}

static int add_entry(struct tree *t, const FTSENT *entry, const char *to)
{
	switch (entry->fts_info) {
	case FTS_DP:
		return 0;
	case FTS_D:
		cpio_folder(t->cpio, to + 1);
		return 0;
	case FTS_F:
		return add_file(t, entry->fts_path, to);
	case FTS_SL:
	case FTS_SLNONE:
		return add_link(t, entry->fts_path, to);
	default:
		return complain(STATUS_INPUT, "file %s: %s", entry->fts_path,
				entry->fts_errno ? strerror(entry->fts_errno) : "neither a file nor a folder nor a link");
	}
}

static int add_folder(struct tree *t, const char *from, const char *to)
{
	char *top = xprintf("%s", from), *const tops[] = { top, NULL };
	FTS *walk = fts_open(tops, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, cpio_order);
	int status = 0;
	FTSENT *entry;

	cpio_parents(t->cpio, to + 1);
	while (walk && !status && (entry = fts_read(walk))) {
		char *path = xprintf("%s%s", to, entry->fts_path + strlen(from));

		status = add_entry(t, entry, path);
		free(path);
	}
	if (walk)
		fts_close(walk);
	free(top);
	return status;
}

/* SRC[:DST]; a SRC that has a colon in its name is meant as it is if it is there. */
static int add_given(struct tree *t, const char *given)
{
	const char *colon = access(given, F_OK) == 0 ? NULL : strrchr(given, ':');
	char *from = xprintf("%.*s", colon ? (int)(colon - given) : (int)strlen(given), given), *whole = realpath(from, NULL);
	char *to = xprintf("%s", colon ? colon + 1 : whole ? whole : from);
	struct stat st;
	int status;

	if (!whole)
		status = complain(STATUS_INPUT, "--file %s: %s", given, strerror(errno));
	else if (*to != '/' || to[strlen(to) - 1] == '/')
		status = complain(STATUS_INPUT, "--file %s: where in the guest? Write %s:/PATH, the whole path of the file",
				  given, from);
	else
		status = stat(whole, &st) == 0 && S_ISDIR(st.st_mode) ? add_folder(t, whole, to) : add_file(t, whole, to);
	free(to);
	free(whole);
	free(from);
	return status;
}

/* One name a line: scripts/mkinitrd. */
static bool is_applet(const struct tree *t, const char *name)
{
	const uint8_t *list;
	size_t bytes, length = strlen(name);

	if (!cpio_find(t->initrd, t->bytes, EVIDENCE_APPLETS, &list, &bytes))
		return false;
	for (const uint8_t *line = list, *end = list + bytes, *stop; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop ? stop : end;
		if ((size_t)(stop - line) == length && memcmp(line, name, length) == 0)
			return true;
	}
	return false;
}

/* /bin is our initrd's, and /dev, /proc and /sys are the kernel's there. */
static char *place_of(const char *path)
{
	static const char *const taken[] = { "/bin", "/sbin", "/dev", "/proc", "/sys" };
	char *folder = folder_of(path), *real = realpath(folder, NULL), *place;
	const char *slash = strrchr(path, '/'), *top = real ? real : folder;
	bool moved = false;

	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		moved |= strncmp(top, taken[i], strlen(taken[i])) == 0 && strchr("/", top[strlen(taken[i])]);
	place = xprintf("%s/%s", moved ? "/usr/bin" : strcmp(top, "/") == 0 ? "" : top, slash ? slash + 1 : path);
	free(real);
	free(folder);
	return place;
}

/* The command's file on this host, to be freed; NULL: it is busybox's, or among the files. */
static int find(const struct tree *t, const char *name, char **path)
{
	struct stat st;

	*path = NULL;
	if (is_done(t, name))
		return 0;
	*path = process_find(name);
	if (*path || (!strchr(name, '/') && is_applet(t, name)))
		return 0;
	if (strchr(name, '/') && stat(name, &st) == 0)
		return complain(PROGRAM_NOT_EXECUTABLE, "run: %s: %s", name, S_ISDIR(st.st_mode) ?
				"a folder: name a program" : "not executable (chmod +x), so there was nothing to boot for");
	if (strchr(name, '/'))
		return complain(PROGRAM_NOT_FOUND, "run: %s: %s", name, strerror(errno));
	return complain(PROGRAM_NOT_FOUND, "run: %s: no such command in PATH, nor in busybox", name);
}

/* What stands before the command: busybox looks for one without a path in PATH, after its chroot. */
static const char *entrance(const struct program *p)
{
	return p->root ? "for at in proc sys dev; do busybox mount -o rbind /$at /" ROOT_PLACE "/$at || exit 126; done\n"
			 "exec busybox chroot /" ROOT_PLACE : "exec";
}

/* A script, so that no length and no letter of an argument is lost on the way. */
static void add_script(const struct program *p, struct cpio *cpio, const char *path)
{
	static const char *const kept[] = { "TERM", "LD_LIBRARY_PATH" };	/* the loader was asked with this one */
	char *text = xprintf("export PATH=%s HOME=/", p->root ? ROOT_PATH : "/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin");
	char *const *words = p->words, *whole;

	for (size_t i = 0; i < ARRAY_SIZE(kept) - (p->root ? 1 : 0); i++) {
		if (!getenv(kept[i]))
			continue;
		whole = xprintf("%s=%s", kept[i], getenv(kept[i]));
		add_word(&text, whole);
		free(whole);
	}
	whole = xprintf("%s\n%s", text, entrance(p));
	if (!path && !p->root)
		add_word(&whole, "/bin/busybox");
	add_word(&whole, path ? path : *words);
	for (words++; *words; words++)
		add_word(&whole, *words);
	free(text);
	text = xprintf("%s\n", whole);
	cpio_file(cpio, EVIDENCE_COMMAND, 0644, text, strlen(text));
	free(whole);
	free(text);
}

static int in_root(const struct program *p, struct cpio *archive)
{
	int status = root_find(p->root, *p->words);

	if (!status)
		status = root_archive(p->root, p->memory, archive);
	if (!status) {
		add_script(p, archive, NULL);
		cpio_end(archive);
	}
	return status;
}

int program_archive(const struct program *p, const uint8_t *initrd, size_t bytes, struct cpio *archive)
{
	struct tree t = { .cpio = archive, .initrd = initrd, .bytes = bytes };
	char *path = NULL, *place = NULL;
	int status = 0;

	if (p->root)
		return in_root(p, archive);
	for (unsigned int i = 0; i < p->files->count && !status; i++)
		status = add_given(&t, p->files->items[i]);
	if (!status)
		status = find(&t, *p->words, &path);
	if (!status && path)
		place = place_of(path);
	else if (!status && is_done(&t, *p->words))
		place = xprintf("%s", *p->words);
	if (!status && path)
		status = add_file(&t, path, place);
	if (!status) {
		add_script(p, archive, place);
		cpio_end(archive);
	}
	words_free(&t.done);
	free(place);
	free(path);
	return status;
}

int program_open(struct program *p)
{
	p->ends[0] = p->ends[1] = -1;
	if (pipe2(p->ends, O_NONBLOCK) || fcntl(p->ends[0], F_SETFD, FD_CLOEXEC))
		return complain(STATUS_ENVIRONMENT, "cannot make pipes: %s", strerror(errno));
	fcntl(p->ends[1], F_SETPIPE_SZ, OUTPUT_ROOM);
	return 0;
}

void program_close(struct program *p)
{
	for (int i = 0; i < 2; i++) {
		if (p->ends[i] >= 0)
			close(p->ends[i]);
		p->ends[i] = -1;
	}
}

bool program_output(struct program *p)
{
	char data[65536];
	ssize_t got = read(p->ends[0], data, sizeof(data)), put, done = 0;

	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	ktap_feed(&p->results, data, (size_t)got);
	while (done < got && !p->lost) {
		put = write(STDOUT_FILENO, data + done, (size_t)(got - done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			p->lost = true;		/* the guest goes on: its verdict does not depend on it */
			complain(0, "what the command prints cannot be written any more: %s", strerror(errno));
		}
		done += put > 0 ? put : 0;
	}
	return true;
}

char *program_text(const struct program *p)
{
	char *text = xprintf("%s", ""), *line;

	for (char *const *word = p->words; *word; word++)
		add_word(&text, *word);
	line = xprintf("%s", text + 1);
	free(text);
	return line;
}
