/* SPDX-License-Identifier: MIT */
/* "Did you mean": the nearest of a list of names. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

/* Insertions, deletions, replacements and swaps of neighbours that make b of a. */
unsigned int edit_distance(const char *a, const char *b);

/* The nearest name, or NULL when none is near enough to be meant. */
const char *suggest(const char *word, const char *const *names, size_t count);

#endif
