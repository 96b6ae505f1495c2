/* SPDX-License-Identifier: MIT */
/* The small parts: options, console, archive, checksum, symbols, versions. */
#include <sys/auxv.h>

#include "cli/machine/cpio.h"
#include "cli/machine/modules.h"
#include "cli/machine/qemu.h"
#include "cli/machine/ram.h"
#include "cli/opt.h"
#include "cli/testing.h"
#include "cli/verdict/console.h"
#include "cli/verdict/symbols.h"
#include "wire/sha256.h"

int main(void);

struct values {
	bool flag;
	const char *text;
	struct opt_number number, size;
};

static const struct opt options[] = {
	{ "flag", OPT_FLAG, offsetof(struct values, flag), NULL, "f" },
	{ "text", OPT_TEXT, offsetof(struct values, text), "T", "t" },
	{ "number", OPT_NUMBER, offsetof(struct values, number), "N", "n" },
	{ "size", OPT_SIZE, offsetof(struct values, size), "S", "s" },
	{ 0 },
};

static const struct verb verb = { "test", NULL, "X", "h", options };
static struct values values;
static char *operands[8];
static int noperands;

static int parse(const char *line)
{
	static char words[256];
	char *argv[9] = { words };
	int argc = 0;

	snprintf(words, sizeof(words), "test %s", line);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	values = (struct values){ 0 };
	return opt_parse(&verb, argc, argv, &values, operands, &noperands);
}

static void refused(const char *line, const char *says)
{
	int status;

	listen();
	status = parse(line);
	tap_has(said(), says, line);
	tap_is(status, STATUS_INPUT, "... is refused");
}

static void test_options(void)
{
	uint64_t n;

	tap_ok(parse("a --flag --text=x=y --number 0x10 b --size 3G") == 0 && values.flag &&
		       strcmp(values.text, "x=y") == 0 && values.number.value == 16 && values.number.given &&
		       values.size.value == 3ull << 30,
	       "options of every kind");
	tap_ok(noperands == 2 && strcmp(operands[0], "a") == 0 && strcmp(operands[1], "b") == 0,
	       "operands between them");
	tap_ok(parse("-- --flag") == 0 && !values.flag && noperands == 1, "everything behind -- is an operand");
	tap_ok(parse("-") == 0 && noperands == 1, "- is an operand");
	refused("--flg", "test: unknown option --flg: did you mean --flag?");
	refused("--zzzzzz", "test: unknown option --zzzzzz: see tdlab test --help");
	refused("--text", "test: --text needs an argument: T");
	refused("--flag=1", "test: --flag takes no argument");
	refused("--number 12x", "test: --number 12x: not a number");
	refused("--number -1", "test: --number -1: not a number");
	refused("--number 99999999999999999999", "not a number");
	refused("--size 1Q", "test: --size 1Q: not a size");
	refused("--size K", "not a size");
	refused("--size 99999999999G", "not a size");
	refused("-x", "test: unknown option -x");
	tap_ok(opt_size("512", &n) && n == 512, "a size in bytes");
	tap_ok(!opt_number("", &n) && !opt_number("0x", &n) && !opt_number("+1", &n), "what is no number");
}

static void feed(struct console *c, const char *text)
{
	/* Byte by byte: lines come as they like. */
	for (; *text; text++)
		console_feed(c, text, 1, 2.5);
}

static void test_console(void)
{
	struct console c;

	console_begin(&c, "00ff");
	feed(&c, "[    0.000000] Linux version 6.12.1-x (b@d) #1\r\n[0] Command line: a tdlab.nonce=00ff\r\n");
	feed(&c, "Linux version 9 would be another\n");
	tap_ok(strcmp(c.version, "6.12.1-x") == 0, "version");
	tap_ok(!c.init, "the command line is no evidence");
	feed(&c, "[1] tdlab: init 00fe\r\n");
	tap_ok(!c.init, "another nonce is none either");
	feed(&c,
	     "[1] tdlab: init 00ff\r\n[2] tdlab: device vda 4194304 00aa11\n[3] tdlab: removed vda\n[3] tdlab: done\n");
	tap_ok(c.init && c.init_seconds == 2.5 && c.removed && c.done, "init, removed, done");
	tap_ok(c.device && c.device_bytes == 4194304 && strcmp(c.device_sha256, "00aa11") == 0, "device");
	feed(&c, "tdlab: failed read vda\ntdlab: failed again\ntdlab: device none\n");
	tap_ok(strcmp(c.failed, "read vda") == 0 && c.no_device, "failures");
	feed(&c, "[3] tdlab: net eth0\n[3] tdlab: stress unaccepted 9 kB, then 8 kB; 7 files of 16 MiB, 6 wrong\r\n");
	tap_ok(c.net && c.stress.done && c.stress.before == 9 && c.stress.after == 8 && c.stress.files == 7 &&
	       c.stress.wrong == 6, "network and memory");
	feed(&c, "[4] Oops: VE fault: 0000\n[5] Kernel panic - not syncing\n");
	tap_ok(c.panicked && c.nnotes == 2 && strcmp(c.notes[0], "[4] Oops: VE fault: 0000") == 0, "notes");
	feed(&c, "\033[2J\033[001;001H\033[=3hBdsDxe: No bootable option or device was found.\033[0m\r\n");
	tap_ok(c.no_boot, "firmware that gives up");
	feed(&c, "\033[37m\033[40mbad shim sign\033[1mature\n");
	tap_ok(c.nnotes == 3 && strcmp(c.notes[2], "bad shim signature") == 0, "what paints is left out");
	c.nnotes = 2;
	for (int i = 0; i < 2000; i++)
		feed(&c, "Oops ");
	feed(&c, "\n");
	tap_is(c.nnotes, 3, "a line without end");
	tap_is(strlen(c.notes[2]), CONSOLE_NOTE_BYTES - 1, "is cut");
}

static void test_archive(void)
{
	struct cpio cpio = { 0 };
	FILE *archive = tmpfile(), *file;
	char text[4096], *command;
	size_t bytes;

	cpio_folder(&cpio, "modules");
	cpio_file(&cpio, "modules/00-a.ko", 0644, "12345", 5);
	cpio_file(&cpio, "modules/01-empty.ko", 0644, NULL, 0);
	cpio_end(&cpio);
	tap_is(cpio.bytes % 4, 0, "an archive is whole words");
	tap_ok(fwrite(cpio.data, cpio.bytes, 1, archive) == 1 && fflush(archive) == 0, "it is written");
	free(cpio.data);

	/* An independent reader. */
	command = xprintf("exec 2>&1 </dev/fd/%d; cpio --quiet -itv; exec </dev/fd/%d; cpio --quiet -i --to-stdout "
			  "modules/00-a.ko", fileno(archive), fileno(archive));
	file = popen(command, "r");
	free(command);
	bytes = fread(text, 1, sizeof(text) - 1, file);
	text[bytes] = '\0';
	pclose(file);
	fclose(archive);
	tap_has(text, "drwxr-xr-x", "cpio lists the folder");
	tap_has(text, "modules/00-a.ko", "and the files");
	tap_has(text, "modules/01-empty.ko", "also an empty one");
	tap_has(text, "12345", "and unpacks them");
}

static void test_checksum(void)
{
	char hex[65], data[200];

	/* FIPS 180-4 examples of NIST. */
	sha256_hex("", 0, hex);
	tap_has(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "SHA-256 of nothing");
	sha256_hex("abc", 3, hex);
	tap_has(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "of abc");
	sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
	tap_has(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
		"of 56 bytes: a block for the length");
	memset(data, 'a', sizeof(data));
	sha256_hex(data, 64, hex);
	tap_has(hex, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb", "of one block");
}

static void test_symbols(void)
{
	static const char
		map[] = "ffffffff81000000 T _text\nffffffff81001000 T __tdcall\nffffffff81001050 T __tdcall_saved_ret\n"
			"ffffffff81002000 t tdx_map_gpa\nffffffff82000000 D some_data\nnonsense\n";
	struct td_event call = { .type = TD_EV_MAPGPA, .rip = 0xffffffffa3801062 };
	struct records records = { .all = &call, .count = 1 };
	struct symbols s = { 0 };
	uint64_t main_at = 0;
	char text[80];

	symbols_parse_map(&s, xprintf("%s", map));
	tap_is(s.count, 4, "text symbols");
	tap_ok(!symbols_name(&s, 0xffffffff81002004, text, sizeof(text)), "no names before the slide is known");
	call.rip = 0xffffffffa3802010;
	symbols_place(&s, &records);
	tap_ok(!s.placed, "an address in no stub gives none");
	call.rip = 0xffffffffa3801062;
	symbols_place(&s, &records);
	tap_ok(s.placed, "the slide is found");
	tap_is(s.slide, 0x22800000, "and right");
	tap_ok(symbols_name(&s, 0xffffffffa3802004, text, sizeof(text)) && strcmp(text, "tdx_map_gpa+0x4") == 0,
	       "a name");
	tap_ok(!symbols_name(&s, 0x1000, text, sizeof(text)) && strcmp(text, "0x1000") == 0, "an address below all");
	tap_ok(!symbols_name(&s, 0xffffffffffff0000, text, sizeof(text)), "an address far behind all");
	symbols_free(&s);

	call.rip = 0xffffffffc0801062;
	symbols_parse_map(&s, xprintf("%s", map));
	symbols_place(&s, &records);
	tap_ok(!s.placed, "a module's call says nothing about the kernel");
	symbols_free(&s);

	/* This very program's, from its ELF symbol table, in which an address may be an offset from where it lies. */
	memset(&s, 0x5a, sizeof(s));
	symbols_load_payload(&s, "/proc/self/exe");
	for (size_t i = 0; i < s.count; i++)
		if (strcmp(s.all[i].name, "main") == 0)
			main_at = s.all[i].address;
	tap_ok(main_at == (uintptr_t)main || main_at == (uintptr_t)main - (getauxval(AT_PHDR) - 64), "where main is");
	tap_ok(symbols_name(&s, main_at + 2, text, sizeof(text)) && strcmp(text, "main+0x2") == 0,
	       "of an ELF file");
	symbols_free(&s);
	symbols_load_payload(&s, "/proc/self/cmdline");
	tap_is(s.count, 0, "none of another file");
	symbols_free(&s);
}

/* As if this program were a module: of one section, whose address is told. What follows it has no name. */
static void test_module_symbols(void)
{
	const uint64_t at = 0xffffffffc0000000, slide = 1ull << 30;
	struct symbols s = { .placed = true, .slide = slide };
	char text[80], own[] = "own";

	symbols_add_module(&s, "/proc/self/exe", own, at);
	own[0] = '?';
	tap_ok(s.count > 1 && strcmp(s.all[0].module, "own") == 0, "functions of .text");
	tap_ok(s.all[0].address + slide - at < 1 << 20, "... where it was loaded, in a kernel that lies elsewhere as well");
	tap_ok(symbols_name(&s, s.all[0].address + slide + 2, text, sizeof(text)) && strstr(text, "+0x2 [own]"),
	       "with the module's name");
	tap_ok(!s.all[s.count - 1].name && !symbols_name(&s, s.all[s.count - 1].address + slide + 16, text,
								     sizeof(text)), "nothing behind its end");
	symbols_free(&s);
	s.placed = true;
	symbols_add_module(&s, "/proc/self/cmdline", "own", 0xffffffffc0000000);
	tap_is(s.count, 0, "no module in another file");
	symbols_free(&s);
	tap_ok(modules_same_name("a/b/tdconv-demo.ko", "tdconv_demo") && modules_same_name("tdconv_demo.ko.xz", "tdconv_demo"),
	       "the kernel's name of a file");
	tap_ok(!modules_same_name("a/tdconv_demo2.ko", "tdconv_demo") && !modules_same_name("tdconv_demo", "tdconv_demo"),
	       "not that of another, nor of what is no module");
}

static void test_versions(void)
{
	char text[32];

	tap_is(qemu_version("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\n", text, sizeof(text)), 70222,
	       "7.2");
	tap_has(text, "7.2.22", "as text");
	tap_is(qemu_version("QEMU emulator version 10.0.2\n", text, sizeof(text)), 100002, "10.0.2");
	tap_is(qemu_version("QEMU emulator version 9.1\n", text, sizeof(text)), 90100, "two numbers");
	tap_is(qemu_version("GNU bash, version x", text, sizeof(text)), 0, "none");
	tap_is(qemu_version("", text, sizeof(text)), 0, "nothing");
}

static void put(const char *folder, const char *name, const char *text)
{
	char *path = xprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
	free(path);
}

static void test_memory(void)
{
	const char *folder = testing_folder();

	tap_is(memory_left_in(folder, "memory.max", "memory.current"), UINT64_MAX, "no control group");
	put(folder, "memory.max", "max\n");
	put(folder, "memory.current", "900\n");
	tap_is(memory_left_in(folder, "memory.max", "memory.current"), UINT64_MAX, "no limit");
	put(folder, "memory.max", "1000\n");
	tap_is(memory_left_in(folder, "memory.max", "memory.current"), 100, "a limit");
	put(folder, "memory.stat", "anon 100\ninactive_file 500\nactive_file 50\n");
	tap_is(memory_left_in(folder, "memory.max", "memory.current"), 650, "pages of files can be dropped");
	put(folder, "memory.current", "2000\n");
	tap_is(memory_left_in(folder, "memory.max", "memory.current"), 0, "more used than there is");
}

int main(void)
{
	test_memory();
	test_options();
	test_console();
	test_archive();
	test_checksum();
	test_symbols();
	test_module_symbols();
	test_versions();
	return tap_done();
}
