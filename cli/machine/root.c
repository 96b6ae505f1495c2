/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/machine/program.h"
#include "cli/machine/root.h"
#include "cli/tdlab.h"

/* Where something is mounted in the guest: what this host has there stays here. */
static const char *const mounts[] = { "proc", "sys", "dev" };

static bool is_mount(const FTSENT *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++)
		if (entry->fts_level == 1 && strcmp(entry->fts_name, mounts[i]) == 0)
			return true;
	return false;
}

/* Returns 0, or an errno. A link that is absolute, or leads out by "..", stays in the folder, as in the guest. */
static int look(int folder, const char *path, struct stat *st)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how)), error = 0;

	if (fd < 0)
		return errno;
	if (fstat(fd, st))
		error = errno;
	close(fd);
	return error;
}

/* Root runs it, to whom any x is enough. */
static bool is_program(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_mode & 0111;
}

static int find_in_path(int folder, const char *root, const char *command)
{
	bool there = false;
	size_t length;

	for (const char *at = ROOT_PATH; *at; at += length + (at[length] == ':')) {
		char *path = xprintf("%.*s/%s", (int)(length = strcspn(at, ":")), at, command);
		struct stat st;
		bool found = look(folder, path, &st) == 0;

		free(path);
		if (found && is_program(&st))
			return 0;
		there |= found;
	}
	if (there)
		return complain(PROGRAM_NOT_EXECUTABLE, "run: %s: not executable in %s", command, root);
	return complain(PROGRAM_NOT_FOUND, "run: %s: no such command in %s, in none of %s", command, root, ROOT_PATH);
}

int root_find(const char *root, const char *command)
{
	int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), error, status = 0;
	struct stat st;

	if (folder < 0)
		return complain(STATUS_INPUT, "--root %s: %s", root, strerror(errno));
	if (!strchr(command, '/')) {
		status = find_in_path(folder, root, command);
	} else if ((error = look(folder, command, &st))) {
		status = complain(error == ENOSYS ? STATUS_ENVIRONMENT : PROGRAM_NOT_FOUND, "run: %s, in %s: %s", command, root,
				  error == ENOSYS ? "--root needs Linux 5.6, which has openat2" : strerror(error));
	} else if (!is_program(&st)) {
		status = complain(PROGRAM_NOT_EXECUTABLE, "run: %s, in %s: %s", command, root,
				  S_ISREG(st.st_mode) ? "not executable (chmod +x)" : "no file that could be run");
	}
	close(folder);
	return status;
}

static int add_file(const FTSENT *entry, const char *to, struct cpio *cpio)
{
	uint8_t *data = NULL;
	size_t bytes;
	int status = file_read(entry->fts_path, "file", &data, &bytes);

	if (!status)
		cpio_file(cpio, to, entry->fts_statp->st_mode & 07777, data, bytes);
	free(data);
	return status;
}

static int add_link(const FTSENT *entry, const char *to, struct cpio *cpio)
{
	char target[4096];
	ssize_t length = readlink(entry->fts_path, target, sizeof(target) - 1);

	if (length < 0)
		return complain(STATUS_INPUT, "file %s: %s", entry->fts_path, strerror(errno));
	target[length] = '\0';
	cpio_link(cpio, to, target);
	return 0;
}

static int add(FTS *walk, FTSENT *entry, const char *to, struct cpio *cpio)
{
	if (is_mount(entry)) {
		if (entry->fts_info == FTS_D)
			fts_set(walk, entry, FTS_SKIP);
		return 0;
	}
	switch (entry->fts_info) {
	case FTS_D:
		cpio_folder_with(cpio, to, entry->fts_statp->st_mode & 07777);
		return 0;
	case FTS_F:
		return add_file(entry, to, cpio);
	case FTS_SL:
	case FTS_SLNONE:
		return add_link(entry, to, cpio);
	case FTS_DP:
	case FTS_DEFAULT:	/* a device, a pipe, a socket */
		return 0;
	default:
		return complain(STATUS_INPUT, "--root: %s: %s", entry->fts_path, strerror(entry->fts_errno));
	}
}

/*
 * The guest has the archive and what it unpacks from it at the same time, in memory of which Linux gives a root file
 * system one half: a quarter is left for all else.
 */
static int check_room(const char *root, uint64_t bytes, uint64_t memory)
{
	uint64_t room = memory / 8 * 3 < INT32_MAX ? memory / 8 * 3 : INT32_MAX;

	if (bytes <= room)
		return 0;
	return complain(STATUS_INPUT, "--root %s: too large: more than %llu MiB for a guest with %llu MiB: a larger --memory "
			"takes 3/8 of it, at most 2 GiB", root, (unsigned long long)room >> 20,
			(unsigned long long)memory >> 20);
}

int root_archive(const char *root, uint64_t memory, struct cpio *archive)
{
	char *top = xprintf("%s/.", root), *const tops[] = { top, NULL };
	FTS *walk = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, cpio_order);
	int status = walk ? 0 : complain(STATUS_ENVIRONMENT, "--root %s: %s", root, strerror(errno));
	FTSENT *entry;

	while (!status && (entry = fts_read(walk))) {
		char *to = xprintf(ROOT_PLACE "%s", entry->fts_path + strlen(top));
		off_t size = entry->fts_info == FTS_F ? entry->fts_statp->st_size : 0;

		status = check_room(root, archive->bytes + (uint64_t)size, memory);
		if (!status)
			status = add(walk, entry, to, archive);
		free(to);
	}
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		char *to = xprintf(ROOT_PLACE "/%s", mounts[i]);

		cpio_folder(archive, to);
		free(to);
	}
	if (walk)
		fts_close(walk);
	free(top);
	return status;
}
