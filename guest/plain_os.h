/* SPDX-License-Identifier: MIT */
/*
 * Hooks of an embedder to whom nothing but TDCALL matters: a model, an exploration, a measurement. No pause, no record,
 * and what is zeroed is not looked at. For one file of a program.
 */
#ifndef TDCONV_PLAIN_OS_H
#define TDCONV_PLAIN_OS_H

#include "guest/include/tdconv_os.h"

bool tdconv_os_pause(void *os, enum tdconv_wait why, uint64_t run)
{
	(void)os, (void)why, (void)run;
	return true;
}

enum tdconv_record tdconv_os_record(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os, (void)gpa, (void)bytes;
	return TDCONV_RECORD_NONE;
}

void tdconv_os_zero(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os, (void)gpa, (void)bytes;
}

#endif
