/* SPDX-License-Identifier: MIT */
#include "abi/tdx.h"
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

static struct sim_shape rounded(uint32_t n, uint64_t align)
{
	const uint64_t unit = align > TDX_PAGE_SIZE ? align : TDX_PAGE_SIZE;
	struct sim_shape shape = sim_shapes[n];
	uint64_t start = shape.at / unit * unit, end = shape.at + shape.pages * TDX_PAGE_SIZE;

	shape.at = start;
	shape.pages = (uint32_t)(((end - start) + unit - 1) / unit * unit / TDX_PAGE_SIZE);
	return shape;
}

struct sim_shape sim_shape_of(uint32_t n, uint64_t align)
{
	struct sim_shape shape = rounded(n, align), other;

	for (uint32_t i = 0; i < n; i++) {
		other = rounded(i, align);
		if (other.at == shape.at && other.pages == shape.pages)
			shape.pages = 0;
	}
	return shape;
}
