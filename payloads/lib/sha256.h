/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4), for what a payload reads from its disk. */
#ifndef PAYLOADS_LIB_SHA256_H
#define PAYLOADS_LIB_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK	64u

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
};

void sha256_start(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const volatile void *data, size_t bytes);	/* whole blocks only */
void sha256_end(const struct sha256 *sha, char hex[65]);
#endif
