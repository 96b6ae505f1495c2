/* SPDX-License-Identifier: MIT */
/*
 * SHA-384 (FIPS 180-4), for measurements. Its own because td is freestanding in every engine: the kept libraries bring
 * an allocator, CPU dispatch or their own idea of start-up. Checked against NIST's vectors and coreutils' sha384sum.
 */
#ifndef TD_SHA384_H
#define TD_SHA384_H

#include <stddef.h>
#include <stdint.h>

#define TD_SHA384_BYTES	48
#define TD_SHA384_BLOCK	128

struct td_sha384 {
	uint64_t h[8];
	uint64_t bytes;				/* so far; 2^61 are more than anyone measures */
	uint8_t block[TD_SHA384_BLOCK];		/* the last bytes % TD_SHA384_BLOCK of them */
};

void td_sha384_start(struct td_sha384 *s);
void td_sha384_add(struct td_sha384 *s, const void *data, size_t bytes);
void td_sha384_end(struct td_sha384 *s, uint8_t digest[TD_SHA384_BYTES]);

/* What an extend is: value = SHA-384(value || digest). */
void td_sha384_extend(uint8_t value[TD_SHA384_BYTES], const uint8_t digest[TD_SHA384_BYTES]);

#endif
