/* SPDX-License-Identifier: MIT */
#include "cli/verdict/unserved.h"

static bool alike(const struct td_event *a, const struct td_event *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == TD_EV_REFUSED)
		return a->refused.mask == b->refused.mask;
	return a->hypercall.subfn == b->hypercall.subfn && a->hypercall.r10 == b->hypercall.r10 &&
	       a->hypercall.status == b->hypercall.status;
}

void unserved_read(struct unserved *u, const struct records *records)
{
	*u = (struct unserved){ .count = 0 };
	for (size_t i = 0; i < records->count; i++) {
		const struct td_event *e = &records->all[i];
		size_t n = 0;

		if (e->type != TD_EV_REFUSED && e->type != TD_EV_HYPERCALL)
			continue;
		while (n < u->count && !alike(u->all[n].event, e))
			n++;
		if (n < u->count) {
			u->all[n].times++;
		} else if (n < UNSERVED_MOST) {
			u->all[n].event = e;
			u->all[u->count++].times = 1;
		} else {
			u->others++;
		}
	}
}
