/* SPDX-License-Identifier: MIT */
#include "abi/tdx.h"
#include "cli/testing.h"
#include "cli/vmm/recorded.h"

static const char *spec;	/* "recorded:FILE" */
static struct behaviour b;
static const char *complaint;	/* what the last load said on stderr */

static int load_spec(const char *wanted)
{
	int status;

	listen();
	status = behaviour_load(&b, wanted, NULL);
	complaint = said();
	return status;
}

static int load(const char *text, size_t bytes)
{
	FILE *file = fopen(strchr(spec, ':') + 1, "w");

	fwrite(text, 1, bytes, file);
	fclose(file);
	return load_spec(spec);
}

static void refused_bytes(const char *text, size_t bytes, const char *says)
{
	int status = load(text, bytes);

	tap_has(complaint, says, says);
	tap_is(status, STATUS_INPUT, "... is refused");
}

static void refused(const char *text, const char *says)
{
	refused_bytes(text, strlen(text), says);
}

static void test_malformed(void)
{
	refused("", ": no answer in it");
	refused("\n # RETRY 1\n", ": no answer in it: a line is R10 R11 [of R12 R13] [converted N pages]");
	refused("RETRY\n", ":1: R11: it is missing");
	refused("0 -\n\nRETRAY 1\n", ":3: R10: \"RETRAY\" is neither a code of GHCI");
	refused("RETRY -1", ":1: R11: \"-1\" is not a number");
	refused("RETRY 1 of", ":1: R12: it is missing");
	refused("RETRY 1 of 2", ":1: R13: it is missing");
	refused("RETRY 1 of 2 0", ":1: R13: a request of no bytes");
	refused("RETRY 1 of 0xfffffffffffff000 0x2000", ":1: R13: a request of no bytes, or beyond");
	refused("RETRY 1 converted", ":1: converted: it is missing");
	refused("RETRY 1 converted -1 pages", ":1: converted: \"-1\" is not a number");
	refused("RETRY 1 converted 0xffffffff", ":1: converted: more pages than there can be");
	refused("0 - converted 3 pages", ":1: SUCCESS, and so many pages converted: of how many?");
	refused("RETRY 1 after 3", ":1: \"after\": a line is R10 R11 [of R12 R13] [converted N pages]");
	refused("RETRY 1 of 0x1000 0x1000 converted 1 pages and 9 more", ":1: \"and\": a line is");
	refused_bytes("RETRY 1\n\0\n", 10, ": no text: there is a byte 0 in it");
	tap_is(load_spec("recorded:"), STATUS_INPUT, "no file");
	tap_has(complaint, "--vmm recorded:FILE: which file?", "... is named");
}

static void test_bound(void)
{
	char text[(TD_MAX_RECORDED + 1) * 4 + 1] = "";

	for (unsigned int i = 0; i < TD_MAX_RECORDED; i++)
		memcpy(text + 4 * i, "0 -\n", 4);
	tap_is(load(text, strlen(text)), 0, "as many as there is room for");
	tap_is(b.packed.nrecorded, TD_MAX_RECORDED, "... are all there");
	behaviour_free(&b);
	memcpy(text + 4 * TD_MAX_RECORDED, "0 -\n", 4);
	refused(text, ":257: more than 256 answers");
}

static void test_fields(void)
{
	static const char text[] = "# what was seen\nRETRY 0x9000\t# stopped\r\n\n1 - converted 3\r\n"
				   "0xdead 12 of 0x800000001000 8192 converted 1 page\n";
	const struct td_recorded *r = b.packed.recorded;

	tap_is(load(text, strlen(text)), 0, "all that a line can have");
	tap_is(b.packed.nrecorded, 3, "three answers");
	tap_ok(r[0].r10 == TDVMCALL_RETRY && r[0].r11 == 0x9000 && !r[0].keeps_r11 && r[0].bytes == 0 &&
	       r[0].pages == TD_AS_ANSWERED, "R10 and R11");
	tap_ok(r[1].r10 == 1 && r[1].keeps_r11 && r[1].pages == 3, "R11 that was not written, and pages");
	tap_ok(r[2].r10 == 0xdead && r[2].r11 == 12 && r[2].gpa == 0x800000001000 && r[2].bytes == 8192 && r[2].pages == 1,
	       "and the request");
	tap_is(b.packed.nrules, 0, "no rule");
	behaviour_free(&b);
}

/* The two labels, from the rule for answers (td/disturb.c): what GHCI permits, and what a guest has to live through. */
static void labelled(const char *text, bool hostile, bool contain)
{
	char name[256];

	snprintf(name, sizeof(name), "%s: %s, to be %s", text, hostile ? "hostile" : "permitted",
		 contain ? "contained" : "completed");
	for (char *c = name; *c; c++)
		*c = *c == '\n' ? ',' : *c;
	if (!tap_ok(load(text, strlen(text)) == 0 && b.packed.hostile == hostile && b.packed.contain == contain, name))
		tap_note(complaint);
	behaviour_free(&b);
}

#define STALL3	"RETRY 0x3000\nRETRY 0x3000\nRETRY 0x3000\nRETRY 0x3000\n"

static void test_labels(void)
{
	labelled("0 -", false, false);
	labelled("RETRY 0x9000\nRETRY 0x1000", false, false);
	labelled(STALL3, false, false);
	labelled(STALL3 "RETRY 0x3000", false, true);	/* a fourth in a row */
	labelled(STALL3 "RETRY 0x4000\nRETRY 0x4000", false, false);
	labelled("0 0x3000\n" STALL3, false, false);	/* the first of them is no stall */
	labelled("RETRY 0x3000 converted 0", false, false);
	labelled("INVALID_OPERAND 0x3000", false, true);
	labelled("GPA_INUSE 0", false, true);
	labelled("ALIGN_ERROR 0x3000", true, true);
	labelled("0xdead 0x3000", true, true);
	labelled("RETRY 0x3001", true, true);
	labelled("RETRY -", true, true);
	labelled("RETRY - of 0 0x4000", true, true);
	labelled("0 - of 0x8000 0x4000", false, false);
	labelled("0 - of 0x8000 0x4000 converted 3", true, true);
	labelled("RETRY 0xa000 of 0x8000 0x4000", false, false);
	labelled("RETRY 0xa000 of 0x8000 0x4000 converted 1", true, true);
	labelled("RETRY 0xc000 of 0x8000 0x4000", true, true);	/* its end is no page of it */
	labelled("RETRY 0x7000 of 0x8000 0x4000", true, true);
	labelled("GPA_INUSE 0xa000 of 0x8000 0x4000", false, true);
	labelled("GPA_INUSE 0xa000 of 0x8000 0x4000 converted 1", true, true);
}

int main(void)
{
	spec = xprintf("recorded:%s/answers", testing_folder());
	test_malformed();
	test_bound();
	test_fields();
	test_labels();
	return tap_done();
}
