/* SPDX-License-Identifier: MIT */
/* Sentences with numbers in them, into a buffer that is never overrun and always terminated. */
#ifndef IMAGE_TEXT_H
#define IMAGE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	char *data;
	size_t used, bytes;	/* bytes > 0 */
};

static inline void text_string(struct text *text, const char *string)
{
	while (*string != '\0' && text->used + 1 < text->bytes)
		text->data[text->used++] = *string++;
	text->data[text->used] = '\0';
}

static inline void text_number_in(struct text *text, uint64_t number, unsigned int base)
{
	char digits[21], *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do
		*--p = "0123456789abcdef"[number % base];
	while (number /= base);
	text_string(text, p);
}

static inline void text_number(struct text *text, uint64_t number)
{
	text_number_in(text, number, 10);
}

#endif
