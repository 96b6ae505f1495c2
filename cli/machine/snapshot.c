/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/machine/qmp.h"
#include "cli/machine/snapshot.h"
#include "cli/tdlab.h"

#define PATIENCE_S	60

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int snapshot_link_open(struct snapshot_link *l)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };

	*l = (struct snapshot_link){ { -1, -1 }, { -1, -1 } };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l->qmp) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l->state))
		return complain(STATUS_ENVIRONMENT, "cannot make sockets: %s", strerror(errno));
	fcntl(l->qmp[1], F_SETFD, 0);	/* QEMU inherits it */
	setsockopt(l->state[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(l->state[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return 0;
}

void snapshot_link_started(struct snapshot_link *l)
{
	close_one(&l->qmp[1]);
}

void snapshot_link_close(struct snapshot_link *l)
{
	for (int i = 0; i < 2; i++) {
		close_one(&l->qmp[i]);
		close_one(&l->state[i]);
	}
}

/* Until QEMU closes its end, which it does when it has written all. */
static int read_state(struct snapshot *s, int fd)
{
	size_t room = 1 << 20;
	ssize_t got;

	*s = (struct snapshot){ .state = xrealloc(NULL, room) };
	while ((got = recv(fd, s->state + s->bytes, room - s->bytes, 0)) > 0 || (got < 0 && errno == EINTR)) {
		s->bytes += got > 0 ? (size_t)got : 0;
		if (s->bytes == room)
			s->state = xrealloc(s->state, room *= 2);
	}
	if (got == 0 && s->bytes)
		return 0;
	return complain(STATUS_ENVIRONMENT, "QEMU does not save its state: %s", got < 0 ? strerror(errno) : "nothing came");
}

/* Up to the point where the stream flows. */
static int migrate(struct qmp *q, struct snapshot_link *l, const char *command)
{
	int status = qmp_begin(q, l->qmp[0]);

	if (!status)
		status = qmp_command(q, "migrate-set-capabilities",
				     json_pack("{s:[{s:s, s:b}]}", "capabilities", "capability", "x-ignore-shared", "state", 1));
	if (!status)
		status = qmp_give_fd(q, l->state[1], "state");
	close_one(&l->state[1]);
	return status ? status : qmp_command(q, command, json_pack("{s:s}", "uri", "fd:state"));
}

/* QEMU closes the stream when it has failed, too. */
static int saved(struct qmp *q)
{
	const char *state;
	int status;

	for (unsigned int tries = 0; tries < PATIENCE_S * 100; tries++) {
		status = qmp_command(q, "query-migrate", NULL);
		state = json_string_value(json_object_get(json_object_get(q->answer, "return"), "status"));
		if (status || (state && strcmp(state, "completed") == 0))
			return status;
		if (state && (strcmp(state, "failed") == 0 || strcmp(state, "cancelled") == 0))
			break;
		usleep(10000);
	}
	return complain(STATUS_ENVIRONMENT, "QEMU could not save its state: %s", q->line);
}

int snapshot_save(struct snapshot *s, struct snapshot_link *l)
{
	struct qmp *q = xcalloc(1, sizeof(*q));
	int status = migrate(q, l, "migrate");

	if (!status)
		status = read_state(s, l->state[0]);
	if (!status)
		status = saved(q);
	qmp_end(q);
	free(q);
	return status;
}

/* A QEMU that does not want it all has said why and ended: that is seen when it is waited for. */
static void give_state(const struct snapshot *s, int fd)
{
	size_t done = 0;
	ssize_t put = 0;

	while (done < s->bytes && (put >= 0 || errno == EINTR)) {
		put = send(fd, s->state + done, s->bytes - done, MSG_NOSIGNAL);
		done += put > 0 ? (size_t)put : 0;
	}
	shutdown(fd, SHUT_WR);
}

int snapshot_load(const struct snapshot *s, struct snapshot_link *l)
{
	struct qmp *q = xcalloc(1, sizeof(*q));
	int status = migrate(q, l, "migrate-incoming");

	if (!status)
		give_state(s, l->state[0]);
	qmp_end(q);
	free(q);
	return status;
}
