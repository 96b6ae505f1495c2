/* SPDX-License-Identifier: MIT */
/* The report for programs: schema tdlab.boot/1, described in tdlab-boot(1). */
#include <stdlib.h>
#include <string.h>

#include "cli/boot.h"
#include "cli/json.h"
#include "cli/verdict/waiting.h"
#include "cli/vmm/describe.h"
#include "td/td.h"

static void put_guest(struct json *json, const struct boot *b)
{
	const char *version = *b->guest.version ? b->guest.version : b->console.version;

	json_object(json, "guest");
	json_text(json, "image", b->guest.path);
	json_text(json, "kind", b->guest.kind == GUEST_PAYLOAD ? "payload" : "linux");
	json_text(json, "firmware", b->guest.firmware);
	json_text(json, "version", *version ? version : NULL);
	json_number(json, "gpaw", b->config.td.gpaw);
	json_number(json, "cpus", b->config.td.vcpus);
	json_number(json, "memory", b->options.memory.value);
	json_object_end(json);
	json_object(json, "vmm");
	json_text(json, "name", b->behaviour.name);
	json_text(json, "spec", b->behaviour.spec);
	json_array(json, "inject");
	for (unsigned int i = 0; i < b->options.inject.count; i++)
		json_text(json, NULL, b->options.inject.items[i]);
	json_array_end(json);
	json_text(json, "title", b->behaviour.title);
	json_text(json, "class", b->behaviour.packed.hostile ? "hostile" : "permitted");
	json_text(json, "expect", b->behaviour.packed.contain ? "contain" : "complete");
	json_object_end(json);
}

static void put_callers(struct json *json, const struct boot *b, const uint64_t callers[CALLERS])
{
	char name[160];

	json_array(json, "callers");
	for (unsigned int i = 0; i < CALLERS && callers[i]; i++) {
		symbols_name(&b->symbols, callers[i], name, sizeof(name));
		json_text(json, NULL, name);
	}
	json_array_end(json);
}

static void put_conversion(struct json *json, const struct boot *b, const struct conversion *c)
{
	json_hex(json, "gpa", c->gpa);
	json_number(json, "pages", c->pages);
	json_text(json, "direction", c->to_shared ? "shared" : "private");
	json_text(json, "end", c->closed ? close_name(c->how) : NULL);
	json_number(json, "calls", c->calls);
	json_number(json, "retries", c->retries);
	json_number(json, "stalls", c->stalls);
	json_number(json, "longest_stall", c->longest_run);
	json_number(json, "pages_done", c->done);
	json_number(json, "abandoned", c->closed && c->how == TD_CLOSE_ABANDONED ? c->pages - c->done : 0);
	put_callers(json, b, c->callers);
}

static void put_conversions(struct json *json, const struct boot *b)
{
	json_array(json, "conversions");
	for (size_t i = 0; i < b->judgement.nconversions; i++) {
		json_object(json, NULL);
		put_conversion(json, b, &b->judgement.conversions[i]);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_phases(struct json *json, const struct boot *b)
{
	json_array(json, "phases");
	for (unsigned int i = 0; b->guest.firmware && i < PHASES; i++) {
		const struct phase_totals *t = &b->phases.all[i];

		json_object(json, NULL);
		json_text(json, "name", phase_name(i));
		totals_json(json, &t->of);
		json_seconds(json, "last", t->last);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_finding_conversion(struct json *json, const struct boot *b, const struct finding *f)
{
	const struct conversion *c = finding_conversion(&b->judgement, f, tdx_shared_bit(b->config.td.gpaw));
	char answer[256] = "";

	if (!c) {
		json_text(json, "conversion", NULL);
		return;
	}
	describe_text(&b->records.all[c->record - 1], answer, sizeof(answer));
	json_object(json, "conversion");
	json_number(json, "id", c->id);
	put_conversion(json, b, c);
	json_text(json, "last_call", answer);
	json_object_end(json);
}

/* Violations, or all that is none. */
static void put_findings(struct json *json, const struct boot *b, bool violations)
{
	uint64_t s = tdx_shared_bit(b->config.td.gpaw);
	char *again = boot_command(b), at[160];

	json_array(json, violations ? "violations" : "observations");
	for (size_t i = 0; i < b->judgement.nfindings; i++) {
		const struct finding *f = &b->judgement.findings[i];

		if ((f->class == TD_CLASS_VIOLATION) != violations)
			continue;
		json_object(json, NULL);
		json_text(json, "name", td_violation_name(f->kind));
		json_text(json, "class", violations || f->cause == TD_CAUSE_CALLER ? td_cause_name(f->cause) : class_name(f->class));
		json_hex(json, "gpa", f->gpa & ~s);
		json_text(json, "alias", f->gpa & s ? "shared" : "private");
		json_number(json, "pages", f->pages);
		json_hex(json, "rip", f->rip);
		symbols_name(&b->symbols, f->rip, at, sizeof(at));
		json_text(json, "at", f->rip ? at : NULL);
		put_callers(json, b, f->callers);
		json_text(json, "detail", td_violation_sentence(f->kind));
		if (violations)
			put_finding_conversion(json, b, f);
		if (violations)
			json_text(json, "reproduce", again);
		json_object_end(json);
	}
	json_array_end(json);
	free(again);
}

static void put_exits(struct json *json, const struct judgement *j)
{
	json_object(json, "exits");
	for (unsigned int i = 0; i < EXIT_KINDS; i++)
		if (j->exits[i])
			json_number(json, exit_name(i), j->exits[i]);
	json_object_end(json);
}

static void put_evidence(struct json *json, const struct boot *b)
{
	const struct console *c = &b->console;

	json_object(json, "device");
	json_bool(json, "attached", b->device.attached);
	json_bool(json, "tested", c->device);
	json_number(json, "bytes", c->device ? c->device_bytes : 0);
	json_bool(json, "equal", b->judgement.device_equal);
	json_bool(json, "removed", c->removed);
	json_text(json, "failed", *c->failed ? c->failed : NULL);
	json_object_end(json);
	json_object(json, "console");
	json_bool(json, "init", c->init);
	json_bool(json, "net", c->net);
	json_bool(json, "done", c->done);
	json_bool(json, "panicked", c->panicked);
	json_array(json, "notes");
	for (unsigned int i = 0; i < c->nnotes; i++)
		json_text(json, NULL, c->notes[i]);
	json_array_end(json);
	json_object_end(json);
	if (c->stress.done) {
		json_object(json, "stress");
		json_number(json, "unaccepted_before", c->stress.before << 10);
		json_number(json, "unaccepted_after", c->stress.after << 10);
		json_number(json, "files", c->stress.files);
		json_number(json, "wrong", c->stress.wrong);
		json_object_end(json);
	} else {
		json_text(json, "stress", NULL);
	}
	json_text(json, "fatal", *b->judgement.fatal ? b->judgement.fatal : NULL);
}

static void put_run(struct json *json, const struct boot *b)
{
	json_object(json, "seconds");
	json_seconds(json, "detected", b->judgement.detected);
	json_seconds(json, "user_space", b->judgement.user);
	json_seconds(json, "init", b->console.init_seconds);
	json_seconds(json, "end", b->judgement.ended);
	json_seconds(json, "total", b->wall);
	json_object_end(json);
	json_object(json, "journal");
	json_number(json, "records", b->records.count);
	json_number(json, "bytes", b->records.count * sizeof(struct td_event));
	json_object_end(json);
	json_object(json, "qemu");
	json_text(json, "path", b->qemu.path);
	json_text(json, "version", b->qemu.text);
	json_object_end(json);
	json_number(json, "seed", b->seed);
	json_bool(json, "deterministic", boot_repeats(b) && b->config.td.vcpus == 1);
}

/* Null where there is nothing to say. */
static void put_waiting(struct json *json, const struct boot *b)
{
	char text[240];

	json_array(json, "waiting");
	for (unsigned int i = 0; i < b->config.td.vcpus && waiting_matters(b->judgement.outcome); i++) {
		json_object(json, NULL);
		json_number(json, "vcpu", i);
		waiting_text(&b->end.vcpus[i], text, sizeof(text));
		json_text(json, "for", *text ? text : NULL);
		waiting_ve_text(&b->end.vcpus[i], text, sizeof(text));
		json_text(json, "ve", *text ? text : NULL);
		json_hex(json, "rip", b->end.vcpus[i].rip);
		json_object_end(json);
	}
	json_array_end(json);
}

void report_json(const struct boot *b)
{
	struct json json = { .out = stdout, .indent = true };
	const struct judgement *j = &b->judgement;

	json_object(&json, NULL);
	json_text(&json, "schema", "tdlab.boot/1");
	json_text(&json, "tdlab", TDLAB_VERSION);
	put_guest(&json, b);
	json_text(&json, "outcome", outcome_name(j->outcome));
	json_text(&json, "verdict", verdict_name(j->verdict));
	json_text(&json, "reason", j->why);
	json_number(&json, "exit_status", (uint64_t)j->status);
	put_conversions(&json, b);
	json_object(&json, "totals");
	totals_json(&json, &j->totals);
	json_object_end(&json);
	put_phases(&json, b);
	put_findings(&json, b, true);
	put_findings(&json, b, false);
	put_evidence(&json, b);
	measured_json(&b->measured, &json);
	put_waiting(&json, b);
	put_exits(&json, j);
	put_run(&json, b);
	json_object_end(&json);
}
