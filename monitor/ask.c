/* SPDX-License-Identifier: MIT */
#include "monitor/ask.h"

#include "monitor/io.h"
#include "monitor/journal.h"

uint64_t ask_untouched(uint64_t gpa, uint64_t pages)
{
	volatile struct monitor_question *q = &journal_status()->question;

	q->gpa = gpa;
	q->pages = pages;
	q->number++;
	for (unsigned int i = 0; i < MACHINE_ASK_BYTES; i++)
		out8(MACHINE_ASK_PORT, 0);
	while (q->answered != q->number)
		cpu_pause();
	return q->untouched < pages ? q->untouched : pages;
}
