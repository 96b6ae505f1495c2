/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/machine/linked.h"
#include "cli/tdlab.h"

#define LIST_BYTES	(1u << 20)
#define LINE_BYTES	256	/* of a script's first line: BINPRM_BUF_SIZE of Linux */

/* PT_INTERP's text, to be freed; NULL of a program that is linked statically. */
static char *loader_of(const uint8_t *data, size_t bytes)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;

	memcpy(&head, data, sizeof(head));
	for (size_t i = 0; i < head.e_phnum; i++) {
		if (head.e_phoff > bytes || bytes - head.e_phoff < (i + 1) * sizeof(part))
			return NULL;
		memcpy(&part, data + head.e_phoff + i * sizeof(part), sizeof(part));
		if (part.p_type == PT_INTERP && part.p_offset <= bytes && part.p_filesz <= bytes - part.p_offset)
			return xprintf("%.*s", (int)part.p_filesz, (const char *)data + part.p_offset);
	}
	return NULL;
}

/* "	name => /path (0x...)", "	/path (0x...)", and the kernel's own, which has no path. */
static void parse_line(const char *line, size_t length, struct words *needs)
{
	char *text = xprintf("%.*s", (int)length, line), *arrow = strstr(text, " => ");
	char *path = arrow ? arrow + 4 : text + strspn(text, "\t "), *behind = strstr(path, " (0x");

	if (*path == '/' && behind)
		words_add(needs, "%.*s", (int)(behind - path), path);
	free(text);
}

/*
 * By --list, and not by ldd's LD_TRACE_LOADED_OBJECTS: a loader that does not know the variable, as musl's, would run
 * the program. Of what is missing --list says no more than that.
 */
static int ask_loader(const char *path, char *loader, struct words *needs)
{
	char *whole = strchr(path, '/') ? xprintf("%s", path) : xprintf("./%s", path);
	char *const argv[] = { (char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c",
			       (char *)(uintptr_t)"exec \"$0\" --list \"$1\" 2>/dev/null", loader, whole, NULL };
	int status = 0;
	size_t bytes;
	char *text = access(loader, X_OK) == 0 ? process_capture(argv, -1, LIST_BYTES, &bytes) : NULL;

	words_add(needs, "%s", loader);
	if (!text && access(loader, X_OK) != 0)
		status = complain(STATUS_INPUT, "%s: its loader %s is not on this host", path, loader);
	else if (!text)
		status = complain(STATUS_INPUT, "%s: not all that it needs is on this host: ldd %s says what", path, whole);
	for (const char *line = text; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
		parse_line(line, strcspn(line, "\n"), needs);
	free(text);
	free(whole);
	return status;
}

/* "#!/bin/sh -e", and "#!/usr/bin/env NAME", which looks in PATH. */
static int script_needs(const char *path, const uint8_t *data, size_t bytes, struct words *needs)
{
	char line[LINE_BYTES] = "", *found, *word, *rest;

	memcpy(line, data + 2, bytes - 2 < sizeof(line) - 1 ? bytes - 2 : sizeof(line) - 1);
	line[strcspn(line, "\n")] = '\0';
	word = strtok_r(line, " \t", &rest);
	if (!word || *word != '/')
		return complain(STATUS_INPUT, "%s: its first line names no interpreter", path);
	words_add(needs, "%s", word);
	if (strcmp(strrchr(word, '/'), "/env") != 0)
		return 0;
	while ((word = strtok_r(NULL, " \t", &rest)) && (*word == '-' || strchr(word, '=')))
		;
	found = word ? process_find(word) : NULL;
	if (word && !found)
		return complain(STATUS_INPUT, "%s: its interpreter %s is not in PATH", path, word);
	if (found)
		words_add(needs, "%s", found);
	free(found);
	return 0;
}

int linked_needs(const char *path, const uint8_t *data, size_t bytes, struct words *needs)
{
	char *loader;
	int status;

	if (bytes > 2 && memcmp(data, "#!", 2) == 0)
		return script_needs(path, data, bytes, needs);
	if (bytes < sizeof(Elf64_Ehdr) || memcmp(data, ELFMAG, SELFMAG) != 0)
		return 0;
	if (data[EI_CLASS] != ELFCLASS64)
		return complain(STATUS_INPUT, "%s: a 32-bit program: only x86-64 ones are run", path);
	loader = loader_of(data, bytes);
	status = loader ? ask_loader(path, loader, needs) : 0;
	free(loader);
	return status;
}
