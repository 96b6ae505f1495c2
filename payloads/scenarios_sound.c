/* SPDX-License-Identifier: MIT */
/*
 * What a guest may do although it looks odd, one function each. A judge that is too strict fails here. Every one does
 * a complete conversion too, because a run without one proves nothing.
 */
#include "payloads/scenario.h"

#define CHUNK	SCENE_CHUNK
#define SECRET	0x5ec4e75ec4e75ec4ull

/* The ordinary case, and the contents: a secret is not seen through S, accepted memory is zero. */
static int plain(struct scene *s)
{
	uint64_t value, offset;

	for (offset = 0; offset < 4 * TDX_PAGE_SIZE; offset += 8)
		SCENE_NEEDS(s, scene_store(s, s->window + offset, SECRET));
	SCENE_NEEDS(s, scene_share(s, s->window, 1024));
	for (offset = 0; offset < 4 * TDX_PAGE_SIZE; offset += 8) {
		SCENE_NEEDS(s, scene_load(s, s->window + s->shared + offset, &value) && value != SECRET);
		SCENE_NEEDS(s, scene_store(s, s->window + s->shared + offset, SECRET));
	}
	SCENE_NEEDS(s, scene_load(s, s->window + s->shared, &value) && value == SECRET);
	SCENE_NEEDS(s, scene_unshare(s, s->window, 1024));
	for (offset = 0; offset < 4 * TDX_PAGE_SIZE; offset += 8)
		SCENE_NEEDS(s, scene_load(s, s->window + offset, &value) && value == 0);
	return 0;
}

/* MapGPA of device registers: firmware does it for all of them, and there is no page to convert. */
static int mmio(struct scene *s)
{
	uint64_t value;

	SCENE_NEEDS(s, scene_share(s, s->mmio, 1));
	SCENE_NEEDS(s, !scene_load(s, s->mmio + s->shared, &value));
	SCENE_NEEDS(s, scene_request(s, s->mmio, 1, TO_PRIVATE));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	return 0;
}

/* A scan of the option ROM window through the private alias, as every PC kernel does. */
static int rom(struct scene *s)
{
	uint64_t value, offset;

	for (offset = 0; offset < TDX_PAGE_SIZE; offset += 512)
		SCENE_NEEDS(s, scene_load(s, s->rom + offset, &value));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	return 0;
}

/*
 * A load that begins in private memory and runs over into a page that is mapped shared but not converted yet:
 * Linux's load_unaligned_zeropad() does so by design and catches the #VE.
 */
static int split_load(struct scene *s)
{
	scene_load_split(s, scene_page(s, 0), scene_page(s, 1) + s->shared);
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 1), 1));
	SCENE_NEEDS(s, scene_load_split(s, scene_page(s, 0), scene_page(s, 1) + s->shared));
	return 0;
}

/*
 * A touch of the part that a RETRY left over, while the conversion goes on: the mapping is changed before MapGPA. It is
 * refused, and comes again when the page has been claimed, as after a #VE handler that waits for that.
 */
static int open_alias(struct scene *s)
{
	struct map_answer a = scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_SHARED);
	uint64_t value;

	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY && a.r11 == scene_page(s, CHUNK) + s->shared);
	SCENE_NEEDS(s, !scene_load(s, scene_page(s, CHUNK + 1) + s->shared, &value));
	SCENE_NEEDS(s, !scene_load_split(s, scene_page(s, CHUNK - 1) + s->shared, scene_page(s, CHUNK) + s->shared));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, CHUNK), CHUNK));
	SCENE_NEEDS(s, scene_load(s, scene_page(s, CHUNK + 1) + s->shared, &value));
	SCENE_NEEDS(s, scene_store(s, scene_page(s, CHUNK) + s->shared, 1));
	return 0;
}

/* Gives memory back, and changes its page tables last: what is still read through S is private and accepted soon. */
static int tables_last(struct scene *s)
{
	uint64_t value, n;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 4, TO_PRIVATE));
	scene_load(s, scene_page(s, 2) + s->shared, &value);
	for (n = 0; n < 4; n++)
		SCENE_NEEDS(s, scene_accept(s, scene_page(s, n), TDX_LEVEL_4K) == 0);
	SCENE_NEEDS(s, scene_load(s, scene_page(s, 2), &value) && value == 0);
	return 0;
}

/* Accepts only what a #VE tells it of, where the TD was created so: the use that was refused comes again then. */
static int accepted_lazily(struct scene *s)
{
	uint64_t value, n;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 4, TO_PRIVATE));
	for (n = 0; n < 3; n++) {
		SCENE_NEEDS(s, !scene_store(s, scene_page(s, n), SECRET));
		SCENE_NEEDS(s, scene_accept(s, scene_page(s, n), TDX_LEVEL_4K) == 0);
		SCENE_NEEDS(s, scene_store(s, scene_page(s, n), SECRET));
	}
	SCENE_NEEDS(s, !scene_load(s, scene_page(s, 3), &value));
	SCENE_NEEDS(s, scene_accept(s, scene_page(s, 3), TDX_LEVEL_4K) == 0);
	SCENE_NEEDS(s, scene_load(s, scene_page(s, 3), &value) && value == 0);
	return 0;
}

/* Could not share memory, and keeps it: its private alias is there, and the module answers for that. */
static int kept_private(struct scene *s)
{
	uint64_t value;

	SCENE_NEEDS(s, scene_share(s, s->window, 1));
	SCENE_NEEDS(s, scene_map(s, scene_page(s, CHUNK), CHUNK, TO_SHARED).r10 == TDVMCALL_INVALID_OPERAND);
	SCENE_NEEDS(s, scene_store(s, scene_page(s, CHUNK + 7), SECRET));
	SCENE_NEEDS(s, scene_load(s, scene_page(s, CHUNK + 7), &value) && value == SECRET);
	return 0;
}

/* Asks for what a RETRY left over from behind, in pieces. */
static int any_order(struct scene *s)
{
	uint64_t n;

	SCENE_NEEDS(s, scene_begin(s, 4 * CHUNK));
	for (n = 4 * CHUNK - 256; n >= CHUNK; n -= 256)
		SCENE_NEEDS(s, scene_share(s, scene_page(s, n), 256));
	for (n = 0; n < 4 * CHUNK; n += 256)
		SCENE_NEEDS(s, scene_store(s, scene_page(s, n) + s->shared, n));
	SCENE_NEEDS(s, scene_unshare(s, s->window, 4 * CHUNK));
	return 0;
}

/* A 2M ACCEPT over a range of which some pages were never shared: the module refuses, 4K ones then do the rest. */
static int accept_mixed(struct scene *s)
{
	uint64_t n;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 8), 8));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 8), 8, TO_PRIVATE));
	SCENE_NEEDS(s, tdx_code(scene_accept(s, s->window, TDX_LEVEL_2M)) == TDX_PAGE_SIZE_MISMATCH);
	for (n = 8; n < 16; n++)
		SCENE_NEEDS(s, scene_accept(s, scene_page(s, n), TDX_LEVEL_4K) == 0);
	return 0;
}

/* Linux tries 1G first and takes the refusal for an answer. */
static int accept_1g(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, s->window, TDX_2M_PAGES));
	SCENE_NEEDS(s, scene_request(s, s->window, TDX_2M_PAGES, TO_PRIVATE));
	SCENE_NEEDS(s, tdx_code(scene_accept(s, 1ull << 30, 2)) == TDX_OPERAND_INVALID);
	SCENE_NEEDS(s, scene_accept(s, s->window, TDX_LEVEL_2M) == 0);
	return 0;
}

/* ACCEPT of memory that was part of the TD from the start: ALREADY_ACCEPTED, and nobody was deceived. */
static int accept_added(struct scene *s)
{
	SCENE_NEEDS(s, tdx_code(scene_accept(s, scene_page(s, 1), TDX_LEVEL_4K)) == TDX_PAGE_ALREADY_ACCEPTED);
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	return 0;
}

/* Shared, taken back and accepted twice over: each ACCEPT belongs to a MapGPA of its own. */
static int accept_again(struct scene *s)
{
	unsigned int n;

	for (n = 0; n < 3; n++) {
		SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 3));
		SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 3));
	}
	return 0;
}

/* After a RETRY from the very start again: wasteful, and right. */
static int restart(struct scene *s)
{
	SCENE_NEEDS(s, scene_map(s, s->window, 2 * CHUNK, TO_SHARED).r10 == TDVMCALL_RETRY);
	SCENE_NEEDS(s, scene_map(s, s->window, 2 * CHUNK, TO_SHARED).r10 == TDVMCALL_RETRY);
	SCENE_NEEDS(s, scene_share(s, scene_page(s, CHUNK), CHUNK));
	return 0;
}

/* Two neighbours at once: the second is converted while the first has not come to its end. */
static int neighbours(struct scene *s)
{
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_SHARED).r10 == TDVMCALL_RETRY);
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 2 * CHUNK), CHUNK, TO_SHARED).r10 == TDVMCALL_SUCCESS);
	SCENE_NEEDS(s, scene_share(s, scene_page(s, CHUNK), CHUNK));
	return 0;
}

/* Asks again for a part of what is done, for what is left, and for more. */
static int overlap(struct scene *s)
{
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_SHARED).r10 == TDVMCALL_RETRY);
	SCENE_NEEDS(s, scene_share(s, scene_page(s, CHUNK / 2), 3 * CHUNK));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 3 * CHUNK + CHUNK / 2));
	return 0;
}

/* Goes on after a RETRY in requests of its own size. */
static int slices(struct scene *s)
{
	uint64_t n;

	SCENE_NEEDS(s, scene_map(s, s->window, 2 * CHUNK, TO_SHARED).r10 == TDVMCALL_RETRY);
	for (n = CHUNK; n < 2 * CHUNK; n += 64)
		SCENE_NEEDS(s, scene_map(s, scene_page(s, n), 64, TO_SHARED).r10 == TDVMCALL_SUCCESS);
	return 0;
}

/* Gives up after a RETRY, but in order: asks for the whole range back and accepts what had gone. */
static int undo(struct scene *s)
{
	uint64_t n, value;

	SCENE_NEEDS(s, scene_map(s, s->window, 2 * CHUNK, TO_SHARED).r10 == TDVMCALL_RETRY);
	SCENE_NEEDS(s, scene_request(s, s->window, 2 * CHUNK, TO_PRIVATE));
	for (n = 0; n < CHUNK; n++)
		SCENE_NEEDS(s, scene_accept(s, scene_page(s, n), TDX_LEVEL_4K) == 0);
	for (; n < 2 * CHUNK; n++)
		scene_accept(s, scene_page(s, n), TDX_LEVEL_4K);
	SCENE_NEEDS(s, scene_load(s, scene_page(s, 2 * CHUNK - 1), &value));
	SCENE_NEEDS(s, scene_share(s, s->window, CHUNK));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, CHUNK), CHUNK));
	return 0;
}

/* The VMM refuses halfway; the guest leaves the whole range alone for good. */
static int contained(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, s->window, 1));
	SCENE_NEEDS(s, !scene_share(s, scene_page(s, 512), SCENE_PAGES - 512));
	return 0;
}

/* The VMM says that a page is shared, and it is not: the guest had every reason to use it so. */
static int lied_to(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 1), 1));
	SCENE_NEEDS(s, !scene_store(s, scene_page(s, 1) + s->shared, SECRET));
	return 0;
}

/* The VMM says that a page is private again, and keeps it: ACCEPT ends the TD, and that is the VMM's doing. */
static int lied_back(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 1, TO_PRIVATE));
	scene_accept(s, scene_page(s, 0), TDX_LEVEL_4K);
	return 0;
}

/* The VMM takes away a private page, or puts an empty one in its place; the guest uses what it knows to be its own. */
static int stolen(struct scene *s)
{
	uint64_t value;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 1), 1));
	scene_load(s, scene_page(s, 2), &value);
	return 0;
}

/*
 * Shares two pages and takes them back, if the VMM makes it wait before the first share; one of them it writes before
 * and after that. tdlab explore takes a guest back to there many times, and must put back what was there then, and
 * not what came between: whoever finds something else breaks a rule, so that it is seen.
 */
static int rewritten(struct scene *s)
{
	struct map_answer a;
	uint64_t first, second;

	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0), SECRET) && scene_store(s, scene_page(s, 1), SECRET));
	a = scene_map(s, scene_page(s, 0), 2, TO_SHARED);
	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY);
	if (a.r11 != scene_page(s, 0) + s->shared)
		return scene_share(s, scene_page(s, 0), 2) ? 0 : 1;
	SCENE_NEEDS(s, scene_load(s, scene_page(s, 0), &first) && scene_load(s, scene_page(s, 1), &second));
	if (first != SECRET || second != SECRET)
		scene_store(s, scene_page(s, 2) + s->shared, 1);
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0), ~SECRET));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 2));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 2));
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0), 1));
	return 0;
}

/* Devices write into shared memory: what it is for. */
static int dma_to_shared(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 2), DEVICE_WRITES));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 4));
	return 0;
}

/* ... and read it. */
static int dma_from_shared(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 2), DEVICE_READS));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 3) + s->shared, DEVICE_HEADER));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 4));
	return 0;
}

/* The device is told of a page only while it is shared, in a way that nobody sees; then the page comes and goes. */
static int dma_shared_again(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 2), DEVICE_UNSEEN));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 8));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 6), DEVICE_UNSEEN));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 8));
	return 0;
}

/* Asks until it gets through. */
static int accept_busy(struct scene *s)
{
	uint64_t rax, n, value;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 4, TO_PRIVATE));
	for (n = 0; n < 4; n++) {
		do
			rax = scene_accept(s, scene_page(s, n), TDX_LEVEL_4K);
		while (tdx_code(rax) == TDX_OPERAND_BUSY);
		SCENE_NEEDS(s, rax == 0 && scene_load(s, scene_page(s, n), &value) && value == 0);
	}
	return 0;
}

/* Goes on inside a page, because the VMM says so. Nothing is lost by it but time: noted, and no violation. */
static int inside_page(struct scene *s)
{
	uint64_t at = 0, bytes = 4 * TDX_PAGE_SIZE;
	struct map_answer a = { TDVMCALL_RETRY, 0 };
	unsigned int calls = 0;

	while (a.r10 == TDVMCALL_RETRY && calls++ < 64) {
		uint64_t gpr[GPRS] = { 0 };

		tdx_map_gpa(gpr, (s->window | s->shared) + at, bytes - at);
		scene_tdcall(s, gpr);
		a = (struct map_answer){ gpr[R10], gpr[R11] };
		at = a.r10 == TDVMCALL_RETRY ? a.r11 - (s->window | s->shared) : at;
	}
	SCENE_NEEDS(s, a.r10 == TDVMCALL_SUCCESS && calls == 8);
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 3) + s->shared, 1));
	return 0;
}

/* The VMM shared another page than it was asked to: the use of that one ends the TD, and the guest is not to blame. */
static int misled(struct scene *s)
{
	uint64_t value;

	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 1, TO_SHARED));
	scene_load(s, scene_page(s, CHUNK), &value);
	return 1;	/* not reached */
}

/* RETRY at the end of the request: nothing is left to be asked for, and that is what is asked. */
static int empty_request(struct scene *s)
{
	struct map_answer a;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 8), 1));
	a = scene_map(s, scene_page(s, 0), 4, TO_SHARED);
	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY && a.r11 == scene_page(s, 4) + s->shared);
	SCENE_NEEDS(s, scene_map(s, a.r11, 0, TO_PRIVATE).r10 == TDVMCALL_INVALID_OPERAND);
	return 0;
}

/* A test suite asks for what must be refused, to see that it is: no VMM led it there. */
static int asks_in_vain(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 8), 0, TO_SHARED).r10 == TDVMCALL_INVALID_OPERAND);
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 8), -1ull, TO_SHARED).r10 == TDVMCALL_INVALID_OPERAND);
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 8), s->shared / TDX_PAGE_SIZE, TO_PRIVATE).r10 == TDVMCALL_INVALID_OPERAND);
	SCENE_NEEDS(s, scene_map(s, 2 * s->shared, 1, TO_PRIVATE).r10 == TDVMCALL_INVALID_OPERAND);
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 8) + 1, 1, TO_SHARED).r10 == TDVMCALL_ALIGN_ERROR);
	return 0;
}

const struct scenario scenarios_sound[] = {
	{ "plain", plain, 1 },
	{ "mmio", mmio, 1 },
	{ "rom", rom, 1 },
	{ "split-load", split_load, 1 },
	{ "open-alias", open_alias, 1 },
	{ "tables-last", tables_last, 1 },
	{ "accepted-lazily", accepted_lazily, 1 },
	{ "kept-private", kept_private, 1 },
	{ "any-order", any_order, 1 },
	{ "accept-mixed", accept_mixed, 1 },
	{ "accept-1g", accept_1g, 1 },
	{ "accept-added", accept_added, 1 },
	{ "accept-again", accept_again, 1 },
	{ "restart", restart, 1 },
	{ "neighbours", neighbours, 1 },
	{ "overlap", overlap, 1 },
	{ "slices", slices, 1 },
	{ "undo", undo, 1 },
	{ "contained", contained, 1 },
	{ "lied-to", lied_to, 1 },
	{ "lied-back", lied_back, 1 },
	{ "stolen", stolen, 1 },
	{ "accept-busy", accept_busy, 1 },
	{ "inside-page", inside_page, 1 },
	{ "misled", misled, 1 },
	{ "rewritten", rewritten, 1 },
	{ "dma-to-shared", dma_to_shared, 1 },
	{ "dma-from-shared", dma_from_shared, 1 },
	{ "dma-shared-again", dma_shared_again, 1 },
	{ "empty-request", empty_request, 1 },
	{ "asks-in-vain", asks_in_vain, 1 },
	{ 0, 0, 0 },
};
