/* SPDX-License-Identifier: MIT */
/* Between load.c and the loaders of the two kinds of file. */
#ifndef MONITOR_LOAD_PARTS_H
#define MONITOR_LOAD_PARTS_H

#include "abi/tdx.h"
#include "monitor/load/load.h"

/* Private memory below 1 MiB; all of it is RAM to the guest once it has read what is there. */
#define LOAD_ZERO_PAGE		0x10000u
#define LOAD_CMDLINE		0x11000u
#define LOAD_STACK_TOP		0x1c000u	/* of a payload, 16 KiB */
#define LOAD_SCRATCH		0x20000u	/* the file's first page, while it is looked at */

#define LOAD_LEAST		0x400000ull	/* low RAM with which these addresses make sense */

#define LOAD_CS			0x10
#define LOAD_DS			0x18

#define ZP_CMD_LINE_PTR		0x228

enum load_error load_linux(const struct load_input *in, const uint8_t *head, size_t head_bytes, uint64_t area,
			   uint8_t *zero_page, struct load_start *start);
enum load_error load_payload(const struct load_input *in, const uint8_t *head, size_t head_bytes, uint64_t area,
			     struct load_start *start);

#endif
