/* SPDX-License-Identifier: MIT */
/* One setting of a [rule], after the parameters were put in, packed for td. */
#ifndef CLI_RULE_H
#define CLI_RULE_H

#include "td/behaviour.h"

/* What a rule does when nothing is set: everything is converted, R11 is honest. */
void rule_init(struct td_rule *rule);

/* NULL, or what is wrong with it: a text that lives until the next call. The key "on" comes first. */
const char *rule_set(struct td_rule *rule, const char *key, const char *value);

/* NULL, or why these settings make no rule together. */
const char *rule_check(const struct td_rule *rule);

#endif
