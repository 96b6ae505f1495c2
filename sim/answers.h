/* SPDX-License-Identifier: MIT */
/* Answers by name: "first,stall,ok". */
#ifndef SIM_ANSWERS_H
#define SIM_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "td/explore.h"

#define ANSWERS_TEXT	1024	/* room for TD_EXPLORE_DEPTH of them */

const char *answer_name(unsigned int answer);

void answers_text(const uint8_t *answers, uint32_t count, char text[ANSWERS_TEXT]);

/* *wrong is the first word that is none, or is empty if there are too many. False in both cases. */
bool answers_parse(const char *text, uint8_t answers[TD_EXPLORE_DEPTH], uint32_t *count, char wrong[32]);

/*
 * False, or which classes of answers the guest was never given: nothing is known of it there. given: how often each
 * answer was.
 */
bool answers_not_given(const uint64_t given[TD_ANSWER_KINDS], bool to_shared, char text[160]);

/* Of a replay whose answer of that number, from 1 on, was not the one that the guest was given. */
void answers_misplaced(uint32_t number, unsigned int answer, char text[200]);

/* "mapped/private": what the module holds, and what the guest may believe. NULL if that is no state of a page. */
const char *states_name(unsigned int bit, char text[32]);

#endif
