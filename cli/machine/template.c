/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/machine/template.h"
#include "td/td.h"

struct template {
	struct ram ram;
	struct snapshot snapshot;
	bool reached;		/* else the guest came to its end without ever asking */
	struct template_at at;
	int console;		/* what it said until then */
	uint64_t bytes;		/* of RAM that are not a hole */
	double seconds;
};

static const char *const words[] = { "firmware", "loader", "kernel" };

int template_at_read(struct template_at *at, const char *text, bool firmware)
{
	*at = (struct template_at){ .mapgpa = 1, .phase = PHASE_FIRMWARE };
	if (!text)
		return 0;
	for (enum phase phase = PHASE_FIRMWARE; phase < PHASES; phase++) {
		if (strcmp(text, words[phase]) != 0)
			continue;
		if (!firmware)
			return complain(STATUS_INPUT, "--template-at %s: without --firmware there are no phases", text);
		at->phase = phase;
		return 0;
	}
	if (opt_number(text, &at->mapgpa) && at->mapgpa > 0)
		return 0;
	return complain(STATUS_INPUT, "--template-at %s: not a number from 1, nor firmware, loader or kernel", text);
}

bool template_at_start(const struct template_at *at)
{
	return at->mapgpa == 1 && at->phase == PHASE_FIRMWARE;
}

/* "MapGPA 3", "phase kernel". */
static const char *at_text(const struct template_at *at, char text[static 32])
{
	if (at->phase == PHASE_FIRMWARE)
		snprintf(text, 32, "MapGPA %llu", (unsigned long long)at->mapgpa);
	else
		snprintf(text, 32, "phase %s", words[at->phase]);
	return text;
}

/* The guest's own end is every row's. What was not the guest's doing is nobody's. */
static int ended_early(struct boot *b)
{
	int status;

	judge(&b->judgement, &b->records, &b->console, &b->behaviour.packed, &b->config.td, &b->device, &b->end);
	status = b->judgement.status;
	if (status == STATUS_ENVIRONMENT)
		complain(status, "%s", b->judgement.why);
	judge_free(&b->judgement);
	return status == STATUS_ENVIRONMENT || status > STATUS_SIGNAL ? status : 0;
}

int template_make(struct template **made, struct boot *b, const struct template_at *at)
{
	struct template *t = *made = xcalloc(1, sizeof(*t));
	int status;

	t->at = *at;
	t->console = file_memory("tdlab-console", 0);
	b->behaviour.packed = (struct td_behaviour){ 0 };	/* until there: converts everything */
	b->config.template_at = at->mapgpa;
	b->config.template_phase = at->phase;
	b->save = &t->snapshot;
	b->options.console = "/dev/null";
	status = t->console < 0 ? STATUS_ENVIRONMENT : boot_arm(b);
	if (status)
		return status;
	close(b->transcript.fd);
	b->transcript.fd = t->console;
	status = boot_run(b);
	b->transcript.fd = -1;
	b->save = NULL;
	t->reached = b->end.saved;
	t->seconds = b->wall;
	t->ram = b->ram;
	b->ram = (struct ram){ .fd = -1 };
	return status || t->reached ? status : ended_early(b);
}

void template_free(struct template *t)
{
	if (!t)
		return;
	ram_close(&t->ram);
	free(t->snapshot.state);
	if (t->console >= 0)
		close(t->console);
	free(t);
}

/* What the template said, and its records, begin the files of every run. */
static int repeat_beginning(const struct template *t, struct boot *b)
{
	char data[65536];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(t->console, data, sizeof(data), at)) > 0 && write(b->transcript.fd, data, (size_t)got) == got)
		at += got;
	if (got)
		return complain(STATUS_ENVIRONMENT, "--keep: %s: %s", b->options.console, strerror(errno));
	if (b->records.copy)
		fwrite(b->records.all, sizeof(*b->records.all), b->records.count, b->records.copy);
	return 0;
}

/* The VMM that it is to go on under. */
static int give_orders(struct boot *b)
{
	volatile struct monitor_status *status = ram_status(&b->ram);
	struct td td;

	if (!status || !ram_td(&b->ram, &b->config.td, &td) || !td_set_behaviour(&td, &b->behaviour.packed, b->seed))
		return complain(STATUS_ENVIRONMENT, "monitor.elf is of another build than tdlab: run make");
	status->resume = 1;
	return 0;
}

/* The one boot came to its end before it came to where the rows part: no VMM was any but the first. */
static void never_began(const struct template *t, struct judgement *j)
{
	char at[32];

	if (j->verdict != VERDICT_PASS)
		return;
	j->verdict = VERDICT_INCONCLUSIVE;
	j->status = STATUS_INCONCLUSIVE;
	snprintf(j->why, sizeof(j->why), "the guest never came to %s: the behaviour was never in force",
		 at_text(&t->at, at));
}

int template_run(const struct template *t, struct boot *b)
{
	int status = boot_arm(b);

	if (!status)
		status = repeat_beginning(t, b);
	if (status)
		return status;
	if (!t->reached) {
		judge(&b->judgement, &b->records, &b->console, &b->behaviour.packed, &b->config.td, &b->device, &b->end);
		never_began(t, &b->judgement);
		return 0;
	}
	status = ram_copy(&b->ram, &t->ram);
	if (!status)
		status = give_orders(b);
	b->from = &t->snapshot;
	return status ? status : boot_judged(b);
}

void template_describe(const struct template *t)
{
	char at[32];

	at_text(&t->at, at);
	if (t->reached)
		printf("template   booted to %s in %.1f s; every row goes on from there\n", at, t->seconds);
	else
		printf("template   the guest came to its end in %.1f s without %s%s: every row is that run\n", t->seconds,
		       t->at.phase == PHASE_FIRMWARE ? "a " : "", at);
}
