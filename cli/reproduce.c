/* SPDX-License-Identifier: MIT */
/* The command line that runs a boot again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/boot.h"
#include "cli/words.h"

char *boot_command(const struct boot *b)
{
	char *command = command_line("boot"), *text;

	text = boot_command_with(b, command, true);
	free(command);
	return text;
}

char *boot_command_with(const struct boot *b, const char *command, bool check_words)
{
	const struct boot_options *o = &b->options;
	char *text = xprintf("%s --vmm", command), number[32], *append = NULL;

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
	add_option(&text, "--disk", o->disk);
	if (check_words && *boot_check_words(b))
		append = xprintf("%s%s%s", boot_check_words(b), o->append ? " " : "", o->append ? o->append : "");
	if (o->net)
		add_word(&text, "--net");
	add_option(&text, "--append", append ? append : o->append);
	snprintf(number, sizeof(number), "%" PRIu64, b->seed);
	add_option(&text, "--seed", number);
	add_option(&text, "--qemu", o->qemu);
	if (o->kernel && *o->kernel == '-')
		add_word(&text, "--");
	if (o->kernel && !o->builtin)	/* which has a memory of its own */
		add_word(&text, o->kernel);
	free(append);
	return text;
}
