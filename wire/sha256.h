/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4): the command compares what a guest read from its disk with what the disk holds. */
#ifndef WIRE_SHA256_H
#define WIRE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK	64u

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
};

/* sha256_add(): whole blocks. sha256_end(): what is left, less than a block; hex is that of all. */
void sha256_start(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const volatile void *data, size_t bytes);
void sha256_end(struct sha256 *sha, const volatile void *rest, size_t bytes, char hex[65]);
void sha256_hex(const void *data, size_t bytes, char hex[65]);

#endif
