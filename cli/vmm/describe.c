/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/vmm/describe.h"
#include "image/pe.h"
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

static const char *named(const struct row *rows, size_t count, uint64_t number, char *text, size_t bytes)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].number == number)
			return rows[i].name;
	snprintf(text, bytes, "0x%" PRIx64, number);
	return text;
}

#define NAME(rows, number) named(rows, ARRAY_SIZE(rows), number, (char[24]){ 0 }, 24)

void describe_code(uint64_t r10, char *text, size_t bytes)
{
	snprintf(text, bytes, "%s", NAME(codes, r10));
}

static void mapgpa(const struct td_event *e, char *text, size_t bytes)
{
	char at[40] = "";

	if (e->a[2] != TDVMCALL_SUCCESS)
		snprintf(at, sizeof(at), " at 0x%" PRIx64, e->a[3]);
	snprintf(text, bytes, "MapGPA 0x%" PRIx64 ", %" PRIu64 " pages: %s%s, %u converted", e->a[0],
		 (uint64_t)(e->a[1] / TDX_PAGE_SIZE), NAME(codes, e->a[2]), at, (uint32_t)e->a[4]);
}

static void numbers(const struct td_event *e, char *text, size_t bytes)
{
	snprintf(text, bytes, "%s 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64,
		 event_name(e->type), e->a[0], e->a[1], e->a[2], e->a[3], e->a[4]);
}

/* Words of the guest's. */
static void said(const char *how, const struct td_event *e, char *text, size_t bytes)
{
	char words[sizeof(e->a) + 1] = "";

	memcpy(words, e->a, sizeof(e->a));
	words[strcspn(words, "\r\n")] = '\0';
	snprintf(text, bytes, "%s \"%s\"", how, printable(words));
}

/* What the guest asked of the module and of the VMM. */
static void request(const struct td_event *e, char *text, size_t bytes)
{
	switch (e->type) {
	case TD_EV_TDCALL:
		snprintf(text, bytes, "TDCALL %s RCX 0x%" PRIx64 " RDX 0x%" PRIx64 ": %s", NAME(leaves, e->a[0]),
			 e->a[1], e->a[2], NAME(statuses, tdx_code(e->a[3])));
		break;
	case TD_EV_MAPGPA:
		mapgpa(e, text, bytes);
		break;
	case TD_EV_ACCEPT:
		snprintf(text, bytes, "ACCEPT 0x%" PRIx64 ", %s: %s", (uint64_t)(e->a[0] & ~(TDX_PAGE_SIZE - 1)),
			 e->a[0] % TDX_PAGE_SIZE == TDX_LEVEL_2M ? "2 MiB" : "4 KiB",
			 NAME(statuses, tdx_code(e->a[1])));
		break;
	case TD_EV_HYPERCALL:
		snprintf(text, bytes, "TDVMCALL %s is not served", NAME(subfns, e->a[0]));
		break;
	default:
		numbers(e, text, bytes);
	}
}

/* What the VMM did that nobody asked for. */
static void deed(const struct td_event *e, char *text, size_t bytes)
{
	static const char *const does[] = {
		[TD_DEED_REMOVED] = "takes away",
		[TD_DEED_EMPTIED] = "replaces by empty pages",
		[TD_DEED_MISCONVERTED] = "converts, instead of what it was asked for,",
	};

	snprintf(text, bytes, "the VMM %s %" PRIu64 " pages at 0x%" PRIx64,
		 e->a[0] < ARRAY_SIZE(does) ? does[e->a[0]] : "does something to", e->a[2], e->a[1]);
}

/* What td made of it. */
static void finding(const struct td_event *e, char *text, size_t bytes)
{
	switch (e->type) {
	case TD_EV_OPEN:
		snprintf(text, bytes, "conversion %" PRIu64 " begins: 0x%" PRIx64 ", %" PRIu64 " pages", e->a[0],
			 e->a[1], e->a[2]);
		break;
	case TD_EV_CLOSE:
		snprintf(text, bytes,
			 "conversion %" PRIu64 " %s: %u of %" PRIu64 " pages; calls %" PRIu64
			 ", RETRY %u, stalls %" PRIu64,
			 e->a[0] >> 32, close_name((unsigned int)(uint32_t)e->a[0]), (uint32_t)e->a[2], e->a[2] >> 32,
			 e->a[3] >> 32, (uint32_t)e->a[3], e->a[4] >> 32);
		break;
	case TD_EV_VERDICT:
		snprintf(text, bytes, "%s %s at 0x%" PRIx64 ", %" PRIu64 " pages",
			 class_name((unsigned int)(e->a[0] >> 32)), td_violation_name((unsigned int)(uint32_t)e->a[0]),
			 e->a[1], e->a[2]);
		break;
	case TD_EV_DEED:
		deed(e, text, bytes);
		break;
	default:
		request(e, text, bytes);
	}
}

static const char *image_kind(uint64_t kind)
{
	static const char *const kinds[] = {
		[PE_UNKNOWN] = "no image", [PE_ROM] = "ROM", [PE_DRIVER] = "driver", [PE_LOADER] = "loader", [PE_LINUX] = "Linux",
	};

	return kind < ARRAY_SIZE(kinds) ? kinds[kind] : "?";
}

void describe_text(const struct td_event *e, char *text, size_t bytes)
{
	switch (e->type) {
	case TD_EV_START:
		snprintf(text, bytes,
			 "start: GPAW %" PRIu64 ", vCPUs %" PRIu64 ", RAM %" PRIu64 " pages, seed %" PRIu64, e->a[0],
			 e->a[1], e->a[2], e->a[3]);
		break;
	case TD_EV_FATAL:
		said("ReportFatalError", e, text, bytes);
		break;
	case TD_EV_TEXT:
		said("user space says", e, text, bytes);
		break;
	case TD_EV_STOP:
		snprintf(text, bytes, "stop: %s, 0x%" PRIx64, stop_name((unsigned int)e->a[0]), e->a[1]);
		break;
	case TD_EV_EXIT:
		snprintf(text, bytes, "exit %s 0x%" PRIx64 " 0x%" PRIx64, exit_name((unsigned int)e->a[0]), e->a[1],
			 e->a[2]);
		break;
	case TD_EV_COUNT:
		snprintf(text, bytes, "%" PRIu64 " exits of %s", e->a[1], exit_name((unsigned int)e->a[0]));
		break;
	case TD_EV_IMAGE:
		snprintf(text, bytes, "code at 0x%" PRIx64 ", 0x%" PRIx64 " bytes: %.8s, hash %016" PRIx64, e->a[0], e->a[1],
			 e->a[4] ? (const char *)&e->a[4] : image_kind(e->a[2]), e->a[3]);
		break;
	case TD_EV_MARK:
		snprintf(text, bytes, "%s, %" PRIu64, mark_name((unsigned int)e->a[0]), e->a[1]);
		break;
	default:
		finding(e, text, bytes);
	}
}

void describe_json(struct json *json, const struct records *records, const struct td_event *e)
{
	char text[256];

	describe_text(e, text, sizeof(text));
	json_object(json, NULL);
	json_number(json, "sequence", e->sequence);
	json_number(json, "time", e->time);
	json_seconds(json, "seconds", records_seconds(records, e));
	json_number(json, "vcpu", e->vcpu);
	json_hex(json, "rip", e->rip);
	json_text(json, "type", event_name(e->type));
	json_array(json, "a");
	for (unsigned int i = 0; i < ARRAY_SIZE(e->a); i++)
		json_hex(json, NULL, e->a[i]);
	json_array_end(json);
	json_text(json, "text", text);
	json_object_end(json);
}
