/* SPDX-License-Identifier: MIT */
/* What is counted, one row after another, and the line that is made of it. */
#include "abi/tdx.h"
#include "cli/testing.h"
#include "cli/verdict/judge.h"
#include "cli/verdict/totals.h"

static void reads(struct totals t, const char *want, const char *name)
{
	char text[256] = "";

	totals_text(&t, text, sizeof(text));
	if (!tap_ok(strcmp(text, want) == 0, name))
		tap_note(text);
}

static void test_text(void)
{
	reads((struct totals){ 0 },
	      "0 pages to shared, 0 back to private in 0 calls (0 RETRY, 0 stalls); 0 x 4 KiB accepted", "nothing");
	reads((struct totals){ .to_shared_pages = 1, .mapgpa_calls = 1, .stalls = 1, .abandoned_pages = 9 },
	      "1 page to shared, 0 back to private in 1 call (0 RETRY, 1 stall); 0 x 4 KiB accepted", "one of each");
	reads((struct totals){ 2, 3, 4, .mapgpa_calls = 5, .retries = 6, .stalls = 7, .accepts_2m = 8, .accepts_4k = 9 },
	      "2 pages to shared, 3 back to private, 4 of devices in 5 calls (6 RETRY, 7 stalls); "
	      "8 x 2 MiB and 9 x 4 KiB accepted", "all of it");
}

static void test_conversions(void)
{
	static const struct conversion all[] = {
		{ .closed = true, .how = TD_CLOSE_COMPLETE, .to_shared = true, .pages = 20, .done = 20, .device = 5, .stalls = 1 },
		{ .closed = true, .how = TD_CLOSE_COMPLETE, .pages = 7, .done = 7, .stalls = 2 },
		{ .closed = true, .how = TD_CLOSE_ABANDONED, .pages = 16, .done = 6, .to_shared = true },
		{ .closed = true, .how = TD_CLOSE_ABANDONED, .pages = 100, .done = 1 },
		{ .closed = true, .how = TD_CLOSE_UNDONE, .pages = 1000, .done = 3 },
		{ .closed = true, .how = TD_CLOSE_MERGED, .pages = 1000, .done = 4, .stalls = 4 },
		{ .how = TD_CLOSE_ABANDONED, .pages = 1000 },	/* still open */
		{ .how = TD_CLOSE_COMPLETE, .pages = 1000 },
	};
	struct totals t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		totals_conversion(&t, &all[i]);
	tap_is(t.conversions, 8, "each that was asked for");
	tap_is(t.completed, 2, "... completed");
	tap_is(t.abandoned_pages, 10 + 99, "pages of those that were given up, and of no others");
	tap_is(t.to_shared_pages, 15 + 6, "pages of RAM to shared");
	tap_is(t.to_private_pages, 7 + 1 + 3, "... to private: what was merged is another's");
	tap_is(t.device_pages, 5, "pages without RAM");
	tap_is(t.stalls, 7, "stalls of all");
}

static void test_records(void)
{
	const struct td_event all[] = {
		EVENT(MAPGPA, mapgpa, .r10 = TDVMCALL_SUCCESS),
		EVENT(MAPGPA, mapgpa, .r10 = TDVMCALL_RETRY),
		EVENT(MAPGPA, mapgpa, .r10 = TDVMCALL_INVALID_OPERAND),
		EVENT(ACCEPT, accept, .rcx = 0x200000 | TDX_LEVEL_2M),
		EVENT(ACCEPT, accept, .rcx = 0x200000 | TDX_LEVEL_2M, .status = tdx_status(TDX_PAGE_SIZE_MISMATCH, 1)),
		EVENT(ACCEPT, accept, .rcx = 0x200000),
		EVENT(ACCEPT, accept, .rcx = 0x201000),
		EVENT(ACCEPT, accept, .rcx = 0x202000, .status = tdx_status(TDX_OPERAND_BUSY, 1)),
		EVENT(TDCALL, tdcall, .leaf = 1),
	};
	struct totals t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		totals_record(&t, &all[i]);
	tap_ok(t.mapgpa_calls == 3 && t.retries == 1, "every call, and which of them were to be repeated");
	tap_ok(t.accepts_2m == 1 && t.accepts_4k == 2 && t.size_mismatches == 1, "ACCEPTs that succeeded, by size");
}

/* The meanings are in the manual, by the same table. */
static void test_json(void)
{
	static const char *const names[] = {
#define NAME(name, text, meaning) #name,
		TOTALS(NAME)
#undef NAME
	};
	const struct totals t = { 2, 3, 4, .mapgpa_calls = 5 };
	json_t *json = json_object();

	totals_json(json, &t);
	tap_is(json_object_size(json), ARRAY_SIZE(names), "each has its name in JSON");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!json_object_get(json, names[i]))
			tap_ok(false, names[i]);
	tap_ok(json_integer_value(json_object_get(json, "to_private_pages")) == 3 &&
	       json_integer_value(json_object_get(json, "mapgpa_calls")) == 5, "and its number");
	json_decref(json);
}

int main(void)
{
	test_json();
	test_text();
	test_conversions();
	test_records();
	return tap_done();
}
