/* SPDX-License-Identifier: MIT */
/*
 * The rules of Linux 6.12, for comparison, not for use: [linux:tdx_map_gpa], [linux:tdx_enc_status_changed] and
 * [linux:tdx_accept_memory] with its try_accept_one(), re-expressed. What it does that libtdconv does not:
 *
 *	R11 need not be page aligned, so that a VMM can make it take a step of one byte per call
 *	the third RETRY in a row at one place fails, without a pause; there is no limit of calls but 3 * bytes
 *	every other answer is the same failure, and nothing says how far it got
 *	ACCEPT is tried at 1 GiB, then at 2 MiB, then at 4 KiB, at every step; whatever the module answers but 0 is a refusal
 *	nothing is undone
 *
 * It is free of run-time errors and ends, for every VMM; the obligations of libtdconv it does not meet.
 */
#ifndef TDCONV_LINUX_H
#define TDCONV_LINUX_H

#include "tdconv.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tdconv_linux {
	uint64_t calls;		/* MapGPA */
	uint64_t accepts;
	uint64_t r10, r11;	/* of the last MapGPA */
};

/* RETRYs in a row at one place, the last of which fails. */
#define TDCONV_LINUX_TRIES	3

/*
 * Converts [start, end), addresses without S. True if it believes that all is done. tries is TDCONV_LINUX_TRIES;
 * another number is another guest, for showing that a comparison with the model can fail. At most tries * bytes calls.
 */
bool tdconv_linux_convert(const struct tdconv *tdc, uint64_t start, uint64_t end, enum tdconv_to to,
			  uint32_t tries, struct tdconv_linux *res);

#ifdef __cplusplus
}
#endif
#endif
