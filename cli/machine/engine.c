/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/machine/engine.h"
#include "td/td.h"
#include "wire/pattern.h"

/* td has no pointer to its engine, on purpose; there is one run in a process. */
static const struct ram *ram;
static struct records *records;
static bool exact;			/* the file has no more than what was touched */
static off_t data_start, data_end;	/* the stretch of the file, known to hold data, that was asked for last */

/*
 * Where the host fills holes with huge pages, a page that nobody touched may be there: zeroes say nothing then (linux
 * Documentation/admin-guide/mm/transhuge.rst, shmem_enabled; QEMU asks for them with MADV_HUGEPAGE).
 */
static bool holes_are_pages(void)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "re");
	char line[128] = "[never]";

	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	return strstr(line, "[never]") || strstr(line, "[deny]");
}

void td_engine_emit(struct td *td, struct td_event *event)
{
	const struct td_event *last = records->count ? &records->all[records->count - 1] : NULL;

	(void)td;
	event->time = last ? last->time : 0;
	event->sequence = last ? last->sequence + 1 : 0;
	records_add(records, event, 1);
}

/*
 * Most of the shared bank was never touched and is a hole in the file. A device that reads or writes there through
 * QEMU's mapping fills the hole, and so would we: the file is asked first. Pages come in rising order. Copies of a
 * template have its holes (ram_copy()).
 */
static bool never_touched(off_t offset)
{
	if (offset >= data_end) {
		data_start = lseek(ram->fd, offset, SEEK_DATA);
		data_end = data_start < 0 ? data_start : lseek(ram->fd, data_start, SEEK_HOLE);
		if (data_start < 0 || data_end < 0) {
			data_start = (off_t)ram->bytes;	/* nothing but holes up to the end */
			data_end = data_start;
		}
	}
	return offset < data_start;
}

static bool untouched(uint64_t gpa)
{
	uint64_t offset = machine_file_offset(ram->machine, gpa);
	const uint64_t *page;

	if (offset > ram->bytes - TDX_PAGE_SIZE || never_touched((off_t)offset))
		return true;
	page = (const uint64_t *)(const void *)(ram->data + offset);
	return pattern_poisoned(page, gpa) || (!exact && pattern_all(page, 0));
}

uint64_t td_engine_poisoned(struct td *td, uint64_t gpa, uint64_t pages)
{
	uint64_t n = 0;

	(void)td;
	while (n < pages && untouched(gpa + n * TDX_PAGE_SIZE))
		n++;
	return n;
}

static void look_at(const struct ram *of)
{
	ram = of;
	exact = holes_are_pages();
	data_start = data_end = 0;
}

uint64_t engine_untouched(const struct ram *of, uint64_t gpa, uint64_t pages)
{
	look_at(of);
	return td_engine_poisoned(NULL, gpa, pages);
}

void engine_finish(struct td *td, const struct ram *of, uint64_t hung_ms, struct records *to)
{
	struct td_event mark = { .type = TD_EV_MARK, .mark = { TD_MARK_IDLE, hung_ms } };

	look_at(of);
	records = to;
	if (hung_ms) {
		td_stop(td, TD_STOP_ENGINE);
		td_engine_emit(td, &mark);
	}
	td_finish(td);
	ram = NULL;
	records = NULL;
}

/* td_finish() judges; it maps, fills and asks for nothing, so none of the others can be called. */
#define NEVER __attribute__((noreturn))

NEVER static void never(void)
{
	complain(STATUS_ENVIRONMENT, "td asked for more than an end");
	abort();
}

void td_engine_map(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	(void)td, (void)gpa, (void)pages, (void)alias;
	never();
}

void td_engine_unmap(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	(void)td, (void)gpa, (void)pages, (void)alias;
	never();
}

void td_engine_fill(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias, enum td_fill what)
{
	(void)td, (void)gpa, (void)pages, (void)alias, (void)what;
	never();
}

void td_engine_private(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write)
{
	(void)td, (void)gpa, (void)data, (void)bytes, (void)write;
	never();
}

bool td_engine_port(struct td *td, uint16_t port, unsigned int size, bool write, uint32_t *value)
{
	(void)td, (void)port, (void)size, (void)write, (void)value;
	never();
}

bool td_engine_mmio(struct td *td, uint64_t gpa, unsigned int size, bool write, uint64_t *value)
{
	(void)td, (void)gpa, (void)size, (void)write, (void)value;
	never();
}

bool td_engine_msr(struct td *td, unsigned int vcpu, uint32_t msr, bool write, uint64_t *value)
{
	(void)td, (void)vcpu, (void)msr, (void)write, (void)value;
	never();
}

void td_engine_cpuid(struct td *td, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	(void)td, (void)leaf, (void)subleaf, (void)out;
	never();
}
