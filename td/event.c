/* SPDX-License-Identifier: MIT */
#include "td/state.h"

void td_event(struct td *td, struct td_event *event)
{
	event->vcpu = (uint16_t)td->mem->now.vcpu;
	td_engine_emit(td, event);
}
