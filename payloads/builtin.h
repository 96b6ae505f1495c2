/* SPDX-License-Identifier: MIT */
/*
 * `tdlab boot` without a kernel: libtdconv in a TD. Parts of the payload `builtin`.
 *
 * Whatever the VMM answers, this payload must neither show private memory nor use memory that is not proven: under a
 * VMM that lets it, it converts; under any other it contains the damage, and says so in its TAP.
 */
#ifndef PAYLOADS_BUILTIN_H
#define PAYLOADS_BUILTIN_H

#include <stdbool.h>
#include <stdint.h>

#include "payloads/lib/layout.h"
#include "tdconv_set.h"

#define BUILTIN_LOST	64u	/* entries of a quarantine list */

/*
 * Failures on demand: the answer to MapGPA is replaced, after `real` bytes of the request were truly converted. So
 * every failure can be had under every VMM, and the TD is in a state that a VMM with that answer could have left it in.
 */
struct inject {
	uint32_t after;		/* requests that the VMM completes first */
	uint32_t times;		/* then this many are answered so; 0: none */
	uint64_t real;
	uint64_t r10;
	uint64_t r11_offset;	/* R11 = the request's address plus this */
};

/* One per vCPU: what tdconv_os_*() get. */
struct worker {
	unsigned int cpu;
	struct tdconv tdc;
	struct inject inject;
	bool tired;		/* of a module that is always busy */
	uint64_t left_shared;	/* bytes that tdconv_os_left_shared() was told of */
};

/* builtin_map.c */
extern volatile bool builtin_stopped;		/* the gate of tdconv_set_memory() */
bool builtin_mapped_shared(uint64_t va);	/* as the page tables have it */

/* builtin.c: TAP, and words of the command line. */
bool builtin_ok(bool good, const char *name);
bool builtin_is(uint64_t got, uint64_t want, const char *name);
void builtin_skip(const char *name);
void builtin_note(const char *what, uint64_t value);
void builtin_number(uint64_t value);

/* A conversion failed that nobody tampered with: saves what can be saved of its memory. */
void builtin_contain(struct worker *w, const struct tdconv_result *failed);

/* builtin_contents.c: words of pages, checked. Private memory must be proven; shared memory is read with care. */
void contents_secret(uint64_t gpa, uint64_t bytes);		/* through the private alias */
uint64_t contents_leaked(uint64_t gpa, uint64_t bytes, uint64_t *refused);	/* pages; then scribbles */
uint64_t contents_dirty(uint64_t gpa, uint64_t bytes);		/* pages that are not zero; private alias */

/* The same where the quarantine list says nothing. */
uint64_t contents_dirty_outside(uint64_t gpa, uint64_t bytes, const struct tdconv_quarantine *lost);

/* builtin_range.c: a large range, there and back, on every vCPU at once. */
void builtin_range(struct worker workers[MAX_CPUS], uint64_t gpa, uint64_t bytes);

/* builtin_fail.c: what the library does when the VMM will not. */
void builtin_failures(struct worker *w, uint64_t gpa);

/* builtin_set.c: memory that is contiguous for the CPU alone, and the direct map. Uses 3 MiB from gpa on. */
void builtin_set(struct worker *w, uint64_t gpa);

/* builtin_disk.c: if there is a disk. */
void builtin_disk(struct worker *w, uint64_t gpa);

#endif
