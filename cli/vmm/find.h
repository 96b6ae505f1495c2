/* SPDX-License-Identifier: MIT */
/* Behaviours and platforms by name: "behaviour" is NAME.vmm in behaviours/, "platform" NAME.platform in platforms/. */
#ifndef CLI_FIND_H
#define CLI_FIND_H

#include "cli/vmm/behaviour.h"

/*
 * The first length bytes of spec are the name of a file in folder, without its suffix, or a path. folder NULL: those
 * that came with tdlab. name: without folder and suffix. *path: to be freed. Returns 0, or a status after a complaint.
 */
int text_find(const char *what, const char *spec, size_t length, const char *folder, char name[BEHAVIOUR_NAME],
	      char **path);

/* Names in folder, sorted; to be freed one by one. NULL and a complaint if it cannot be read. */
char **text_names(const char *what, const char *folder, size_t *count);

#endif
