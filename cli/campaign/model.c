/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/campaign/model.h"
#include "guest/include/tdconv_linux.h"
#include "guest/include/tdconv_os.h"

/*
 * A VMM that plays back what the real guest was told, and looks at what it is asked meanwhile. The library's hooks here
 * are the model's own: the makefile links it with a libtdconv that nobody else sees.
 */
struct playback {
	const struct td_event *const *calls;
	size_t ncalls, at;
	bool cut;
	struct model_verdict *verdict;
	jmp_buf stop;
};

static void differs(struct playback *p, const char *what)
{
	p->verdict->agrees = false;
	p->verdict->at = p->at;
	snprintf(p->verdict->what, sizeof(p->verdict->what), "request %zu: %s", p->at + 1, what);
}

static void map_gpa(struct playback *p, struct tdconv_regs *regs)
{
	const struct td_record_mapgpa *call;
	char what[96];

	if (p->at == p->ncalls) {
		if (!p->cut)
			differs(p, "the model asks again, the guest does not");
		longjmp(p->stop, 1);
	}
	call = &p->calls[p->at]->mapgpa;
	if (call->gpa != regs->r12 || call->bytes != regs->r13) {
		snprintf(what, sizeof(what), "the model asks for 0x%lx, %lu bytes, the guest for 0x%lx, %lu bytes",
			 regs->r12, regs->r13, call->gpa, call->bytes);
		differs(p, what);
		longjmp(p->stop, 1);
	}
	regs->rax = 0;
	regs->r10 = call->r10;
	regs->r11 = call->r11;
	p->at++;
}

/* ACCEPT succeeds: what the module says is not what is compared. */
void tdconv_os_tdcall(void *os, struct tdconv_regs *regs)
{
	if (regs->rax == TDG_VP_VMCALL)
		map_gpa(os, regs);
	else
		regs->rax = 0;
}

void model_compare(const struct td_event *const *calls, size_t ncalls, uint64_t shared_bit, bool cut, uint32_t stalls,
		   struct model_verdict *verdict)
{
	struct playback p = { .calls = calls, .ncalls = ncalls, .cut = cut, .verdict = verdict };
	struct tdconv tdc = { .os = &p, .td.shared_bit = shared_bit };
	struct tdconv_linux out;
	const struct td_record_mapgpa *first;
	uint64_t start;

	*verdict = (struct model_verdict){ .agrees = true };
	if (ncalls == 0)
		return;
	first = &calls[0]->mapgpa;
	start = first->gpa & ~shared_bit;
	if (setjmp(p.stop) != 0)
		return;
	verdict->succeeds = tdconv_linux_convert(&tdc, start, start + first->bytes,
						 first->gpa & shared_bit ? TDCONV_SHARED : TDCONV_PRIVATE,
						 stalls, &out);
	if (p.at < ncalls)
		differs(&p, "the model has come to its end, the guest asks again");
}
