/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "cli/machine/qmp.h"
#include "cli/tdlab.h"

#define PATIENCE_S 60	/* of a host that is very busy */

static int lost(const char *what)
{
	return complain(STATUS_ENVIRONMENT, "QEMU's monitor: %s", what);
}

/* The next line, in q->line. */
static int read_line(struct qmp *q)
{
	char *end;
	ssize_t got;

	while (!(end = memchr(q->more, '\n', q->length))) {
		if (q->length == sizeof(q->more))
			return lost("a line without end");
		got = recv(q->fd, q->more + q->length, sizeof(q->more) - q->length, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return lost(got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? "no answer" : "closed");
		q->length += (size_t)got;
	}
	memcpy(q->line, q->more, (size_t)(end - q->more));
	q->line[end - q->more] = '\0';
	q->length -= (size_t)(end + 1 - q->more);
	memmove(q->more, end + 1, q->length);
	return 0;
}

static bool begins(const struct qmp *q, const char *with)
{
	return strncmp(q->line, with, strlen(with)) == 0;
}

int qmp_begin(struct qmp *q, int fd)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int status;

	*q = (struct qmp){ .fd = fd };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	status = read_line(q);
	if (!status && !begins(q, "{\"QMP\""))
		status = lost("no greeting");
	return status ? status : qmp_command(q, "{\"execute\":\"qmp_capabilities\"}");
}

/* With a descriptor if fd is not negative. */
static int command(struct qmp *q, const char *json, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(fd))];
	} control = { .header = { CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec data = { .iov_base = (char *)(uintptr_t)json, .iov_len = strlen(json) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	int status;

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.room);
	}
	if (sendmsg(q->fd, &message, MSG_NOSIGNAL) != (ssize_t)data.iov_len)
		return lost("closed");
	do
		status = read_line(q);
	while (!status && !begins(q, "{\"return\"") && !begins(q, "{\"error\""));
	if (!status && begins(q, "{\"error\""))
		return lost(q->line);
	return status;
}

int qmp_command(struct qmp *q, const char *json)
{
	return command(q, json, -1);
}

int qmp_give_fd(struct qmp *q, int fd, const char *name)
{
	char *json = xprintf("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"%s\"}}", name);
	int status = command(q, json, fd);

	free(json);
	return status;
}
