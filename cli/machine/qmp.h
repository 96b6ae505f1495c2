/* SPDX-License-Identifier: MIT */
/* QEMU's own protocol ([qemu:qmp-spec.rst]), as much of it as it takes to save a machine and to load it. */
#ifndef CLI_QMP_H
#define CLI_QMP_H

#include <jansson.h>
#include <stddef.h>

#define QMP_LINE 8192

struct qmp {
	int fd;			/* of a stream socket */
	char line[QMP_LINE];	/* the last answer */
	json_t *answer;		/* the same, read; NULL if it is no JSON */
	size_t length;		/* of what came after it */
	char more[QMP_LINE];
};

/* The greeting. Each returns 0, or STATUS_ENVIRONMENT after a complaint. */
int qmp_begin(struct qmp *qmp, int fd);
void qmp_end(struct qmp *qmp);

/* A command without id. It takes over its arguments; they may be NULL. Events are passed over. */
int qmp_command(struct qmp *qmp, const char *name, json_t *arguments);

/* QEMU has a descriptor of ours from then on, under that name. */
int qmp_give_fd(struct qmp *qmp, int fd, const char *name);

#endif
