/* SPDX-License-Identifier: MIT */
#include "td/event.h"

static const struct {
	const char *name, *sentence;
} rows[] = {
#define TD_VIOLATION(id, name, sentence) [TD_V_##id] = { name, sentence },
	TD_VIOLATIONS(TD_VIOLATION)
	TD_OTHER_FINDINGS(TD_VIOLATION)
#undef TD_VIOLATION
};

const char *td_violation_name(unsigned int violation)
{
	return violation < TD_FINDING_KINDS ? rows[violation].name : "unknown";
}

const char *td_violation_sentence(unsigned int violation)
{
	return violation < TD_FINDING_KINDS ? rows[violation].sentence : "unknown";
}

const char *td_cause_name(unsigned int cause)
{
	static const char *const names[TD_CAUSES] = { "permitted", "hostile", "caller" };

	return cause < TD_CAUSES ? names[cause] : "unknown";
}
