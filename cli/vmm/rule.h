/* SPDX-License-Identifier: MIT */
/* One setting of a [rule], after the parameters were put in, packed for td. */
#ifndef CLI_RULE_H
#define CLI_RULE_H

#include <stdbool.h>

#include "td/behaviour.h"

/* What a key means for whoever judges, beside its row in rule.c. */
enum {
	RULE_ACTS = 1,		/* the VMM does something that a willing one would not */
	RULE_CONTAIN = 2,	/* the guest cannot complete, and is to contain the damage */
	RULE_HOSTILE = 4,	/* GHCI permits it with no answer */
	RULE_BARE = 8,		/* yes or no: in --inject the value may be missing */
};

/* The name of the key of a rule with this index, NULL behind the last; *flags: RULE_*. */
const char *rule_key(unsigned int index, unsigned int *flags);

/* The flags of all keys that this rule sets to something. */
unsigned int rule_flags(const struct td_rule *rule);

/* What a rule does when nothing is set: everything is converted, R11 is honest. */
void rule_init(struct td_rule *rule);

/* NULL, or what is wrong with it: a text that lives until the next call. The key "on" comes first. */
const char *rule_set(struct td_rule *rule, const char *key, const char *value);

/* NULL, or why these settings make no rule together. */
const char *rule_check(const struct td_rule *rule);

/* A TDVMCALL completion code by GHCI's name or as a number; false if it is neither. */
bool rule_code(const char *text, uint64_t *code);

#endif
