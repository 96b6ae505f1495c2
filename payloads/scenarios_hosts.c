/* SPDX-License-Identifier: MIT */
/*
 * Guests for what hosts do beside answering MapGPA: each of these behaviours catches one guest here, and lets one pass
 * that only looks like it. Which is which says `expect`.
 */
#include "payloads/scenario.h"

#define CHUNK	512ull	/* pages per call of behaviours inplace and scramble */
#define SECRET	0x5ec4e75ec4e75ec4ull
#define RBP_IN_MASK	0x3c20ull	/* R10 to R13, and RBP */

static bool accept_small(struct scene *s, uint64_t first, uint64_t pages)
{
	for (uint64_t n = first; n < first + pages; n++)
		if (tdx_code(scene_accept(s, scene_page(s, n), TDX_LEVEL_4K)) != TDX_SUCCESS)
			return false;
	return true;
}

/*
 * All is well, and yet it says nothing of a VMM that works in steps of 2 MiB: it asks for less than one of them. Under
 * a VMM that does a page at a time it is a proper test.
 */
static int one_page_back(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 2));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 1));
	return 0;
}

/* Takes the first stall to private for a refusal, and gives the buffer to its allocator all the same. */
static int impatient_back(struct scene *s)
{
	struct map_answer a;
	uint64_t value;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 2 * CHUNK));
	a = scene_map(s, scene_page(s, 0), 2 * CHUNK, TO_PRIVATE);
	SCENE_NEEDS(s, a.r10 == TDVMCALL_RETRY && a.r11 == scene_page(s, 0));
	scene_load(s, scene_page(s, 0), &value);
	return 0;
}

/* Goes on after progress, and takes a RETRY without any for the VMM's last word: what is left is given up. */
static int no_patience(struct scene *s)
{
	uint64_t at = scene_page(s, 0), end = scene_page(s, 2 * CHUNK);
	struct map_answer a;

	do {
		a = scene_map(s, at, (end - at) / TDX_PAGE_SIZE, TO_SHARED);
		if (a.r10 == TDVMCALL_SUCCESS || a.r11 == at + s->shared)
			break;
		at = a.r11 & ~s->shared;
	} while (a.r10 == TDVMCALL_RETRY);
	SCENE_NEEDS(s, a.r10 == TDVMCALL_SUCCESS || a.r10 == TDVMCALL_RETRY);
	return 0;
}

/* 2 MiB that were accepted page by page come back, and others that never were: the first are small for good. */
static int small_for_good(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), CHUNK));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), CHUNK, TO_PRIVATE));
	SCENE_NEEDS(s, accept_small(s, 0, CHUNK));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 2 * CHUNK));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 2 * CHUNK, TO_PRIVATE));
	SCENE_NEEDS(s, tdx_code(scene_accept(s, scene_page(s, 0), TDX_LEVEL_2M)) == TDX_PAGE_SIZE_MISMATCH);
	SCENE_NEEDS(s, accept_small(s, 0, CHUNK));
	SCENE_NEEDS(s, scene_accept(s, scene_page(s, CHUNK), TDX_LEVEL_2M) == 0);
	return 0;
}

/* The same, and asks for 2 MiB only, since 2 MiB can be had elsewhere. */
static int small_forgotten(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), CHUNK));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), CHUNK));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), CHUNK, TO_PRIVATE));
	SCENE_NEEDS(s, tdx_code(scene_accept(s, scene_page(s, 0), TDX_LEVEL_2M)) == TDX_PAGE_SIZE_MISMATCH);
	return 0;
}

/* Gets memory back that is still there with all that it held, and zeroes it. */
static int kept(struct scene *s)
{
	uint64_t value, offset;

	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0), SECRET));
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0) + s->shared, 1));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 4, TO_PRIVATE));
	for (uint64_t n = 0; n < 4; n++)
		SCENE_NEEDS(s, tdx_code(scene_accept(s, scene_page(s, n), TDX_LEVEL_4K)) == TDX_PAGE_ALREADY_ACCEPTED);
	SCENE_NEEDS(s, scene_load(s, scene_page(s, 0), &value) && value == SECRET);
	for (offset = 0; offset < 4 * TDX_PAGE_SIZE; offset += 8)
		SCENE_NEEDS(s, scene_store(s, s->window + offset, 0));
	return 0;
}

/* The same, but takes PAGE_ALREADY_ACCEPTED for the word that it is shared still. */
static int kept_and_shared(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_request(s, scene_page(s, 0), 4, TO_PRIVATE));
	SCENE_NEEDS(s, tdx_code(scene_accept(s, scene_page(s, 0), TDX_LEVEL_4K)) == TDX_PAGE_ALREADY_ACCEPTED);
	scene_store(s, scene_page(s, 0) + s->shared, 1);
	return 0;
}

/* Releases before it shares: the VMM has nothing left to keep, and ACCEPT finds an empty page. */
static int released(struct scene *s)
{
	uint64_t value;

	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0), SECRET));
	for (uint64_t n = 0; n < 4; n++)
		SCENE_NEEDS(s, scene_release(s, scene_page(s, n), TDX_LEVEL_4K) == 0);
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0) + s->shared, 1));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_load(s, scene_page(s, 0), &value) && value == 0);
	return 0;
}

/* Releases a page, asks nobody for it, and goes on using it. */
static int released_and_used(struct scene *s)
{
	uint64_t value;

	SCENE_NEEDS(s, scene_release(s, scene_page(s, 0), TDX_LEVEL_4K) == 0);
	scene_load(s, scene_page(s, 0), &value);
	return 0;
}

/* Memory is unplugged and plugged in again, with RELEASE in between, twice: it may be accepted each time. */
static int replugged(struct scene *s)
{
	uint64_t value;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 8), 1));
	for (unsigned int i = 0; i < 2; i++) {
		SCENE_NEEDS(s, scene_store(s, scene_page(s, 0), SECRET));
		SCENE_NEEDS(s, scene_release(s, scene_page(s, 0), TDX_LEVEL_4K) == 0);
		SCENE_NEEDS(s, scene_accept(s, scene_page(s, 0), TDX_LEVEL_4K) == 0);
		SCENE_NEEDS(s, scene_load(s, scene_page(s, 0), &value) && value == 0);
	}
	return 0;
}

/* The same without RELEASE the second time: nobody took the page, and to accept it again is to believe somebody did. */
static int replugged_unreleased(struct scene *s)
{
	SCENE_NEEDS(s, scene_release(s, scene_page(s, 0), TDX_LEVEL_4K) == 0);
	SCENE_NEEDS(s, scene_accept(s, scene_page(s, 0), TDX_LEVEL_4K) == 0);
	SCENE_NEEDS(s, tdx_code(scene_accept(s, scene_page(s, 0), TDX_LEVEL_4K)) == TDX_PAGE_ALREADY_ACCEPTED);
	return 0;
}

/* MapGPA of one page to shared with RBP among the registers that the VMM may see. */
static void map_with_rbp(struct scene *s, uint64_t gpr[GPRS])
{
	for (unsigned int i = 0; i < GPRS; i++)
		gpr[i] = 0;
	gpr[RAX] = TDG_VP_VMCALL;
	gpr[RCX] = RBP_IN_MASK;
	gpr[R11] = GHCI_MAP_GPA;
	gpr[R12] = scene_page(s, 0) + s->shared;
	gpr[R13] = TDX_PAGE_SIZE;
	scene_tdcall(s, gpr);
}

/* Looks at R10 and not at RAX: nobody was asked, and R10 is what it was. */
static int rbp_unseen(struct scene *s)
{
	uint64_t gpr[GPRS];

	map_with_rbp(s, gpr);
	SCENE_NEEDS(s, gpr[R10] == TDVMCALL_SUCCESS);
	scene_store(s, scene_page(s, 0) + s->shared, 1);
	return 0;
}

/* Looks at RAX, and asks again without RBP. */
static int rbp_seen(struct scene *s)
{
	uint64_t gpr[GPRS];

	map_with_rbp(s, gpr);
	SCENE_NEEDS(s, tdx_code(gpr[RAX]) == TDX_OPERAND_INVALID);
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 1));
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0) + s->shared, 1));
	return 0;
}

/*
 * A loop whose assembly has R12 and R13 as inputs only: the compiler leaves them where they are for the next call. Fine
 * for as long as no VMM writes them.
 */
static int believes_inputs(struct scene *s)
{
	uint64_t gpr[GPRS] = { [R12] = scene_page(s, 0) + s->shared, [R13] = 2 * CHUNK * TDX_PAGE_SIZE };

	do {
		gpr[RAX] = TDG_VP_VMCALL;
		gpr[RCX] = TDX_MASK_R10_R13;
		gpr[R10] = 0;
		gpr[R11] = GHCI_MAP_GPA;
		scene_tdcall(s, gpr);
		if (gpr[R10] == TDVMCALL_RETRY) {
			gpr[R13] -= gpr[R11] - gpr[R12];
			gpr[R12] = gpr[R11];
		}
	} while (gpr[R10] == TDVMCALL_RETRY);
	for (uint64_t n = 0; n < 2 * CHUNK; n += CHUNK / 2)
		scene_store(s, scene_page(s, n) + s->shared, n);
	return 0;
}

/* A #VE on memory that the VMM called shared: leaves that page alone, uses the others, and gets all of it back. */
static int hole(struct scene *s)
{
	uint64_t value;

	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, !scene_store(s, scene_page(s, 1) + s->shared, SECRET));
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 0) + s->shared, SECRET));
	SCENE_NEEDS(s, !scene_load(s, scene_page(s, 1) + s->shared, &value));
	SCENE_NEEDS(s, scene_store(s, scene_page(s, 2) + s->shared, SECRET));
	SCENE_NEEDS(s, scene_unshare(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, scene_load(s, scene_page(s, 1), &value) && value == 0);
	return 0;
}

/* The same, but takes the #VE for the word that the page is private still. */
static int hole_is_private(struct scene *s)
{
	SCENE_NEEDS(s, scene_share(s, scene_page(s, 0), 4));
	SCENE_NEEDS(s, !scene_store(s, scene_page(s, 1) + s->shared, SECRET));
	scene_store(s, scene_page(s, 1), SECRET);
	return 0;
}

const struct scenario scenarios_hosts[] = {
	{ "one-page-back", one_page_back, 1 },
	{ "impatient-back", impatient_back, 1 },
	{ "no-patience", no_patience, 1 },
	{ "small-for-good", small_for_good, 1 },
	{ "small-forgotten", small_forgotten, 1 },
	{ "kept", kept, 1 },
	{ "kept-and-shared", kept_and_shared, 1 },
	{ "released", released, 1 },
	{ "released-and-used", released_and_used, 1 },
	{ "replugged", replugged, 1 },
	{ "replugged-unreleased", replugged_unreleased, 1 },
	{ "rbp-unseen", rbp_unseen, 1 },
	{ "rbp-seen", rbp_seen, 1 },
	{ "believes-inputs", believes_inputs, 1 },
	{ "hole", hole, 1 },
	{ "hole-is-private", hole_is_private, 1 },
	{ 0, 0, 0 },
};
