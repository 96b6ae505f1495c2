/* SPDX-License-Identifier: MIT */
/*
 * What a VMM may answer to a request of 8 pages, and what comes of it: the scripts A to N are those that public guests
 * were run against (docs/retry.md), the others are what they leave out. map_test.c runs libtdconv against them,
 * linux_test.c the rules of Linux, and table_test.c prints what came of it.
 */
#ifndef GUEST_SCRIPTS_H
#define GUEST_SCRIPTS_H

#include "guest/fake.h"

#define RETRY	TDVMCALL_RETRY
#define FOREVER	UINT32_MAX
#define N	8	/* pages of the request */

static const struct script {
	const char *name;
	struct fake_answer answers[3];
	enum tdconv_status shared, private;	/* libtdconv, in each direction */
	uint64_t calls;
	int32_t linux_shared, linux_private;	/* calls of Linux's loop, negative if it fails; 0: not compared */
} scripts[] = {
	{ "A willing", { { 0 } },
	  TDCONV_OK, TDCONV_OK, 1, 1, 1 },
	{ "B two pages a call", { { 3, RETRY, 2, FROM_START, 2, 0, S_ECHO, 0 } },
	  TDCONV_OK, TDCONV_OK, 4, 4, 4 },
	{ "C S wrong in R11", { { FOREVER, RETRY, 2, FROM_START, 2, 0, S_FLIP, 0 } },
	  TDCONV_E_R11_SHARED_BIT, TDCONV_E_R11_SHARED_BIT, 1, -1, -1 },
	{ "D never any progress", { { FOREVER, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 } },
	  TDCONV_E_STALLED, TDCONV_E_STALLED, 1025, -3, -3 },
	{ "E no progress twice", { { 2, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 } },
	  TDCONV_OK, TDCONV_OK, 3, 3, 3 },
	{ "F no progress three times", { { 3, RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 } },
	  TDCONV_OK, TDCONV_OK, 4, -3, -3 },
	{ "G a page a call", { { 7, RETRY, 1, FROM_START, 1, 0, S_ECHO, 0 } },
	  TDCONV_OK, TDCONV_OK, 8, 8, 8 },
	{ "H a byte a call", { { 32767, RETRY, 8, FROM_START, 0, 1, S_ECHO, 0 } },
	  TDCONV_E_R11_UNALIGNED, TDCONV_E_R11_UNALIGNED, 1, 32768, 32768 },
	{ "I RETRY at the end", { { FOREVER, RETRY, 8, FROM_END, 0, 0, S_ECHO, 0 } },
	  TDCONV_E_R11_BEYOND, TDCONV_E_R11_BEYOND, 1, -1, -1 },
	{ "J RETRY past the end", { { 1, RETRY, 8, FROM_END, 4, 0, S_ECHO, 0 } },
	  TDCONV_E_R11_BEYOND, TDCONV_E_R11_BEYOND, 1, -1, -1 },
	{ "K backwards", { { FOREVER, RETRY, 0, FROM_START, -1, 0, S_ECHO, 0 } },
	  TDCONV_E_R11_BEHIND, TDCONV_E_R11_BEHIND, 1, -1, -1 },
	{ "L two forward, then one back", { { 1, RETRY, 2, FROM_START, 2, 0, S_ECHO, 0 },
	  { 1, RETRY, 0, FROM_START, -1, 0, S_ECHO, 0 } },
	  TDCONV_E_R11_BEHIND, TDCONV_E_R11_BEHIND, 2, -2, -2 },
	{ "M four pages, then INVALID_OPERAND", { { 1, RETRY, 4, FROM_START, 4, 0, S_ECHO, 0 },
	  { 1, TDVMCALL_INVALID_OPERAND, 0, FROM_START, 0, 0, S_ECHO, 0 } },
	  TDCONV_E_VMM_INVALID, TDCONV_E_VMM_INVALID, 2, -2, -2 },
	{ "N R11 is 0", { { 1, RETRY, 0, FROM_ZERO, 0, 0, S_ECHO, 0 } },
	  TDCONV_E_R11_BEHIND, TDCONV_E_R11_BEHIND, 1, -1, -1 },
	{ "GPA_INUSE", { { 1, TDVMCALL_GPA_INUSE, 0, FROM_START, 0, 0, S_ECHO, 0 } },
	  TDCONV_E_VMM_INUSE, TDCONV_E_VMM_INUSE, 1, -1, -1 },
	{ "ALIGN_ERROR", { { 1, TDVMCALL_ALIGN_ERROR, 0, FROM_START, 0, 0, S_ECHO, 0 } },
	  TDCONV_E_VMM_ALIGN, TDCONV_E_VMM_ALIGN, 1, -1, -1 },
	{ "no MapGPA", { { 1, TDVMCALL_SUBFUNC_UNSUPPORTED, 0, FROM_START, 0, 0, S_ECHO, 0 } },
	  TDCONV_E_VMM_UNSUPPORTED, TDCONV_E_VMM_UNSUPPORTED, 1, -1, -1 },
	{ "an unknown code", { { 1, 2, 8, FROM_START, 0, 0, S_ECHO, 0 } },
	  TDCONV_E_VMM_UNKNOWN, TDCONV_E_VMM_UNKNOWN, 1, -1, -1 },
	{ "RETRY in the wrong half", { { 1, RETRY | 1ull << 32, 8, FROM_START, 0, 0, S_ECHO, 0 } },
	  TDCONV_E_VMM_UNKNOWN, TDCONV_E_VMM_UNKNOWN, 1, -1, -1 },
	{ "the module fails the call", { { 1, 0, 0, FROM_START, 0, 0, S_ECHO, 0xc000010000000001 } },
	  TDCONV_E_MODULE, TDCONV_E_MODULE, 1, 0, 0 },
	{ "R11 is the last page", { { 1, RETRY, 7, FROM_END, -1, 0, S_ECHO, 0 } },
	  TDCONV_OK, TDCONV_OK, 2, 2, 2 },
	{ "R11 beyond GPA space", { { 1, RETRY, 0, FROM_START, 1ll << 40, 0, S_ECHO, 0 } },
	  TDCONV_E_R11_BEYOND, TDCONV_E_R11_BEYOND, 1, -1, -1 },
};

#define SCRIPTS	(sizeof(scripts) / sizeof(scripts[0]))

#endif
