/* SPDX-License-Identifier: MIT */
/* What every file of the command shares: complaints, memory, paths, the progress line. */
#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/tdlab.h"

const char *program_called = "tdlab";

/* One write(), so that a line stays whole among those of other processes. */
static void print_line(const char *format, va_list args)
{
	char line[1024];
	int prefix = snprintf(line, sizeof(line), "tdlab: ");
	int length = vsnprintf(line + prefix, sizeof(line) - 1 - (size_t)prefix, format, args);
	size_t bytes = strlen(line);

	if (length < 0)
		return;
	line[bytes++] = '\n';
	fflush(stdout);
	fwrite(line, 1, bytes, stderr);
	fflush(stderr);
}

int complain(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args);
	va_end(args);
	return status;
}

int delivered(int status)
{
	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		return complain(STATUS_ENVIRONMENT, "results cannot be written: %s",
				errno ? strerror(errno) : "a write before failed");
	return status;
}

void narrate(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args);
	va_end(args);
}

char *printable(char *text)
{
	for (char *c = text; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return text;
}

double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void descriptors_fill(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = open("/dev/null", O_RDWR);
	if (fd < 0 && (fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0 ||
		       fcntl(STDERR_FILENO, F_GETFD) < 0))
		exit(STATUS_ENVIRONMENT);	/* whoever closed them hears no complaint */
	close(fd);
}

/* One that does what escape sequences say. */
static bool terminal(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

bool colours(void)
{
	const char *no = getenv("NO_COLOR");

	return terminal(STDOUT_FILENO) && !(no && *no);
}

bool progress_wanted(void)
{
	return terminal(STDERR_FILENO);
}

static int width_of(int fd)
{
	struct winsize size = { 0 };

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

int width_of_output(void)
{
	const char *text = getenv("COLUMNS");
	int columns = text ? atoi(text) : 0;

	return isatty(STDOUT_FILENO) || columns <= 0 ? width_of(STDOUT_FILENO) : columns;
}

#define FOLDED	4	/* columns before what did not fit behind the rest of its line */

void fold(const char *text, int column, int columns)
{
	const int width = columns - 1 - column;

	while ((int)strlen(text) > width) {
		int length = width > 0 ? width : 0;

		while (length > 0 && text[length] != ' ')
			length--;
		if (!length)
			break;
		printf("%.*s\n%*s", length, text, column, "");
		text += length + 1;
	}
	puts(text);
}

void fold_on_terminal(const char *text, int column)
{
	const int columns = isatty(STDOUT_FILENO) ? width_of_output() : INT_MAX;

	if ((int)strlen(text) < columns - column) {
		puts(text);
		return;
	}
	printf("\n%*s", FOLDED, "");
	fold(text, FOLDED, columns);
}

void progress_show(const char *format, ...)
{
	char text[512];
	va_list args;

	if (!progress_wanted())
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "\r\033[K%.*s", width_of(STDERR_FILENO) - 1, text);
	fflush(stderr);
}

void progress_clear(void)
{
	if (progress_wanted())
		fputs("\r\033[K", stderr);
}

static void *need(void *memory)
{
	if (!memory)
		exit(complain(STATUS_ENVIRONMENT, "out of memory"));
	return memory;
}

void *xrealloc(void *old, size_t bytes)
{
	return need(realloc(old, bytes ? bytes : 1));
}

void *xcalloc(size_t count, size_t bytes)
{
	return need(calloc(count ? count : 1, bytes ? bytes : 1));
}

char *xprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	return need(length < 0 ? NULL : text);
}

char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xprintf(".");
	return xprintf("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

char *build_tree_of(const char *kernel)
{
	static const char tail[] = "/arch/x86/boot/bzImage";
	char *path = realpath(kernel, NULL);
	size_t length = path ? strlen(path) : 0;

	if (length > strlen(tail) && strcmp(path + length - strlen(tail), tail) == 0) {
		path[length - strlen(tail)] = '\0';
		return path;
	}
	free(path);
	return NULL;
}

/* Where this very program lies, whatever links and PATH led to it; to be freed. */
static char *own_folder(void)
{
	char *self = realpath("/proc/self/exe", NULL), *folder = self ? folder_of(self) : NULL;

	free(self);
	return folder;
}

/* The build tree is build/tdlab beside build/NAME and ../behaviours; an installation is bin/tdlab and share/tdlab. */
char *installed(const char *name)
{
	static const char *const places[] = { "", "/..", "/../share/tdlab" };
	char *folder = own_folder(), *path;

	if (!folder)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		path = xprintf("%s%s/%s", folder, places[i], name);
		if (access(path, R_OK) == 0) {
			free(folder);
			return path;
		}
		free(path);
	}
	free(folder);
	return NULL;
}

char *installed_needed(const char *name)
{
	char *path = installed(name), *folder = own_folder();

	if (!path && !folder)
		complain(STATUS_ENVIRONMENT, "/proc is not mounted: tdlab finds %s by it, and QEMU its files", name);
	else if (!path)
		complain(STATUS_ENVIRONMENT, "no %s in %s or %s/../share/tdlab: run make, or install all of tdlab", name,
			 folder, folder);
	free(folder);
	return path;
}
