/* SPDX-License-Identifier: MIT */
/* Journals as files: whole, cut off where the run was killed, and what is none. */
#include "cli/testing.h"
#include "cli/verdict/records.h"
#include "wire/status.h"

#define COUNT 300	/* more than are read at a time */

static struct td_event all[COUNT];
static const char *path;

static void make(void)
{
	for (uint32_t i = 0; i < COUNT; i++)
		all[i] = (struct td_event){ .type = TD_EV_OPEN, .sequence = i, .time = i };
	all[0].type = TD_EV_START;
	all[0].start.tsc_hz = 100;
}

/* Reads the first bytes of it as a file. What is said goes to said(). */
static int read_back(struct records *r, size_t bytes)
{
	FILE *file = fopen(path, "w");

	fwrite(all, 1, bytes, file);
	fclose(file);
	listen();
	return records_read(r, path);
}

static void test_read(void)
{
	struct records r;

	make();
	tap_is(read_back(&r, sizeof(all)), 0, "a journal");
	tap_ok(!*said() && r.count == COUNT && memcmp(r.all, all, sizeof(all)) == 0, "... is read as it is");
	tap_ok(records_seconds(&r, &all[150]) == 1.5, "... with the rate of its clock");
	records_free(&r);
	tap_is(read_back(&r, sizeof(all) - 1), 0, "one whose last record is cut off");
	tap_has(said(), "the last record is cut off", "... says so");
	tap_is(r.count, COUNT - 1, "... and ends before it");
	records_free(&r);
	all[0].start.tsc_hz = 0;
	tap_ok(read_back(&r, sizeof(all)) == 0 && records_seconds(&r, &all[150]) < 0 && !*said(),
	       "a clock of no rate tells no time");
	records_free(&r);
}

static void refused(size_t bytes, const char *why, const char *name)
{
	struct records r;
	int status = read_back(&r, bytes);

	tap_has(said(), why, name);
	tap_is(status, STATUS_INPUT, "... is refused");
	records_free(&r);
	make();
}

static size_t descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	while (folder && readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static void test_refused(void)
{
	size_t open_before;
	struct records r;

	make();
	refused(0, "holds no record", "an empty file");
	refused(sizeof(*all) - 1, "holds no record", "less than a record");
	all[280].type = TD_EV_TYPES;
	refused(sizeof(all), "record 280 is none", "a type that there is not");
	all[280].sequence = 281;
	refused(sizeof(all), "record 280 is none", "a record that is missing");
	unlink(path);
	listen();
	tap_is(records_read(&r, path), STATUS_INPUT, "no file");
	said();
	listen();
	tap_is(records_read(&r, "/proc/self/mem"), STATUS_INPUT, "one that cannot be read");
	tap_has(said(), "Input/output error", "... for that");
	open_before = descriptors();
	read_back(&r, sizeof(all));
	said();
	records_free(&r);
	tap_is(descriptors(), open_before, "no descriptor stays open");
}

/* The copy has each record, in order; the first START tells the clock's rate. */
static void test_add(void)
{
	struct records r = { .copy = tmpfile() };
	struct td_event back[COUNT];

	make();
	all[1].start.tsc_hz = 55;
	records_add(&r, all + 1, 2);
	tap_is(r.tsc_hz, 0, "before the start the clock's rate is not known");
	records_add(&r, all, 1);
	all[4] = all[0];
	all[4].start.tsc_hz = 7;
	for (size_t i = 3; i < COUNT; i++)
		records_add(&r, all + i, 1);
	tap_ok(r.tsc_hz == 100 && r.count == COUNT, "the first start tells it");
	records_flush(&r);
	tap_ok(pread(fileno(r.copy), back, sizeof(back), 0) == sizeof(back) && memcmp(back, r.all, sizeof(back)) == 0,
	       "all are in the copy once it is flushed");
	tap_is(r.flushed, COUNT, "... for certain");
	fclose(r.copy);
	records_free(&r);
}

static void test_names(void)
{
	tap_ok(strcmp(event_name(TD_EV_MAPGPA), "MAPGPA") == 0, "a record has a name");
	tap_ok(strcmp(event_name(TD_EV_TYPES), "unknown") == 0, "... and one that there is not has none");
}

int main(void)
{
	char name[1100];

	snprintf(name, sizeof(name), "%s/journal", testing_folder());
	path = name;
	test_read();
	test_refused();
	test_add();
	test_names();
	return tap_done();
}
