/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "guest/fake.h"

struct fake fake;
static struct tdconv tdc;
static uint32_t script_at, script_used;

static void note(char what)
{
	size_t n = strlen(fake.order);

	if (n + 1 < sizeof(fake.order) && (n == 0 || fake.order[n - 1] != what))
		fake.order[n] = what;
}

struct tdconv *fake_start(void)
{
	memset(&fake, 0, sizeof(fake));
	script_at = script_used = 0;
	fake.gpaw = 48;
	fake.pauses_allowed = UINT64_MAX;
	fake.large_from = FAKE_PAGES;
	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		fake.frame[i] = i;
		fake.pte[i] = TDCONV_PTE_PRIVATE;
	}
	tdconv_init(&tdc, &fake);
	fake.ncalls = 0;
	return &tdc;
}

void fake_share_all(void)
{
	for (uint32_t i = 0; i < FAKE_PAGES; i++) {
		fake.state[i] = FAKE_SHARED;
		fake.pte[i] = TDCONV_PTE_SHARED;
	}
}

uint32_t fake_pages_in(enum fake_state state, uint32_t first, uint32_t pages)
{
	uint32_t n = 0;

	for (uint32_t i = first; i < first + pages; i++)
		n += fake.state[i] == state;
	return n;
}

bool fake_good(void)
{
	return fake.bad_requests == 0 && fake.private_over_unproven == 0 && fake.entered == fake.left;
}

static void convert(uint64_t gpa, uint64_t pages, bool shared)
{
	for (uint64_t i = (gpa - FAKE_BASE) / 4096, end = i + pages; i < end && i < FAKE_PAGES; i++) {
		if (shared)
			fake.state[i] = FAKE_SHARED;
		else if (fake.state[i] == FAKE_SHARED || !fake.keep_private)
			fake.state[i] = FAKE_PENDING;
	}
}

/* What a VMM may have changed of what it was shown, and is no answer: nobody may use it. */
static void scramble(struct tdconv_regs *r)
{
	r->r12 ^= 0x5a5a5a5a5a5aull << 12;
	r->r13 ^= 0x3333ull << 12;
}

static void map_gpa(struct tdconv_regs *r)
{
	bool shared = r->r12 >= FAKE_S;
	uint64_t gpa = shared ? r->r12 - FAKE_S : r->r12;
	struct fake_answer *a = &fake.script[script_at];
	uint64_t request = r->r12, size = r->r13;

	note('M');
	fake.map_calls++;
	if (r->rcx != 0x3c00 || r->r10 != 0 || r->r11 != GHCI_MAP_GPA || r->rdx || r->r8 || r->r9 || size == 0 ||
	    size % 4096 != 0 || gpa % 4096 != 0 || gpa < FAKE_BASE || gpa + size > GPA(FAKE_PAGES))
		fake.bad_requests++;
	r->rax = 0;
	if (script_at == 8 || a->times == 0) {
		convert(gpa, size / 4096, shared);
		r->r10 = 0;
		if (fake.map_calls % 2 == 0)	/* else R11 is as it was: KVM writes it on errors only */
			r->r11 = ~request;
		scramble(r);
		return;
	}
	convert(gpa, a->pages_done < size / 4096 ? a->pages_done : size / 4096, shared);
	r->rax = a->rax;
	r->r10 = a->r10;
	r->r11 = (a->base == FROM_START ? request : a->base == FROM_END ? request + size : 0) +
		 (uint64_t)a->pages * 4096 + (uint64_t)a->bytes;
	if (a->s == S_FLIP)
		r->r11 ^= FAKE_S;
	scramble(r);
	if (++script_used == a->times) {
		script_used = 0;
		script_at++;
	}
}

static bool scripted(bool accept, uint64_t page)
{
	uint64_t leaf = accept ? TDG_MEM_PAGE_ACCEPT : TDG_MEM_PAGE_RELEASE;

	return fake.page_times[page] > 0 && (fake.page_leaf[page] == 0 || fake.page_leaf[page] == leaf);
}

/* 2 MiB works where all 512 pages are alike, none has a script of its own, and the VMM maps that large. */
static uint64_t page_call(bool accept, uint64_t page, bool large)
{
	uint32_t n = large ? 512 : 1;

	if (scripted(accept, page)) {
		if (fake.page_times[page] != UINT32_MAX)
			fake.page_times[page]--;
		return fake.page_status[page];
	}
	for (uint32_t i = 1; i < n; i++)
		if (scripted(accept, page + i))
			return tdx_status(TDX_PAGE_SIZE_MISMATCH, 1);
	if (large && (fake.host_4k || fake_pages_in(fake.state[page], (uint32_t)page, n) != n))
		return tdx_status(TDX_PAGE_SIZE_MISMATCH, 1);
	if (!accept && !large && page >= fake.large_from)
		return tdx_status(TDX_PAGE_SIZE_MISMATCH, 1);
	if (accept && fake.state[page] == FAKE_MAPPED)
		return tdx_status(TDX_PAGE_ALREADY_ACCEPTED, large);
	if (!accept && fake.state[page] != FAKE_MAPPED)
		return tdx_status(fake.state[page] == FAKE_SHARED ? TDX_EPT_ENTRY_FREE : TDX_EPT_ENTRY_STATE_INCORRECT, 1);
	if (fake.state[page] == FAKE_SHARED)
		return tdx_status(TDX_OPERAND_INVALID, 1);
	for (uint64_t i = page; i < page + n; i++) {
		fake.state[i] = accept ? FAKE_MAPPED : FAKE_PENDING;
		fake.accepted[i] += accept;
	}
	return 0;
}

void tdconv_os_tdcall(void *os, struct tdconv_regs *r)
{
	uint64_t page = (r->rcx - FAKE_BASE) / 4096;
	uint64_t leaf = r->rax;

	if (os != &fake)
		fake.bad_requests++;
	if (fake.ncalls < sizeof(fake.calls) / sizeof(fake.calls[0]))
		fake.calls[fake.ncalls++] = leaf == TDG_VP_VMCALL ? (struct fake_call){ leaf, r->r12, r->r13 }
								   : (struct fake_call){ leaf, r->rcx, 0 };
	if (leaf == TDG_VP_VMCALL) {
		map_gpa(r);
	} else if (leaf == TDG_VP_INFO) {
		*r = (struct tdconv_regs){ .rax = fake.info_rax, .rcx = fake.gpaw, .rdx = TDX_ATTR_SEPT_VE_DISABLE };
	} else if (leaf == TDG_VM_RD) {
		*r = (struct tdconv_regs){ .r8 = r->rdx == TDX_FIELD_CONFIG_FLAGS ? fake.config_flags : 0 };
	} else if (leaf == TDG_MEM_PAGE_ACCEPT && fake.takes_1g && r->rcx == FAKE_BASE + 2) {
		r->rax = 0;
	} else if (r->rcx < FAKE_BASE || page >= FAKE_PAGES || r->rcx % 4096 > 1 ||
		   (r->rcx % 4096 == 1 && page % 512 != 0)) {
		fake.bad_requests++;
		r->rax = tdx_status(TDX_OPERAND_INVALID, 1);
	} else {
		note(leaf == TDG_MEM_PAGE_ACCEPT ? 'A' : 'R');
		*(leaf == TDG_MEM_PAGE_ACCEPT ? &fake.accepts : &fake.releases) += 1;
		r->rax = page_call(leaf == TDG_MEM_PAGE_ACCEPT, page, r->rcx % 4096 == 1);
		r->rcx = r->rdx = ~r->rcx;	/* the module says more of an error there */
	}
}

bool tdconv_os_pause(void *os, enum tdconv_wait why, uint64_t run)
{
	(void)os;
	(void)why;
	fake.pauses++;
	if (run > fake.longest_pause)
		fake.longest_pause = run;
	return fake.pauses <= fake.pauses_allowed;
}

enum tdconv_record tdconv_os_record(void *os, uint64_t gpa, uint64_t bytes)
{
	enum tdconv_record worst = TDCONV_RECORD_NONE;

	(void)os;
	fake.records++;
	for (uint64_t i = (gpa - FAKE_BASE) / 4096, end = i + bytes / 4096; i < end; i++)
		if (fake.record[i] > worst)
			worst = fake.record[i];
	return worst;
}

void tdconv_os_zero(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os;
	for (uint64_t i = (gpa - FAKE_BASE) / 4096, end = i + bytes / 4096; i < end; i++) {
		if (fake.state[i] != FAKE_MAPPED)
			fake.private_over_unproven++;
		fake.zeroed[i]++;
	}
}

bool tdconv_os_enter(void *os)
{
	(void)os;
	fake.entered += !fake.stopped;
	return !fake.stopped;
}

void tdconv_os_leave(void *os)
{
	(void)os;
	fake.left++;
}

bool tdconv_os_translate(void *os, uint64_t va, struct tdconv_run *run)
{
	uint64_t n = (va - FAKE_VA) / 4096, i = n;

	(void)os;
	if (fake.says != NULL) {
		*run = *fake.says;
		return true;
	}
	if (n >= FAKE_PAGES || fake.frame[n] >= FAKE_PAGES)
		return false;
	do
		i++;
	while (fake.contiguous && i < FAKE_PAGES && fake.frame[i] == fake.frame[n] + (i - n));
	*run = (struct tdconv_run){ GPA(fake.frame[n]), BYTES(i - n) };
	return true;
}

bool tdconv_os_set_pte(void *os, uint64_t va, uint64_t bytes, enum tdconv_pte pte)
{
	(void)os;
	note("PSN"[pte]);
	fake.set_ptes++;
	if (fake.set_ptes == fake.pte_fails || fake.set_ptes == fake.pte_fails_again)
		return false;
	for (uint64_t i = (va - FAKE_VA) / 4096, end = i + bytes / 4096; i < end; i++) {
		fake.pte[i] = pte;
		if (pte == TDCONV_PTE_PRIVATE && fake.state[fake.frame[i]] != FAKE_MAPPED)
			fake.private_over_unproven++;
	}
	return true;
}

void tdconv_os_flush_tlb(void *os, uint64_t va, uint64_t bytes)
{
	(void)os;
	(void)va;
	(void)bytes;
	note('T');
	fake.flushes++;
}

void tdconv_os_flush_cache(void *os, uint64_t va, uint64_t bytes)
{
	(void)os;
	(void)va;
	(void)bytes;
	note('C');
	fake.cache_flushes++;
}

bool tdconv_os_next_shared(void *os, uint64_t va, uint64_t end, struct tdconv_extent *extent)
{
	uint64_t n = (va - FAKE_VA) / 4096, stop = (end - FAKE_VA) / 4096, i;

	(void)os;
	if (fake.finds != NULL) {
		*extent = *fake.finds;
		fake.finds = NULL;
		return true;
	}
	while (n < stop && fake.pte[n] != TDCONV_PTE_SHARED)
		n++;
	for (i = n; i < stop && fake.pte[i] == TDCONV_PTE_SHARED && fake.frame[i] == fake.frame[n] + (i - n); i++)
		;
	if (n < stop)
		*extent = (struct tdconv_extent){ VA(n), GPA(fake.frame[n]), BYTES(i - n), TDCONV_STATE_SHARED };
	return n < stop;
}

void tdconv_os_left_shared(void *os, const struct tdconv_extent *extent, const struct tdconv_result *res)
{
	(void)os;
	(void)extent;
	(void)res;
	fake.left_shared++;
}
