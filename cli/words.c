/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cli/tdlab.h"
#include "cli/words.h"

char *command_line(const char *word)
{
	char *text = xprintf("%s", ""), *line;

	add_word(&text, program_called);
	add_word(&text, word);
	line = xprintf("%s", text + 1);	/* each word has a blank before it */
	free(text);
	return line;
}

void add_word(char **text, const char *word)
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

void add_option(char **text, const char *name, const char *value)
{
	if (!value)
		return;
	add_word(text, name);
	add_word(text, value);
}

int split_words(char *text, char **words, int most)
{
	int n = 0;

	for (text += strspn(text, " "); *text && n < most; text += strspn(text, " ")) {
		char *to = text;
		bool quoted = false;

		words[n++] = to;
		for (; *text && (quoted || *text != ' '); text++) {
			if (*text == '\'')
				quoted = !quoted;
			else if (!quoted && *text == '\\' && text[1])
				*to++ = *++text;
			else
				*to++ = *text;
		}
		if (quoted)
			return -1;
		text += *text != '\0';
		*to = '\0';
	}
	return n;
}
