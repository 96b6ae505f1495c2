/* SPDX-License-Identifier: MIT */
#include "sim/shapes.h"

/* Of the large ones each ACCEPT is one of 528: little depth finds what size makes, and costs as much as the rest. */
const struct sim_shape sim_shapes[SIM_SHAPES] = {
	{ "unaligned", SIM_AT, 8, 0 },
	{ "aligned", 0x40200000, 8, 2 },
	{ "over-2m", 0x403fc000, 8, 2 },
	{ "over-4g", 0xffffc000, 8, 2 },
	{ "page", SIM_AT, 1, 2 },
	{ "large", 0x405f8000, 8 + 512 + 8, 3 },
	{ "large-aligned", 0x40600000, 512 + 8, 3 },
};
