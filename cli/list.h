/* SPDX-License-Identifier: MIT */
/* The lists of what has a name, for whoever looks one up: those that `tdlab list` prints. */
#ifndef CLI_LIST_H
#define CLI_LIST_H

#include <jansson.h>
#include <stddef.h>

/* NULL behind the last. */
const char *list_name(size_t list);

/*
 * Adds its rows, as --json has them. behaviours: the folder, or NULL for the one that comes with tdlab. Returns 0, or a
 * status after a complaint.
 */
int list_rows(size_t list, const char *behaviours, json_t *rows);

#endif
