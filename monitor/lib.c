/* SPDX-License-Identifier: MIT */
#include "monitor/lib.h"

#include <stdarg.h>

#include "monitor/end.h"
#include "wire/status.h"

/* Words where possible: an emulated CPU takes as long for a byte. Built without the loop-to-call optimisation. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *to, const void *from, size_t bytes)
{
	const uint8_t *f = from;
	uint8_t *t = to;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), t += sizeof(word), f += sizeof(word))
		*(word *)t = *(const word *)f;
	while (bytes-- > 0)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	const uint8_t *f = from;
	uint8_t *t = to;

	if (t <= f || t >= f + bytes)
		return memcpy(to, from, bytes);
	while (bytes-- > 0)
		t[bytes] = f[bytes];
	return to;
}

void *memset(void *to, int byte, size_t bytes)
{
	word all = 0x0101010101010101ull * (uint8_t)byte;
	uint8_t *t = to;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), t += sizeof(word))
		*(word *)t = all;
	while (bytes-- > 0)
		*t++ = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *p = a, *q = b;

	for (; bytes > 0; bytes--, p++, q++)
		if (*p != *q)
			return *p < *q ? -1 : 1;
	return 0;
}

size_t strlen(const char *text)
{
	return strnlen(text, SIZE_MAX);
}

size_t strnlen(const char *text, size_t max)
{
	size_t n = 0;

	while (n < max && text[n] != '\0')
		n++;
	return n;
}

struct text {
	char *p, *end;
};

static void put(struct text *text, char c)
{
	if (text->p < text->end)
		*text->p++ = c;
}

static void put_number(struct text *text, uint64_t value, unsigned int base)
{
	char digits[20];
	unsigned int n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while (value /= base);
	while (n > 0)
		put(text, digits[--n]);
}

/* %s %u %x, with or without l. */
static void format_text(struct text *text, const char *format, va_list args)
{
	bool wide;
	char c;

	while ((c = *format++) != '\0') {
		if (c != '%') {
			put(text, c);
			continue;
		}
		wide = *format == 'l';
		format += wide;
		c = *format++;
		if (c == 's')
			for (const char *s = va_arg(args, const char *); *s != '\0'; s++)
				put(text, *s);
		else
			put_number(text, wide ? va_arg(args, uint64_t) : va_arg(args, unsigned int),
				   c == 'x' ? 16 : 10);
	}
	put(text, '\0');
}

static const char *format_message(const char *format, va_list args)
{
	static char buffer[MONITOR_MESSAGE_BYTES];
	struct text text = { buffer, buffer + sizeof(buffer) - 1 };

	format_text(&text, format, args);
	return buffer;
}

void panic(const char *format, ...)
{
	const char *message;
	va_list args;

	va_start(args, format);
	message = format_message(format, args);
	va_end(args);
	end_panic(message);
}

void blame(const char *format, ...)
{
	const char *message;
	va_list args;

	va_start(args, format);
	message = format_message(format, args);
	va_end(args);
	end_blame(message);
}
