/* SPDX-License-Identifier: MIT */
/* What a guest says, whole and in pieces, and what it says to be taken for something else. */
#include "cli/testing.h"
#include "cli/tdlab.h"
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
	feed("tdlab: failed rmmod virtio_blk\n");
	tap_ok(console.device_failed, "... and is not forgotten for another");
}

/* How the user's command ended comes by the port for evidence, with this run's nonce, and in no other way. */
static void test_exit(void)
{
	static const struct {
		const char *line;
		bool exited;
		unsigned int status;
	} rows[] = {
		{ "tdlab: exit abc 137\n", true, 137 },
		{ "tdlab: exit abc 0\n", true, 0 },
		{ "tdlab: exit abd 1\n", false, 0 },
		{ "tdlab: exit abc\n", false, 0 },
		{ "tdlab: exit abc x\n", false, 0 },
		{ "a tdlab: exit abc 1\n", false, 0 },
		{ "tdlab: exxt abc 1\n", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		console_begin(&console, "abc");
		tap_case_number("row", i);
		feed(rows[i].line);
		tap_ok(!console.exited, "a word on the console is nobody's end");
		console_evidence(&console, rows[i].line, strlen(rows[i].line), 1);
		tap_ok(console.exited == rows[i].exited && console.exit_status == rows[i].status, "how the command ended");
		console_evidence(&console, "tdlab: done\ntdlab: exit abd 1\n", 30, 1);
		tap_is(console.exited, rows[i].exited, "... and it stays so");
	}
	tap_case(NULL);
	console_begin(&console, "");
	console_evidence(&console, "tdlab: exit  7\n", 15, 1);
	tap_ok(!console.exited, "without a nonce nothing is this run's");
}

#define SAYS(member) offsetof(struct console, member)

/* A line sets what it says, and nothing else. */
static void test_each(void)
{
	static const size_t all[] = {
		SAYS(init), SAYS(done), SAYS(removed), SAYS(no_device), SAYS(missing), SAYS(device), SAYS(device_failed),
		SAYS(panicked), SAYS(halted), SAYS(no_boot), SAYS(net), SAYS(kexec), SAYS(stress.done),
	};
	static const struct {
		const char *line;
		size_t says;		/* 0: nothing */
		unsigned int notes;
	} rows[] = {
		{ "tdlab: init abc", SAYS(init), 0 }, { "tdlab: init abcd", 0, 0 }, { "tdlab: done", SAYS(done), 0 },
		{ "tdlab: removed vda", SAYS(removed), 0 }, { "tdlab: device none", SAYS(no_device), 0 },
		{ "tdlab: device missing", SAYS(missing), 0 }, { "tdlab: device vda 512 ab", SAYS(device), 0 },
		{ "tdlab: device vda 512", 0, 0 }, { "tdlab: failed read vda", SAYS(device_failed), 0 },
		{ "tdlab: failed use the network", 0, 0 }, { "tdlab: eventlog x", 0, 0 }, { "tdlab: module a b", 0, 0 },
		{ "tdlab: net eth0", SAYS(net), 0 }, { "tdlab: kexec", SAYS(kexec), 0 },
		{ "tdlab: stress unaccepted 1 kB, then 0 kB; 7 files of 16 MiB, 6 wrong", SAYS(stress.done), 0 },
		{ "tdlab: stress unaccepted 1 kB, then 0 kB; 7 files", 0, 0 }, { "tdlab: what is this", 0, 0 },
		{ "Kernel panic - not syncing", SAYS(panicked), 1 }, { "reboot: System halted", SAYS(halted), 0 },
		{ "BdsDxe: No bootable option", SAYS(no_boot), 0 }, { "BdsDxe: failed to load", 0, 1 },
		{ "Oops and BUG: in one line", 0, 1 }, { "Linux version 6.12", 0, 0 }, { "", 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool right = true;

		console_begin(&console, "abc");
		feed(rows[i].line);
		feed("\n");
		for (size_t k = 0; k < ARRAY_SIZE(all); k++)
			right &= *((const bool *)&console + all[k]) == (all[k] == rows[i].says);
		measured_free(&console.eventlog);
		tap_case_number("row", i);
		tap_ok(right && console.nnotes == rows[i].notes, "what a line says");
	}
	tap_case(NULL);
	console_begin(&console, "abc");
	for (size_t i = 0; i < CONSOLE_NOTES + 3; i++)
		feed("Oops\n");
	tap_ok(console.nnotes == CONSOLE_NOTES && !console.net, "no more notes than there is room for");
	feed("Linux version one\nLinux version two\n");
	tap_ok(strcmp(console.version, "one") == 0, "the first version counts");
}

/* ECMA-48, 5.4: ESC [, parameters, and a byte from @ to ~ that ends it. */
static void test_paint(void)
{
	static const char *const painted[] = {
		"\033[1;31mOops", "\033[2@Oops", "\033[2~Oops", "\033cOops", "\033[Oops\n\033[mOops", "\033Oops\nOops",
		"O\0ops", "O\rops",
	};

	for (size_t i = 0; i < ARRAY_SIZE(painted); i++) {
		console_begin(&console, "abc");
		console_feed(&console, painted[i], i == 6 ? 5 : strlen(painted[i]), 1);
		feed("\n");
		tap_case_number("row", i);
		tap_ok(console.nnotes == 1 && strcmp(console.notes[0], "Oops") == 0, "what paints is left out");
	}
	tap_case(NULL);
	console_begin(&console, "abc");
	for (unsigned int i = 0; i < sizeof(console.line.text) - 1; i++)
		feed("x");
	feed("y");
	tap_is(console.line.length, sizeof(console.line.text) - 1, "a line is as long as there is room");
	feed("\n");
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

/* What is waited for may end anywhere in what was read, and begin in what was read before; or be a line of the log. */
static void test_expect(void)
{
	static const char text[] = "a login: aaab";	/* "aa" is the beginning twice */

	for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
		console_begin(&console, "abc");
		console.expect = "aab";
		console_expect(&console, text, cut);
		console_expect(&console, text + cut, sizeof(text) - 2 - cut);
		tap_case_number("cut", cut);
		tap_ok(!console.expected, "not before its end");
		console_expect(&console, "b", 1);
		tap_ok(console.expected, "it comes");
	}
	tap_case(NULL);
	console_begin(&console, "abc");
	console_expect(&console, "", 1);
	feed("x\n");
	tap_ok(!console.expected, "nothing is waited for");
	console.expect = "System up";
	feed("[   1.0] System u\n");
	tap_ok(!console.expected, "another line");
	feed("[   1.0] System up.\n");
	tap_ok(console.expected, "a line of the kernel's log");
}

int main(void)
{
	test_expect();
	test_exit();
	test_lines();
	test_each();
	test_paint();
	test_evidence();
	test_terminal();
	return tap_done();
}
