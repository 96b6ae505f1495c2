/* SPDX-License-Identifier: MIT */
/* The monitor's questions while the guest runs: wire/machine.h, MACHINE_ASK_PORT. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <stdbool.h>

#include "cli/machine/ram.h"

/* ends[0] is ours, ends[1] is QEMU's, which inherits it. Returns 0, or STATUS_ENVIRONMENT after a complaint. */
int ask_open(int ends[2]);
void ask_close(int ends[2]);

/* The question that has come. False if QEMU has closed its end. */
bool ask_answer(int fd, const struct ram *ram);

#endif
