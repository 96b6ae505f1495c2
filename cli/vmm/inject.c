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
	uint32_t seen;	/* a bit for each of the words below, and then for each key of a rule */
};

static char problem[256];

#define PROBLEM(...) (snprintf(problem, sizeof(problem), __VA_ARGS__), problem)

/* +PAGES: as much, then RETRY. Anything else is an R11, with nothing done. */
static const char *set_retry(struct injection *in, const char *value)
{
	in->answers = in->nothing = true;
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
	in->answers = in->nothing = true;
	return rule_set(in->rule, "fail", value);
}

static const char *set_stall(struct injection *in, const char *value)
{
	in->answers = true;
	return rule_set(in->rule, in->rule->on == TD_ON_ACCEPT ? "busy" : "stalls", value);
}

static const char *set_lie(struct injection *in, const char *value)
{
	in->nothing = true;
	return rule_set(in->rule, "lie", value ? value : "yes");
}

static const char *set_when(struct injection *in, const char *value)
{
	return rule_set(in->rule, "calls", value);
}

/* The words of strace's, or near to them, in place of a key of [rule]. All other keys of [rule] are words too. */
static const struct word {
	const char *name, *replaces;
	const char *(*set)(struct injection *in, const char *value);
	bool bare;	/* a value may be missing */
} words[] = {
	{ "retry", "on", set_retry, true },    { "error", "fail", set_error, false }, { "stall", "stalls", set_stall, false },
	{ "when", "calls", set_when, false },  { "lie", "lie", set_lie, true },
};

#define MAX_KEYS 32

static bool is_replaced(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].replaces, key) == 0)
			return true;
	return false;
}

static const char *unknown(const char *name)
{
	const char *names[ARRAY_SIZE(words) + MAX_KEYS], *near, *key;
	unsigned int count = 0, flags;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		names[count++] = words[i].name;
	for (unsigned int i = 0; (key = rule_key(i, &flags)); i++)
		if (!is_replaced(key))
			names[count++] = key;
	near = suggest(name, names, count);
	return near ? PROBLEM("there is no \"%s\": did you mean \"%s\"?", name, near)
		    : PROBLEM("there is no \"%s\": see tdlab-behaviour(5)", name);
}

/* The number of a word for `seen`; *word is NULL where it is a key of a rule. Negative: there is none. */
static int find(const char *name, const struct word **word, bool *bare)
{
	unsigned int flags;
	const char *key;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		*word = &words[i];
		*bare = words[i].bare;
		if (strcmp(words[i].name, name) == 0)
			return (int)i;
	}
	*word = NULL;
	for (unsigned int i = 0; (key = rule_key(i, &flags)); i++) {
		*bare = flags & RULE_BARE;
		if (strcmp(key, name) == 0 && !is_replaced(key))
			return (int)(ARRAY_SIZE(words) + i);
	}
	return -1;
}

static const char *set_word(struct injection *in, char *text)
{
	char *value = strchr(text, '=');
	const struct word *word;
	bool bare;
	int number;

	if (value)
		*value++ = '\0';
	number = find(text, &word, &bare);
	if (number < 0)
		return unknown(text);
	if (!value && !bare)
		return PROBLEM("\"%s\" needs a value: %s=...", text, text);
	if (value && !*value)
		return PROBLEM("\"%s=\": the value is missing", text);
	if (in->seen & 1u << number)
		return PROBLEM("\"%s\" is given twice", text);
	in->seen |= 1u << number;
	in->amount |= strcmp(text, "complete") == 0;
	return word ? word->set(in, value) : rule_set(in->rule, text, value ? value : "yes");
}

static const char *check(struct injection *in)
{
	struct td_rule *rule = in->rule;
	bool claims = rule->claim_base != TD_CLAIM_FRONTIER || rule->claim_pages || rule->claim_bytes || rule->claim_s;

	if (in->nothing && !in->amount)
		rule->complete = 0;
	if (!(rule_flags(rule) & RULE_ACTS))
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
 * Whether a guest can still be expected to complete: RETRY that goes on in the end, a busy module that is not for ever,
 * and an ACCEPT that is refused for its size where a smaller one is left. Everything else it has to contain.
 */
static bool completes(const struct td_rule *r)
{
	bool once = r->last != 0 || r->step > 1;

	if (rule_flags(r) & RULE_CONTAIN)
		return false;
	if (r->on == TD_ON_ACCEPT)
		return r->fail == 0 || (r->fail == TDX_OPERAND_BUSY && once) ||
		       (r->fail == TDX_PAGE_SIZE_MISMATCH && r->min_pages > 1);
	return r->fail == 0 && (r->complete != 0 || once);
}

/* Of an error: all was done, or R11 says that more was done than was. td/disturb.c has the same of one answer. */
static bool is_false_error(const struct td_rule *r)
{
	int64_t offset = r->claim_pages * (int64_t)TDX_PAGE_SIZE + r->claim_bytes, page = TDX_PAGE_SIZE;

	if (r->complete == UINT64_MAX)
		return true;
	switch (r->claim_base) {
	case TD_CLAIM_FRONTIER: return offset >= page;
	case TD_CLAIM_START: return offset >= page && (uint64_t)(offset / page) > r->complete;
	case TD_CLAIM_END: return offset <= 0;
	default: return false;
	}
}

/* GHCI has these codes, and does not say when a VMM may use them. */
static bool permitted(const struct td_rule *r)
{
	bool code = r->on == TD_ON_ACCEPT || r->fail == TDVMCALL_INVALID_OPERAND || r->fail == TDVMCALL_GPA_INUSE ||
		    r->fail == TDVMCALL_SUBFUNC_UNSUPPORTED;
	bool honest = r->on == TD_ON_ACCEPT || !is_false_error(r);

	return completes(r) || (code && honest && !(rule_flags(r) & RULE_HOSTILE));
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
