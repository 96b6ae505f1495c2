/* SPDX-License-Identifier: MIT */
/* The report for programs: schema tdlab.boot/1, described in tdlab-boot(1). */
#include <stdlib.h>
#include <string.h>

#include "cli/boot.h"
#include "cli/json.h"
#include "cli/verdict/asked.h"
#include "cli/verdict/unserved.h"
#include "cli/verdict/waiting.h"
#include "cli/vmm/describe.h"
#include "td/td.h"

static void put_guest(json_t *json, const struct boot *b)
{
	const char *version = *b->guest.version ? b->guest.version : b->console.version;
	json_t *guest = json_add_object(json, "guest"), *vmm = json_add_object(json, "vmm"), *inject;
	json_t *platform = json_add_object(json, "platform");

	json_add_text(guest, "image", b->guest.path);
	json_add_text(guest, "kind", b->guest.kind == GUEST_PAYLOAD ? "payload" : "linux");
	json_add_text(guest, "firmware", b->guest.firmware);
	json_add_text(guest, "version", *version ? version : NULL);
	json_add_number(guest, "gpaw", b->config.td.platform.gpaw);
	json_add_number(guest, "cpus", b->config.td.vcpus);
	json_add_number(guest, "memory", b->options.memory.value);
	json_add_text(platform, "spec", b->platform.spec);
	json_add_text(platform, "title", b->platform.title);
	json_add_text(vmm, "name", b->behaviour.name);
	json_add_text(vmm, "spec", b->behaviour.spec);
	inject = json_add_array(vmm, "inject");
	for (unsigned int i = 0; i < b->options.inject.count; i++)
		json_add_text(inject, NULL, b->options.inject.items[i]);
	json_add_text(vmm, "title", b->behaviour.title);
	json_add_text(vmm, "class", b->behaviour.packed.hostile ? "hostile" : "permitted");
	json_add_text(vmm, "expect", b->behaviour.packed.contain ? "contain" : "complete");
}

static void put_unserved(json_t *json, const struct boot *b)
{
	json_t *list = json_add_array(json, "unserved");
	struct unserved u;
	char text[256];

	unserved_read(&u, &b->records);
	for (size_t i = 0; i < u.count; i++) {
		const struct td_event *e = u.all[i].event;
		json_t *row = json_add_object(list, NULL);

		describe_text(e, text, sizeof(text));
		json_add_text(row, "what", text);
		json_add_text(row, "by", e->type == TD_EV_REFUSED ? "module" : "vmm");
		json_add_hex(row, "subfunction", e->type == TD_EV_REFUSED ? e->refused.subfn : e->hypercall.subfn);
		json_add_number(row, "times", u.all[i].times);
		json_add_hex(row, "rip", e->rip);
	}
}

static void put_callers(json_t *json, const struct boot *b, const uint64_t callers[CALLERS])
{
	char name[160];
	json_t *list = json_add_array(json, "callers");

	for (unsigned int i = 0; i < CALLERS && callers[i]; i++) {
		symbols_name(&b->symbols, callers[i], name, sizeof(name));
		json_add_text(list, NULL, name);
	}
}

static void put_conversion(json_t *json, const struct boot *b, const struct conversion *c)
{
	json_add_hex(json, "gpa", c->gpa);
	json_add_number(json, "pages", c->pages);
	json_add_text(json, "direction", c->to_shared ? "shared" : "private");
	json_add_text(json, "end", c->closed ? close_name(c->how) : NULL);
	json_add_number(json, "calls", c->calls);
	json_add_number(json, "retries", c->retries);
	json_add_number(json, "stalls", c->stalls);
	json_add_number(json, "longest_stall", c->longest_run);
	json_add_number(json, "pages_done", c->done);
	json_add_number(json, "abandoned", c->closed && c->how == TD_CLOSE_ABANDONED ? c->pages - c->done : 0);
	put_callers(json, b, c->callers);
}

static void put_conversions(json_t *json, const struct boot *b)
{
	json_t *list = json_add_array(json, "conversions");

	for (size_t i = 0; i < b->judgement.nconversions; i++)
		put_conversion(json_add_object(list, NULL), b, &b->judgement.conversions[i]);
}

static void put_asked(json_t *json, const struct boot *b)
{
	json_t *list = json_add_array(json, "asked_by");
	struct asked asked;

	asked_read(&asked, &b->judgement, &b->records, &b->symbols, tdx_shared_bit(b->config.td.platform.gpaw));
	for (unsigned int i = 0; i < asked.count; i++) {
		const struct asked_row *r = &asked.rows[i];
		json_t *row = json_add_object(list, NULL);

		json_add_text(row, "name", r->by);
		json_add_number(row, "conversions", r->conversions);
		json_add_number(row, "completed", r->completed);
		json_add_number(row, "violations", r->violations);
		json_add_number(row, "calls", r->calls);
		json_add_number(row, "retries", r->retries);
		json_add_number(row, "stalls", r->stalls);
		put_callers(row, b, r->callers);
	}
}

static void put_phases(json_t *json, const struct boot *b)
{
	json_t *phases = json_add_array(json, "phases");

	for (unsigned int i = 0; b->guest.firmware && i < PHASES; i++) {
		const struct phase_totals *t = &b->phases.all[i];
		json_t *row = json_add_object(phases, NULL);

		json_add_text(row, "name", phase_name(i));
		totals_json(row, &t->of);
		json_add_seconds(row, "last", t->last);
	}
}

static void put_finding_conversion(json_t *json, const struct boot *b, const struct finding *f)
{
	json_t *conversion;
	const struct conversion *c = finding_conversion(&b->judgement, f, tdx_shared_bit(b->config.td.platform.gpaw));
	char answer[256] = "";

	if (!c) {
		json_add_text(json, "conversion", NULL);
		return;
	}
	describe_text(&b->records.all[c->record - 1], answer, sizeof(answer));
	conversion = json_add_object(json, "conversion");
	json_add_number(conversion, "id", c->id);
	put_conversion(conversion, b, c);
	json_add_text(conversion, "last_call", answer);
}

/* Violations, or all that is none. */
static void put_findings(json_t *json, const struct boot *b, bool violations)
{
	uint64_t s = tdx_shared_bit(b->config.td.platform.gpaw);
	char *again = boot_command(b), at[160];
	json_t *list = json_add_array(json, violations ? "violations" : "observations");

	for (size_t i = 0; i < b->judgement.nfindings; i++) {
		const struct finding *f = &b->judgement.findings[i];

		if ((f->class == TD_CLASS_VIOLATION) != violations)
			continue;
		json_t *row = json_add_object(list, NULL);
		json_add_text(row, "name", td_violation_name(f->kind));
		json_add_text(row, "class",
			      violations || f->cause == TD_CAUSE_CALLER ? td_cause_name(f->cause) : class_name(f->class));
		json_add_hex(row, "gpa", f->gpa & ~s);
		json_add_text(row, "alias", f->gpa & s ? "shared" : "private");
		json_add_number(row, "pages", f->pages);
		json_add_hex(row, "rip", f->rip);
		symbols_name(&b->symbols, f->rip, at, sizeof(at));
		json_add_text(row, "at", f->rip ? at : NULL);
		put_callers(row, b, f->callers);
		json_add_text(row, "detail", td_violation_sentence(f->kind));
		if (violations)
			put_finding_conversion(row, b, f);
		if (violations)
			json_add_text(row, "reproduce", again);
	}
	free(again);
}

static void put_exits(json_t *json, const struct judgement *j)
{
	json_t *exits = json_add_object(json, "exits");

	for (unsigned int i = 0; i < EXIT_KINDS; i++)
		if (j->exits[i])
			json_add_number(exits, exit_name(i), j->exits[i]);
}

static void put_evidence(json_t *json, const struct boot *b)
{
	const struct console *c = &b->console;
	json_t *device = json_add_object(json, "device"), *console = json_add_object(json, "console"), *stress, *notes;

	json_add_bool(device, "attached", b->device.attached);
	json_add_bool(device, "tested", c->device);
	json_add_number(device, "bytes", c->device ? c->device_bytes : 0);
	json_add_bool(device, "equal", b->judgement.device_equal);
	json_add_bool(device, "removed", c->removed);
	json_add_text(device, "failed", *c->failed ? c->failed : NULL);
	json_add_bool(console, "init", c->init);
	json_add_bool(console, "net", c->net);
	json_add_bool(console, "done", c->done);
	json_add_bool(console, "kexec", c->kexec);
	json_add_bool(console, "panicked", c->panicked);
	notes = json_add_array(console, "notes");
	for (unsigned int i = 0; i < c->nnotes; i++)
		json_add_text(notes, NULL, c->notes[i]);
	if (c->stress.done) {
		stress = json_add_object(json, "stress");
		json_add_number(stress, "unaccepted_before", c->stress.before << 10);
		json_add_number(stress, "unaccepted_after", c->stress.after << 10);
		json_add_number(stress, "files", c->stress.files);
		json_add_number(stress, "wrong", c->stress.wrong);
	} else {
		json_add_text(json, "stress", NULL);
	}
	json_add_text(json, "fatal", *b->judgement.fatal ? b->judgement.fatal : NULL);
}

static void put_program(json_t *json, const struct boot *b)
{
	const struct ktap *k = b->program ? &b->program->results : NULL;
	json_t *command, *list, *tests;

	if (!k)
		return;
	command = json_add_object(json, "command");
	list = json_add_array(command, "words");
	for (char *const *word = b->program->words; *word; word++)
		json_add_text(list, NULL, *word);
	if (b->console.exited)
		json_add_number(command, "exit_status", b->console.exit_status);
	else
		json_add_text(command, "exit_status", NULL);
	if (!k->seen) {
		json_add_text(command, "tests", NULL);
		return;
	}
	tests = json_add_object(command, "tests");
	json_add_number(tests, "passed", k->passed);
	json_add_number(tests, "failed", k->failed);
	json_add_number(tests, "skipped", k->skipped);
	json_add_number(tests, "missing", ktap_missing(k));
	json_add_text(tests, "first_failed", *k->first_failed ? k->first_failed : NULL);
}

static void put_run(json_t *json, const struct boot *b)
{
	json_t *seconds = json_add_object(json, "seconds"), *journal = json_add_object(json, "journal");
	json_t *qemu = json_add_object(json, "qemu");

	json_add_seconds(seconds, "detected", b->judgement.detected);
	json_add_seconds(seconds, "user_space", b->judgement.user);
	json_add_seconds(seconds, "init", b->console.init_seconds);
	json_add_seconds(seconds, "end", b->judgement.ended);
	json_add_seconds(seconds, "total", b->wall);
	json_add_number(journal, "records", b->records.count);
	json_add_number(journal, "bytes", b->records.count * sizeof(struct td_event));
	json_add_text(qemu, "path", b->qemu.path);
	json_add_text(qemu, "version", b->qemu.text);
	json_add_number(json, "seed", b->seed);
	json_add_bool(json, "deterministic", boot_repeats(b) && b->config.td.vcpus == 1);
}

void report_exercised(json_t *json, const bool exercised[2])
{
	json_t *list = json_add_array(json, "exercised");

	if (exercised[true])
		json_add_text(list, NULL, "shared");
	if (exercised[false])
		json_add_text(list, NULL, "private");
}

/* Null where there is nothing to say. */
static void put_waiting(json_t *json, const struct boot *b)
{
	char text[240];
	json_t *waiting = json_add_array(json, "waiting");

	for (unsigned int i = 0; i < b->config.td.vcpus && waiting_matters(b->judgement.outcome); i++) {
		json_t *row = json_add_object(waiting, NULL);

		json_add_number(row, "vcpu", i);
		waiting_text(&b->end.vcpus[i], text, sizeof(text));
		json_add_text(row, "for", *text ? text : NULL);
		waiting_ve_text(&b->end.vcpus[i], text, sizeof(text));
		json_add_text(row, "ve", *text ? text : NULL);
		json_add_hex(row, "rip", b->end.vcpus[i].rip);
	}
}

void report_json(const struct boot *b)
{
	json_t *json = json_object();
	const struct judgement *j = &b->judgement;

	json_add_text(json, "schema", "tdlab.boot/1");
	json_add_text(json, "tdlab", TDLAB_VERSION);
	put_guest(json, b);
	json_add_text(json, "outcome", outcome_name(j->outcome));
	json_add_text(json, "verdict", verdict_name(j->verdict));
	json_add_text(json, "reason", j->why);
	json_add_number(json, "exit_status", (uint64_t)j->status);
	report_exercised(json, j->exercised);
	put_conversions(json, b);
	put_asked(json, b);
	totals_json(json_add_object(json, "totals"), &j->totals);
	put_phases(json, b);
	put_findings(json, b, true);
	put_findings(json, b, false);
	put_evidence(json, b);
	put_program(json, b);
	measured_json(&b->measured, json);
	put_unserved(json, b);
	put_waiting(json, b);
	put_exits(json, j);
	put_run(json, b);
	json_print(json, stdout);
}
