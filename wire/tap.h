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

/*
 * Where a check stands. A name is printed behind its group, the function that it is in, and the case that the function
 * is called for; one that begins with "..." goes on with the last one that does not, and is printed with it. What is
 * printed stands once in a program (scripts/run-tests).
 */
struct tap_place {
	const char *group, *file;
	unsigned int line;
};

static char tap_last[160];	/* the last name that stands for itself */

static struct {
	const char *text;
	uint64_t number;
} tap_of;

/* The case of all checks from here on: checks that run more than once are told apart by it. NULL: of none. */
static inline void tap_case(const char *text)
{
	tap_of.text = text;
	tap_of.number = UINT64_MAX;
}

static inline void tap_case_number(const char *text, uint64_t number)
{
	tap_of.text = text;
	tap_of.number = number;
}

static void tap_print_case(void)
{
	if (!tap_of.text)
		return;
	tap_puts(tap_of.text);
	if (tap_of.number != UINT64_MAX) {
		tap_puts(" ");
		tap_number(tap_of.number, 10);
	}
	tap_puts(": ");
}

static void tap_name(const char *name, const char *group)
{
	bool goes_on = name[0] == '.' && name[1] == '.' && name[2] == '.';
	unsigned int i = 0;

	if (group[0] == 't' && group[1] == 'e' && group[2] == 's' && group[3] == 't' && group[4] == '_')
		group += 5;
	tap_puts(group);
	tap_puts(": ");
	tap_print_case();
	if (goes_on) {
		tap_puts(tap_last);
		tap_puts(" ");
	}
	for (; !goes_on && name[i] != '\0' && i < sizeof(tap_last) - 1; i++)
		tap_last[i] = name[i];
	if (!goes_on)
		tap_last[i] = '\0';
	tap_puts(name);
	tap_puts("\n");
}

static inline bool tap_check(bool good, const char *name, const char *condition, struct tap_place at)
{
	tap_puts(good ? "ok " : "not ok ");
	tap_number(++tap_count, 10);
	tap_puts(" - ");
	tap_name(name, at.group);
	if (good)
		return true;
	tap_failed++;
	tap_puts("# ");
	tap_puts(at.file);
	tap_puts(":");
	tap_number(at.line, 10);
	tap_puts(": ");
	tap_puts(condition);
	tap_puts("\n");
	return false;
}

static inline bool tap_equal(uint64_t got, uint64_t want, const char *name, const char *condition, struct tap_place at)
{
	if (tap_check(got == want, name, condition, at))
		return true;
	tap_puts("# got 0x");
	tap_number(got, 16);
	tap_puts(", want 0x");
	tap_number(want, 16);
	tap_puts("\n");
	return false;
}

#define TAP_HERE ((struct tap_place){ __func__, __FILE__, __LINE__ })

/* Something holds. Two integers are equal; both are printed in hex when they are not. */
#define tap_ok(good, name) tap_check(good, name, #good, TAP_HERE)
#define tap_is(got, want, name) tap_equal((uint64_t)(got), (uint64_t)(want), name, #got " is " #want, TAP_HERE)

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
