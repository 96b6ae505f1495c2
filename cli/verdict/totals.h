/* SPDX-License-Identifier: MIT */
/* What is counted of a run, and of each phase of it: one row each, and the place in totals.c that counts it. */
#ifndef CLI_TOTALS_H
#define CLI_TOTALS_H

#include "cli/json.h"
#include "td/event.h"

/*
 * TOTAL(name, text, meaning): in their order, the texts make the line that begins with "converted". There, # is the
 * number, $ an s unless it is one, and what begins with ? is left out where the number is 0.
 */
#define TOTALS(TOTAL) \
	TOTAL(to_shared_pages, "# page$ to shared", "pages of RAM that became shared") \
	TOTAL(to_private_pages, ", # back to private", "pages of RAM that became private") \
	TOTAL(device_pages, "?, # of devices", "pages both ways where there is no RAM") \
	TOTAL(abandoned_pages, "", "pages that conversions were given up with") \
	TOTAL(mapgpa_calls, " in # call$", "MapGPA in both directions, also what was refused at once") \
	TOTAL(retries, " (# RETRY", "of these, answered RETRY") \
	TOTAL(stalls, ", # stall$); ", "of these, without progress") \
	TOTAL(accepts_2m, "?# x 2 MiB and ", "ACCEPTs of 2 MiB that succeeded") \
	TOTAL(accepts_4k, "# x 4 KiB accepted", "ACCEPTs of 4 KiB that succeeded") \
	TOTAL(size_mismatches, "", "ACCEPTs of a size that the memory is not mapped in") \
	TOTAL(conversions, "", "conversions that were asked for") \
	TOTAL(completed, "", "of these, completed")

struct totals {
#define TOTAL(name, text, meaning) uint64_t name;
	TOTALS(TOTAL)
#undef TOTAL
};

struct conversion;

void totals_record(struct totals *totals, const struct td_event *event);
void totals_conversion(struct totals *totals, const struct conversion *conversion);

void totals_text(const struct totals *totals, char *text, size_t bytes);
void totals_json(json_t *json, const struct totals *totals);	/* a key each */

#endif
