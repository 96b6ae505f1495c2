/* SPDX-License-Identifier: MIT */
/*
 * The command that is printed to be typed again: a shell takes it apart into the words that were meant, and the command
 * line reads from them what it was composed of, for every combination of options.
 */
#include "cli/boot.h"
#include "cli/testing.h"
#include "cli/words.h"

#define WORDS 64

/* What a user may have typed, awkward on purpose. */
static const struct choice {
	const char *name;
	size_t offset;
	const char *text;
} choices[] = {
#define TEXT(name, field, text) { name, offsetof(struct boot_options, field), text }
	TEXT("--behaviours", behaviours, "my behaviours"), TEXT("--firmware", firmware, "-x"),
	TEXT("--initrd", initrd, "$(id).cpio"),		   TEXT("--append", append, "a=\"b c\" 'd' \\ --seed 9"),
	TEXT("--net", net, "user,hostfwd=tcp::2222-:22"), TEXT("--modules", modules, "/lib/modules/6.12+x y"),
	TEXT("--qemu", qemu, "./q*mu"),			   TEXT("kernel", kernel, "-vmlinuz's"),
#undef TEXT
};

enum { LISTS = ARRAY_SIZE(choices), MEMORY, CPUS, TIMEOUT, DEVICES, LIVE, IN_CHECK, BUILTIN, SWITCHES };

static void compose(struct boot *b, unsigned int set)
{
	static char spec[] = "./it's:pages=1";
	struct boot_options *o = &b->options;

	*b = (struct boot){ .seed = 7, .guest.kind = GUEST_LINUX, .behaviour.spec = spec };
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		if (set & 1u << i)
			*(const char **)((char *)o + choices[i].offset) = choices[i].text;
	if (set & 1u << LISTS) {
		o->inject = (struct opt_list){ .items = { "mapgpa:retry", "accept:error=X:when=1" }, .count = 2 };
		o->module = (struct opt_list){ .items = { "./my own.ko" }, .count = 1 };
	}
	if (set & 1u << MEMORY) {
		o->memory = (struct opt_number){ .given = true, .value = 3ull << 30, .text = "3G" };
		o->memory_split = (struct opt_number){ .given = true, .value = 2ull << 30, .text = "2G" };
		o->platform = "./my td:gpaw=52,cores=3";
	}
	if (set & 1u << CPUS)
		o->cpus = (struct opt_number){ .given = true, .value = 2, .text = "0x2" };
	if (set & 1u << TIMEOUT)
		o->timeout = (struct opt_number){ .given = true, .value = 9, .text = "9" };
	if (set & 1u << DEVICES) {
		o->disk = (struct opt_list){ .items = { "my disk.qcow2,qcow2,snapshot", "b,rw" }, .count = 2 };
		o->share = (struct opt_list){ .items = { "/my files:a" }, .count = 1 };
		o->qemu_args = "-device 'a b'";
		o->expect = "login: ";
	}
	o->in_check = set & 1u << IN_CHECK;
	o->console_live = set & 1u << LIVE;
	o->builtin = set & 1u << BUILTIN && !o->kernel;
	if (o->builtin)
		o->kernel = "/share/payloads/builtin";
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_list(const struct opt_list *a, const struct opt_list *b)
{
	for (unsigned int i = 0; i < a->count && a->count == b->count; i++)
		if (!same(a->items[i], b->items[i]))
			return false;
	return a->count == b->count;
}

/* What was read is what was meant. */
static bool equal(const struct boot *b, const struct boot_options *got, const char *operand)
{
	const struct boot_options *o = &b->options;
	const char *quiet = o->console_live ? "" : "quiet";
	const char *kexec = o->in_check && !o->initrd && !o->firmware ? "tdlab.kexec" : "";
	const char *given = o->append ? o->append : "";
	char *append = xprintf("%s%s%s%s%s", quiet, *quiet && *kexec ? " " : "", kexec,
			       (*quiet || *kexec) && *given ? " " : "", given);
	bool ok = same(got->vmm, b->behaviour.spec) && same(got->append ? got->append : "", append) &&
		  got->console_live == o->console_live && same(operand, o->builtin ? NULL : o->kernel) &&
		  same_list(&got->disk, &o->disk) && same_list(&got->share, &o->share) &&
		  same(got->qemu_args, o->qemu_args) && same(got->expect, o->expect) && got->seed.value == 7 &&
		  got->memory.value == o->memory.value && got->cpus.value == o->cpus.value &&
		  got->memory_split.value == o->memory_split.value && same(got->platform, o->platform) &&
		  got->timeout.value == o->timeout.value && got->inject.count == o->inject.count &&
		  got->module.count == o->module.count && same(got->module.items[0], o->module.items[0]);

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		if (strcmp(choices[i].name, "--append") != 0 && strcmp(choices[i].name, "kernel") != 0)
			ok &= same(*(char *const *)((const char *)got + choices[i].offset),
				   *(char *const *)((const char *)o + choices[i].offset));
	for (unsigned int i = 0; i < got->inject.count; i++)
		ok &= same(got->inject.items[i], o->inject.items[i]);
	free(append);
	return ok;
}

/* The next line's words as the shell printed them, each ended by 0, an empty one at the end. */
static int next(FILE *shell, char **words, char *room, size_t bytes)
{
	int n = 0;

	for (char *at = room; n < WORDS && at < room + bytes - 1; at++) {
		int c = getc(shell);

		*at = (char)(c == EOF ? 0 : c);
		if (at == room || at[-1] == '\0')
			words[n++] = at;
		if (c == EOF || (*at == '\0' && words[n - 1] == at))
			break;
	}
	return n - 1;
}

/* A command that runs a boot again leads to the same words, also one that was printed when quiet was no default. */
static void test_append(void)
{
	static const struct {
		const char *given, *words;
		bool live;
		enum guest_kind kind;
	} cases[] = {
		{ NULL, "quiet", false, GUEST_LINUX },
		{ "quiet", "quiet", false, GUEST_LINUX },
		{ "a=1  quiet b", "a=1  quiet b", false, GUEST_LINUX },
		{ "quiet=0 unquiet quieter", "quiet quiet=0 unquiet quieter", false, GUEST_LINUX },
		{ NULL, "", true, GUEST_LINUX },
		{ "a=2", "a=2", true, GUEST_LINUX },
		{ "scenario=plain", "scenario=plain", false, GUEST_PAYLOAD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct boot b = { .guest.kind = cases[i].kind, .options.append = cases[i].given,
				  .options.console_live = cases[i].live };
		char *words = boot_append(&b), *again;

		tap_case(cases[i].given ? cases[i].given : cases[i].live ? "nothing, live" : "nothing");
		tap_ok(strcmp(words, cases[i].words) == 0, "what the kernel is told");
		b.options.append = words;
		again = boot_append(&b);
		tap_ok(strcmp(again, words) == 0, "and told again");
		free(again);
		free(words);
	}
	tap_case(NULL);
}

int main(void)
{
	char *path = xprintf("%s/lines", testing_folder()), *command, *text, *operand[WORDS], *words[WORDS], room[4096];
	unsigned int wrong = 0, count = 1u << SWITCHES;
	FILE *file = fopen(path, "w"), *shell;
	struct boot b;

	test_append();
	program_called = "./my lab/tdlab";
	for (unsigned int set = 0; file && set < count; set++) {
		compose(&b, set);
		text = boot_command(&b);
		fprintf(file, "w %s\n", text);
		free(text);
	}
	tap_ok(file && fclose(file) == 0, "every combination is printed");
	command = xprintf("sh -c 'w() { printf \"%%s\\0\" \"$@\" \"\"; }; . \"$1\"' - '%s'", path);
	shell = popen(command, "r");
	for (unsigned int set = 0; shell && set < count; set++) {
		int n = next(shell, words, room, sizeof(room)), operands = 0;
		struct boot_options got = { 0 };

		compose(&b, set);
		if (n > 2 && same(words[0], program_called) && same(words[1], "boot") &&
		    opt_parse(&verb_boot, n - 1, words + 1, &got, operand, &operands) == 0 && operands < 2 &&
		    equal(&b, &got, operands ? operand[0] : NULL))
			continue;
		if (wrong++ < 3) {
			text = boot_command(&b);
			printf("# %s\n", text);
			free(text);
		}
	}
	tap_ok(shell && pclose(shell) == 0, "a shell takes them");
	tap_is(wrong, 0, "each is read as what it was made of");
	free(command);
	free(path);
	return tap_done();
}
