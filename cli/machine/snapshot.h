/* SPDX-License-Identifier: MIT */
/*
 * A machine as it was while the monitor waited for orders (monitor/template.h), without its RAM, which is a file of
 * ours: QEMU's migration with x-ignore-shared leaves out RAM that is shared with another process, and so the state of
 * the devices is all that there is to write and to read.
 */
#ifndef CLI_SNAPSHOT_H
#define CLI_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

struct snapshot {
	uint8_t *state;
	size_t bytes;
};

/* What it takes to talk to one QEMU: [0] is ours, [1] is QEMU's; it inherits that of its protocol. */
struct snapshot_link {
	int qmp[2], state[2];
};

/* Each returns 0, or STATUS_ENVIRONMENT after a complaint. */
int snapshot_link_open(struct snapshot_link *link);
void snapshot_link_started(struct snapshot_link *link);	/* QEMU has its end, or never will */
void snapshot_link_close(struct snapshot_link *link);

/* The machine is stopped afterwards. state is to be freed. */
int snapshot_save(struct snapshot *snapshot, struct snapshot_link *link);

/* QEMU was started with -incoming defer; it runs afterwards, or ends with its reason on standard error. */
int snapshot_load(const struct snapshot *snapshot, struct snapshot_link *link);

#endif
