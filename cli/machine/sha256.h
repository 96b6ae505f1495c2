/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4), to compare what a guest read with what the disk holds. */
#ifndef CLI_SHA256_H
#define CLI_SHA256_H

#include <stddef.h>

void sha256_hex(const void *data, size_t bytes, char hex[65]);

#endif
