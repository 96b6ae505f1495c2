/* SPDX-License-Identifier: MIT */
#include "abi/tdx.h"
#include "cli/suggest.h"
#include "cli/testing.h"
#include "cli/vmm/behaviour.h"

static const char *folder;
static const char *complaint;	/* what the last load said on stderr */

/* Loads a behaviour and keeps what is said on stderr meanwhile. */
static int load(struct behaviour *b, const char *spec, const char *from)
{
	int status;

	listen();
	status = behaviour_load(b, spec, from);
	complaint = said();
	return status;
}

static void write_file(const char *text)
{
	char *path = xprintf("%s/t.vmm", folder);
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
	free(path);
}

#define HEAD "[behaviour]\ntitle = t\nclass = permitted\nexpect = complete\n"	/* four lines */

/* A file that is refused, and how. */
static void refused(const char *text, const char *says, const char *name)
{
	struct behaviour b;
	int status;

	write_file(text);
	status = load(&b, "t", folder);
	if (!tap_ok(status == STATUS_INPUT && strstr(complaint, says) && strchr(complaint, '\n')[1] == '\0', name))
		tap_note(complaint);
	if (status == 0)
		behaviour_free(&b);
}

static void test_malformed(void)
{
	refused(HEAD "[rule]\ncomplete = many\n", "t.vmm:6: complete: \"many\" is not a number or \"all\"",
		"a value that is none");
	refused(HEAD "[rule]\ncomplet = 1\n", "t.vmm:6: a rule has no \"complet\": did you mean \"complete\"?",
		"an unknown setting");
	refused(HEAD "[ruel]\ncomplete = 1\n", "t.vmm:5: unknown section [ruel]: did you mean [rule]?",
		"an unknown section");
	refused(HEAD "[rule\ncomplete = 1\n", "t.vmm:5: \"[\" without \"]\"", "a section that does not end");
	refused(HEAD "[rule]\n\nnonsense\n", "t.vmm:7: neither", "a line that is nothing");
	refused("title = t\n" HEAD, "t.vmm:1: \"title\" stands before the first section", "a setting outside");
	refused("[behaviour]\ntitle = t\nclass = permitted\n", "t.vmm:3: [behaviour] needs title, class and expect",
		"no expect");
	refused("[behaviour]\ntitle = t\nclass = maybe\n", "t.vmm:3: class: \"maybe\" is not permitted or hostile",
		"class");
	refused(HEAD "basis = hearsay\n", "t.vmm:5: basis: \"hearsay\" is not unknown, specification, implementation, thread, "
		"proposal or inferred", "basis");
	refused(HEAD "[behaviour]\nwho = w\n", "t.vmm:6: a second [behaviour]", "a second head");
	refused(HEAD "title = u\n", "t.vmm:5: \"title\" was set in line 2 already", "a setting twice");
	refused(HEAD "[rule]\nstalls = $n\n", "t.vmm:6: there is no [parameter n]", "an unknown parameter in a rule");
	refused(HEAD "[parameter n]\nhelp = h\ndefault = 0\nmin = 1\n[rule]\nstalls = $n\n",
		"t.vmm:6: default of n = 0: not between 1 and", "a default out of range");
	refused(HEAD "[parameter n]\nhelp = h\ndefault = 2\n[rule]\nstalls = 1\n", "t.vmm:6: no rule uses $n",
		"an idle parameter");
	refused(HEAD "[parameter n]\nhelp = h\n", "t.vmm:6: parameter \"n\" needs a default",
		"a parameter without default");
	refused(HEAD "[rule]\nfail = SUCCESS\n", "t.vmm:6: fail: \"SUCCESS\" is neither", "success as failure");
	refused(HEAD "[rule]\ncalls = 0\n", "t.vmm:6: \"0\": calls are counted from 1", "call 0");
	refused(HEAD "[rule]\ncalls = 5..3\n", "t.vmm:6: \"5..3\"", "calls backwards");
	refused(HEAD "[rule]\ncalls = -1\n", "t.vmm:6: \"-1\" is not FIRST", "a negative call");
	refused(HEAD "[rule]\nclaim = middle\n", "t.vmm:6: \"middle\" is none of frontier start end zero",
		"claim base");
	refused(HEAD "[rule]\nclaim = end*2\n", "t.vmm:6: \"end*2\" is none", "claim grammar");
	refused(HEAD "[rule]\nclaim = end->\n", "t.vmm:6: \"end->\": after end comes", "a sign without a number");
	refused(HEAD "[rule]\nclaim = end+\n", "t.vmm:6: \"end+\": after end comes", "... at the end");
	refused(HEAD "[rule]\nclaim = end+1+2\n", "t.vmm:6: \"end+1+2\": after end comes", "pages twice");
	refused(HEAD "[rule]\nclaim = end+1b+2b\n", "t.vmm:6: \"end+1b+2b\": after end comes", "bytes twice");
	refused(HEAD "[rule]\nclaim = end+1b+2\n", "t.vmm:6: \"end+1b+2\": after end comes", "bytes first");
	refused(HEAD "[rule]\nclaim = end+2147483648\n", "t.vmm:6: \"end+2147483648\": after end", "a number too large");
	refused(HEAD "[rule]\nclaim = end+2p\n", "t.vmm:6: \"end+2p\": after end comes", "claim unit");
	refused(HEAD "[rule]\nchunk = 3\n", "t.vmm:6: chunk needs a chance", "chunk alone");
	refused(HEAD "[rule]\nchance = 3\n", "t.vmm:6: chance is of stopping after a chunk, or of stalls", "chance alone");
	refused(HEAD "[rule]\nlie = yes\nfail = 1\n", "t.vmm:7: lie says SUCCESS", "lie and fail");
	refused(HEAD "[parameter n]\nhelp = h\ndefault = 2\n[rule]\nstalls = ${n\n", "t.vmm:9: there is no [parameter ]",
		"a brace that does not close");
	refused("[behaviour]\ntitle = $x\nclass = hostile\nexpect = contain\n", "title: there is no [parameter x]",
		"title");
}

static void test_rules(void)
{
	struct behaviour b = { 0 };
	const struct td_rule *r = b.packed.rules;

	write_file("# comment\n[behaviour]\ntitle = two\n\tlines\nclass = hostile\nexpect = contain\nimplicit = convert\n"
		   "basis = thread\n"
		   "aug = 4k\n[rule]\n[rule]\ndirection = to-private\ncalls = 3..9+2\nmin-pages = 7\ncomplete = all\n"
		   "claim = end-3+1b\nclaim-s = flip\n[rule]\nfail = GPA_INUSE\ncomplete = 4\ncalls = 2..\n");
	tap_is(load(&b, "t", folder), 0, "a file with three rules loads");
	tap_ok(strcmp(b.title, "two lines") == 0, "a title over two lines");
	tap_ok(b.packed.hostile && b.packed.contain && b.packed.implicit == TD_IMPLICIT_CONVERT &&
		       b.packed.aug == TD_AUG_4K && strcmp(behaviour_bases[b.basis], "thread") == 0,
	       "head");
	tap_is(b.packed.nrules, 3, "an empty rule counts");
	tap_ok(r[0].complete == UINT64_MAX && r[0].first == 0 && r[0].fail == 0, "and converts everything");
	tap_ok(r[1].direction == TD_MATCH_TO_PRIVATE && r[1].first == 3 && r[1].last == 9 && r[1].step == 2 &&
	       r[1].min_pages == 7 && r[1].complete == UINT64_MAX, "match");
	tap_ok(r[1].claim_base == TD_CLAIM_END && r[1].claim_pages == -3 && r[1].claim_bytes == 1 &&
	       r[1].claim_s == TD_S_FLIP, "claim");
	tap_ok(r[2].fail == TDVMCALL_GPA_INUSE && r[2].complete == 4 && r[2].first == 2 && r[2].last == 0, "fail");
	behaviour_free(&b);
}

static void test_accept_rules(void)
{
	struct behaviour b = { 0 };
	const struct td_rule *r = b.packed.rules;

	write_file(HEAD "contents = zeroed\nalign = ignored\n[rule]\nbusy = 3\nchance = 7\non = accept\ncalls = 2+\n"
		   "[rule]\non = accept\nfail = PAGE_SIZE_MISMATCH\n[rule]\non = accept\nremove = 512\nreadd = yes\n"
		   "[rule]\nshift = -16\nclaim = none\n");
	tap_is(load(&b, "t", folder), 0, "rules on ACCEPT load, wherever \"on\" stands");
	tap_ok(b.packed.contents == TD_CONTENTS_ZEROED && b.packed.align == TD_ALIGN_IGNORED, "contents and align");
	tap_ok(r[0].on == TD_ON_ACCEPT && r[0].stalls == 3 && r[0].chance == 7 && r[0].first == 2 && r[0].last == 0, "busy");
	tap_ok(r[1].on == TD_ON_ACCEPT && r[1].fail == TDX_PAGE_SIZE_MISMATCH, "fail");
	tap_ok(r[2].on == TD_ON_ACCEPT && r[2].remove == 512 && r[2].readd, "remove");
	tap_ok(r[3].on == TD_ON_MAPGPA && r[3].shift == -16 && r[3].claim_base == TD_CLAIM_KEPT, "shift and claim none");
	behaviour_free(&b);
	refused(HEAD "[rule]\non = accept\ncomplete = 3\n", "t.vmm:7: complete is nothing for a rule on accept", "complete");
	refused(HEAD "[rule]\nlie = yes\non = accept\n", "t.vmm:6: lie is nothing for a rule on accept", "lie before on");
	refused(HEAD "[rule]\nbusy = 3\n", "t.vmm:6: busy is nothing for a rule on mapgpa", "busy without on");
	refused(HEAD "[rule]\non = accept\nfail = GPA_INUSE\n", "t.vmm:7: fail: \"GPA_INUSE\": a VMM can make ACCEPT fail",
		"a code of GHCI");
	refused(HEAD "[rule]\nfail = OPERAND_BUSY\n", "t.vmm:6: fail: \"OPERAND_BUSY\" is neither", "a code of the module");
	refused(HEAD "[rule]\non = accept\n", "t.vmm:6: a rule on accept needs busy, fail or remove", "nothing to do");
	refused(HEAD "[rule]\non = accept\nchance = 3\nremove = 1\n", "t.vmm:8: chance is that of being busy",
		"chance without busy");
	refused(HEAD "[rule]\non = accept\nfail = OPERAND_BUSY\nremove = 1\n", "t.vmm:8: fail and remove", "fail and remove");
	refused(HEAD "[rule]\non = enter\n", "t.vmm:6: \"enter\" is none of mapgpa accept", "on");
	refused(HEAD "[rule]\nshift = 4\n", "t.vmm:6: shift: \"4\" is not +PAGES or -PAGES", "shift without a sign");
	refused(HEAD "[rule]\nshift = +9007199254740992\n", "t.vmm:6: shift: ", "shift beyond all addresses");
	refused(HEAD "[rule]\nclaim = none+1\n", "t.vmm:6: \"none+1\": R11 that is not written has no offset", "none+1");
	refused(HEAD "aug = 1g\n", "t.vmm:5: aug: \"1g\" is not 2m, 4k, mixed or accept", "a size that no VMM gives");
	refused(HEAD "contents = secret\n", "t.vmm:5: contents: \"secret\" is not scrambled or zeroed", "contents");
}

static void test_braces(void)
{
	struct behaviour b = { 0 };

	write_file(HEAD "[parameter n]\nhelp = h\ndefault = 7\n[rule]\nclaim = start+${n}b\n");
	tap_ok(load(&b, "t", folder) == 0 && b.packed.rules[0].claim_bytes == 7, "a parameter before a letter");
	behaviour_free(&b);
}

static void calls_are(const char *text, uint32_t first, uint32_t last, uint32_t step)
{
	struct behaviour b = { 0 };
	const struct td_rule *r = b.packed.rules;
	char *file = xprintf(HEAD "[rule]\ncalls = %s\n", text);

	write_file(file);
	free(file);
	tap_ok(load(&b, "t", folder) == 0 && r->first == first && r->last == last && r->step == step, text);
	behaviour_free(&b);
}

static void test_host(void)
{
	struct behaviour b;

	write_file(HEAD "old-page = kept\n[rule]\nregisters = changed\nhole = 3\n");
	tap_is(load(&b, "t", folder), 0, "settings of a host");
	tap_ok(b.packed.old == TD_OLD_KEPT && b.packed.rules[0].registers == TD_REGISTERS_CHANGED &&
	       b.packed.rules[0].hole == 3, "... arrive");
	behaviour_free(&b);
	refused(HEAD "config-flags = no-rbp-mod\n", "t.vmm:5: a behaviour has no \"config-flags\"", "what is the platform's");
}

/* The files that come with tdlab; the folder is the repository's. */
static void test_shipped(void)
{
	struct behaviour b;
	size_t count;
	char **names = behaviour_names("behaviours", &count);

	for (size_t i = 0; names && i < count; i++) {
		tap_is(load(&b, names[i], "behaviours"), 0, names[i]);
		behaviour_free(&b);
		free(names[i]);
	}
	free(names);
	tap_is(load(&b, "hyperv:pages=64", "behaviours"), 0, "a parameter");
	tap_ok(b.packed.nrules == 1 && b.packed.rules[0].complete == 64, "reaches the rule");
	tap_ok(strcmp(b.title, "at most 64 pages per MapGPA call") == 0, "and the title");
	behaviour_free(&b);
	tap_is(load(&b, "error-after:pages=3,code=ALIGN_ERROR", "behaviours"), 0, "two parameters");
	tap_ok(b.packed.rules[0].complete == 3 && b.packed.rules[0].fail == TDVMCALL_ALIGN_ERROR &&
	       b.packed.rules[0].first == 1 && b.packed.rules[0].last == 1 && b.packed.contain, "reach it");
	behaviour_free(&b);
	tap_is(load(&b, "behaviours/kvm.vmm:pending=256", NULL), 0, "a path with a parameter");
	tap_ok(strcmp(b.name, "kvm") == 0 && b.packed.rules[0].chance == 256, "is taken as a file");
	behaviour_free(&b);
}

static void wrong_spec(const char *spec, const char *says)
{
	struct behaviour b;
	int status = load(&b, spec, "behaviours");

	if (!tap_ok(status == STATUS_INPUT && strstr(complaint, says), spec))
		tap_note(complaint);
}

static void test_specs(void)
{
	wrong_spec("hyperb", "no behaviour \"hyperb\": did you mean \"hyperv\"?");
	wrong_spec("something-else", "no behaviour \"something-else\": see tdlab list behaviours");
	wrong_spec("hyperv:page=3", "hyperv has no parameter \"page\": did you mean \"pages\"?");
	wrong_spec("hyperv:pages=0", "hyperv: pages = 0: not between 1 and 1048576");
	wrong_spec("hyperv:pages=x", "hyperv: pages = x: not a number");
	wrong_spec("hyperv:pages", "write hyperv:PARAMETER=VALUE");
	wrong_spec("complete:x=1", "complete has no parameter \"x\": it has none");
	wrong_spec("error-after:code=OK", "code = OK: none of INVALID_OPERAND");
	wrong_spec("./nowhere.vmm", "./nowhere.vmm: No such file");
}

static void test_distance(void)
{
	static const char *const names[] = { "kvm", "hyperv", "eagain" };

	tap_is(edit_distance("", ""), 0, "distance of nothing");
	tap_is(edit_distance("kvm", ""), 3, "to nothing");
	tap_is(edit_distance("kitten", "sitting"), 3, "kitten, sitting");
	tap_is(edit_distance("hyepr", "hyper"), 1, "a swap is one");
	tap_is(edit_distance(names[0], "a word that is so long that nobody can have mistyped anything of ours to get it"), 79,
	       "a word that is too long to be compared");
	tap_ok(suggest("HyperV", names, 3) == names[1], "case does not matter");
	tap_ok(suggest("egain", names, 3) == names[2], "a letter lost");
	tap_ok(!suggest("xyz", names, 3), "nothing is near");
	tap_ok(!suggest("x", names, 0), "an empty list");
}

int main(void)
{
	folder = testing_folder();
	test_malformed();
	test_rules();
	test_braces();
	test_accept_rules();
	calls_are("4+", 4, 0, 1);
	calls_are("3", 3, 3, 1);
	calls_are("3..", 3, 0, 1);
	calls_are("3..5", 3, 5, 1);
	calls_are("3+4", 3, 0, 4);
	calls_are("3..50+4", 3, 50, 4);
	test_host();
	test_shipped();
	test_specs();
	test_distance();
	return tap_done();
}
