/* SPDX-License-Identifier: MIT */
/* What a guest says, whole and in pieces, and what it says to be taken for something else. */
#include "cli/testing.h"
#include "cli/verdict/console.h"

static struct console console;

static void feed(const char *text)
{
	console_feed(&console, text, strlen(text), 2.5);
}

static void test_lines(void)
{
	console_begin(&console, "abc");
	feed("[    1.0] tdlab: init ab\n");
	tap_ok(!console.init, "another run's nonce is not this one's");
	feed("[    1.0] tdla");
	feed("b: init abc\r\n");
	tap_ok(console.init && console.init_seconds == 2.5, "this one's is, also in two pieces");
	feed("tdlab: failed use the network\n");
	tap_ok(!console.device_failed && strcmp(console.failed, "use the network") == 0, "the first step that failed");
	feed("tdlab: failed read vda\n");
	tap_ok(console.device_failed && strcmp(console.failed, "use the network") == 0, "the disk's is told all the same");
}

/* The port for evidence has lines of its own, whatever the console is in the middle of. */
static void test_evidence(void)
{
	console_begin(&console, "abc");
	feed("[    1.0] half a li");
	console_evidence(&console, "\r\ntdlab: init a\0\0\0\0\0", 20, 1.5);
	console_evidence(&console, "bc\r\n", 5, 1.5);
	tap_ok(console.init && console.init_seconds == 1.5, "user space is heard on the port for evidence");
	feed("ne\n[    9.0] tdlab: init abc\n");
	tap_ok(console.init_seconds == 1.5, "and the first time counts");
	console_evidence(&console, "Kernel panic\nOops\n", 19, 1.5);
	tap_ok(!console.panicked && console.nnotes == 0, "nothing else is looked for there");
	console_evidence(&console, "tdlab: module demo 0xffffffffc0580000\ntdlab: module other\n", 59, 1.5);
	tap_ok(console.nmodules == 1 && strcmp(console.modules[0].name, "demo") == 0 &&
	       console.modules[0].text == 0xffffffffc0580000, "where a module is, if both words came");
	console_evidence(&console, "tdlab: eventlog 131\ntdlab: eventlog 3 AAA=\n", 44, 1.5);
	tap_ok(console.eventlog.bytes == 131 && console.eventlog.data[3] == 0 && !console.eventlog.broken,
	       "an event log, line by line");
	measured_free(&console.eventlog);
	for (int i = 0; i < 20; i++)
		console_evidence(&console, "tdlab: module demo 1\n", 21, 1.5);
	tap_is(console.nmodules, CONSOLE_MODULES, "no more than there is room for");
}

static void test_terminal(void)
{
	console_begin(&console, "abc");
	feed("\x1b[2J\x1b[1;31mOops\a\b\x9b here\n");
	tap_ok(console.nnotes == 1 && strcmp(console.notes[0], "Oops??? here") == 0, "a note commands no terminal");
	feed("Linux version 6\a.1 (x)\n");
	tap_ok(strcmp(console.version, "6?.1") == 0, "nor does a version");
	for (int i = 0; i < 600; i++)
		feed("x");
	feed("Oops\nOops\n");
	tap_ok(console.nnotes == 2 && strcmp(console.notes[1], "Oops") == 0, "a line too long is cut, and the next is whole");
}

int main(void)
{
	test_lines();
	test_evidence();
	test_terminal();
	return tap_done();
}
