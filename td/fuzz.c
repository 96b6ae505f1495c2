/* SPDX-License-Identifier: MIT */
/* For libFuzzer: the bytes are a guest, a VMM and a machine. What td may never do ends the process. */
#include "td/fake_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fake_walk walk;

	fake_walk_start(&walk, data, bytes, 16);
	while (walk.left > 0)
		if (!fake_walk_step(&walk) || !fake_consistent())
			__builtin_trap();
	td_finish(fake.td);
	if (!fake_consistent())
		__builtin_trap();
	return 0;
}
