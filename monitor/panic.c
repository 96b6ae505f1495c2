/* SPDX-License-Identifier: MIT */
/* How the monitor ends when it cannot go on. */
#include "monitor/panic.h"

#include <stdarg.h>
#include <stdbool.h>

#include "monitor/end.h"
#include "wire/status.h"

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
