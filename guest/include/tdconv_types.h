/* SPDX-License-Identifier: MIT */
/* The types that libtdconv is written in: from the compiler's own headers, or from Linux inside a kernel. */
#ifndef TDCONV_TYPES_H
#define TDCONV_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

/* The end of a 64-bit number. Linux has no UINT64_MAX. */
#define TDCONV_U64_MAX	0xffffffffffffffffull

#endif
