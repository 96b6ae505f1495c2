/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/suggest.h"
#include "cli/vmm/inject.h"
#include "cli/vmm/rule.h"

#define WORD 64

/* What was said about the rule so far. */
struct injection {
	struct td_rule *rule;
	bool amount;	/* how much is converted */
	bool nothing;	/* unless that was said: nothing */
	bool answers;	/* there is an R11 that a claim can be about */
	bool acts;
	uint32_t seen;	/* a bit for each of the words below */
};

static char problem[256];

#define PROBLEM(...) (snprintf(problem, sizeof(problem), __VA_ARGS__), problem)

/* +PAGES: as much, then RETRY. Anything else is an R11, with nothing done. */
static const char *set_retry(struct injection *in, const char *value)
{
	in->acts = in->answers = in->nothing = true;
	if (in->rule->on == TD_ON_ACCEPT)
		return PROBLEM("retry is nothing for accept: write error=OPERAND_BUSY or busy=N");
	if (!value)
		return NULL;
	if (*value == '+') {
		in->amount = true;
		return rule_set(in->rule, "complete", value + 1);
	}
	in->rule->fail = TDVMCALL_RETRY;
	return rule_set(in->rule, "claim", value);
}

static const char *set_error(struct injection *in, const char *value)
{
	in->acts = in->answers = in->nothing = true;
	return rule_set(in->rule, "fail", value);
}

static const char *set_stall(struct injection *in, const char *value)
{
	in->acts = in->answers = true;
	return rule_set(in->rule, in->rule->on == TD_ON_ACCEPT ? "busy" : "stalls", value);
}

static const char *set_lie(struct injection *in, const char *value)
{
	in->acts = in->nothing = true;
	return rule_set(in->rule, "lie", value ? value : "yes");
}

static const char *set_when(struct injection *in, const char *value)
{
	return rule_set(in->rule, "calls", value);
}

/* The words of strace's, or near to them; then those of [rule] that strace has nothing like. */
static const struct word {
	const char *name;
	const char *(*set)(struct injection *in, const char *value);	/* NULL: as in a rule */
	bool bare;	/* a value may be missing */
	bool acts;
} words[] = {
	{ "retry", set_retry, true, true },  { "error", set_error, false, true }, { "stall", set_stall, false, true },
	{ "lie", set_lie, true, true },      { "when", set_when, false, false },  { "claim", NULL, false, false },
	{ "claim-s", NULL, false, false },   { "direction", NULL, false, false }, { "min-pages", NULL, false, false },
	{ "complete", NULL, false, true },   { "chunk", NULL, false, true },      { "chance", NULL, false, false },
	{ "busy", NULL, false, true },       { "shift", NULL, false, true },      { "remove", NULL, false, true },
	{ "readd", NULL, true, false },
};

static const char *unknown(const char *name)
{
	const char *names[ARRAY_SIZE(words)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		names[i] = words[i].name;
	near = suggest(name, names, ARRAY_SIZE(names));
	return near ? PROBLEM("there is no \"%s\": did you mean \"%s\"?", name, near)
		    : PROBLEM("there is no \"%s\": see tdlab-behaviour(5)", name);
}

static const char *set_word(struct injection *in, char *text)
{
	char *value = strchr(text, '=');
	const struct word *word = words;

	if (value)
		*value++ = '\0';
	while (word < words + ARRAY_SIZE(words) && strcmp(word->name, text) != 0)
		word++;
	if (word == words + ARRAY_SIZE(words))
		return unknown(text);
	if (!value && !word->bare)
		return PROBLEM("\"%s\" needs a value: %s=...", text, text);
	if (value && !*value)
		return PROBLEM("\"%s=\": the value is missing", text);
	if (in->seen & 1u << (word - words))
		return PROBLEM("\"%s\" is given twice", text);
	in->seen |= 1u << (word - words);
	in->acts |= word->acts;
	in->amount |= strcmp(text, "complete") == 0;
	if (word->set)
		return word->set(in, value);
	return rule_set(in->rule, text, value ? value : "yes");
}

static const char *check(struct injection *in)
{
	struct td_rule *rule = in->rule;
	bool claims = rule->claim_base != TD_CLAIM_FRONTIER || rule->claim_pages || rule->claim_bytes || rule->claim_s;

	if (in->nothing && !in->amount)
		rule->complete = 0;
	if (!in->acts)
		return PROBLEM("nothing is done: add retry, error, stall, lie, busy, shift or remove");
	if (claims && !in->answers && !in->amount)
		return PROBLEM("R11 is looked at after RETRY or an error only: add retry or error");
	return rule_check(rule);
}

const char *inject_parse(const char *text, struct td_rule *rule)
{
	struct injection in = { .rule = rule };
	const char *wrong = NULL;
	char word[WORD];
	size_t length = strcspn(text, ":");

	rule_init(rule);
	if (strncmp(text, "accept", length) == 0 && length == strlen("accept"))
		rule->on = TD_ON_ACCEPT;
	else if (strncmp(text, "mapgpa", length) != 0 || length != strlen("mapgpa"))
		return PROBLEM("it begins with mapgpa: or accept:");
	for (text += length; !wrong && *text == ':'; text += length) {
		text++;
		length = strcspn(text, ":");
		if (length >= sizeof(word))
			return PROBLEM("\"%.20s...\" is too long", text);
		memcpy(word, text, length);
		word[length] = '\0';
		wrong = set_word(&in, word);
	}
	return wrong ? wrong : check(&in);
}

/*
 * Whether a guest can still be expected to complete: RETRY that goes on in the end, and a busy module that is not for
 * ever. Everything else it has to contain.
 */
static bool completes(const struct td_rule *r)
{
	bool once = r->last != 0 || r->step > 1;

	if (r->remove || r->lie || r->shift || r->claim_base != TD_CLAIM_FRONTIER || r->claim_pages || r->claim_bytes ||
	    r->claim_s != TD_S_ECHO)
		return false;
	if (r->on == TD_ON_ACCEPT)
		return r->fail == 0 || (r->fail == TDX_OPERAND_BUSY && once);
	return r->fail == 0 && (r->complete != 0 || once);
}

/* GHCI has these codes, and does not say when a VMM may use them. */
static bool permitted(const struct td_rule *r)
{
	bool code = r->on == TD_ON_ACCEPT || r->fail == TDVMCALL_INVALID_OPERAND || r->fail == TDVMCALL_GPA_INUSE ||
		    r->fail == TDVMCALL_SUBFUNC_UNSUPPORTED;

	return completes(r) || (code && !r->remove && !r->lie && !r->shift);
}

static int inject(struct behaviour *b, unsigned int at, const char *text)
{
	struct td_behaviour *packed = &b->packed;
	struct td_rule rule;
	const char *wrong = inject_parse(text, &rule);
	char *title;

	if (wrong)
		return complain(STATUS_INPUT, "--inject %s: %s", text, wrong);
	if (packed->nrules == TD_MAX_RULES)
		return complain(STATUS_INPUT, "--inject %s: with those of %s these are more than %d rules", text, b->name,
				TD_MAX_RULES);
	memmove(&packed->rules[at + 1], &packed->rules[at], (packed->nrules - at) * sizeof(rule));
	packed->rules[at] = rule;
	packed->nrules++;
	packed->contain |= !completes(&rule);
	packed->hostile |= !permitted(&rule);
	title = xprintf("%s; %s %s", b->title, at ? "and" : "injected:", text);
	free(b->title);
	b->title = title;
	return 0;
}

int behaviour_inject(struct behaviour *b, const struct opt_list *injections)
{
	int status = 0;

	for (unsigned int i = 0; i < injections->count && !status; i++)
		status = inject(b, i, injections->items[i]);
	return status;
}
