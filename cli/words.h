/* SPDX-License-Identifier: MIT */
/* A command line that grows word by word, as a shell would take it again. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

/* Begins with this program, as it was called, and one more word; to be freed. */
char *command_line(const char *word);

/* *text is freed and replaced. A word that a shell would not take as one is quoted. */
void add_word(char **text, const char *word);

/* The words of such a line again, in place: text is changed. Returns how many, or -1 if a quote is not closed. */
int split_words(char *text, char **words, int most);

/* Both words, or neither if value is NULL. */
void add_option(char **text, const char *name, const char *value);

#endif
