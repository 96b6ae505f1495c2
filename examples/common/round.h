/* SPDX-License-Identifier: MIT */
/*
 * libtdconv without an operating system: one conversion there and back, for the examples that run where paging is on
 * and memory is mapped to itself (UEFI 2.10, 2.3.4; or a loader's own tables). C11, and C++11 as well.
 */
#ifndef EXAMPLES_ROUND_H
#define EXAMPLES_ROUND_H

#include <tdconv_os.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROUND_BYTES	(4u << 20)		/* more than two steps of a VMM that works in 2 MiB */
#define ROUND_TABLES	8u			/* pages for page tables: two large leaves are split, twice each at most */

/* From the embedder: a line for people to read. */
void round_say(const char *text);

/*
 * Shares ROUND_BYTES of private memory and takes them back, looks at what is in them each time, and says what came out.
 * tables: ROUND_TABLES pages. False: memory did not hold what it had to, or this is no TD.
 * *lost: the memory, or a part of it, must never be used again. The page tables may say shared of it.
 */
bool round_trip(uint8_t *memory, uint8_t *tables, bool *lost);

/* An end that is told from a power-off: what QEMU's isa-debug-exit, and so tdlab, has at this port. May return. */
void round_end(unsigned int status);

/* A byte to a port of the VMM's. */
void round_out(uint16_t port, uint8_t byte);

#ifdef __cplusplus
}
#endif
#endif
