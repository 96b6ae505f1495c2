/* SPDX-License-Identifier: MIT */
/* What the models ask when they are told what a guest was told, and what is no name of one. */
#include <stdio.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/campaign/model.h"

#define tap_puts(s) fputs(s, stdout)
#include "wire/tap.h"

#define S	(1ull << 47)
#define GPA	0x40008000ull
#define MAP(at, n, code, next)	{ .type = TD_EV_MAPGPA, .mapgpa = { .gpa = (at), .bytes = (n) * TDX_PAGE_SIZE, \
				  .r10 = (code), .r11 = (next) } }
#define ACCEPT(at, code)	{ .type = TD_EV_ACCEPT, .accept = { .rcx = (at), .status = (code) } }
#define STALL			MAP(GPA, 2, TDVMCALL_RETRY, GPA)
#define BUSY			tdx_status(TDX_OPERAND_BUSY, 1)

static struct model_verdict v;

static bool agrees(const char *name, const struct td_event *calls, size_t n, bool cut)
{
	struct model model;

	if (!model_named(name, &model))
		return false;
	model_compare(&model, calls, n, S, cut, &v);
	return v.agrees;
}

#define AGREES(name, calls)	agrees(name, calls, sizeof(calls) / sizeof(*(calls)), false)
#define DIFFERS(name, calls, n, text) \
	(!AGREES(name, calls) && v.at == (n) && strstr(v.what, text))

static void test_requests(void)
{
	static const struct td_event done[] = { MAP(GPA, 2, 0, 0), ACCEPT(GPA, 0), ACCEPT(GPA + 0x1000, 0) },
		shared[] = { MAP(GPA | S, 2, TDVMCALL_RETRY, GPA + 0x1000), MAP((GPA + 0x1000) | S, 1, 0, 0) },
		short_of[] = { MAP(GPA, 2, 0, 0), ACCEPT(GPA, 0) },
		skipped[] = { MAP(GPA, 2, 0, 0), ACCEPT(GPA + 0x1000, 0) },
		place[] = { MAP(GPA, 2, TDVMCALL_RETRY, GPA + 0x1000), MAP(GPA, 1, 0, 0) },
		size[] = { MAP(GPA, 2, TDVMCALL_RETRY, GPA + 0x1000), MAP(GPA + 0x1000, 2, 0, 0) },
		early[] = { STALL, ACCEPT(GPA, 0) },
		undone[] = { MAP(GPA | S, 1, TDVMCALL_INVALID_OPERAND, 0), MAP(GPA, 1, 0, 0) },
		strange[] = { MAP(GPA | S, 1, 0, 0), ACCEPT(GPA, 0) },
		back[] = { MAP(GPA, 1, 0, 0), ACCEPT(GPA, 0), MAP(GPA | S, 1, 0, 0), MAP(GPA, 1, 0, 0), ACCEPT(GPA, 0) },
		unasked[] = { ACCEPT(GPA, 0), MAP(GPA, 1, 0, 0) },
		twice[] = { MAP(GPA | S, 1, 0, 0), MAP(GPA | S, 1, 0, 0) },
		more[] = { MAP(GPA, 2, 0, 0), ACCEPT(GPA, 0), ACCEPT(GPA + 0x1000, 0), ACCEPT(GPA, 0) };

	tap_ok(AGREES("linux", done) && v.succeeds && AGREES("libtdconv", done) && v.succeeds, "two pages, accepted");
	tap_ok(DIFFERS("libtdconv", shared, 1, "MapGPA of 0x40008000, 8192 bytes by the model"),
	       "R11 without S: libtdconv takes back what it had asked for");
	tap_ok(DIFFERS("linux", short_of, 2, "the model asks again"), "one page is not accepted");
	tap_ok(agrees("linux", short_of, 2, true) && !v.succeeds, "... but in what was cut there");
	tap_ok(DIFFERS("linux", skipped, 1, "ACCEPT of 0x40008000 by the model, ACCEPT of 0x40009000 by"), "skipped");
	tap_ok(DIFFERS("libtdconv", place, 1, "MapGPA of 0x40009000, 4096 bytes by the model"), "not where R11 says");
	tap_ok(DIFFERS("libtdconv", size, 1, "MapGPA of 0x40009000, 8192 bytes by the guest"), "... or not what is left");
	tap_ok(DIFFERS("linux", early, 1, "ACCEPT of 0x40008000 by the guest"), "an ACCEPT where MapGPA was due");
	tap_ok(DIFFERS("linux", undone, 1, "has come to its end"), "Linux takes nothing back that was refused");
	tap_ok(DIFFERS("linux", strange, 1, "has come to its end"), "what was shared is accepted");
	tap_ok(DIFFERS("linux", more, 3, "has come to its end"), "one ACCEPT too many");
	tap_ok(AGREES("linux", back) && AGREES("libtdconv", back) && v.succeeds, "there and back again");
	tap_ok(agrees("linux", back, 4, false), "... the way back is not compared");
	tap_ok(DIFFERS("linux", twice, 1, "has come to its end"), "the same twice");
	tap_ok(AGREES("none", more) && !v.succeeds, "... which nobody sees without a model");
	tap_ok(DIFFERS("linux", unasked, 0, "has not asked for"), "an ACCEPT comes first");
	tap_ok(agrees("linux", NULL, 0, false), "nothing was asked");
}

/* The two differ: in stalls, and in a module that is busy. */
static void test_models(void)
{
	const struct td_event stalls[] = { STALL, STALL, STALL },
		busy[] = { MAP(GPA, 2, 0, 0), ACCEPT(GPA, BUSY) },
		again[] = { MAP(GPA, 2, 0, 0), ACCEPT(GPA, BUSY), ACCEPT(GPA, 0), ACCEPT(GPA + 0x1000, 0) };

	tap_ok(AGREES("linux", stalls) && !v.succeeds, "three stalls end Linux's loop");
	tap_ok(DIFFERS("linux:2", stalls, 2, "has come to its end"), "... and two, one of another budget");
	tap_ok(DIFFERS("libtdconv", stalls, 3, "the model asks again"), "... but not libtdconv's");
	tap_ok(AGREES("linux", busy) && !v.succeeds, "the module is busy: Linux ends");
	tap_ok(DIFFERS("linux", again, 2, "has come to its end"), "... and does not ask again");
	tap_ok(AGREES("libtdconv", again) && v.succeeds, "... as libtdconv does");
}

static void test_names(void)
{
	static const char *const wrong[] = { "", "linux:", "linux:0", "linux:-1", "linux:3x", "linux:65536", "Linux" };
	struct model model;
	unsigned int refused = 0;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused += !model_named(wrong[i], &model);
	tap_is(refused, sizeof(wrong) / sizeof(wrong[0]), "no names");
	tap_ok(model_named("linux:65535", &model) && model.tries == 65535, "a budget");
}

int main(void)
{
	test_requests();
	test_models();
	test_names();
	return tap_done();
}
