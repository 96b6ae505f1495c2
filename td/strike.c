/* SPDX-License-Identifier: MIT */
#include "abi/tdx.h"
#include "td/event.h"

/* That a page is mapped in another size is the VMM's doing only where no smaller one is left. */
static bool accept_strikes(uint64_t rcx, uint64_t status)
{
	return tdx_code(status) == TDX_OPERAND_BUSY ||
	       (tdx_code(status) == TDX_PAGE_SIZE_MISMATCH && rcx % TDX_PAGE_SIZE == TDX_LEVEL_4K);
}

bool td_event_strikes(const struct td_event *event)
{
	const uint64_t *a = event->a;

	switch (event->type) {
	case TD_EV_MAPGPA:	/* with a conversion: one without was refused for what it is */
		return a[4] >> 32 != 0 && (a[2] != TDVMCALL_SUCCESS || (uint32_t)a[4] < a[1] / TDX_PAGE_SIZE);
	case TD_EV_ACCEPT:
		return accept_strikes(a[0], a[1]);
	default:
		return event->type == TD_EV_DEED;
	}
}
