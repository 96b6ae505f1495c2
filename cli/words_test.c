/* SPDX-License-Identifier: MIT */
/* A command line comes apart into the words that it was put together from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/tdlab.h"
#include "cli/words.h"

#define tap_puts(s) fputs(s, stdout)
#include "wire/tap.h"

#define MOST 16

int main(void)
{
	static const char *const words[] = { "plain", "two words", "it's", "", "\\", "'", "$(x)", "a'b'c d", "--o=v" };
	char *text = xprintf("tdlab"), *apart[MOST], unclosed[] = "tdlab 'boot";
	int n;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		add_word(&text, words[i]);
	n = split_words(text, apart, MOST);
	tap_is((uint64_t)n, ARRAY_SIZE(words) + 1, "as many words as there were");
	for (size_t i = 0; i < ARRAY_SIZE(words) && (int)i + 1 < n; i++)
		tap_ok(strcmp(apart[i + 1], words[i]) == 0, words[i]);
	tap_ok(split_words(unclosed, apart, MOST) == -1, "a quote that is not closed is told");
	free(text);
	return tap_done();
}
