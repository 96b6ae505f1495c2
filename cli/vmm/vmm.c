/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ctype.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/suggest.h"
#include "cli/vmm/vmm.h"

#define LARGEST	(1 << 20)	/* ours have 30 lines */

/* libinih says neither where a setting stands nor that a section began; the reader below sees every line first. */
struct reading {
	struct vmm_text *text;
	FILE *file;
	unsigned int line;
	unsigned int section;
	bool continued;		/* the present line goes on with the last value */
};

int vmm_error(struct vmm_text *text, unsigned int line, const char *format, ...)
{
	char what[512];
	va_list args;

	if (text->failed)
		return STATUS_INPUT;
	text->failed = true;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return complain(STATUS_INPUT, "%s:%u: %s", text->path, line, what);
}

static bool is_behaviour(const struct vmm_text *text)
{
	return strcmp(text->what, "behaviour") == 0;
}

static int bad_section(struct reading *reading, const char *kind)
{
	const char *const kinds[] = { reading->text->what, "parameter", "rule" };
	bool behaviour = is_behaviour(reading->text);
	const char *near = suggest(kind, kinds, behaviour ? ARRAY_SIZE(kinds) : 1);

	return vmm_error(reading->text, reading->line, "unknown section [%s]%s%s%s", kind,
			 near ? ": did you mean [" : "", near ? near : "",
			 near ? "]?" : behaviour ? ": there are [behaviour], [parameter NAME] and [rule]" :
						   ": there is [platform] only");
}

static void begin_section(struct reading *reading, const char *line)
{
	struct vmm_text *text = reading->text;
	char kind[16] = "", name[32] = "";
	int end = 0;

	reading->section++;
	if (sscanf(line, "[ %15[a-z] %31[^] \t] %n", kind, name, &end) < 1 && strchr(line, ']'))
		vmm_error(text, reading->line, "a section needs a name in small letters");
	else if (!strchr(line, ']'))
		vmm_error(text, reading->line, "\"[\" without \"]\"");
	else if (strcmp(kind, text->what) == 0)
		return;
	else if (!is_behaviour(text))
		bad_section(reading, kind);
	else if (strcmp(kind, "parameter") == 0 && !*name)
		vmm_error(text, reading->line, "a parameter needs a name: [parameter NAME]");
	else if (strcmp(kind, "rule") == 0 && text->nrules < ARRAY_SIZE(text->rule_section))
		text->rule_section[text->nrules++] = reading->section;
	else if (strcmp(kind, "rule") == 0)
		vmm_error(text, reading->line, "too many rules");
	else if (strcmp(kind, "parameter") != 0)
		bad_section(reading, kind);
}

static char *read_line(char *buffer, int bytes, void *stream)
{
	struct reading *reading = stream;
	char *start = buffer;

	if (!fgets(buffer, bytes, reading->file))
		return NULL;
	reading->line++;
	if (!strchr(buffer, '\n') && !feof(reading->file))
		vmm_error(reading->text, reading->line,
			  "longer than %d characters: go on in a line that begins with a tab", bytes - 3);
	while (isspace((unsigned char)*start))
		start++;
	reading->continued = start > buffer && *start && *start != '[' && *start != '#' && *start != ';';
	if (*start == '[')
		begin_section(reading, start);
	return buffer;
}

static int add(struct reading *reading, const char *section, const char *key, const char *value)
{
	struct vmm_text *text = reading->text;
	struct setting *last = text->nsettings ? &text->settings[text->nsettings - 1] : NULL, *new;
	char *joined;

	if (reading->continued && last && last->section == reading->section && strcmp(last->key, key) == 0) {
		joined = xprintf("%s %s", last->value, value);
		free(last->value);
		last->value = joined;
		return 1;
	}
	if (reading->section == 0)
		return vmm_error(text, reading->line, "\"%s\" stands before the first section", key), 0;
	if (text->nsettings == VMM_SETTINGS)
		return vmm_error(text, reading->line, "more than %d settings", VMM_SETTINGS), 0;
	for (unsigned int i = 0; i < text->nsettings; i++)
		if (text->settings[i].section == reading->section && strcmp(text->settings[i].key, key) == 0)
			return vmm_error(text, reading->line, "\"%s\" was set in line %u already", key,
					 text->settings[i].line), 0;
	if (strlen(key) >= sizeof(new->key))
		return vmm_error(text, reading->line, "unknown setting \"%s\"", key), 0;
	new = &text->settings[text->nsettings++];
	*new = (struct setting){ .section = reading->section, .line = reading->line, .value = xprintf("%s", value) };
	sscanf(section, "%15s %31s", new->kind, new->name);
	memcpy(new->key, key, strlen(key) + 1);
	return 1;
}

static int handler(void *user, const char *section, const char *key, const char *value)
{
	struct reading *reading = user;

	return reading->text->failed ? 0 : add(reading, section, key, value);
}

int vmm_read(struct vmm_text *text, const char *path, const char *what)
{
	struct reading reading = { .text = text };
	uint64_t bytes;
	int fd = file_open(path, what, &bytes), line;

	*text = (struct vmm_text){ .path = path, .what = what };
	if (fd < 0)
		return STATUS_INPUT;
	reading.file = fdopen(fd, "r");
	if (!reading.file || bytes > LARGEST) {
		reading.file ? fclose(reading.file) : close(fd);
		return complain(STATUS_INPUT, "%s %s: larger than %d bytes", what, path, LARGEST);
	}
	line = ini_parse_stream(read_line, &reading, handler, &reading);
	if (ferror(reading.file))
		complain(STATUS_INPUT, "%s: %s", path, strerror(errno)), text->failed = true;
	fclose(reading.file);
	if (line > 0)
		vmm_error(text, (unsigned int)line, "neither [section] nor \"key = value\" nor \"# comment\"");
	return text->failed ? STATUS_INPUT : 0;
}

void vmm_free(struct vmm_text *text)
{
	for (unsigned int i = 0; i < text->nsettings; i++)
		free(text->settings[i].value);
	text->nsettings = 0;
}
