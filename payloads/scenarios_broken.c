/* SPDX-License-Identifier: MIT */
/*
 * What a guest must not do, one function each, with the behaviour of the VMM that `expect` names. The last access of
 * some ends the TD, as the module would end it: nothing may follow that the verdict needs.
 */
#include "payloads/scenario.h"

#define CHUNK	SCENE_CHUNK

/* Asked for memory back and used it without TDG.MEM.PAGE.ACCEPT. */
static int pending_access(struct scene *s)
{
	uint64_t value;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 4, TO_PRIVATE));
	SCENE_NEEDS(s, scene_accept(s, scene_page(s, 0), TDX_LEVEL_4K) == 0);
	scene_load(s, scene_page(s, 1), &value);
	return 0;
}

/* The same, and it accepts the rest where the use was a #VE and not its end: as ATTRIBUTES.SEPT_VE_DISABLE says. */
static int pending_seen(struct scene *s)
{
	uint64_t value;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 4, TO_PRIVATE));
	SCENE_NEEDS(s, scene_accept(s, scene_page(s, 0), TDX_LEVEL_4K) == 0);
	SCENE_NEEDS(s, !scene_load(s, scene_page(s, 1), &value));
	for (unsigned int i = 1; i < 4; i++)
		SCENE_NEEDS(s, scene_accept(s, scene_page(s, i), TDX_LEVEL_4K) == 0);
	return 0;
}

/* Says first whether it wants the #VE, which CONFIG_FLAGS.FLEXIBLE_PENDING_VE leaves to it; else nothing changes. */
static int pending_with(struct scene *s, uint64_t pending_ve_disable)
{
	uint64_t gpr[GPRS] = { [RAX] = TDG_VM_WR, [RDX] = TDX_FIELD_TD_CTLS, [R8] = pending_ve_disable,
			       [R9] = TDX_CTLS_PENDING_VE_DISABLE };

	scene_tdcall(s, gpr);
	return pending_seen(s);
}

static int pending_wanted(struct scene *s)
{
	return pending_with(s, 0);
}

static int pending_unwanted(struct scene *s)
{
	return pending_with(s, TDX_CTLS_PENDING_VE_DISABLE);
}

/* Shared a page and went on using it through the mapping without S. */
static int private_alias_of_shared(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	scene_store(s, scene_page(s, 0), 1);
	return 0;
}

/* Used a page through S that it never asked to share. A conversion elsewhere must not excuse it. */
static int shared_alias_of_private(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	scene_store(s, scene_page(s, 1) + s->shared, 1);
	return 0;
}

/* The same after the page was taken back: what was shared once is private now. */
static int stale_shared_alias(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0) + s->shared, 1));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 1));
	scene_store(s, scene_page(s, 0) + s->shared, 2);
	return 0;
}

/* Accepted shared memory without MapGPA(private) before. */
static int accept_unrequested(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	scene_accept(s, scene_page(s, 0), TDX_LEVEL_4K);
	return 0;
}

/* Accepted a page twice: a VMM that swaps pages would have it zeroed, or hide a replacement, on the second. */
static int double_accept(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, tdx_code(scene_accept(s, scene_page(s, 0), TDX_LEVEL_4K)) == TDX_PAGE_ALREADY_ACCEPTED);
	return 0;
}

/* Went on one page too far after a RETRY. */
static int skipped_pages(struct scene *s)
{
	struct map_answer a = scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_SHARED);

	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY && a.r11 == scene_page(s, CHUNK) + s->shared);
	a = scene_map(s, scene_page(s, CHUNK + 1), CHUNK - 1, TO_SHARED);
	SCENE_NEEDS(s, a.r10 == TDVMCALL_SUCCESS);
	return 0;
}

/* Took RETRY for success and used the memory. */
static int abandoned(struct scene *s)
{
	struct map_answer a = scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_SHARED);

	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY);
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0) + s->shared, 1));
	scene_store(s, scene_page(s, CHUNK) + s->shared, 1);
	return 0;
}

/* The same towards private: accepts what was done, uses it, and never comes back for the rest. */
static int abandoned_private(struct scene *s)
{
	uint64_t value, n;
	struct map_answer a;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 2 * CHUNK));
	a = scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_PRIVATE);
	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY && a.r11 == scene_page(s, CHUNK));
	for (n = 0; n < CHUNK; n++)
		SCENE_NEEDS(s, scene_accept(s, scene_page(s, n), TDX_LEVEL_4K) == 0);
	SCENE_NEEDS(s, scene_load(s, scene_page(s, 0), &value));
	return 0;
}

/* Was refused, and used the memory all the same: after an error nobody knows what the VMM has done. */
static int used_after_error(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, !scene_share(s, scene_page(s, CHUNK), SCENE_PAGES - CHUNK));
	scene_store(s, scene_page(s, SCENE_PAGES - 1) + s->shared, 1);
	return 0;
}

/* Stores into all of a buffer of 2 * CHUNK pages, be they refused or not. */
static void use_all(struct scene *s)
{
	for (uint64_t n = 0; n < 2 * CHUNK; n += CHUNK / 2)
		scene_store(s, scene_page(s, n) + s->shared, n);
}

/* Took RETRY for success, used the memory and gave it back: what it wrote is lost. */
static int used_and_returned(struct scene *s)
{
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_SHARED).r10 == TDVMCALL_RETRY);
	use_all(s);
	scene_unshare(s, scene_page(s, 0), 2 * CHUNK);
	return 0;
}

/* The same, and then it shared the memory once more, as it should have at first. */
static int used_and_shared_again(struct scene *s)
{
	SCENE_NEEDS(s, used_and_returned(s) == 0);
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 2 * CHUNK));
	use_all(s);
	return 0;
}

/* Wrote too early, went on with the conversion to its end, and never wrote that again. */
static int lost_store(struct scene *s)
{
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_SHARED).r10 == TDVMCALL_RETRY);
	scene_store(s, scene_page(s, CHUNK + 3) + s->shared, 1);
	SCENE_NEEDS(s, scene_share(s, scene_page(s, CHUNK), CHUNK));
	SCENE_NEEDS(s, scene_store(s, scene_page(s, CHUNK) + s->shared, 1));
	return 0;
}

/* Wrote too early under a VMM that converts silently: nothing was refused, and to write it again is no remedy. */
static int early_store(struct scene *s)
{
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 0), CHUNK, TO_SHARED).r10 == TDVMCALL_RETRY);
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 3) + s->shared, 1));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), CHUNK));
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 3) + s->shared, 1));
	return 0;
}

/* Goes on at R11 as it is, with its S: half of the buffer is asked back instead of shared. */
static int turned_round(struct scene *s)
{
	struct map_answer a = scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_SHARED);

	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY && a.r11 == scene_page(s, CHUNK));
	SCENE_NEEDS(s, scene_map(s, a.r11, CHUNK, TO_PRIVATE).r10 == TDVMCALL_SUCCESS);
	use_all(s);
	return 0;
}

/* Took a refusal for success. That the VMM had done it all the same the guest could not know. */
static int refused_and_used(struct scene *s)
{
	uint64_t r10 = scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_SHARED).r10;

	SCENE_NEEDS(s, r10 != TDVMCALL_SUCCESS && r10 != TDVMCALL_RETRY);
	use_all(s);
	return 0;
}

/* Gave memory back, did not accept it, and used it as if it were still shared, on and on. */
static int never_accepted(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 4, TO_PRIVATE));
	for (unsigned int n = 0; n < 8; n++)
		scene_store(s, scene_page(s, 2) + s->shared, n);
	return 0;
}

/* Could not have a buffer back, and accepted it all the same: nothing is there, and ACCEPT never returns. */
static int td_lost(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 2 * CHUNK));
	SCENE_NEEDS(s, scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_PRIVATE).r10 == TDVMCALL_INVALID_OPERAND);
	scene_accept(s, scene_page(s, CHUNK + 1), TDX_LEVEL_4K);
	return 0;
}

/* Begins more conversions than tdlab can follow, and ends none: nobody can say what becomes of the last. */
static int too_many(struct scene *s)
{
	for (uint64_t n = 0; n < 3 * 1100; n += 3)
		SCENE_NEEDS(s, scene_map(s, scene_page(s, n), 2, TO_SHARED).r10 == TDVMCALL_RETRY);
	return 0;
}

/*
 * A kernel from before [linux:019b383d1132]:
 * one MapGPA for its whole swiotlb, and whatever is not SUCCESS at once is not looked at.
 */
static int noretry(struct scene *s)
{
	uint64_t n;

	SCENE_NEEDS(s, scene_map(s, scene_page(s, 0), SCENE_PAGES, TO_SHARED).r10 == TDVMCALL_RETRY);
	for (n = 0; n < SCENE_PAGES; n += CHUNK / 2)
		scene_store(s, scene_page(s, n) + s->shared, n);
	return 0;
}

/* Asks without end although the VMM never does a page. The bound of tdlab is far below this one. */
static int runaway(struct scene *s)
{
	uint64_t calls;

	for (calls = 0; calls < 400000; calls++)
		if (scene_map(s, scene_page(s, 0), 1, TO_SHARED).r10 != TDVMCALL_RETRY)
			return 0;
	return 0;
}

/* Starts over after every RETRY: under a VMM that never does more in one call, that is for ever. */
static int starts_over(struct scene *s)
{
	uint64_t calls;

	for (calls = 0; calls < 400000; calls++)
		if (scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_SHARED).r10 != TDVMCALL_RETRY)
			return 0;
	return 0;
}

/* Hands a device the address of private memory: what the device writes is lost to the guest. Seen at the end. */
static int dma_to_private(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 1), DEVICE_WRITES));
	return 0;
}

/* The same into a page that is shared afterwards: the conversion must not wipe the traces. */
static int dma_then_share(struct scene *s)
{
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 1), DEVICE_WRITES));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	return 0;
}

/* A page that was shared, taken back, and is still in the device's descriptor. */
static int dma_after_unshare(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 2), DEVICE_WRITES));
	return 0;
}

/* The other direction: the device gets what lies behind the page for the others, and says that all is well. */
static int dma_read(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 1), DEVICE_READS));
	return 0;
}

/* Data is shared, and the request for it is not. */
static int dma_header(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 1), DEVICE_HEADER));
	return 0;
}

static int dma_ring(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 1), DEVICE_RING));
	return 0;
}

static int dma_unseen(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 1), DEVICE_UNSEEN));
	return 0;
}

/* And shared afterwards: the conversion must not wipe these traces either. */
static int dma_read_then_share(struct scene *s)
{
	SCENE_NEEDS(s, scene_device(s, scene_page(s, 1), DEVICE_UNSEEN));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	return 0;
}

/* Took OPERAND_BUSY for a refusal: memory that the VMM gave back is neither shared nor usable. */
static int accept_abandoned(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 4, TO_PRIVATE));
	SCENE_NEEDS(s, tdx_code(scene_accept(s, scene_page(s, 2), TDX_LEVEL_4K)) == TDX_OPERAND_BUSY);
	return 0;
}

/* Tried 2 MiB only, where the VMM maps 4 KiB. */
static int accept_large_only(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), CHUNK));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), CHUNK, TO_PRIVATE));
	SCENE_NEEDS(s, tdx_code(scene_accept(s, scene_page(s, 0), TDX_LEVEL_2M)) == TDX_PAGE_SIZE_MISMATCH);
	return 0;
}

/* R11 behind the end was not checked: what is left to be asked for is a negative size. */
static int wrapping_request(struct scene *s)
{
	struct map_answer a = scene_map(s, scene_page(s, 0), 4, TO_SHARED);

	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY && a.r11 == scene_page(s, 5) + s->shared);
	scene_map(s, a.r11, -1ull, TO_PRIVATE);
	return 0;
}

/* R11 without S was not checked: from there to the end, which has S, is most of memory. */
static int crosses_shared_bit(struct scene *s)
{
	struct map_answer a = scene_map(s, scene_page(s, 0), 4, TO_SHARED);

	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY && a.r11 == scene_page(s, 2));
	scene_map(s, a.r11, s->shared / TDX_PAGE_SIZE + 2, TO_PRIVATE);
	return 0;
}

/* The same, and the size came out larger than memory. */
static int beyond_gpaw(struct scene *s)
{
	struct map_answer a = scene_map(s, scene_page(s, 0), 4, TO_SHARED);

	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY && a.r11 == scene_page(s, 5) + s->shared);
	scene_map(s, a.r11, s->shared / TDX_PAGE_SIZE, TO_PRIVATE);
	return 0;
}

const struct scenario scenarios_broken[] = {
	{ "pending-access", pending_access, 1 },
	{ "pending-seen", pending_seen, 1 },
	{ "pending-wanted", pending_wanted, 1 },
	{ "pending-unwanted", pending_unwanted, 1 },
	{ "private-alias-of-shared", private_alias_of_shared, 1 },
	{ "shared-alias-of-private", shared_alias_of_private, 1 },
	{ "stale-shared-alias", stale_shared_alias, 1 },
	{ "accept-unrequested", accept_unrequested, 1 },
	{ "double-accept", double_accept, 1 },
	{ "skipped-pages", skipped_pages, 1 },
	{ "abandoned", abandoned, 1 },
	{ "abandoned-private", abandoned_private, 1 },
	{ "used-after-error", used_after_error, 1 },
	{ "used-and-returned", used_and_returned, 1 },
	{ "used-and-shared-again", used_and_shared_again, 1 },
	{ "lost-store", lost_store, 1 },
	{ "early-store", early_store, 1 },
	{ "turned-round", turned_round, 1 },
	{ "refused-and-used", refused_and_used, 1 },
	{ "never-accepted", never_accepted, 1 },
	{ "td-lost", td_lost, 1 },
	{ "too-many", too_many, 1 },
	{ "noretry", noretry, 1 },
	{ "accept-abandoned", accept_abandoned, 1 },
	{ "accept-large-only", accept_large_only, 1 },
	{ "runaway", runaway, 1 },
	{ "starts-over", starts_over, 1 },
	{ "dma-to-private", dma_to_private, 1 },
	{ "dma-then-share", dma_then_share, 1 },
	{ "dma-after-unshare", dma_after_unshare, 1 },
	{ "dma-read", dma_read, 1 },
	{ "dma-header", dma_header, 1 },
	{ "dma-ring", dma_ring, 1 },
	{ "dma-unseen", dma_unseen, 1 },
	{ "dma-read-then-share", dma_read_then_share, 1 },
	{ "wrapping-request", wrapping_request, 1 },
	{ "crosses-shared-bit", crosses_shared_bit, 1 },
	{ "beyond-gpaw", beyond_gpaw, 1 },
	{ 0, 0, 0 },
};
