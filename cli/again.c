/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/boot.h"

/* Words that a shell would not take as one are quoted. */
static void add_word(char **text, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
	char *old = *text;
	size_t length;

	if (*word && word[strspn(word, plain)] == '\0') {
		*text = xprintf("%s %s", old, word);
		free(old);
		return;
	}
	*text = xprintf("%s '", old);
	free(old);
	for (; *word; word += length + (word[length] == '\'')) {
		length = strcspn(word, "'");
		old = *text;
		*text = xprintf("%s%.*s%s", old, (int)length, word, word[length] ? "'\\''" : "");
		free(old);
	}
	old = *text;
	*text = xprintf("%s'", old);
	free(old);
}

static void add_option(char **text, const char *name, const char *value)
{
	if (!value)
		return;
	add_word(text, name);
	add_word(text, value);
}

char *boot_again(const struct boot *b)
{
	const struct boot_options *o = &b->options;
	char *text = xprintf("tdlab boot --vmm"), number[32];

	add_word(&text, b->behaviour.spec);
	add_option(&text, "--behaviours", o->behaviours);
	if (o->memory.given) {
		snprintf(number, sizeof(number), "%" PRIu64 "M", o->memory.value >> 20);
		add_option(&text, "--memory", number);
	}
	if (o->cpus.given) {
		snprintf(number, sizeof(number), "%" PRIu64, o->cpus.value);
		add_option(&text, "--cpus", number);
	}
	add_option(&text, "--initrd", o->initrd);
	add_option(&text, "--modules", o->modules);
	add_option(&text, "--disk", o->disk);
	add_option(&text, "--append", o->append);
	snprintf(number, sizeof(number), "%" PRIu64, b->seed);
	add_option(&text, "--seed", number);
	add_word(&text, o->kernel);
	return text;
}
