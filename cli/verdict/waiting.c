/* SPDX-License-Identifier: MIT */
#include "cli/verdict/waiting.h"

#include <inttypes.h>
#include <stdio.h>

#include "abi/tdx.h"

static const char *reason_name(uint64_t reason)
{
	static const struct {
		uint64_t number;
		const char *name;
	} names[] = {
#define VE_REASON(name, number, source) { number, #name },
#include "abi/abi.def"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == reason)
			return names[i].name;
	return "unknown";
}

/* " and 0x20, 0x31 are pending": the vectors that nobody takes. */
static void add_pending(const struct monitor_vcpu *v, char *text, size_t bytes)
{
	size_t at = 0;

	*text = '\0';
	for (unsigned int vector = 0; vector < 32 * MONITOR_IRR_WORDS && at < bytes; vector++)
		if (v->pending[vector / 32] >> vector % 32 & 1)
			at += (size_t)snprintf(text + at, bytes - at, "%s 0x%x", at ? "," : "; pending:", vector);
}

void waiting_text(const struct monitor_vcpu *v, char *text, size_t bytes)
{
	char pending[128];

	*text = '\0';
	switch (v->doing) {
	case MONITOR_HALTED:
		snprintf(text, bytes, "halted until an interrupt comes, at RIP 0x%" PRIx64, v->rip);
		break;
	case MONITOR_PARKED:
		add_pending(v, pending, sizeof(pending));
		snprintf(text, bytes, "halted with interrupts blocked, at RIP 0x%" PRIx64 "%s", v->rip, pending);
		break;
	case MONITOR_RUNS:
		snprintf(text, bytes, "running; last seen at RIP 0x%" PRIx64, v->rip);
	}
}

void waiting_ve_text(const struct monitor_vcpu *v, char *text, size_t bytes)
{
	const struct monitor_ve *ve = v->ve_open ? &v->ve : &v->passed_over;
	char gpa[40] = "";

	*text = '\0';
	if (!v->ve_open && !v->ve_passed_over)
		return;
	if (ve->reason == VE_EPT_VIOLATION)
		snprintf(gpa, sizeof(gpa), ", GPA 0x%" PRIx64, ve->gpa);
	snprintf(text, bytes, "#VE %s (%" PRIu64 ")%s at RIP 0x%" PRIx64 ": no TDVMCALL followed", reason_name(ve->reason),
		 ve->reason, gpa, ve->rip);
}

bool waiting_matters(enum outcome outcome)
{
	return !outcome_finished(outcome) && outcome != OUTCOME_PAYLOAD_FAILED && outcome != OUTCOME_PAYLOAD_SKIPPED &&
	       outcome != OUTCOME_STOPPED && outcome != OUTCOME_FATAL_ERROR;
}

bool waiting_all_parked(const struct monitor_vcpu vcpus[TD_MAX_VCPUS])
{
	for (unsigned int i = 1; i < TD_MAX_VCPUS; i++)
		if (vcpus[i].doing != MONITOR_NOT_STARTED && vcpus[i].doing != MONITOR_PARKED)
			return false;
	return vcpus[0].doing == MONITOR_PARKED;
}
