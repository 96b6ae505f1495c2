/* SPDX-License-Identifier: MIT */
/* Records as text and as JSON, by the table. */
#include "abi/tdx.h"
#include "cli/testing.h"
#include "cli/vmm/describe.h"
#include "image/pe.h"
#include "td/explore.h"
#include "td/td.h"

static bool says(struct td_event e, const char *want)
{
	char text[256];

	describe_text(&e, text, sizeof(text));
	if (strcmp(text, want) != 0)
		printf("# %s\n", text);
	return strcmp(text, want) == 0;
}

/* Every field that a text names is there: what is not is left as it is written. */
static void test_texts(void)
{
	for (unsigned int type = 0; type < TD_EV_TYPES; type++) {
		struct td_event none = td_event_new(type, 0, 0), all = none;
		char text[256];

		memset(all.all, 0x41, sizeof(all.all));
		describe_text(&none, text, sizeof(text));
		tap_ok(!strpbrk(text, "{}[]"), event_name(type));
		describe_text(&all, text, sizeof(text));
		tap_ok(!strpbrk(text, "{}[]"), record_types[type].meaning);
	}
}

static void test_sentences(void)
{
	tap_ok(says(EVENT(MAPGPA, mapgpa, 0x800000001000, 0x4000, TDVMCALL_RETRY, 0x800000003000, 2, 1),
		    "MapGPA 0x800000001000, 4 pages: RETRY at 0x800000003000, 2 converted"), "R11 of a RETRY");
	tap_ok(says(EVENT(MAPGPA, mapgpa, 0x1000, 0x4000, TDVMCALL_SUCCESS, 0x3000, 4, 1),
		    "MapGPA 0x1000, 4 pages: SUCCESS, 4 converted"), "of success nobody looks at it");
	tap_ok(says(EVENT(MAPGPA, mapgpa, 0x1001, 0x801, 0x77, 0, 0, 0),
		    "MapGPA 0x1001, 0x801 bytes: 0x77 at 0x0, 0 converted"), "what is not pages, and no code of GHCI's");
	tap_ok(says(EVENT(ACCEPT, accept, .rcx = 0x200000 | TDX_LEVEL_2M, .status = tdx_status(TDX_OPERAND_BUSY, 1)),
		    "ACCEPT 0x200000, 2 MiB: OPERAND_BUSY"), "a level, and a status without its operand");
	tap_ok(says(EVENT(FATAL, fatal, "abc\33[1m\r\nx"), "ReportFatalError \"abc?[1m\""), "the guest's text, made harmless");
	tap_ok(says(EVENT(FATAL, fatal, "0123456789012345678901234567890123456789"),
		    "ReportFatalError \"0123456789012345678901234567890123456789\""), "... as long as a record");
	tap_ok(says(EVENT(IMAGE, image, 0x1000, 0x2000, PE_LOADER, 0xab, "shim"),
		    "code at 0x1000, 0x2000 bytes: shim, hash 00000000000000ab"), "an image by its name");
	tap_ok(says(EVENT(IMAGE, image, 0x1000, 0x2000, PE_LOADER, 0xab, ""),
		    "code at 0x1000, 0x2000 bytes: loader, hash 00000000000000ab"), "... or by its kind");
	tap_ok(says(EVENT(CALLERS, callers, .address = { 0x1, 0x2 }), "called by 0x1,0x2"), "as many callers as there are");
	tap_ok(says(EVENT(ANSWERS, answers, .count = 3, .answer = { TD_ANSWER_OK, TD_ANSWER_STALL, TD_ANSWER_OK }),
		    "answers ok,stall,ok"), "as many answers as there are");
	tap_ok(says(EVENT(STOP, stop, 999, 0), "stop: unknown, 0x0"), "a number without a name");
}

static void test_json(void)
{
	struct td_event e = EVENT(VERDICT, verdict, .violation = TD_V_ABANDONED, .class = TD_CLASS_VIOLATION, .gpa = 0x1000,
				  .pages = 3, .known = TD_KNOWN_TO_SHARED, .real = TD_REAL_MAPPED);
	struct records records = { .tsc_hz = 1000 };
	json_t *json = describe_json(&records, &e);
	char *text = json_dumps(json, JSON_COMPACT);

	tap_has(text, "\"type\":\"VERDICT\",\"fields\":{\"violation\":\"abandoned\",\"class\":\"violation\",\"gpa\":"
		"\"0x1000\",\"pages\":3,\"known\":\"to-shared\",\"real\":\"mapped\",\"detail\":\"0x0\"}",
		"fields by name, in their order");
	free(text);
	json_decref(json);
}

int main(void)
{
	test_texts();
	test_sentences();
	test_json();
	return tap_done();
}
