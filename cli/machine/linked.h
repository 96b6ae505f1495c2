/* SPDX-License-Identifier: MIT */
/* What a program needs beside its own file. */
#ifndef CLI_LINKED_H
#define CLI_LINKED_H

#include <stdint.h>

#include "cli/process.h"

/*
 * Paths of its interpreter and of the shared libraries that its loader finds on this host, added to needs. The loader
 * itself says which (--list, as ldd has it do), so that they are those that it would take: nothing of the program is
 * run. Nothing for a file that is neither ELF nor a script. Returns 0, or a status after a complaint.
 */
int linked_needs(const char *path, const uint8_t *data, size_t bytes, struct words *needs);

#endif
