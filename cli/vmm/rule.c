/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/opt.h"
#include "cli/suggest.h"
#include "cli/vmm/rule.h"

enum kind { KIND_U32, KIND_U64, KIND_PAGES, KIND_SHIFT, KIND_WORD, KIND_CALLS, KIND_CODE, KIND_CLAIM };
enum { FOR_MAPGPA = 1 << TD_ON_MAPGPA, FOR_ACCEPT = 1 << TD_ON_ACCEPT, FOR_BOTH = FOR_MAPGPA | FOR_ACCEPT };

#define ALL		(RULE_ACTS | RULE_CONTAIN | RULE_HOSTILE)
#define SHIFT_MOST (INT64_MAX >> 12)	/* pages; all of them fit an address */

static const char *const directions[] = { "any", "to-shared", "to-private", NULL };
static const char *const ons[] = { "mapgpa", "accept", NULL };
static const char *const no_yes[] = { "no", "yes", NULL };
static const char *const bases[] = { "frontier", "start", "end", "zero", "none", NULL };
static const char *const registers[] = { "kept", "changed", NULL };
static const char *const s_words[] = { "echo", "strip", "flip", NULL };

static const struct key {
	const char *name;
	unsigned int on, flags;
	enum kind kind;
	size_t offset;
	uint64_t max;
	const char *const *words;	/* in the order of td's enum */
} keys[] = {
	{ "on", FOR_BOTH, 0, KIND_WORD, offsetof(struct td_rule, on), 0, ons },
	{ "direction", FOR_MAPGPA, 0, KIND_WORD, offsetof(struct td_rule, direction), 0, directions },
	{ "calls", FOR_BOTH, 0, KIND_CALLS, 0, 0, NULL },
	{ "min-pages", FOR_BOTH, 0, KIND_U64, offsetof(struct td_rule, min_pages), UINT64_MAX >> 12, NULL },
	{ "complete", FOR_MAPGPA, RULE_ACTS, KIND_PAGES, offsetof(struct td_rule, complete), UINT64_MAX >> 12, NULL },
	{ "chunk", FOR_MAPGPA, RULE_ACTS, KIND_U32, offsetof(struct td_rule, chunk), UINT32_MAX, NULL },
	{ "chance", FOR_BOTH, 0, KIND_U32, offsetof(struct td_rule, chance), 256, NULL },
	{ "stalls", FOR_MAPGPA, RULE_ACTS, KIND_U32, offsetof(struct td_rule, stalls), UINT32_MAX, NULL },
	{ "busy", FOR_ACCEPT, RULE_ACTS, KIND_U32, offsetof(struct td_rule, stalls), UINT32_MAX, NULL },
	{ "remove", FOR_BOTH, ALL, KIND_U32, offsetof(struct td_rule, remove), UINT32_MAX, NULL },
	{ "readd", FOR_BOTH, RULE_BARE, KIND_WORD, offsetof(struct td_rule, readd), 0, no_yes },
	{ "hole", FOR_MAPGPA, ALL, KIND_U32, offsetof(struct td_rule, hole), UINT32_MAX, NULL },
	{ "lie", FOR_MAPGPA, ALL | RULE_BARE, KIND_WORD, offsetof(struct td_rule, lie), 0, no_yes },
	{ "registers", FOR_MAPGPA, RULE_ACTS, KIND_WORD, offsetof(struct td_rule, registers), 0, registers },
	{ "fail", FOR_BOTH, RULE_ACTS, KIND_CODE, offsetof(struct td_rule, fail), 0, NULL },
	{ "shift", FOR_MAPGPA, ALL, KIND_SHIFT, offsetof(struct td_rule, shift), 0, NULL },
	{ "claim", FOR_MAPGPA, RULE_CONTAIN, KIND_CLAIM, 0, 0, NULL },
	{ "claim-s", FOR_MAPGPA, RULE_CONTAIN, KIND_WORD, offsetof(struct td_rule, claim_s), 0, s_words },
};

static const struct {
	const char *name;
	uint64_t code;
} codes[] = {
#define GHCI_CODE(id, value, source) { #id, value },
#include "abi/abi.def"
};

static char problem[256];

#define PROBLEM(...) (snprintf(problem, sizeof(problem), __VA_ARGS__), problem)

static const char *set_word(uint32_t *to, const char *value, const char *const *words)
{
	int length;

	for (uint32_t i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0) {
			*to = i;
			return NULL;
		}
	}
	length = snprintf(problem, sizeof(problem), "\"%s\" is none of", value);
	for (uint32_t i = 0; words[i] && length > 0 && (size_t)length < sizeof(problem); i++)
		length += snprintf(problem + length, sizeof(problem) - (size_t)length, " %s", words[i]);
	return problem;
}

/* FIRST, FIRST.. or FIRST+, FIRST..LAST, and FIRST[..LAST]+STEP: as in strace's when=, where FIRST.. is new. */
static const char *set_calls(struct td_rule *rule, const char *value)
{
	uint32_t first = 0, last = 0, step = 0;
	int end = -1;

	if (value[strspn(value, "0123456789.+")] != '\0')
		return PROBLEM("\"%s\" is not FIRST, FIRST.., FIRST..LAST or FIRST[..LAST]+STEP", value);
	if (sscanf(value, "%" SCNu32 "..%" SCNu32 "+%" SCNu32 "%n", &first, &last, &step, &end) == 3 &&
	    value[end] == '\0')
		;
	else if (sscanf(value, "%" SCNu32 "..%" SCNu32 "%n", &first, &last, &end) == 2 && value[end] == '\0')
		step = 1;
	else if (sscanf(value, "%" SCNu32 "+%" SCNu32 "%n", &first, &step, &end) == 2 && value[end] == '\0')
		last = 0;
	else if (sscanf(value, "%" SCNu32 "%n", &first, &end) == 1 &&
		 (strcmp(value + end, "..") == 0 || strcmp(value + end, "+") == 0))
		last = 0, step = 1;
	else if (end >= 0 && value[end] == '\0')
		last = first, step = 1;
	else
		return PROBLEM("\"%s\" is not FIRST, FIRST.., FIRST..LAST or FIRST[..LAST]+STEP", value);
	if (first == 0 || step == 0 || (last != 0 && last < first))
		return PROBLEM("\"%s\": calls are counted from 1, and LAST is not before FIRST", value);
	rule->first = first;
	rule->last = last;
	rule->step = step;
	return NULL;
}

/* [+N|-N][+Nb|-Nb]: pages, then bytes, each once. False: it is something else. */
static bool set_offsets(struct td_rule *rule, const char *text)
{
	bool pages = false, bytes = false;
	char *end;
	int64_t n;

	rule->claim_pages = 0;
	rule->claim_bytes = 0;
	for (; *text; text = end) {
		if (text[1] < '0' || text[1] > '9' || bytes)
			return false;
		n = strtoll(text, &end, 10);
		if (n > INT32_MAX || n < INT32_MIN)
			return false;
		bytes = *end == 'b';
		if (pages && !bytes)
			return false;
		*(bytes ? &rule->claim_bytes : &rule->claim_pages) = n;
		pages = true;
		end += bytes;
		if (*end && *end != '+' && *end != '-')
			return false;
	}
	return true;
}

/* BASE and offsets. */
static const char *set_claim(struct td_rule *rule, const char *value)
{
	size_t length = strcspn(value, "+-");
	const char *wrong;
	char base[16];

	if (length >= sizeof(base))
		return PROBLEM("\"%s\" does not begin with frontier, start, end, zero or none", value);
	memcpy(base, value, length);
	base[length] = '\0';
	wrong = set_word(&rule->claim_base, base, bases);
	if (!wrong && !set_offsets(rule, value + length))
		return PROBLEM("\"%s\": after %s comes +PAGES or -PAGES, and then +BYTESb or -BYTESb", value, base);
	if (!wrong && rule->claim_base == TD_CLAIM_KEPT && value[length])
		return PROBLEM("\"%s\": R11 that is not written has no offset", value);
	return wrong;
}

/* What the module says when a VMM gets in the way of ACCEPT: the only codes that are its to bring about. */
static const char *set_accept_code(struct td_rule *rule, const char *value)
{
	if (strcmp(value, "OPERAND_BUSY") == 0)
		rule->fail = TDX_OPERAND_BUSY;
	else if (strcmp(value, "PAGE_SIZE_MISMATCH") == 0)
		rule->fail = TDX_PAGE_SIZE_MISMATCH;
	else
		return PROBLEM("fail: \"%s\": a VMM can make ACCEPT fail with OPERAND_BUSY or PAGE_SIZE_MISMATCH only",
			       value);
	return NULL;
}

bool rule_code(const char *text, uint64_t *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (strcmp(codes[i].name, text) == 0) {
			*code = codes[i].code;
			return true;
		}
	}
	return opt_number(text, code);
}

static const char *set_code(struct td_rule *rule, const char *value)
{
	if (rule->on == TD_ON_ACCEPT)
		return set_accept_code(rule, value);
	if (rule_code(value, &rule->fail) && rule->fail != TDVMCALL_SUCCESS)
		return NULL;
	return PROBLEM("fail: \"%s\" is neither a code of GHCI (tdlab list abi) nor a number other than 0", value);
}

/* +N or -N */
static const char *set_shift(struct td_rule *rule, const char *value)
{
	uint64_t number;

	if ((*value != '+' && *value != '-') || !opt_number(value + 1, &number) || number > SHIFT_MOST)
		return PROBLEM("shift: \"%s\" is not +PAGES or -PAGES", value);
	rule->shift = *value == '-' ? -(int64_t)number : (int64_t)number;
	return NULL;
}

static const char *set_number(const struct key *key, struct td_rule *rule, const char *value)
{
	void *to = (char *)rule + key->offset;
	uint64_t number;

	if (key->kind == KIND_PAGES && strcmp(value, "all") == 0)
		number = UINT64_MAX;
	else if (!opt_number(value, &number))
		return PROBLEM("%s: \"%s\" is not a number%s", key->name, value,
			       key->kind == KIND_PAGES ? " or \"all\"" : "");
	else if (number > key->max)
		return PROBLEM("%s: %s is more than %" PRIu64, key->name, value, key->max);
	if (key->kind == KIND_U32)
		*(uint32_t *)to = (uint32_t)number;
	else
		*(uint64_t *)to = number;
	return NULL;
}

static const char *unknown(const char *name)
{
	const char *names[ARRAY_SIZE(keys)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		names[i] = keys[i].name;
	near = suggest(name, names, ARRAY_SIZE(names));
	return PROBLEM("a rule has no \"%.40s\"%s%s%s", name, near ? ": did you mean \"" : "", near ? near : "",
		       near ? "\"?" : "");
}

const char *rule_key(unsigned int index, unsigned int *flags)
{
	if (index >= ARRAY_SIZE(keys))
		return NULL;
	*flags = keys[index].flags;
	return keys[index].name;
}

static bool is_set(const struct key *key, const struct td_rule *rule)
{
	const char *at = (const char *)rule + key->offset;
	struct td_rule nothing;

	rule_init(&nothing);
	switch (key->kind) {
	case KIND_CALLS:
		return rule->first || rule->last || rule->step;
	case KIND_CLAIM:
		return rule->claim_base || rule->claim_pages || rule->claim_bytes;
	case KIND_U32:
	case KIND_WORD:
		return memcmp(at, (const char *)&nothing + key->offset, sizeof(uint32_t)) != 0;
	default:
		return memcmp(at, (const char *)&nothing + key->offset, sizeof(uint64_t)) != 0;
	}
}

unsigned int rule_flags(const struct td_rule *rule)
{
	unsigned int flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (is_set(&keys[i], rule))
			flags |= keys[i].flags;
	return flags;
}

void rule_init(struct td_rule *rule)
{
	*rule = (struct td_rule){ .complete = UINT64_MAX };
}

const char *rule_set(struct td_rule *rule, const char *name, const char *value)
{
	const struct key *key = keys;

	while (key < keys + ARRAY_SIZE(keys) && strcmp(key->name, name) != 0)
		key++;
	if (key == keys + ARRAY_SIZE(keys))
		return unknown(name);
	if (!(key->on & 1u << rule->on))
		return PROBLEM("%s is nothing for a rule on %s", name, ons[rule->on]);
	switch (key->kind) {
	case KIND_WORD:
		return set_word((uint32_t *)(void *)((char *)rule + key->offset), value, key->words);
	case KIND_CALLS:
		return set_calls(rule, value);
	case KIND_CLAIM:
		return set_claim(rule, value);
	case KIND_CODE:
		return set_code(rule, value);
	case KIND_SHIFT:
		return set_shift(rule, value);
	default:
		return set_number(key, rule, value);
	}
}

static const char *check_accept(const struct td_rule *rule)
{
	if (rule->chance && !rule->stalls)
		return PROBLEM("chance is that of being busy: set busy, the most in a row, too");
	if (!rule->stalls && !rule->fail && !rule->remove)
		return PROBLEM("a rule on accept needs busy, fail or remove: else it does nothing");
	if (rule->fail && rule->remove)
		return PROBLEM("fail and remove: what was not accepted cannot be taken away");
	return NULL;
}

const char *rule_check(const struct td_rule *rule)
{
	if (rule->on == TD_ON_ACCEPT && check_accept(rule))
		return problem;
	if (rule->on == TD_ON_MAPGPA && rule->chunk != 0 && rule->chance == 0)
		return PROBLEM("chunk needs a chance: the VMM may stop after each chunk");
	if (rule->on == TD_ON_MAPGPA && rule->chance != 0 && rule->chunk == 0 && rule->stalls == 0)
		return PROBLEM("chance is of stopping after a chunk, or of stalls: give one of them");
	if (rule->readd && !rule->remove)
		return PROBLEM("readd puts back what remove took away: set remove too");
	if (rule->lie && rule->fail)
		return PROBLEM("lie says SUCCESS and fail says something else");
	return NULL;
}
