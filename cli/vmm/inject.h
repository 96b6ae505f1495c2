/* SPDX-License-Identifier: MIT */
/*
 * --inject: one fault on top of a behaviour, in the grammar of strace's inject. CALL:KEY[=VALUE]..., CALL being mapgpa
 * or accept; tdlab-behaviour(5) has the keys.
 */
#ifndef CLI_INJECT_H
#define CLI_INJECT_H

#include "cli/opt.h"
#include "cli/vmm/behaviour.h"

/* Puts the rules in front of the behaviour's own, in their order. Returns 0, or STATUS_INPUT after a complaint. */
int behaviour_inject(struct behaviour *behaviour, const struct opt_list *injections);

/* One of them as a rule: NULL, or what is wrong with it: a text that lives until the next call. */
const char *inject_parse(const char *text, struct td_rule *rule);

#endif
