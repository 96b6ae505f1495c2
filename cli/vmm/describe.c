/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/vmm/describe.h"
#include "sim/answers.h"
#include "td/td.h"

struct row {
	uint64_t number;
	const char *name;
};

static const struct row leaves[] = {
#define TDCALL_LEAF(id, number, source) { number, #id },
#include "abi/abi.def"
};

static const struct row subfns[] = {
#define GHCI_SUBFN(id, number, source) { number, #id },
#include "abi/abi.def"
};

static const struct row statuses[] = {
#define TDX_CODE(id, code, source) { code, #id },
#include "abi/abi.def"
};

static const struct row codes[] = {
#define GHCI_CODE(id, value, source) { value, #id },
#include "abi/abi.def"
};

/* A name of tdlab's own, or of the ABI, where the kind has one. */
static const struct {
	const char *(*name)(unsigned int number);
	const struct row *rows;
	size_t nrows;
} kinds[RECORD_KIND_COUNT] = {
	[RECORD_LEAF] = { .rows = leaves, .nrows = ARRAY_SIZE(leaves) },
	[RECORD_SUBFN] = { .rows = subfns, .nrows = ARRAY_SIZE(subfns) },
	[RECORD_STATUS] = { .rows = statuses, .nrows = ARRAY_SIZE(statuses) },
	[RECORD_GHCI_STATUS] = { .rows = codes, .nrows = ARRAY_SIZE(codes) },
	[RECORD_CLASS] = { .name = class_name },
	[RECORD_VIOLATION] = { .name = td_violation_name },
	[RECORD_CLOSE] = { .name = close_name },
	[RECORD_ACT] = { .name = act_name },
	[RECORD_MARK] = { .name = mark_name },
	[RECORD_STOP] = { .name = stop_name },
	[RECORD_REAL] = { .name = real_name },
	[RECORD_KNOWN] = { .name = known_name },
	[RECORD_EXIT] = { .name = exit_name },
	[RECORD_IMAGE] = { .name = image_name },
	[RECORD_SEQUENCE_END] = { .name = sequence_end_name },
	[RECORD_ANSWERS] = { .name = answer_name },
};

struct line {
	char *text;
	size_t bytes, used;
};

static void append(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(struct line *line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line->used += (size_t)vsnprintf(line->text + line->used, line->bytes - line->used, format, args);
	va_end(args);
	if (line->used >= line->bytes)
		line->used = line->bytes - 1;
}

static uint64_t element(const struct td_event *e, const struct record_field *f, size_t i)
{
	uint64_t value = 0;

	memcpy(&value, (const char *)e + f->offset + i * f->bytes, f->bytes);	/* little endian */
	return value;
}

/* Of an array, as much as says something. */
static size_t elements(const struct td_event *e, const struct record_field *f)
{
	size_t n = f->count;

	if (f->kind == RECORD_CHOICES || f->kind == RECORD_ANSWERS)
		return e->answers.count < n ? e->answers.count : n;
	while (n > 1 && element(e, f, n - 1) == 0)
		n--;
	return n;
}

static void put_named(struct line *line, const struct record_field *f, uint64_t value)
{
	uint64_t number = f->kind == RECORD_STATUS ? tdx_code(value) : value;

	if (kinds[f->kind].name) {
		append(line, "%s", kinds[f->kind].name((unsigned int)value));
		return;
	}
	for (size_t i = 0; i < kinds[f->kind].nrows; i++)
		if (kinds[f->kind].rows[i].number == number) {
			append(line, "%s", kinds[f->kind].rows[i].name);
			return;
		}
	append(line, "0x%" PRIx64, number);
}

/* "RBP, R13": of a mask. */
static void put_registers(struct line *line, uint64_t mask)
{
	static const char *const names[] = { "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11",
					     "R12", "R13", "R14", "R15" };
	const char *before = "";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (mask >> i & 1) {
			append(line, "%s%s", before, names[i]);
			before = ", ";
		}
	if (mask >> 32)
		append(line, "%s0x%" PRIx64, before, mask >> 32 << 32);
}

static void put_element(struct line *line, const struct record_field *f, uint64_t value)
{
	if (f->kind == RECORD_NUMBER || f->kind == RECORD_CHOICES)
		append(line, "%" PRIu64, value);
	else if (f->kind == RECORD_BYTES && value % TDX_PAGE_SIZE == 0)
		append(line, "%" PRIu64 " pages", (uint64_t)(value / TDX_PAGE_SIZE));
	else if (f->kind == RECORD_BYTES)
		append(line, "0x%" PRIx64 " bytes", value);
	else if (f->kind == RECORD_REGISTERS)
		put_registers(line, value);
	else if (f->kind == RECORD_HASH)
		append(line, "%016" PRIx64, value);
	else if (f->kind == RECORD_LEVEL)
		append(line, "0x%" PRIx64 ", %s", (uint64_t)(value & ~(TDX_PAGE_SIZE - 1)),
		    value % TDX_PAGE_SIZE == TDX_LEVEL_2M ? "2 MiB" : "4 KiB");
	else
		put_named(line, f, value);
}

/* Words of the guest's: its first line. */
static void put_text(struct line *line, const struct td_event *e, const struct record_field *f)
{
	char words[sizeof(e->all) + 1] = "";

	memcpy(words, (const char *)e + f->offset, f->count);
	words[strcspn(words, "\r\n")] = '\0';
	append(line, "%s", printable(words));
}

static void put_field(struct line *line, const struct td_event *e, const struct record_field *f)
{
	size_t n = elements(e, f);

	if (f->kind == RECORD_TEXT)
		put_text(line, e, f);
	for (size_t i = 0; f->kind != RECORD_TEXT && i < n; i++) {
		append(line, "%s", i ? "," : "");
		put_element(line, f, element(e, f, i));
	}
}

static const struct record_field *field_named(const struct record_type *type, const char *name, size_t length)
{
	for (const struct record_field *f = type->fields; f->name; f++)
		if (strlen(f->name) == length && strncmp(f->name, name, length) == 0)
			return f;
	return NULL;
}

/* A text of td/records.def, up to its end or to the bracket that closes this part of it. */
static const char *put_part(struct line *line, const struct td_event *e, const char *text)
{
	const struct record_type *type = &record_types[e->type];
	struct line nothing = { (char[256]){ 0 }, 256, 0 };

	while (*text && *text != ']') {
		bool without = text[0] == '[' && text[1] == '!';
		const char *name = text + 1 + without;
		size_t length = strcspn(name, "} ");
		const struct record_field *f = strchr("{[", *text) ? field_named(type, name, length) : NULL;

		if (!f) {
			append(line, "%c", *text++);
		} else if (*text == '{') {
			put_field(line, e, f);
			text = name + length + 1;
		} else {
			bool has = elements(e, f) > 1 || element(e, f, 0) != 0;

			text = put_part(has != without ? line : &nothing, e, name + length + 1);
			text += *text == ']';
		}
	}
	return text;
}

void describe_text(const struct td_event *e, char *text, size_t bytes)
{
	const struct record_type *type = &record_types[e->type];
	struct line line = { text, bytes, 0 };

	if (*type->text) {
		put_part(&line, e, type->text);
		return;
	}
	append(&line, "%s", type->name);
	for (const struct record_field *f = type->fields; f->name; f++) {
		append(&line, " %s ", f->name);
		put_field(&line, e, f);
	}
}

static void element_json(json_t *json, const char *key, const struct record_field *f, uint64_t value)
{
	if (kinds[f->kind].name)
		json_add_text(json, key, kinds[f->kind].name((unsigned int)value));
	else if (f->kind == RECORD_NUMBER || f->kind == RECORD_BYTES || f->kind == RECORD_CHOICES)
		json_add_number(json, key, value);
	else
		json_add_hex(json, key, value);
}

static void field_json(json_t *json, const struct td_event *e, const struct record_field *f)
{
	size_t n = elements(e, f);
	char words[sizeof(e->all) + 1] = "";

	if (f->kind == RECORD_TEXT) {
		memcpy(words, (const char *)e + f->offset, f->count);
		json_add_text(json, f->name, words);
		return;
	}
	if (f->count == 1) {
		element_json(json, f->name, f, element(e, f, 0));
		return;
	}
	json_t *list = json_add_array(json, f->name);
	for (size_t i = 0; i < n; i++)
		element_json(list, NULL, f, element(e, f, i));
}

json_t *describe_json(const struct records *records, const struct td_event *e)
{
	json_t *row = json_object(), *fields;
	char text[256];

	describe_text(e, text, sizeof(text));
	json_add_number(row, "sequence", e->sequence);
	json_add_number(row, "time", e->time);
	json_add_seconds(row, "seconds", records_seconds(records, e));
	json_add_number(row, "vcpu", e->vcpu);
	json_add_hex(row, "rip", e->rip);
	json_add_text(row, "type", event_name(e->type));
	fields = json_add_object(row, "fields");
	for (const struct record_field *f = record_types[e->type].fields; f->name; f++)
		field_json(fields, e, f);
	json_add_text(row, "text", text);
	return row;
}
