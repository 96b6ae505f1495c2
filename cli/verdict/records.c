/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/verdict/records.h"

void records_add(struct records *r, const struct td_event *events, size_t count)
{
	if (r->count + count > r->room) {
		r->room = 2 * (r->count + count);
		r->all = xrealloc(r->all, r->room * sizeof(*r->all));
	}
	if (count)
		memcpy(r->all + r->count, events, count * sizeof(*events));
	if (r->copy)
		fwrite(events, sizeof(*events), count, r->copy);
	for (size_t i = 0; i < count && r->tsc_hz == 0; i++)
		if (events[i].type == TD_EV_START)
			r->tsc_hz = events[i].start.tsc_hz;
	r->count += count;
}

void records_flush(struct records *r)
{
	if (r->copy && r->flushed != r->count)
		fflush(r->copy);
	r->flushed = r->count;
}

void records_free(struct records *r)
{
	free(r->all);
	*r = (struct records){ 0 };
}

double records_seconds(const struct records *r, const struct td_event *event)
{
	return r->tsc_hz ? (double)event->time / (double)r->tsc_hz : -1;
}

static int append_checked(struct records *r, const char *path, const struct td_event *batch, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (batch[i].type >= TD_EV_TYPES || batch[i].sequence != r->count + i)
			return complain(STATUS_INPUT, "%s: record %zu is none: this is no journal, or a newer tdlab's",
					path, r->count + i);
	records_add(r, batch, count);
	return 0;
}

int records_read(struct records *r, const char *path)
{
	uint64_t size;
	int fd = file_open(path, "journal", &size);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	struct td_event batch[256];
	size_t bytes = 1, part = 0;
	int status = 0;

	*r = (struct records){ 0 };
	if (!file)
		return STATUS_INPUT;
	while (!status && bytes) {
		bytes = fread(batch, 1, sizeof(batch), file);
		part += bytes % sizeof(*batch);	/* only what is read last is no whole batch */
		status = append_checked(r, path, batch, bytes / sizeof(*batch));
	}
	if (!status && ferror(file))
		status = complain(STATUS_INPUT, "%s: %s", path, strerror(errno));
	if (!status && r->count == 0)
		status = complain(STATUS_INPUT, "%s: no journal: it holds no record", path);
	if (!status && part)
		narrate("%s: the last record is cut off: the run was killed", path);
	fclose(file);
	return status;
}
