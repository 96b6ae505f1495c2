/* SPDX-License-Identifier: MIT */
/* What comes by the console and what the log has, in one text. */
#include <sys/mman.h>
#include <unistd.h>

#include "cli/machine/klog_samples.h"
#include "cli/machine/transcript.h"
#include "cli/testing.h"

static struct machine machine;
static struct ram ram;
static struct ring ring;
static struct console console;
static struct transcript t;
static double now;

static void begin(bool with_log)
{
	transcript_free(&t);
	ring_make(&ring, &ram, 0x2000000, 0xffffffff81000000ull);
	ring_lives(&ring, 0, ring.base);
	console_begin(&console, "abc");
	if (t.fd > 0)
		close(t.fd);
	t.fd = memfd_create("transcript", 0);
	transcript_begin(&t, &console, with_log);
}

static void comes(const char *text)
{
	char data[4096];

	strcpy(data, text);
	transcript_console(&t, &ram, data, strlen(data), 1.5);
}

static void logs(uint64_t us, const char *text)
{
	ring_add(&ring, RING_FINALIZED, us * 1000, text);
}

static void look(void)
{
	transcript_look(&t, &ram, now += 10, 2.5);
}

/* What was written since the last time. */
static bool shown(const char *want)
{
	char text[8192];
	ssize_t got = pread(t.fd, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return ftruncate(t.fd, 0) == 0 && lseek(t.fd, 0, SEEK_SET) == 0 && strcmp(text, want) == 0;
}

static void test_merged(void)
{
	begin(true);
	comes("SeaBIOS\r\nboo");
	tap_ok(shown("SeaBIOS\r\nboo"), "firmware's text is passed on at once, in pieces too");
	comes("t\r\n[    1.000002] an err");
	comes("or\r\nlogin: ");
	tap_ok(shown("t\r\nlogin: "), "a line of the kernel's waits for the log, user space's does not");
	logs(1000001, "quiet");
	logs(1000002, "an error");
	logs(1000003, "two\nlines");
	look();
	tap_ok(shown("[    1.000001] quiet\n[    1.000002] an error\n[    1.000003] two\n[    1.000003] lines\n"),
	       "then it stands where the log has it, once");
	logs(12345678901, "said by both");
	comes("[12345.678901][    T1] said by both\r\n[  OK  ] Started.\r\n");
	tap_ok(shown("[12345.678901] said by both\n[  OK  ] Started.\r\n"),
	       "with the caller on the console, and what only looks so");
	comes("[    9.000000] nobody's\r\n");
	logs(9000001, "Kernel panic - not syncing");
	tap_ok(transcript_end(&t, &ram, 3) && shown("[    9.000001] Kernel panic - not syncing\n[    9.000000] nobody's\r\n"),
	       "what the log never had is not lost");
	tap_ok(console.panicked && console.nnotes == 1, "evidence is found in the log");
}

static void test_twice(void)
{
	begin(true);
	logs(5, "same");
	logs(5, "same");
	look();
	comes("[    0.000005] same\r\n[    0.000005] same\r\n[    0.000005] same\r\n");
	transcript_end(&t, &ram, 3);
	tap_ok(shown("[    0.000005] same\n[    0.000005] same\n[    0.000005] same\r\n"), "as often as it was said");
	begin(true);
	for (int i = 0; i < 20; i++)
		logs(7, "x");
	look();
	for (int i = 0; i < 20; i++)
		logs(7, "x");
	transcript_look(&t, &ram, now, 2.5);
	transcript_end(&t, &ram, 3);
	tap_is(lseek(t.fd, 0, SEEK_CUR), 32 * 17 + strlen("(4 records of the log were overwritten)\n"),
	       "what was overwritten is told of");
}

static void test_evidence(void)
{
	begin(true);
	comes("[    1.000000] tdlab: init abc\r\n");
	tap_ok(console.init && console.init_seconds == 1.5, "that user space was reached waits for nothing");
	comes("[    1.500000] Oops\r\n");
	tap_ok(console.nnotes == 0, "a note comes when its line does");
	tap_ok(transcript_end(&t, &ram, 3), "a log was there");
	tap_ok(console.nnotes == 1 && console.init_seconds == 1.5, "and is told once");
	tap_ok(shown("[    1.000000] tdlab: init abc\r\n[    1.500000] Oops\r\n"), "both lines are shown, once");
}

static void test_no_log(void)
{
	begin(true);
	memset(ring_at(&ring, RING_INFO), 0, TDX_PAGE_SIZE);
	comes("[    1.000000] first\r\nuser\r\n[    1.000001] Kernel pa");
	look();
	tap_ok(!transcript_end(&t, &ram, 3) && shown("user\r\n[    1.000000] first\r\n[    1.000001] Kernel pa"),
	       "without a log all of the console is there");
	begin(false);
	comes("[    1.000000] Oops\r\n");
	logs(1000000, "Oops");
	look();
	tap_ok(transcript_end(&t, &ram, 3) && console.nnotes == 1 && shown("[    1.000000] Oops\r\n"),
	       "a console that is live is all there is");
}

static void test_long(void)
{
	char line[TRANSCRIPT_LINE + 100];

	begin(true);
	memset(line, 'x', sizeof(line));
	memcpy(line, "[    1.000000] ", 15);
	strcpy(line + sizeof(line) - 3, "\r\n");
	comes(line);
	tap_ok(shown(line), "a line too long is passed on");
	comes("[    1.000000] short\r\n");
	tap_ok(shown(""), "and the next may wait");
}

int main(void)
{
	if (!machine_layout(&machine, MACHINE_MIN_GUEST, 0, NULL) || ram_create(&ram, &machine))
		return 1;
	test_merged();
	test_twice();
	test_evidence();
	test_no_log();
	test_long();
	transcript_free(&t);
	ram_close(&ram);
	return tap_done();
}
