/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/opt.h"
#include "cli/suggest.h"
#include "cli/vmm/parameter.h"

static struct parameter *parameter_named(struct behaviour *b, const char *name, size_t length)
{
	for (unsigned int i = 0; i < b->nparameters; i++)
		if (strlen(b->parameters[i].name) == length && strncmp(b->parameters[i].name, name, length) == 0)
			return &b->parameters[i];
	return NULL;
}

/* NULL, or what is wrong with the value: a text to be freed. */
static char *parameter_refuses(const struct parameter *p, const char *value)
{
	size_t length = strlen(value);
	uint64_t number;

	if (p->choices) {
		for (const char *word = p->choices; *word; word += strspn(word, " ")) {
			size_t n = strcspn(word, " ");

			if (n == length && strncmp(word, value, n) == 0)
				return NULL;
			word += n;
		}
		return xprintf("%s = %s: none of %s", p->name, value, p->choices);
	}
	if (!opt_number(value, &number))
		return xprintf("%s = %s: not a number", p->name, value);
	if (number < p->min || number > p->max)
		return xprintf("%s = %s: not between %" PRIu64 " and %" PRIu64, p->name, value, p->min, p->max);
	return NULL;
}

static int set_parameter_key(struct vmm_text *text, struct parameter *p, const struct setting *s)
{
	static const char *const known[] = { "help", "default", "min", "max", "choices" };
	const char *near;

	if (strcmp(s->key, "help") == 0)
		p->help = xprintf("%s", s->value);
	else if (strcmp(s->key, "default") == 0)
		p->value = xprintf("%s", s->value);
	else if (strcmp(s->key, "choices") == 0)
		p->choices = xprintf("%s", s->value);
	else if (strcmp(s->key, "min") == 0 || strcmp(s->key, "max") == 0) {
		if (!opt_number(s->value, s->key[1] == 'i' ? &p->min : &p->max))
			return vmm_error(text, s->line, "%s: \"%s\" is not a number", s->key, s->value);
	} else {
		near = suggest(s->key, known, ARRAY_SIZE(known));
		return vmm_error(text, s->line, "a parameter has no \"%s\"%s%s%s", s->key,
				 near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
	return 0;
}

int behaviour_parameters(struct behaviour *b, struct vmm_text *text)
{
	unsigned int section = 0;
	struct parameter *p = NULL;
	char *wrong;

	for (unsigned int i = 0; i < text->nsettings; i++) {
		const struct setting *s = &text->settings[i];

		if (strcmp(s->kind, "parameter") != 0)
			continue;
		if (s->section != section) {
			if (parameter_named(b, s->name, strlen(s->name)))
				return vmm_error(text, s->line, "a second parameter \"%s\"", s->name);
			if (b->nparameters == BEHAVIOUR_PARAMETERS)
				return vmm_error(text, s->line, "more than %d parameters", BEHAVIOUR_PARAMETERS);
			p = &b->parameters[b->nparameters++];
			*p = (struct parameter){ .max = UINT64_MAX, .line = s->line };
			snprintf(p->name, sizeof(p->name), "%s", s->name);
			section = s->section;
		}
		if (set_parameter_key(text, p, s))
			return STATUS_INPUT;
	}
	for (unsigned int i = 0; i < b->nparameters; i++) {
		p = &b->parameters[i];
		if (!p->value || !p->help)
			return vmm_error(text, p->line, "parameter \"%s\" needs a default and a help", p->name);
		wrong = parameter_refuses(p, p->value);
		if (wrong) {
			vmm_error(text, p->line, "default of %s", wrong);
			free(wrong);
			return STATUS_INPUT;
		}
	}
	return 0;
}

/* "$name" or "${name}" at the beginning of text: the length of all of it, and where the name is. */
static size_t reference(const char *text, const char **name, size_t *length)
{
	bool braces = text[1] == '{';

	*name = text + 1 + braces;
	*length = strspn(*name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (braces && (*name)[*length] != '}')
		*length = 0;	/* no parameter has an empty name */
	return 1 + *length + (braces ? 2 : 0);
}

char *behaviour_substitute(struct behaviour *b, const char *text, bool rule, char **bad)
{
	char *done = xprintf("%s", ""), *more;
	size_t plain, length, whole;
	const char *name;
	struct parameter *p;

	while (*text) {
		plain = strcspn(text, "$");
		p = NULL;
		whole = 0;
		if (text[plain]) {
			whole = reference(text + plain, &name, &length);
			p = parameter_named(b, name, length);
		}
		if (whole && !p) {
			*bad = xprintf("%.*s", (int)length, name);
			free(done);
			return NULL;
		}
		if (p && rule)
			p->used = true;
		more = xprintf("%s%.*s%s", done, (int)plain, text, p ? p->value : "");
		free(done);
		done = more;
		text += plain + whole;
	}
	return done;
}

static int unknown_parameter(const struct behaviour *b, const char *name)
{
	const char *names[BEHAVIOUR_PARAMETERS], *near;

	for (unsigned int i = 0; i < b->nparameters; i++)
		names[i] = b->parameters[i].name;
	near = suggest(name, names, b->nparameters);
	if (near)
		return complain(STATUS_INPUT, "%s has no parameter \"%s\": did you mean \"%s\"?", b->name, name, near);
	if (b->nparameters == 1)
		return complain(STATUS_INPUT, "%s has no parameter \"%s\": it has \"%s\"", b->name, name, names[0]);
	return complain(STATUS_INPUT, "%s has no parameter \"%s\": %s", b->name, name,
			b->nparameters ? "see tdlab list behaviours" : "it has none");
}

int behaviour_set(struct behaviour *b, const char *word, size_t length)
{
	char *name = xprintf("%.*s", (int)length, word), *value = strchr(name, '='), *wrong = NULL;
	struct parameter *p = NULL;
	int status = 0;

	if (value)
		*value++ = '\0';
	if (value)
		p = parameter_named(b, name, strlen(name));
	if (!value)
		status = complain(STATUS_INPUT, "%s:%s: write %s:PARAMETER=VALUE", b->name, name, b->name);
	else if (!p)
		status = unknown_parameter(b, name);
	else if (p->set)
		status = complain(STATUS_INPUT, "%s: %s is given twice: %s and %s", b->name, name, p->value, value);
	else if ((wrong = parameter_refuses(p, value)))
		status = complain(STATUS_INPUT, "%s: %s", b->name, wrong);
	if (p && !status) {
		p->set = true;
		free(p->value);
		p->value = xprintf("%s", value);
	}
	free(wrong);
	free(name);
	return status;
}
