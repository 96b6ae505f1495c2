/* SPDX-License-Identifier: MIT */
#include "td/state.h"

void td_event(struct td *td, enum td_event_type type, uint64_t rip, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	      uint64_t a4)
{
	struct td_event event = { .type = (uint16_t)type, .rip = rip, .all = { a0, a1, a2, a3, a4 } };

	event.vcpu = (uint16_t)td->now.vcpu;
	td_engine_emit(td, &event);
}
