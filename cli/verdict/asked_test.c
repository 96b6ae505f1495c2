/* SPDX-License-Identifier: MIT */
/* Whose code asked: a kernel and a module of it, with names and without, by way of a function that executes TDCALL. */
#include "cli/testing.h"
#include "cli/tdlab.h"
#include "cli/verdict/asked.h"

#define S	(1ull << 47)
#define KERNEL	0xffffffff81000000ull
#define MODULE	0xffffffffc0000000ull
#define POOL	0x10000000ull
#define DEMO	0x20000000ull

static struct td_event events[4];
static struct records records = { .all = events, .count = 4 };
static struct conversion conversions[5];	/* the last is none, as of the findings: it is behind their end */
static struct finding findings[4];
static struct judgement j = { .conversions = conversions, .nconversions = 4, .findings = findings,
			      .nfindings = 3 };

static void conversion(unsigned int i, uint64_t rip, uint64_t gpa, bool closed, enum td_close how, uint64_t calls)
{
	events[i] = (struct td_event){ .type = TD_EV_MAPGPA, .rip = rip };
	conversions[i] = (struct conversion){ .id = i + 1, .gpa = gpa, .pages = 16, .closed = closed, .how = how,
					      .calls = calls, .retries = calls - 1, .stalls = 1, .record = i + 1,
					      .callers = { rip + 0x100 } };
}

static void finding(unsigned int i, unsigned int class, uint64_t gpa)
{
	findings[i] = (struct finding){ .kind = TD_V_ABANDONED, .class = class, .gpa = gpa, .pages = 1, .record = 4 };
}

/* One place more than there are rows, twice. */
static void test_many(void)
{
	enum { MANY = ASKED_MOST + 2 };
	struct td_event calls[MANY];
	struct conversion all[MANY];
	struct finding found[2] = { { .class = TD_CLASS_VIOLATION, .kind = TD_V_ABANDONED, .pages = 1, .record = MANY },
				    { .class = TD_CLASS_VIOLATION, .kind = TD_V_ABANDONED, .pages = 1, .record = MANY } };
	struct records journal = { .all = calls, .count = MANY };
	struct judgement judgement = { .conversions = all, .nconversions = MANY, .findings = found, .nfindings = 2 };
	struct symbols none = { 0 };
	struct asked asked;

	for (unsigned int i = 0; i < MANY; i++) {
		calls[i] = (struct td_event){ .type = TD_EV_MAPGPA, .rip = KERNEL + (i < MANY - 1 ? i : MANY - 2) };
		all[i] = (struct conversion){ .id = i + 1, .gpa = POOL + 0x10000 * i, .pages = 16, .calls = 1, .record = i + 1 };
	}
	found[0].gpa = all[ASKED_MOST - 1].gpa | S;
	found[1].gpa = all[ASKED_MOST].gpa | S;
	asked_read(&asked, &judgement, &journal, &none, S);
	tap_is(asked.count, ASKED_MOST, "more places than rows");
	tap_is(asked.others, 2, "those left out are counted");
	tap_is(asked.rows[ASKED_MOST - 1].conversions, 1, "the last row is one place");
	tap_is(asked.rows[ASKED_MOST - 1].violations, 1, "who is left out is charged to nobody");
	all[0].record = 0;
	asked_read(&asked, &judgement, &journal, &none, S);
	tap_is(asked.others, 0, "a conversion that no record tells of is nobody's");
	symbols_free(&none);
}

int main(void)
{
	struct symbols symbols = { 0 };
	struct asked asked;

	conversion(0, KERNEL + 0x10, POOL, true, TD_CLOSE_ABANDONED, 3);
	conversion(1, MODULE + 0x10, DEMO, true, TD_CLOSE_COMPLETE, 4);
	conversion(2, MODULE + 0x20, DEMO, true, TD_CLOSE_COMPLETE, 4);
	conversion(3, KERNEL + 0x10, POOL + 0x100000, false, TD_CLOSE_COMPLETE, 2);
	conversions[4] = conversions[0];
	finding(0, TD_CLASS_VIOLATION, POOL | S);
	finding(1, TD_CLASS_VMM_CAUSED, POOL | S);
	finding(2, TD_CLASS_VIOLATION, 0x30000000);	/* nobody asked for that */
	finding(3, TD_CLASS_VIOLATION, POOL | S);

	asked_read(&asked, &j, &records, &symbols, S);
	tap_is(asked.count, 3, "without names each address is one");
	tap_ok(!asked.rows[0].named && strcmp(asked.rows[0].by, "0xffffffff81000010") == 0, "and says where it is");

	symbols_parse_map(&symbols, xprintf("ffffffff81000000 T __tdcall_saved_ret\nffffffff81000100 T __tdx_hypercall\n"
					    "ffffffff81000200 t tdx_map_gpa\nffffffff81000300 t tdx_enc_status_changed\n"));
	symbols.placed = true;
	symbols_add_image(&symbols, MODULE, 0x1000, "demo.ko");
	asked_read(&asked, &j, &records, &symbols, S);
	tap_is(asked.count, 2, "one function, one row");
	tap_ok(asked.rows[0].named && strcmp(asked.rows[0].by, "__tdx_hypercall") == 0 &&
	       strcmp(asked.rows[1].by, "demo.ko") == 0, "by name");
	tap_is(asked.rows[0].conversions, 2, "the kernel's conversions");
	tap_is(asked.rows[0].completed, 0, "one given up, one still open");
	tap_is(asked.rows[0].violations, 1, "a violation in its memory, not what the VMM caused or nobody asked for");
	tap_is(asked.rows[0].calls, 5, "its calls");
	tap_is(asked.rows[0].callers[0], KERNEL + 0x110, "who called it");
	tap_is(asked.rows[1].completed, 2, "what the module completed");
	tap_is(asked.rows[1].violations, 0, "and it is charged with nothing");
	tap_is(asked.rows[1].retries, 6, "RETRYs are summed");
	tap_is(asked.rows[1].stalls, 2, "so are those that brought nothing");
	for (unsigned int i = 0; i < 4; i += 3) {
		conversions[i].callers[1] = 0x1234;	/* no code: what is found on the stack may be anything */
		conversions[i].callers[2] = KERNEL + 0x210;
		conversions[i].callers[3] = KERNEL + 0x310;
	}
	asked_read(&asked, &j, &records, &symbols, S);
	tap_ok(asked.count == 2 && strcmp(asked.rows[0].by, "tdx_map_gpa") == 0 && asked.rows[0].violations == 1,
	       "the first that is more than the instruction");
	tap_is(asked.rows[0].callers[0], KERNEL + 0x110, "its callers are all there");
	tap_ok(symbols_is_stub("tdconv_os_tdcall [tdconv_demo]") && !symbols_is_stub("tdconv_os_tdcalls") &&
	       !symbols_is_stub("tdx_map_gpa") && symbols_is_stub("__tdx_module_call"), "which functions are not");
	symbols_free(&symbols);
	test_many();
	return tap_done();
}
