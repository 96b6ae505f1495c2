/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/campaign/model.h"
#include "guest/include/tdconv_linux.h"
#include "guest/plain_os.h"

/*
 * A VMM that plays back what the real guest was told, and looks at what it is asked meanwhile. The library's hooks here
 * are the model's own: the makefile links it with a libtdconv that nobody else sees.
 */
struct playback {
	const struct td_event *calls;
	size_t ncalls, at;
	uint64_t gpaw;
	bool cut;
	struct model_verdict *verdict;
	jmp_buf stop;
};

bool model_named(const char *name, struct model *model)
{
	char *end = "";

	*model = (struct model){ MODEL_LINUX, TDCONV_LINUX_TRIES };
	if (strcmp(name, "none") == 0)
		model->loop = MODEL_NONE;
	else if (strcmp(name, "libtdconv") == 0)
		model->loop = MODEL_LIBTDCONV;
	else if (strncmp(name, "linux:", 6) == 0)
		model->tries = (uint32_t)strtoul(name + 6, &end, 10);
	else if (strcmp(name, "linux") != 0)
		return false;
	return model->tries > 0 && model->tries <= UINT16_MAX && *end == '\0';
}

static void differs(struct playback *p, const char *what)
{
	p->verdict->agrees = false;
	p->verdict->at = p->at;
	snprintf(p->verdict->what, sizeof(p->verdict->what), "request %zu: %s", p->at + 1, what);
}

static void stop(struct playback *p, const char *what)
{
	if (what)
		differs(p, what);
	longjmp(p->stop, 1);
}

static void in_words(const struct td_event *call, char *text, size_t bytes)
{
	if (call->type == TD_EV_MAPGPA)
		snprintf(text, bytes, "MapGPA of 0x%lx, %lu bytes", call->mapgpa.gpa, call->mapgpa.bytes);
	else
		snprintf(text, bytes, "ACCEPT of 0x%lx", call->accept.rcx);
}

static bool same(const struct td_event *a, const struct td_event *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == TD_EV_ACCEPT)
		return a->accept.rcx == b->accept.rcx;
	return a->mapgpa.gpa == b->mapgpa.gpa && a->mapgpa.bytes == b->mapgpa.bytes;
}

/* The guest's next request, which has to be the model's. */
static const struct td_event *play(struct playback *p, const struct td_event *model)
{
	const struct td_event *guest = &p->calls[p->at];
	char what[160], model_text[64], guest_text[64];

	if (p->at == p->ncalls)
		stop(p, p->cut ? NULL : "the model asks again, the guest does not");
	if (!same(guest, model)) {
		in_words(model, model_text, sizeof(model_text));
		in_words(guest, guest_text, sizeof(guest_text));
		snprintf(what, sizeof(what), "%s by the model, %s by the guest", model_text, guest_text);
		stop(p, what);
	}
	p->at++;
	return guest;
}

void tdconv_os_tdcall(void *os, struct tdconv_regs *regs)
{
	struct playback *p = os;
	const struct td_event *call;

	switch (regs->rax) {
	case TDG_VP_VMCALL:
		call = play(p, &(struct td_event){ .type = TD_EV_MAPGPA, .mapgpa = { .gpa = regs->r12, .bytes = regs->r13 } });
		regs->rax = 0;
		regs->r10 = call->mapgpa.r10;
		regs->r11 = call->mapgpa.r11;
		break;
	case TDG_MEM_PAGE_ACCEPT:
		regs->rax = play(p, &(struct td_event){ .type = TD_EV_ACCEPT, .accept.rcx = regs->rcx })->accept.status;
		break;
	default:	/* at the start: the TD has a width, and no features */
		regs->rcx = p->gpaw;
		regs->rax = 0;
	}
}

/* The request is one extent, mapped to itself. */
bool tdconv_os_translate(void *os, uint64_t va, struct tdconv_run *run)
{
	const struct playback *p = os;

	*run = (struct tdconv_run){ va, (1ull << (p->gpaw - 1)) - va };
	return true;
}

bool tdconv_os_set_pte(void *os, uint64_t va, uint64_t bytes, enum tdconv_pte pte)
{
	(void)os, (void)va, (void)bytes, (void)pte;
	return true;
}

void tdconv_os_flush_tlb(void *os, uint64_t va, uint64_t bytes)
{
	(void)os, (void)va, (void)bytes;
}

void tdconv_os_flush_cache(void *os, uint64_t va, uint64_t bytes)
{
	(void)os, (void)va, (void)bytes;
}

bool tdconv_os_enter(void *os)
{
	(void)os;
	return true;
}

void tdconv_os_leave(void *os)
{
	(void)os;
}

static bool convert(struct tdconv *tdc, const struct model *model, const struct td_record_mapgpa *first, uint64_t s)
{
	enum tdconv_to to = first->gpa & s ? TDCONV_SHARED : TDCONV_PRIVATE;
	uint64_t gpa = first->gpa & ~s;
	struct tdconv_extent extent;
	struct tdconv_lost lost;
	struct tdconv_set set = { .extents = &extent, .room = 1, .lost = { .list = &lost, .room = 1 } };
	struct tdconv_linux out;

	if (model->loop == MODEL_LINUX)
		return tdconv_linux_convert(tdc, gpa, gpa + first->bytes, to, model->tries, &out);
	return tdconv_set_memory(tdc, gpa, first->bytes, to, 0, &set) == TDCONV_OK;
}

/* What goes back after success is another conversion. */
static bool goes_back(const struct playback *p, uint64_t s)
{
	const struct td_event *next = &p->calls[p->at];

	return p->verdict->succeeds && next->type == TD_EV_MAPGPA && ((next->mapgpa.gpa ^ p->calls[0].mapgpa.gpa) & s) != 0;
}

void model_compare(const struct model *model, const struct td_event *calls, size_t ncalls, uint64_t shared_bit,
		   bool cut, struct model_verdict *verdict)
{
	struct playback p = { .calls = calls, .ncalls = ncalls, .cut = cut, .verdict = verdict };
	struct tdconv tdc;

	*verdict = (struct model_verdict){ .agrees = true };
	if (ncalls == 0 || model->loop == MODEL_NONE)
		return;
	if (calls[0].type != TD_EV_MAPGPA) {
		differs(&p, "the guest accepts what it has not asked for");
		return;
	}
	p.gpaw = (uint64_t)__builtin_ctzll(shared_bit) + 1;
	tdconv_init(&tdc, &p);
	if (setjmp(p.stop) != 0)
		return;
	verdict->succeeds = convert(&tdc, model, &calls[0].mapgpa, shared_bit);
	if (p.at < ncalls && !goes_back(&p, shared_bit))
		differs(&p, "the model has come to its end, the guest asks again");
}
