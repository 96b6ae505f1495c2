/* SPDX-License-Identifier: MIT */
/* What the monitor asks while its guest runs: the file behind QEMU's memory knows, and the asker waits. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define tap_puts(text) fputs(text, stdout)
#include "cli/machine/ask.h"
#include "wire/pattern.h"
#include "wire/tap.h"

#define PAGE(n) (0x1000000ull + (n) * TDX_PAGE_SIZE)

static struct machine machine;
static struct ram ram;
static struct monitor_status *status;
static int ends[2];

/* As many messages as the socket takes now, of those that the monitor sends. */
static int send_bytes(int most)
{
	int n = 0;

	while (n < most && send(ends[1], "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
		n++;
	return n;
}

/* The answer to a question: how many of so many pages are untouched. */
static uint64_t ask(uint64_t first, uint64_t pages)
{
	int sent;
	bool good;

	tap_case_number("question", status->question.number + 1);
	status->question.gpa = PAGE(first);
	status->question.pages = pages;
	status->question.untouched = UINT64_MAX;
	status->question.number++;
	sent = send_bytes(MACHINE_ASK_BYTES);
	tap_ok(sent > 0 && sent < MACHINE_ASK_BYTES && errno == EAGAIN, "the asker waits before it has sent all");

	/* A reader of everything would wait for the rest, which this test cannot send meanwhile: larger from now on. */
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &(int){ 1 << 16 }, sizeof(int));
	send_bytes(MACHINE_ASK_BYTES - sent);
	good = ask_answer(ends[0], &ram);
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &(int){ 1 }, sizeof(int));
	tap_ok(good && status->question.answered == status->question.number, "it is answered");
	tap_case(NULL);
	return status->question.untouched;
}

int main(void)
{
	volatile uint8_t *page;

	if (!machine_layout(&machine, MACHINE_MIN_GUEST, 0, NULL) || ram_create(&ram, &machine) || ask_open(ends))
		return 1;
	status = (struct monitor_status *)(void *)(ram.data + machine_file_offset(&machine, machine.reserve));
	status->magic = MONITOR_STATUS_MAGIC;
	page = ram.data + machine_file_offset(&machine, PAGE(0));
	tap_is(ask(0, 1000), 1000, "nobody was there");
	tap_is(ask(0, 1000), 1000, "nor by the question");
	tap_is(page[5 * TDX_PAGE_SIZE], 0, "a page is read");
	tap_is(ask(0, 1000), 5, "and that is seen");
	tap_is(ask(6, 994), 994, "there, and nowhere else");
	pattern_fill((uint64_t *)(void *)(ram.data + machine_file_offset(&machine, PAGE(5))), PAGE(5), PATTERN_POISON);
	page[7 * TDX_PAGE_SIZE + 8] = 1;
	tap_is(ask(0, 1000), 7, "poison is as it was left; what was written is not");
	tap_is(ask(8, 1), 1, "one page");
	shutdown(ends[1], SHUT_WR);
	tap_ok(!ask_answer(ends[0], &ram), "QEMU is gone");
	ask_close(ends);
	ram_close(&ram);
	return tap_done();
}
