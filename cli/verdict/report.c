/* SPDX-License-Identifier: MIT */
/* The report for people. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/boot.h"
#include "cli/vmm/describe.h"
#include "cli/verdict/asked.h"
#include "cli/verdict/unserved.h"
#include "cli/verdict/waiting.h"
#include "td/td.h"

#define SHOWN_FULLY	2	/* violations; --json has all */
#define SHOWN		8
#define LAST_EVENTS	5
#define INDENT		"           "

static void label(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void label(const char *name, const char *format, ...)
{
	va_list args;

	printf("%-10s ", name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static const char *size_text(uint64_t bytes, char text[32])
{
	if (bytes % (1u << 30) == 0)
		snprintf(text, 32, "%" PRIu64 " GiB", bytes >> 30);
	else if (bytes % (1u << 20) == 0)
		snprintf(text, 32, "%" PRIu64 " MiB", bytes >> 20);
	else if (bytes % (1u << 10) == 0)
		snprintf(text, 32, "%" PRIu64 " KiB", bytes >> 10);
	else
		snprintf(text, 32, "%" PRIu64 " bytes", bytes);
	return text;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

void report_guest(const struct boot *b)
{
	const char *version = *b->guest.version ? b->guest.version : b->console.version;
	const char *path = b->guest.path ? b->guest.path : "", *slash = strrchr(path, '/');
	uint32_t cpus = b->config.td.vcpus;
	char size[32];

	if (b->guest.firmware) {
		const char *name = strrchr(b->guest.firmware, '/');

		label("firmware", "%s", name ? name + 1 : b->guest.firmware);
	}
	if (!b->guest.path && !*version)	/* firmware that has not started anything that said what it is */
		label("guest", "what is on its disk, %u vCPU%s, %s, GPAW %u", cpus, plural(cpus),
		      size_text(b->options.memory.value, size), b->config.td.platform.gpaw);
	else
		label("guest", "%s %s, %u vCPU%s, %s, GPAW %u",
		      b->guest.kind == GUEST_PAYLOAD ? "payload" : "Linux",
		      *version ? version : slash ? slash + 1 : path, cpus, plural(cpus),
		      size_text(b->options.memory.value, size), b->config.td.platform.gpaw);
}

static void report_times(const struct boot *b)
{
	const struct judgement *j = &b->judgement;
	char detected[48] = "TD never detected", init[48] = "";

	if (j->detected >= 0)
		snprintf(detected, sizeof(detected), "TD detected %.1f s", j->detected);
	if (b->console.init)
		snprintf(init, sizeof(init), ", init %.1f s", b->console.init_seconds);
	else if (j->user >= 0)
		snprintf(init, sizeof(init), ", user space %.1f s", j->user);
	else if (b->guest.kind == GUEST_LINUX)
		snprintf(init, sizeof(init), ", init never");
	if (j->ended >= 0)
		label("booted", "%s%s, %s %.1f s", detected, init, outcome_name(j->outcome), j->ended);
	else
		label("booted", "%s%s, %s after %.1f s", detected, init, outcome_name(j->outcome), b->wall);
}

/* The same for all and for each phase, so that the lines add up. */
static void report_conversions(const struct boot *b)
{
	char text[320];

	totals_text(&b->judgement.totals, text, sizeof(text));
	label("converted", "%s", text);
	for (unsigned int i = 0; b->guest.firmware && i < PHASES; i++) {
		const struct phase_totals *t = &b->phases.all[i];

		if (t->last < 0)
			continue;
		totals_text(&t->of, text, sizeof(text));
		label("", "%s: %s, last at %.1f s", phase_name(i), text, t->last);
	}
}

static void report_callers(const struct boot *b, const uint64_t callers[CALLERS])
{
	char name[160];

	if (!callers[0])
		return;
	printf(INDENT "called by (from the stack, heuristic):");
	for (unsigned int i = 0; i < CALLERS && callers[i]; i++) {
		symbols_name(&b->symbols, callers[i], name, sizeof(name));
		printf("%s %s", i ? "," : "", name);
	}
	putchar('\n');
}

/* Two loops in one guest are told apart: the kernel's, and one of a module. */
static void report_asked(const struct boot *b)
{
	struct asked asked;
	bool first = true;

	if (b->guest.kind == GUEST_PAYLOAD)
		return;
	asked_read(&asked, &b->judgement, &b->records, &b->symbols, tdx_shared_bit(b->config.td.platform.gpaw));
	for (unsigned int i = 0; i < asked.count; i++) {
		const struct asked_row *r = &asked.rows[i];

		if (!r->named)
			continue;
		label(first ? "asked by" : "",
		      "%s: %" PRIu64 " conversion%s, %" PRIu64 " completed, %" PRIu64 " violation%s; %" PRIu64
		      " MapGPA (%" PRIu64 " RETRY, %" PRIu64 " stall%s)",
		      r->by, r->conversions, plural(r->conversions), r->completed, r->violations, plural(r->violations),
		      r->calls, r->retries, r->stalls, plural(r->stalls));
		report_callers(b, r->callers);
		first = false;
	}
	if (asked.others)
		printf(INDENT "and %" PRIu64 " more conversion%s, from other places\n", asked.others, plural(asked.others));
}

static void report_device(const struct boot *b)
{
	const struct console *c = &b->console;
	char size[32];

	if (!b->device.attached || (b->guest.kind != GUEST_LINUX && !c->device))
		return;
	if (c->device)
		label("device", "virtio-blk read %s through shared memory, %s", size_text(c->device_bytes, size),
		      !*b->device.sha256	  ? "not compared"
		      : b->judgement.device_equal ? "checksum equal"
						  : "checksum WRONG");
	else if (b->options.initrd)
		label("device", "not tested: only tdlab's own initrd reads the disk");
	else if (*c->failed)
		label("device", "not tested: the guest says: failed %s", c->failed);
	else if (c->missing)
		label("device", "not tested: no disk turned up in the guest, although it has the driver");
	else if (c->no_device)
		label("device", "not tested: no disk turned up in the guest, which has virtio_blk neither built in nor "
		      "among modules (--modules)");
	else
		label("device", "not tested: the guest did not come that far");
}

/* Of a guest that did not come to its end. */
static void report_waiting(const struct boot *b)
{
	char text[240];

	for (unsigned int i = 0; i < b->config.td.vcpus && waiting_matters(b->judgement.outcome); i++) {
		waiting_text(&b->end.vcpus[i], text, sizeof(text));
		if (*text)
			label(i ? "" : "waiting", "vCPU %u: %s", i, text);
		waiting_ve_text(&b->end.vcpus[i], text, sizeof(text));
		if (*text)
			label("", "vCPU %u: %s", i, text);
	}
}

/* What happened right before, as the journal has it. */
static void report_events(const struct boot *b, const struct finding *f)
{
	const struct records *r = &b->records;
	size_t shown[LAST_EVENTS], count = 0;
	char text[256];

	for (size_t i = f->record; i > 0 && count < LAST_EVENTS; i--) {
		uint16_t type = r->all[i - 1].type;

		if (type != TD_EV_EXIT && type != TD_EV_CALLERS && type != TD_EV_COUNT && type != TD_EV_TEXT)
			shown[count++] = i - 1;
	}
	if (count)
		puts(INDENT "before it:");
	while (count) {
		const struct td_event *e = &r->all[shown[--count]];

		describe_text(e, text, sizeof(text));
		printf(INDENT "  %9.6f s  vCPU %u  %s\n", records_seconds(r, e), e->vcpu, text);
	}
}

static const char *known_text(unsigned int known)
{
	static const char *const texts[] = {
		[TD_KNOWN_NONE] = "nothing",
		[TD_KNOWN_PRIVATE] = "private",
		[TD_KNOWN_CLAIMED_SHARED] = "shared",
		[TD_KNOWN_CLAIMED_PRIVATE] = "private, not accepted yet",
		[TD_KNOWN_TO_SHARED] = "asked to be shared, not answered",
		[TD_KNOWN_TO_PRIVATE] = "asked to be private, not answered",
		[TD_KNOWN_UNKNOWN] = "in an unknown state",
	};

	return known < ARRAY_SIZE(texts) ? texts[known] : "unknown";
}

static const char *real_text(unsigned int real)
{
	static const char *const texts[] = {
		[TD_REAL_NONE] = "nothing", [TD_REAL_MAPPED] = "private", [TD_REAL_PENDING] = "pending",
		[TD_REAL_SHARED] = "shared", [TD_REAL_REMOVED] = "removed",
	};

	return real < ARRAY_SIZE(texts) ? texts[real] : "unknown";
}

/* Memory that was not accepted was mostly forgotten when it was: what of it was accepted. */
static void report_not_accepted(const struct boot *b, const struct finding *f, const struct conversion *c)
{
	uint64_t first = 0, end = 0, pages = 0;

	for (size_t i = c->record; i < f->record; i++) {
		const struct td_event *e = &b->records.all[i];
		uint64_t gpa = e->accept.rcx & ~(TDX_PAGE_SIZE - 1), size;

		if (e->type != TD_EV_ACCEPT || tdx_code(e->accept.status) != TDX_SUCCESS || gpa - c->gpa >= c->pages * TDX_PAGE_SIZE)
			continue;
		size = e->accept.rcx % TDX_PAGE_SIZE == TDX_LEVEL_2M ? TDX_2M_PAGES : 1;
		first = !pages || gpa < first ? gpa : first;
		pages += size;
		end = gpa + size * TDX_PAGE_SIZE > end ? gpa + size * TDX_PAGE_SIZE : end;
	}
	if (pages)
		printf(INDENT "of these, %" PRIu64 " were accepted, from 0x%" PRIx64 " to 0x%" PRIx64 "\n", pages, first, end - 1);
	else
		puts(INDENT "of these, none was accepted");
}

/* Who was told to use that memory, and how. */
static void report_device_use(const struct finding *f)
{
	static const char *const what[] = {
		[MACHINE_DMA_DESC] = "its descriptors", [MACHINE_DMA_AVAIL] = "its available ring",
		[MACHINE_DMA_USED] = "its used ring", [MACHINE_DMA_INDIRECT] = "the table",
		[MACHINE_DMA_BUFFER] = "a buffer",
	};
	unsigned int function = f->detail >> 40 & 0xff, kind = f->detail >> 32 & 0xff;

	if (f->kind != TD_V_DMA_TO_PRIVATE || f->detail == 0 || kind >= ARRAY_SIZE(what))
		return;
	printf(INDENT "when the virtio device 00:%02x.%x was notified: %s of queue %u", function >> 3, function & 7,
	       what[kind], (unsigned int)(f->detail >> 16 & 0xffff));
	if (kind == MACHINE_DMA_BUFFER || kind == MACHINE_DMA_INDIRECT)
		printf(", descriptor %u", (unsigned int)(f->detail & 0xffff));
	putchar('\n');
}

/* How the page came into its state: the events before the finding are mostly about others. */
static void report_conversion(const struct boot *b, const struct finding *f)
{
	const struct conversion *c = finding_conversion(&b->judgement, f, tdx_shared_bit(b->config.td.platform.gpaw));
	char by[160], answer[256];

	if (f->kind == TD_V_ABANDONED || f->kind == TD_V_RUNAWAY)
		return;		/* that is about the conversion itself */
	if (!c) {
		puts(INDENT "no conversion ever covered it");
		return;
	}
	symbols_name(&b->symbols, b->records.all[c->record - 1].rip, by, sizeof(by));
	printf(INDENT "last converted by %s: conversion %u, %" PRIu64 " pages at GPA 0x%" PRIx64 " to %s, %s after %" PRIu64
	       " call%s (%" PRIu64 " RETRY), %" PRIu64 " done;\n",
	       by, c->id, c->pages, c->gpa, c->to_shared ? "shared" : "private", c->closed ? close_name(c->how) : "open",
	       c->calls, plural(c->calls), c->retries, c->done);
	describe_text(&b->records.all[c->record - 1], answer, sizeof(answer));
	printf(INDENT "its last call: %s\n", answer);
	if (f->kind == TD_V_PENDING_ACCESS && !c->to_shared)
		report_not_accepted(b, f, c);
	else if (memcmp(c->callers, f->callers, sizeof(c->callers)) != 0)
		report_callers(b, c->callers);
}

static void report_finding(const struct boot *b, const struct finding *f, bool fully)
{
	uint64_t s = tdx_shared_bit(b->config.td.platform.gpaw);
	char where[160];

	label("violation", "%s (%s): %s", td_violation_name(f->kind), td_cause_name(f->cause), td_violation_sentence(f->kind));
	printf(INDENT "%" PRIu64 " page%s at GPA 0x%" PRIx64 ", %s alias; first page is %s, the guest had it %s\n",
	       f->pages, plural(f->pages), f->gpa & ~s, f->gpa & s ? "shared" : "private", real_text(f->real),
	       known_text(f->known));
	if (!fully)
		return;
	if (f->rip && symbols_name(&b->symbols, f->rip, where, sizeof(where)))
		printf(INDENT "at %s (0x%" PRIx64 ")\n", where, f->rip);
	else if (f->rip)
		printf(INDENT "at RIP 0x%" PRIx64 "\n", f->rip);
	report_device_use(f);
	report_callers(b, f->callers);
	report_conversion(b, f);
	report_events(b, f);
}

/* What the guest did, and is not to blame for. */
static void report_caused(const struct boot *b)
{
	uint64_t s = tdx_shared_bit(b->config.td.platform.gpaw);
	size_t shown = 0;

	for (size_t i = 0; i < b->judgement.nfindings; i++) {
		const struct finding *f = &b->judgement.findings[i];

		if (f->class == TD_CLASS_VMM_CAUSED && shown++ < SHOWN_FULLY)
			label("vmm-caused", "%s, %" PRIu64 " page%s at GPA 0x%" PRIx64 ", %s alias: the VMM had misled the guest",
			      td_violation_name(f->kind), f->pages, plural(f->pages), f->gpa & ~s,
			      f->gpa & s ? "shared" : "private");
	}
	if (shown > SHOWN_FULLY)
		printf(INDENT "and %zu more: --json lists all\n", shown - SHOWN_FULLY);
}

static void report_findings(const struct boot *b)
{
	const struct judgement *j = &b->judgement;
	size_t shown = 0;
	char *again;

	for (size_t i = 0; i < j->nfindings; i++) {
		if (j->findings[i].class == TD_CLASS_VIOLATION && shown++ < SHOWN)
			report_finding(b, &j->findings[i], shown <= SHOWN_FULLY);
	}
	if (shown > SHOWN)
		printf(INDENT "and %zu more violation%s: --json lists all\n", shown - SHOWN, plural(shown - SHOWN));
	if (j->verdict == VERDICT_FAIL) {
		again = boot_command(b);
		label("replay", "%s", again);
		free(again);
	}
}

/* What the guest asked for in vain. */
static void report_unserved(const struct boot *b)
{
	struct unserved u;
	char text[256];

	unserved_read(&u, &b->records);
	for (size_t i = 0; i < u.count; i++) {
		describe_text(u.all[i].event, text, sizeof(text));
		label(i ? "" : "unserved", "%s, first at RIP 0x%" PRIx64, text, u.all[i].event->rip);
	}
	if (u.others)
		printf(INDENT "and %" PRIu64 " more: tdlab trace --only hypercall lists all\n", u.others);
}

static void report_measured(const struct boot *b)
{
	char text[240];

	measured_text(&b->measured, text, sizeof(text));
	if (*text)
		label("measured", "%s", text);
}

static void report_console(const struct boot *b)
{
	for (unsigned int i = 0; i < b->console.nnotes; i++)
		label(i ? "" : "console", "\"%s\"", b->console.notes[i]);
	if (*b->judgement.fatal)
		label("fatal", "ReportFatalError: \"%s\"", b->judgement.fatal);
}

static void report_program(const struct boot *b)
{
	const struct ktap *k = b->program ? &b->program->results : NULL;
	char *text = b->program ? program_text(b->program) : NULL;

	if (!b->program)
		return;
	if (b->console.exited)
		label("command", "%s: exit status %u", text, b->console.exit_status);
	else
		label("command", "%s: no exit status came", text);
	if (k->seen) {
		printf(INDENT "tests %" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " skipped", k->passed, k->failed, k->skipped);
		if (ktap_missing(k))
			printf(", %" PRIu64 " planned that never came", ktap_missing(k));
		putchar('\n');
	}
	if (*k->first_failed && k->seen)
		printf(INDENT "the first that failed: %s\n", k->first_failed);
	free(text);
}

void report_text(const struct boot *b)
{
	const struct judgement *j = &b->judgement;

	report_guest(b);
	if (b->options.platform)
		label("platform", "%s: %s", b->platform.spec, b->platform.title);
	label("vmm", "%s: %s", b->behaviour.name, b->behaviour.title);
	report_times(b);
	report_conversions(b);
	report_asked(b);
	report_device(b);
	report_measured(b);
	report_console(b);
	report_program(b);
	report_unserved(b);
	report_caused(b);
	report_findings(b);
	report_waiting(b);
	label("verdict", "%s: %s", verdict_coloured(j->verdict), j->why);
}
