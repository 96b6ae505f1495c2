/* SPDX-License-Identifier: MIT */
/* What findings and causes are called. No table: pointers in one would be data that somebody has to relocate. */
#include "td/event.h"

#define ALL_FINDINGS(TD_VIOLATION) TD_VIOLATIONS(TD_VIOLATION) TD_OTHER_FINDINGS(TD_VIOLATION)

const char *td_violation_name(unsigned int violation)
{
	switch (violation) {
#define TD_VIOLATION(id, name, sentence) case TD_V_##id: return name;
	ALL_FINDINGS(TD_VIOLATION)
#undef TD_VIOLATION
	default: return "unknown";
	}
}

const char *td_violation_sentence(unsigned int violation)
{
	switch (violation) {
#define TD_VIOLATION(id, name, sentence) case TD_V_##id: return sentence;
	ALL_FINDINGS(TD_VIOLATION)
#undef TD_VIOLATION
	default: return "unknown";
	}
}

const char *td_cause_name(unsigned int cause)
{
	switch (cause) {
	case TD_CAUSE_PERMITTED: return "permitted";
	case TD_CAUSE_HOSTILE: return "hostile";
	case TD_CAUSE_CALLER: return "caller";
	default: return "unknown";
	}
}
