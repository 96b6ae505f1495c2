/* SPDX-License-Identifier: MIT */
/* How the monitor ends when it cannot go on. */
#include "monitor/panic.h"

#include <stdarg.h>
#include <stdbool.h>

#include "image/text.h"
#include "monitor/end.h"
#include "wire/status.h"

/* %s %u %x, with or without l. */
static void format_text(struct text *text, const char *format, va_list args)
{
	for (const char *c = format; *c != '\0'; c++) {
		bool wide = c[0] == '%' && c[1] == 'l';

		if (*c != '%') {
			text_string(text, (char[2]){ *c, '\0' });
			continue;
		}
		c += 1 + wide;
		if (*c == 's')
			text_string(text, va_arg(args, const char *));
		else
			text_number_in(text, wide ? va_arg(args, uint64_t) : va_arg(args, unsigned int), *c == 'x' ? 16 : 10);
	}
}

static const char *message(const char *format, va_list args)
{
	static char buffer[MONITOR_MESSAGE_BYTES];
	struct text text = { buffer, 0, sizeof(buffer) };

	buffer[0] = '\0';
	format_text(&text, format, args);
	return buffer;
}

void panic(const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = message(format, args);
	va_end(args);
	end_panic(text);
}

void blame(const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = message(format, args);
	va_end(args);
	end_blame(text);
}
