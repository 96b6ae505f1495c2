/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The module's parts: what demo.c converts, and pages.c gets and gives back. */
#ifndef DEMO_H
#define DEMO_H

#include "tdconv.h"

/* Memory of the kernel's that is converted as a whole, mapped once or twice. */
struct buffer {
	void *va;
	u64 bytes;
	bool scattered;		/* from vmalloc(): neighbours in va are not neighbours in memory */
};

/* pages.c. Sleeps. False: there was no memory, or the direct map could not be split; nothing is left behind. */
bool buffer_get(struct buffer *b, u64 bytes, bool scattered);

/* Gives the memory back. It must be private, all of it. */
void buffer_put(struct buffer *b);

#endif
