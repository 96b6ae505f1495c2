/* SPDX-License-Identifier: MIT */
/*
 * TAP version 13 for C tests, on a host and on bare metal alike. The user defines tap_puts(const char *) before
 * including this; everything else is here. One file, one plan: TAP is printed as the tests run and tap_done() closes
 * with the plan, so that a test that dies in between is seen as incomplete by prove.
 */
#ifndef WIRE_TAP_H
#define WIRE_TAP_H

#include <stdbool.h>
#include <stdint.h>

static unsigned int tap_count, tap_failed;

static void tap_number(uint64_t value, unsigned int base)
{
	char text[24], *p = text + sizeof(text) - 1;

	*p = '\0';
	do
		*--p = "0123456789abcdef"[value % base];
	while (value /= base);
	tap_puts(p);
}

static inline bool tap_ok(bool good, const char *name)
{
	tap_puts(good ? "ok " : "not ok ");
	tap_number(++tap_count, 10);
	tap_puts(" - ");
	tap_puts(name);
	tap_puts("\n");
	if (!good)
		tap_failed++;
	return good;
}

static inline bool tap_is_at(uint64_t got, uint64_t want, const char *name, const char *file, unsigned int line)
{
	if (tap_ok(got == want, name))
		return true;
	tap_puts("# got 0x");
	tap_number(got, 16);
	tap_puts(", want 0x");
	tap_number(want, 16);
	tap_puts(" at ");
	tap_puts(file);
	tap_puts(":");
	tap_number(line, 10);
	tap_puts("\n");
	return false;
}

/* Two integers are equal; both are printed in hex when they are not. */
#define tap_is(got, want, name) tap_is_at((uint64_t)(got), (uint64_t)(want), name, __FILE__, __LINE__)

static inline void tap_note(const char *text)
{
	tap_puts("# ");
	tap_puts(text);
	tap_puts("\n");
}

/* Returns the exit status of the test program: 0 if every test passed. */
static inline int tap_done(void)
{
	tap_puts("1..");
	tap_number(tap_count, 10);
	tap_puts("\n");
	return tap_failed != 0;
}

#endif
