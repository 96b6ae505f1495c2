/* SPDX-License-Identifier: MIT */
/* For tests: the smallest kernel and payload files that are in order. Each field stands where its format has it. */
#ifndef IMAGE_SAMPLES_H
#define IMAGE_SAMPLES_H

#include <string.h>

#include "image/bytes.h"

/* A bzImage, protocol 2.15, of one setup sector and so much kernel: [linux:header.S]. */
static inline void sample_bzimage(uint8_t *to, uint32_t kernel_bytes, uint64_t preferred, uint32_t init_bytes)
{
	to[0x1f1] = 1;
	put32(to + 0x1f4, kernel_bytes / 16);
	to[0x201] = 0x6a;
	memcpy(to + 0x202, "HdrS", 4);
	put16(to + 0x206, 0x20f);
	to[0x211] = 1;
	put32(to + 0x22c, 0x7fffffff);
	put16(to + 0x236, 0x7f);
	put32(to + 0x238, 2047);
	put64(to + 0x258, preferred);
	put32(to + 0x260, init_bytes);
}

/* Program header n of an ELF file, which has as many as that and those before it. */
static inline void sample_segment(uint8_t *to, unsigned int n, uint32_t type, uint64_t offset, uint64_t bytes,
				  uint64_t gpa, uint64_t memory)
{
	uint8_t *header = to + 64 + (size_t)n * 56;

	put32(header, type);
	put64(header + 8, offset);
	put64(header + 24, gpa);
	put64(header + 32, bytes);
	put64(header + 40, memory);
	put16(to + 56, (uint16_t)(n + 1));
}

/* An executable for x86-64, without segments yet. */
static inline void sample_elf(uint8_t *to, uint64_t entry)
{
	memcpy(to, "\177ELF\2\1\1", 7);
	put16(to + 16, 2);
	put16(to + 18, 62);
	put64(to + 24, entry);
	put64(to + 32, 64);
	put16(to + 54, 56);
}

#endif
