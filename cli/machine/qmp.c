/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
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
	json_decref(q->answer);
	q->answer = json_loads(q->line, JSON_REJECT_DUPLICATES, NULL);
	return 0;
}

int qmp_begin(struct qmp *q, int fd)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int status;

	*q = (struct qmp){ .fd = fd };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	status = read_line(q);
	if (!status && !json_object_get(q->answer, "QMP"))
		status = lost("no greeting");
	return status ? status : qmp_command(q, "qmp_capabilities", NULL);
}

void qmp_end(struct qmp *q)
{
	json_decref(q->answer);
	q->answer = NULL;
}

/* With a descriptor if fd is not negative. */
static int command(struct qmp *q, const char *name, json_t *arguments, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(fd))];
	} control = { .header = { CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS } };
	json_t *json = json_pack("{s:s, s:o*}", "execute", name, "arguments", arguments);
	char *text = json_dumps(json, JSON_COMPACT);
	struct iovec data = { .iov_base = text, .iov_len = text ? strlen(text) : 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	bool sent;
	int status;

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.room);
	}
	sent = text && sendmsg(q->fd, &message, MSG_NOSIGNAL) == (ssize_t)data.iov_len;
	free(text);
	json_decref(json);
	if (!sent)
		return lost("closed");
	do
		status = read_line(q);
	while (!status && !json_object_get(q->answer, "return") && !json_object_get(q->answer, "error"));
	if (!status && json_object_get(q->answer, "error"))
		return lost(q->line);
	return status;
}

int qmp_command(struct qmp *q, const char *name, json_t *arguments)
{
	return command(q, name, arguments, -1);
}

int qmp_give_fd(struct qmp *q, int fd, const char *name)
{
	return command(q, "getfd", json_pack("{s:s}", "fdname", name), fd);
}
