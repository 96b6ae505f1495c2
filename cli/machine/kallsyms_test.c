/* SPDX-License-Identifier: MIT */
/* Symbol tables made by hand in a guest's memory, in each of the three forms of Linux's ([linux:kallsyms.c]). */
#include <inttypes.h>

#include "cli/machine/kallsyms.h"
#include "cli/testing.h"

#define PHYS_BASE	0x1000000ull
#define TEXT		0xffffffff81000000ull	/* at GPA PHYS_BASE + 0x1000000 */
#define TABLE		0xffffffff82000000ull
#define COUNT_AT	TABLE
#define BASE_AT		(TABLE + 8)
#define INDEX_AT	(TABLE + 0x100)
#define TOKENS_AT	(TABLE + 0x400)
#define NAMES_AT	(TABLE + 0x800)
#define OFFSETS_AT	(TABLE + 0x1804)	/* as in Linux 7: a multiple of 4 only */
#define INFO		0x5000000ull

enum form { DOWNWARDS, UPWARDS, FROM_ITSELF };

static struct machine machine;
static struct ram ram;

static uint8_t *at(uint64_t gpa)
{
	return ram.data + machine_file_offset(&machine, machine.ram[0].bank + gpa);
}

static uint8_t *kernel_at(uint64_t address)
{
	return at(address - 0xffffffff80000000ull + PHYS_BASE);
}

static void put_info(uint64_t gpa, enum form form)
{
	int length = sprintf((char *)at(gpa), "OSRELEASE=6.12\nPAGESIZE=4096\nSYMBOL(kallsyms_names)=%" PRIx64
			     "\nSYMBOL(kallsyms_num_syms)=%" PRIx64 "\nSYMBOL(kallsyms_token_table)=%" PRIx64
			     "\nSYMBOL(kallsyms_token_index)=%" PRIx64 "\nSYMBOL(kallsyms_offsets)=%" PRIx64 "\n",
			     (uint64_t)NAMES_AT, (uint64_t)COUNT_AT, (uint64_t)TOKENS_AT, (uint64_t)INDEX_AT,
			     (uint64_t)OFFSETS_AT);

	if (form != FROM_ITSELF)
		length += sprintf((char *)at(gpa) + length, "SYMBOL(kallsyms_relative_base)=%" PRIx64 "\n", (uint64_t)BASE_AT);
	sprintf((char *)at(gpa) + length, "NUMBER(phys_base)=%" PRIu64 "\n", (uint64_t)PHYS_BASE);
}

/* Tokens: a letter each, and "tdx_" for 1. A name that is longer than 127 has two bytes of length. */
static size_t put_name(size_t used, const char *name)
{
	uint8_t *to = kernel_at(NAMES_AT) + used;
	size_t length = strlen(name);

	if (length > 127) {
		*to++ = (uint8_t)(0x80 | (length & 0x7f));
		*to++ = (uint8_t)(length >> 7);
	} else {
		*to++ = (uint8_t)length;
	}
	memcpy(to, name, length);
	return (size_t)(to - kernel_at(NAMES_AT)) + length;
}

static void put_tokens(void)
{
	uint16_t *index = (void *)kernel_at(INDEX_AT);
	uint8_t *token = kernel_at(TOKENS_AT);

	memcpy(token, "tdx_", 5);
	index[1] = 0;
	for (unsigned int c = 2; c < 256; c++) {
		index[c] = (uint16_t)(5 + 2 * (c - 2));
		token[index[c]] = (uint8_t)c;
	}
}

/* One absolute symbol, of per-CPU data, as far as the form knows such; then functions. */
static void put_table(enum form form, const char *longest)
{
	static const uint32_t from_text[] = { 0x1000, 0x1040, 0x2000 };
	const char *const names[] = { "t_text", "t\1map_gpa", longest };
	int32_t *offsets = (void *)kernel_at(OFFSETS_AT);
	uint64_t base = TEXT;
	uint32_t count = 4;
	size_t used = put_name(0, "Aper_cpu");

	memcpy(kernel_at(COUNT_AT), &count, sizeof(count));
	memcpy(kernel_at(BASE_AT), &base, sizeof(base));
	offsets[0] = form == FROM_ITSELF ? (int32_t)(0x1000 - (OFFSETS_AT - TEXT)) : 0x1000;
	for (uint32_t i = 1; i < count; i++) {
		used = put_name(used, names[i - 1]);
		offsets[i] = form == DOWNWARDS ? -1 - (int32_t)from_text[i - 1] :
			     form == UPWARDS   ? (int32_t)from_text[i - 1] :
						 (int32_t)(from_text[i - 1] - (OFFSETS_AT + i * sizeof(*offsets) - TEXT));
	}
}

static void test_forms(void)
{
	static const char *const forms[] = { "negative offsets downwards", "offsets from the base",
					     "offsets from themselves" };
	char longest[160], *text;

	memset(longest, 'x', sizeof(longest));
	longest[0] = 'T';
	longest[sizeof(longest) - 1] = '\0';
	put_tokens();
	for (enum form form = DOWNWARDS; form <= FROM_ITSELF; form++) {
		off_t from = 0;

		tap_case(forms[form]);
		put_info(INFO, form);
		put_table(form, longest);
		text = kallsyms_text(&ram, &from);
		tap_ok(text && strstr(text, "ffffffff81001040 t tdx_map_gpa\n"), "a name of a token and letters");
		tap_ok(text && strstr(text, "ffffffff81001000 t _text\n"), "the one before it");
		tap_ok(text && strstr(text, "\nffffffff81002000 T xxx") && strlen(strstr(text, " T ")) == sizeof(longest) - 2 + 4,
		       "a long one");
		tap_ok(text && (strncmp(text, "0000000000001000 A per_cpu\n", 27) == 0) == (form == DOWNWARDS),
		       "what is absolute stays so");
		free(text);
		tap_ok(!kallsyms_text(&ram, &from), "there is no other table");
	}
	tap_case(NULL);
}

/* What a guest may have left there: no crash (the sanitizers' build looks), and no table. */
static void test_damage(void)
{
	static const char *const lines[] = { "SYMBOL(kallsyms_names)=", "SYMBOL(kallsyms_num_syms)=",
					     "SYMBOL(kallsyms_offsets)=", "SYMBOL(kallsyms_token_table)=",
					     "NUMBER(phys_base)=" };
	uint32_t count = 4;
	off_t from = 0;
	char *text;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		tap_case(lines[i]);
		put_info(INFO, UPWARDS);
		memcpy(strstr((char *)at(INFO), lines[i]) + strlen(lines[i]), "7fffffff", 8);
		from = 0;
		tap_ok(!kallsyms_text(&ram, &from), "a place that is none");
	}
	tap_case(NULL);
	put_info(INFO, UPWARDS);
	count = UINT32_MAX;
	memcpy(kernel_at(COUNT_AT), &count, sizeof(count));
	from = 0;
	tap_ok(!kallsyms_text(&ram, &from), "more symbols than there can be");
	count = 100000;
	memcpy(kernel_at(COUNT_AT), &count, sizeof(count));
	from = 0;
	text = kallsyms_text(&ram, &from);
	tap_ok(text && strstr(text, "tdx_map_gpa") && strlen(text) < 1000, "names end where they end");
	free(text);

	/* A kernel that was started by another: what that one left comes first. */
	memset(at(INFO), 0, TDX_PAGE_SIZE);
	strcpy((char *)at(INFO - TDX_PAGE_SIZE), "OSRELEASE=6.1\n");
	put_info(INFO, UPWARDS);
	put_table(UPWARDS, "Tlast");
	from = 0;
	text = kallsyms_text(&ram, &from);
	tap_ok(text && strstr(text, "tdx_map_gpa"), "one that says nothing of its table is passed over");
	free(text);
	from = 0;
	ram.rebooted = true;
	tap_ok(!kallsyms_text(&ram, &from), "after a reboot memory is the firmware's");
}

int main(void)
{
	if (!machine_layout(&machine, MACHINE_MIN_GUEST, 0, NULL) || ram_create(&ram, &machine))
		return 1;
	test_forms();
	test_damage();
	ram_close(&ram);
	return tap_done();
}
