/* SPDX-License-Identifier: MIT */
/* The command line that runs a boot again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/boot.h"
#include "cli/words.h"

char *boot_command(const struct boot *b)
{
	char *command = command_line(b->program ? "run" : "boot"), *text;

	text = boot_command_with(b, command);
	free(command);
	add_option(&text, "--root", b->options.root);
	for (unsigned int i = 0; b->program && i < b->options.file.count; i++)
		add_option(&text, "--file", b->options.file.items[i]);
	if (b->program)
		add_word(&text, "--");
	for (char *const *word = b->program ? b->program->words : NULL; word && *word; word++)
		add_word(&text, *word);
	return text;
}

bool boot_quiet(const struct boot *b)
{
	return b->guest.kind == GUEST_LINUX && !b->options.console_live;
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (; text && *text; text += strcspn(text, " "), text += strspn(text, " "))
		if (strcspn(text, " ") == length && strncmp(text, word, length) == 0)
			return true;
	return false;
}

static void add(char **text, const char *words)
{
	char *before = *text;

	*text = xprintf("%s%s%s", before, *before && *words ? " " : "", words);
	free(before);
}

/*
 * Memory that was not accepted before is not accepted for a kexec either: Linux 6.12 copies to it all the same. So a
 * guest that starts with firmware powers off.
 */
static bool ends_by_kexec(const struct boot *b)
{
	const struct boot_options *o = &b->options;

	return o->in_check && b->guest.kind == GUEST_LINUX && !o->initrd && !o->firmware && !initrd_other(b);
}

char *boot_append(const struct boot *b)
{
	const char *append = b->options.append ? b->options.append : "";
	char *text = xprintf("%s", "");

	if (boot_quiet(b) && !has_word(append, "quiet"))
		add(&text, "quiet");
	if (ends_by_kexec(b) && !has_word(append, "tdlab.kexec"))
		add(&text, "tdlab.kexec");
	add(&text, append);
	return text;
}

char *boot_command_with(const struct boot *b, const char *command)
{
	const struct boot_options *o = &b->options;
	char *text = xprintf("%s --vmm", command), number[32], *append = boot_append(b);

	add_word(&text, b->behaviour.spec);
	for (unsigned int i = 0; i < o->inject.count; i++)
		add_option(&text, "--inject", o->inject.items[i]);
	add_option(&text, "--behaviours", o->behaviours);
	add_option(&text, "--platform", o->platform);
	add_option(&text, "--memory", o->memory.text);
	add_option(&text, "--memory-split", o->memory_split.text);
	add_option(&text, "--cpus", o->cpus.text);
	add_option(&text, "--timeout", o->timeout.text);
	add_option(&text, "--firmware", o->firmware);
	add_option(&text, "--initrd", o->initrd);
	add_option(&text, "--modules", o->modules);
	for (unsigned int i = 0; i < o->module.count; i++)
		add_option(&text, "--module", o->module.items[i]);
	for (unsigned int i = 0; i < o->disk.count; i++)
		add_option(&text, "--disk", o->disk.items[i]);
	add_option(&text, "--net", o->net);
	for (unsigned int i = 0; i < o->share.count; i++)
		add_option(&text, "--share", o->share.items[i]);
	add_option(&text, "--qemu-args", o->qemu_args);
	add_option(&text, "--expect", o->expect);
	add_option(&text, "--append", *append ? append : NULL);
	if (o->console_live)
		add_word(&text, "--console-live");
	snprintf(number, sizeof(number), "%" PRIu64, b->seed);
	add_option(&text, "--seed", number);
	add_option(&text, "--qemu", o->qemu);
	if (o->kernel && *o->kernel == '-' && !b->program)	/* which takes ./-NAME alone */
		add_word(&text, "--");
	if (o->kernel && !o->builtin)	/* which has a memory of its own */
		add_word(&text, o->kernel);
	free(append);
	return text;
}
