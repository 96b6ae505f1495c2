/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/machine/engine.h"
#include "td/td.h"
#include "wire/pattern.h"

struct finish {
	const struct ram *ram;
	struct records *records;
	bool exact;			/* the file has no more than what was touched */
	off_t data_start, data_end;	/* the stretch of the file, known to hold data, that was asked for last */
};

/*
 * Where the host fills holes with huge pages, a page that nobody touched may be there: zeroes say nothing then
 * ([linux:transhuge.rst], shmem_enabled; QEMU asks for them with MADV_HUGEPAGE).
 */
bool engine_holes_are_pages(void)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "re");
	char line[128] = "[never]";

	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	return strstr(line, "[never]") || strstr(line, "[deny]");
}

static void emit(struct td *td, struct td_event *event)
{
	struct records *records = ((struct finish *)td->own)->records;
	const struct td_event *last = records->count ? &records->all[records->count - 1] : NULL;

	event->time = last ? last->time : 0;
	event->sequence = last ? last->sequence + 1 : 0;
	records_add(records, event, 1);
}

/*
 * Most of the shared bank was never touched and is a hole in the file. A device that reads or writes there through
 * QEMU's mapping fills the hole, and so would we: the file is asked first. Pages come in rising order. Copies of a
 * template have its holes (ram_copy()).
 */
static bool never_touched(struct finish *f, off_t offset)
{
	if (offset >= f->data_end) {
		f->data_start = lseek(f->ram->fd, offset, SEEK_DATA);
		f->data_end = f->data_start < 0 ? f->data_start : lseek(f->ram->fd, f->data_start, SEEK_HOLE);
		if (f->data_start < 0 || f->data_end < 0) {
			f->data_start = (off_t)f->ram->bytes;	/* nothing but holes up to the end */
			f->data_end = f->data_start;
		}
	}
	return offset < f->data_start;
}

static bool untouched(struct finish *f, uint64_t gpa)
{
	uint64_t offset = machine_file_offset(f->ram->machine, gpa);
	const uint64_t *page;

	if (f->ram->rebooted || offset > f->ram->bytes - TDX_PAGE_SIZE || never_touched(f, (off_t)offset))
		return true;
	page = (const uint64_t *)(const void *)(f->ram->data + offset);
	return pattern_poisoned(page, gpa) || (!f->exact && pattern_all(page, 0));
}

static uint64_t poisoned(struct td *td, uint64_t gpa, uint64_t pages)
{
	uint64_t n = 0;

	while (n < pages && untouched(td->own, gpa + n * TDX_PAGE_SIZE))
		n++;
	return n;
}

uint64_t engine_untouched(const struct ram *ram, uint64_t gpa, uint64_t pages)
{
	struct finish finish = { .ram = ram, .exact = engine_holes_are_pages() };
	struct td td = { .own = &finish };

	return poisoned(&td, gpa, pages);
}

/* td_finish() judges; it maps, fills and asks for nothing else. */
void engine_finish(struct td_storage *mem, const struct ram *ram, uint64_t hung_ms, struct records *records)
{
	static const struct td_engine engine = { .poisoned = poisoned, .emit = emit };
	struct finish finish = { .ram = ram, .records = records, .exact = engine_holes_are_pages() };
	struct td td = { .engine = &engine, .own = &finish, .mem = mem };
	struct td_event mark = { .type = TD_EV_MARK, .mark = { TD_MARK_IDLE, hung_ms } };

	if (hung_ms) {
		td_stop(&td, TD_STOP_ENGINE);
		emit(&td, &mark);
	}
	td_finish(&td);
}
