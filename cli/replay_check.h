/* SPDX-License-Identifier: MIT */
/* tdlab replay of a file that check wrote: runs the command of one of its rows. */
#ifndef CLI_REPLAY_CHECK_H
#define CLI_REPLAY_CHECK_H

#include <stdbool.h>

bool replay_is_check(const char *path);

/* Runs the command of a row, of that behaviour or the first that failed, and does not return but after a complaint. */
int replay_check(const char *path, const char *behaviour);

#endif
