/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/tdlab.h"

/* /dev/stdout may lead to a file, and whoever replaces that loses what is printed. */
static bool is_standard(const struct stat *file)
{
	struct stat own;

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &own) == 0 && own.st_dev == file->st_dev && own.st_ino == file->st_ino)
			return true;
	return false;
}

static int open_file(struct output *o, const char *path, bool there)
{
	o->path = there ? realpath(path, NULL) : xprintf("%s", path);
	if (!o->path || (there && access(path, W_OK) != 0))
		return errno;
	o->beside = xprintf("%s.new", o->path);
	o->out = fopen(o->beside, "we");
	if (o->out || !there)
		return o->out ? 0 : errno;
	free(o->beside);
	o->beside = NULL;
	o->in_place = true;
	o->out = fopen(path, "r+e");
	return o->out ? 0 : errno;
}

int output_open(struct output *o, const char *path)
{
	struct stat file, link;
	bool there = stat(path, &file) == 0;
	int error = 0;

	*o = (struct output){ .given = path };
	if (there ? S_ISREG(file.st_mode) && !is_standard(&file) : lstat(path, &link) != 0)
		error = open_file(o, path, there);
	else if (!(o->out = fopen(path, "ae")))
		error = errno;
	if (error)
		output_drop(o);
	return error;
}

static int finish(const struct output *o)
{
	FILE *out = o->out;
	int error = 0;

	if (fflush(out) || ferror(out))
		error = errno ? errno : EIO;
	if (!error && o->in_place && ftruncate(fileno(out), ftello(out)))
		error = errno;
	if (!error && o->beside && fsync(fileno(out)))
		error = errno;
	return fclose(out) && !error ? errno : error;
}

/* What cannot take its place is not thrown away. */
int output_close(struct output *o)
{
	int error = finish(o);

	o->out = NULL;
	if (!error && o->beside) {
		if (rename(o->beside, o->path)) {
			error = errno;
			narrate("what was to be in %s is in %s", o->path, o->beside);
		}
		free(o->beside);
		o->beside = NULL;
	}
	output_drop(o);
	return error;
}

void output_drop(struct output *o)
{
	if (o->out)
		fclose(o->out);
	if (o->beside)
		unlink(o->beside);
	free(o->beside);
	free(o->path);
	*o = (struct output){ 0 };
}
