/* SPDX-License-Identifier: MIT */
/* What a record's numbers are called, and what records there are: all from the tables that declare them. */
#include "cli/verdict/records.h"
#include "image/pe.h"
#include "td/td.h"
#include "wire/exits.h"
#include "wire/explore.h"

#define ROW(id, name, meaning) name,
#define NAMES(function, TABLE) \
	const char *function(unsigned int number) \
	{ \
		static const char *const names[] = { TABLE(ROW) }; \
		return number < ARRAY_SIZE(names) ? names[number] : "unknown"; \
	}

NAMES(class_name, TD_CLASSES)
NAMES(close_name, TD_CLOSES)
NAMES(act_name, TD_ACTS)
NAMES(mark_name, TD_MARKS)
NAMES(stop_name, TD_STOPS)
NAMES(real_name, TD_REALS)
NAMES(known_name, TD_KNOWNS)
NAMES(exit_name, MONITOR_EXITS)
NAMES(image_name, PE_KINDS)
NAMES(sequence_end_name, EXPLORE_ENDS)

const char *record_kind_name(unsigned int kind)
{
	static const char *const names[] = {
#define RECORD_KIND(id, json) json,
		RECORD_KINDS(RECORD_KIND)
#undef RECORD_KIND
	};

	return names[kind];
}

const struct record_type record_types[TD_EV_TYPES] = {
#define TD_RECORD(TYPE, member, text, meaning) { #TYPE, text, meaning, (const struct record_field[]){
#define TD_ARRAY(member, kind, type, count, name, meaning) \
	{ #name, meaning, RECORD_##kind, offsetof(struct td_event, member.name), sizeof(type), count },
#define TD_FIELD(member, kind, type, name, meaning) TD_ARRAY(member, kind, type, 1, name, meaning)
#define TD_RECORD_END(member) { 0 } } },
#include "td/records.def"
};

const char *event_name(unsigned int type)
{
	return type < TD_EV_TYPES ? record_types[type].name : "unknown";
}
