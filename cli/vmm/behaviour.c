/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/suggest.h"
#include "cli/vmm/behaviour.h"
#include "cli/vmm/find.h"
#include "cli/vmm/parameter.h"
#include "cli/vmm/recorded.h"
#include "cli/vmm/rule.h"
#include "cli/vmm/vmm.h"

const char *const behaviour_bases[] = { "unknown", "specification", "implementation", "thread", "proposal", "inferred",
					NULL };

char **behaviour_names(const char *folder, size_t *count)
{
	return text_names("behaviour", folder, count);
}

/* choices ends with NULL. *to: which of them. */
static int one_of(struct vmm_text *text, const struct setting *s, const char *const *choices, uint32_t *to)
{
	char all[96] = "";
	size_t used = 0;

	for (uint32_t i = 0; choices[i]; i++) {
		*to = i;
		if (strcmp(s->value, choices[i]) == 0)
			return 0;
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i == 0 ? "" : choices[i + 1] ? ", " : " or ",
					 choices[i]);
	}
	return vmm_error(text, s->line, "%s: \"%s\" is not %s", s->key, s->value, all);
}

#define CHOICES(...) (const char *const[]){ __VA_ARGS__, NULL }

/* One line of [behaviour]: text, or one of a few words. *seen has a bit for each setting that was there. */
static int parse_head_setting(struct behaviour *b, struct vmm_text *text, const struct setting *s, uint32_t *seen)
{
	const struct {
		const char *key;
		char **text;
		const char *const *choices;
		uint32_t *choice;
	} known[] = {
		{ "title", &b->title, NULL, NULL },
		{ "class", NULL, CHOICES("permitted", "hostile"), &b->packed.hostile },
		{ "expect", NULL, CHOICES("complete", "contain"), &b->packed.contain },
		{ "basis", NULL, behaviour_bases, &b->basis },
		{ "who", &b->who, NULL, NULL },
		{ "source", &b->source, NULL, NULL },
		{ "implicit", NULL, CHOICES("ve", "convert", "stop"), &b->packed.implicit },
		{ "aug", NULL, CHOICES("2m", "4k", "mixed", "accept"), &b->packed.aug },
		{ "contents", NULL, CHOICES("scrambled", "zeroed"), &b->packed.contents },
		{ "old-page", NULL, CHOICES("removed", "kept"), &b->packed.old },
		{ "align", NULL, CHOICES("checked", "ignored"), &b->packed.align },
	};
	const char *keys[ARRAY_SIZE(known)], *near;

	for (uint32_t i = 0; i < ARRAY_SIZE(known); i++) {
		keys[i] = known[i].key;
		if (strcmp(s->key, keys[i]) != 0)
			continue;
		*seen |= 1u << i;
		if (known[i].choices)
			return one_of(text, s, known[i].choices, known[i].choice);
		*known[i].text = xprintf("%s", s->value);
		return 0;
	}
	near = suggest(s->key, keys, ARRAY_SIZE(keys));
	return vmm_error(text, s->line, "a behaviour has no \"%s\"%s%s%s", s->key, near ? ": did you mean \"" : "",
			 near ? near : "", near ? "\"?" : "");
}

static int parse_head(struct behaviour *b, struct vmm_text *text)
{
	unsigned int line = 1, section = 0;
	uint32_t seen = 0;
	int status = 0;

	for (unsigned int i = 0; i < text->nsettings && !status; i++) {
		const struct setting *s = &text->settings[i];

		if (strcmp(s->kind, "behaviour") != 0)
			continue;
		line = s->line;
		section = section ? section : s->section;
		if (s->section != section)
			status = vmm_error(text, s->line, "a second [behaviour]");
		else
			status = parse_head_setting(b, text, s, &seen);
	}
	if (!status && (seen & 7) != 7)	/* the first three */
		status = vmm_error(text, line, "[behaviour] needs title, class and expect");
	return status;
}

static int parse_rule_setting(struct behaviour *b, struct vmm_text *text, const struct setting *s, struct td_rule *rule)
{
	char *bad = NULL, *value = behaviour_substitute(b, s->value, true, &bad);
	const char *wrong;
	int status = 0;

	if (!value)
		status = vmm_error(text, s->line, "there is no [parameter %s]", bad);
	else if ((wrong = rule_set(rule, s->key, value)))
		status = vmm_error(text, s->line, "%s", wrong);
	free(value);
	free(bad);
	return status;
}

/* One [rule]; "on" first, wherever it stands, as it decides on the others. *line is that of the last setting. */
static int parse_rule(struct behaviour *b, struct vmm_text *text, unsigned int section, struct td_rule *rule,
		     unsigned int *line)
{
	rule_init(rule);
	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < text->nsettings; i++) {
			const struct setting *s = &text->settings[i];

			if (s->section != section || (strcmp(s->key, "on") == 0) != (pass == 0))
				continue;
			*line = s->line > *line ? s->line : *line;
			if (parse_rule_setting(b, text, s, rule))
				return STATUS_INPUT;
		}
	}
	return 0;
}

static int parse_rules(struct behaviour *b, struct vmm_text *text)
{
	const char *wrong;
	unsigned int line;

	if (text->nrules > TD_MAX_RULES)
		return vmm_error(text, text->settings[text->nsettings - 1].line, "more than %d rules", TD_MAX_RULES);
	for (unsigned int r = 0; r < text->nrules; r++) {
		struct td_rule *rule = &b->packed.rules[b->packed.nrules++];

		line = 1;
		if (parse_rule(b, text, text->rule_section[r], rule, &line))
			return STATUS_INPUT;
		wrong = rule_check(rule);
		if (wrong)
			return vmm_error(text, line, "%s", wrong);
	}
	for (unsigned int i = 0; i < b->nparameters; i++)
		if (!b->parameters[i].used)
			return vmm_error(text, b->parameters[i].line, "no rule uses $%s", b->parameters[i].name);
	return 0;
}

static int interpret(struct behaviour *b, struct vmm_text *text, const char *settings)
{
	char *title, *bad = NULL;
	size_t length;
	int status = parse_head(b, text);

	if (!status)
		status = behaviour_parameters(b, text);
	for (; settings && *settings && !status; settings += length + (settings[length] == ',')) {
		length = strcspn(settings, ",");
		status = behaviour_set(b, settings, length);
	}
	if (!status)
		status = parse_rules(b, text);
	if (status)
		return status;
	title = behaviour_substitute(b, b->title, false, &bad);
	if (!title)
		status = vmm_error(text, 1, "title: there is no [parameter %s]", bad);
	free(bad);
	free(b->title);
	b->title = title;
	return status;
}

static int load_rules(struct behaviour *b, const char *folder)
{
	const char *spec = b->spec;
	const char *slash = strrchr(spec, '/');
	const char *colon = strchr(slash ? slash : spec, ':');
	struct vmm_text *text = xcalloc(1, sizeof(*text));
	int status;

	status = text_find("behaviour", spec, colon ? (size_t)(colon - spec) : strlen(spec), folder, b->name, &b->path);
	if (!status)
		status = vmm_read(text, b->path, "behaviour");
	if (!status)
		status = interpret(b, text, colon ? colon + 1 : NULL);
	vmm_free(text);
	free(text);
	return status;
}

int behaviour_load(struct behaviour *b, const char *spec, const char *folder)
{
	size_t prefix = strlen(RECORDED_PREFIX);
	int status;

	*b = (struct behaviour){ .spec = xprintf("%s", spec) };
	if (strncmp(spec, RECORDED_PREFIX, prefix) == 0) {
		b->path = xprintf("%s", spec + prefix);
		status = recorded_load(b);
	} else {
		status = load_rules(b, folder);
	}
	if (status)
		behaviour_free(b);
	return status;
}

void behaviour_free(struct behaviour *b)
{
	for (unsigned int i = 0; i < b->nparameters; i++) {
		free(b->parameters[i].help);
		free(b->parameters[i].value);
		free(b->parameters[i].choices);
	}
	free(b->path);
	free(b->spec);
	free(b->title);
	free(b->who);
	free(b->source);
	*b = (struct behaviour){ 0 };
}
