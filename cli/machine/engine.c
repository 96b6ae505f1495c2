/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/machine/engine.h"
#include "monitor/pattern.h"
#include "td/td.h"

/* td has no pointer to its engine, on purpose; there is one run in a process. */
static const struct ram *ram;
static struct records *records;
static off_t data_start, data_end;	/* the stretch of the file, known to hold data, that was asked for last */

void engine_finish(struct td *td, const struct ram *of, uint64_t hung_ms, struct records *to)
{
	struct td_event mark = { .type = TD_EV_MARK, .a = { TD_MARK_IDLE, hung_ms } };

	ram = of;
	records = to;
	data_start = data_end = 0;
	if (hung_ms) {
		td_stop(td, TD_STOP_ENGINE);
		td_engine_emit(td, &mark);
	}
	td_finish(td);
	ram = NULL;
	records = NULL;
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
 * Most of the shared bank was never touched and is a hole in the file. To look there would fill it, so the file is
 * asked first. Pages come in rising order.
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

static bool poisoned(uint64_t gpa)
{
	uint64_t offset = machine_file_offset(ram->machine, gpa);

	if (offset > ram->bytes - TDX_PAGE_SIZE || never_touched((off_t)offset))
		return true;
	return pattern_poisoned((const uint64_t *)(const void *)(ram->data + offset), gpa);
}

uint64_t td_engine_poisoned(struct td *td, uint64_t gpa, uint64_t pages)
{
	uint64_t n = 0;

	(void)td;
	while (n < pages && poisoned(gpa + n * TDX_PAGE_SIZE))
		n++;
	return n;
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
