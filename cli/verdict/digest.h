/* SPDX-License-Identifier: MIT */
/* The first half of judging: the journal's records put together to conversions, findings, totals and times. */
#ifndef CLI_DIGEST_H
#define CLI_DIGEST_H

#include "cli/verdict/judge.h"

void digest(struct judgement *judgement, const struct records *records);

#endif
