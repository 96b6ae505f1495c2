/* SPDX-License-Identifier: MIT */
/* The first half of judging: the journal's records put together to conversions, findings, totals and times. */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "cli/verdict/judge.h"

/*
 * hostile: so is the VMM, from the first thing on that a willing one would not do. slots: what stands behind the
 * GPAs.
 */
void summarise(struct judgement *judgement, const struct records *records, const struct td_config *slots, bool hostile);

#endif
