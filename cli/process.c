/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/process.h"
#include "cli/tdlab.h"

void words_add(struct words *words, const char *format, ...)
{
	char *word = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&word, format, args) < 0)
		word = NULL;
	va_end(args);
	if (!word)
		exit(complain(STATUS_ENVIRONMENT, "out of memory"));
	words->all = xrealloc(words->all, (words->count + 2) * sizeof(*words->all));
	words->all[words->count++] = word;
	words->all[words->count] = NULL;
}

void words_free(struct words *words)
{
	while (words->count)
		free(words->all[--words->count]);
	free(words->all);
	words->all = NULL;
}

/* In the child, between fork and exec. */
static void become(char *const argv[], const int fds[3], pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)	/* it died before that took effect */
		_exit(127);
	setpgid(0, 0);			/* Ctrl-C is the command's to handle */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	for (int i = 0; i < 3; i++)
		dup2(fds[i] >= 0 ? fds[i] : null, i);
	execvp(argv[0], argv);
	_exit(127);
}

pid_t process_start(char *const argv[], int in, int out, int err)
{
	const int fds[3] = { in, out, err };
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(argv, fds, parent);
	return pid;
}

int process_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int process_end(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, WNOHANG) == pid)
		return status;
	kill(pid, SIGKILL);
	return process_wait(pid);
}

/* Until it closes its output, or has printed more than limit. */
static char *read_all(int fd, size_t limit, size_t *length)
{
	size_t room = 65536;
	char *text = xrealloc(NULL, room + 1);
	ssize_t got;

	*length = 0;
	while ((got = read(fd, text + *length, room - *length)) > 0 || (got < 0 && errno == EINTR)) {
		*length += got > 0 ? (size_t)got : 0;
		if (*length > limit)
			break;
		if (*length == room)
			text = xrealloc(text, (room *= 2) + 1);
	}
	text[*length] = '\0';
	return text;
}

char *process_capture(char *const argv[], int in, size_t limit, size_t *bytes)
{
	int pipes[2], status = -1;
	char *text;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return NULL;
	pid = process_start(argv, in, pipes[1], -1);
	close(pipes[1]);
	text = read_all(pipes[0], limit, bytes);
	close(pipes[0]);
	if (pid > 0)
		status = *bytes <= limit ? process_wait(pid) : process_end(pid);
	if (pid > 0 && *bytes <= limit && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return text;
	free(text);
	return NULL;
}

static bool is_program(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
	return S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *process_find(const char *name)
{
	const char *path = getenv("PATH");
	char *candidate;
	size_t length;

	if (strchr(name, '/'))
		return is_program(name) ? xprintf("%s", name) : NULL;
	for (; path && *path; path += length + (path[length] == ':')) {
		length = strcspn(path, ":");
		candidate = xprintf("%.*s/%s", (int)length, path, name);
		if (length && is_program(candidate))
			return candidate;
		free(candidate);
	}
	return NULL;
}
