/* SPDX-License-Identifier: MIT */
/* Engines: several in one thread, storage that moves, and what an engine without functions comes to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/state.h"
#include "wire/tap.h"

#define RAM	0x1000000ull
#define MMIO	0xc0000000ull
#define PAGES	64u
#define STEPS	200u
#define MIX(sum, word)	((sum) * 0x100000001b3ull ^ (word))

/* All that an engine has come to, and how. */
struct world {
	struct td td;
	struct td_config config;
	uint64_t calls[10];	/* of the engine's functions */
	uint64_t sum;		/* of all that they were given, in order */
	uint64_t draw;		/* what its guest does next */
	size_t bytes;
};

static void see(struct td *td, unsigned int function, uint64_t a, uint64_t b)
{
	struct world *w = td->own;

	w->calls[function]++;
	w->sum = MIX(MIX(MIX(w->sum, function), a), b);
}

static void map(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	see(td, 0, gpa | alias, pages);
}

static void unmap(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	see(td, 1, gpa | alias, pages);
}

static void fill(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias, enum td_fill what)
{
	see(td, 2, gpa | alias, pages << 2 | what);
}

static uint64_t poisoned(struct td *td, uint64_t gpa, uint64_t pages)
{
	see(td, 3, gpa, pages);
	return pages;
}

static void private(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write)
{
	see(td, 4, gpa | write, bytes);
	if (!write)
		memset(data, (int)((struct world *)td->own)->config.seed, bytes);
}

static bool port(struct td *td, uint16_t number, unsigned int size, bool write, uint32_t *value)
{
	see(td, 5, number, size << 1 | write);
	if (!write)
		*value = (uint32_t)((struct world *)td->own)->config.seed;
	return true;
}

static bool mmio(struct td *td, uint64_t gpa, unsigned int size, bool write, uint64_t *value)
{
	see(td, 6, gpa, size << 1 | write);
	if (!write)
		*value = ((struct world *)td->own)->config.seed;
	return true;
}

static bool msr(struct td *td, unsigned int vcpu, uint32_t number, bool write, uint64_t *value)
{
	see(td, 7, number, vcpu << 1 | write);
	if (!write)
		*value = ((struct world *)td->own)->config.seed;
	return true;
}

static void cpuid(struct td *td, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	see(td, 8, leaf, subleaf);
	out[0] = out[1] = out[2] = out[3] = (uint32_t)((struct world *)td->own)->config.seed;
}

static void emit(struct td *td, struct td_event *event)
{
	const unsigned char *bytes = (const unsigned char *)event;

	see(td, 9, event->type, event->rip);
	for (size_t i = 0; i < sizeof(*event); i++)
		((struct world *)td->own)->sum = MIX(((struct world *)td->own)->sum, bytes[i]);
}

static const struct td_engine full = {
	.map = map, .unmap = unmap, .fill = fill, .poisoned = poisoned, .private = private,
	.port = port, .mmio = mmio, .msr = msr, .cpuid = cpuid, .emit = emit,
};

static const struct td_engine bare;

/* Two that differ in all that td is told: behaviour, seed, and the answers of the engine's devices. */
static void start(struct world *w, const struct td_engine *engine, uint64_t seed, uint64_t complete)
{
	*w = (struct world){ .draw = seed };
	w->config = (struct td_config){ .vcpus = 1,
					.platform = { .gpaw = seed % 2 ? 48 : 52, .attributes = TDX_ATTR_SEPT_VE_DISABLE },
					.tsc_hz = 1000000000, .seed = seed, .runaway_calls = 1000, .nslots = 2 };
	w->config.slots[0] = (struct td_slot){ RAM, PAGES, TD_SLOT_RAM, 0 };
	w->config.slots[1] = (struct td_slot){ MMIO, 1, TD_SLOT_MMIO, 0 };
	w->config.behaviour.nrules = 1;
	w->config.behaviour.rules[0] = (struct td_rule){ .complete = complete };
	w->bytes = td_size(&w->config);
	w->td = (struct td){ .engine = engine, .own = w };
	if (!td_init(&w->td, calloc(1, w->bytes), w->bytes, &w->config))
		abort();
}

static uint64_t draw(struct world *w, uint64_t below)
{
	w->draw ^= w->draw << 13;
	w->draw ^= w->draw >> 7;
	w->draw ^= w->draw << 17;
	return (w->draw >> 33) % below;
}

static struct td_regs call(struct world *w, uint64_t leaf, uint64_t rcx, uint64_t r11, uint64_t r12, uint64_t r13,
			   uint64_t r14)
{
	struct td_regs regs = { .long_mode = true };

	regs.gpr[TD_RAX] = leaf;
	regs.gpr[TD_RCX] = rcx;
	regs.gpr[TD_R11] = r11;
	regs.gpr[TD_R12] = r12;
	regs.gpr[TD_R13] = r13;
	regs.gpr[TD_R14] = r14;
	td_tdcall(&w->td, 0, &regs);
	for (unsigned int i = 0; i < TD_GPRS; i++)
		w->sum = MIX(w->sum, regs.gpr[i]);
	return regs;
}

static struct td_regs vmcall(struct world *w, uint64_t r11, uint64_t r12, uint64_t r13, uint64_t r14)
{
	return call(w, TDG_VP_VMCALL, TDX_MASK_R10_R15, r11, r12, r13, r14);
}

static struct td_regs port_read(struct world *w, uint64_t size)
{
	return vmcall(w, GHCI_IO, size, 0, 0x60);
}

/* One thing that a guest does, sound or not. Page 0 stays private. */
static void step(struct world *w)
{
	uint64_t s = td_shared_bit(&w->td), first = 1 + draw(w, PAGES - 1), pages = 1 + draw(w, PAGES - first);
	uint64_t gpa = RAM + first * TDX_PAGE_SIZE;
	struct td_access access = { .gpa = gpa | s };

	switch (draw(w, 9)) {
	case 0: vmcall(w, GHCI_MAP_GPA, gpa | s, pages * TDX_PAGE_SIZE, 0); break;
	case 1: vmcall(w, GHCI_MAP_GPA, gpa, pages * TDX_PAGE_SIZE, 0); break;
	case 2: call(w, TDG_MEM_PAGE_ACCEPT, gpa, 0, 0, 0, 0); break;
	case 3: port_read(w, 1); break;
	case 4: vmcall(w, GHCI_MMIO, 4, 0, MMIO | s); break;
	case 5: vmcall(w, GHCI_RDMSR, 0x1b, 0, 0); break;
	case 6: vmcall(w, GHCI_CPUID, draw(w, 8), 0, 0); break;
	case 7: call(w, TDG_MR_RTMR_EXTEND, RAM, 0, 0, 0, 0); break;
	default:
		if (!td_mapped(&w->td, access.gpa) && td_access(&w->td, 0, &access) == TD_VE)
			call(w, TDG_VP_VEINFO_GET, 0, 0, 0, 0, 0);
	}
}

static void end(struct world *w)
{
	td_stop(&w->td, TD_STOP_ENGINE);
	td_finish(&w->td);
}

static bool same(const struct world *a, const struct world *b)
{
	return a->sum == b->sum && memcmp(a->calls, b->calls, sizeof(a->calls)) == 0 && a->bytes == b->bytes &&
	       td_fingerprint(&a->td) == td_fingerprint(&b->td) && memcmp(a->td.mem, b->td.mem, a->bytes) == 0;
}

static void test_interleaved(void)
{
	struct world alone[2], both[2];
	bool used = true;

	for (unsigned int i = 0; i < 2; i++) {
		start(&alone[i], &full, i + 7, i + 3);
		for (unsigned int n = 0; n < STEPS; n++)
			step(&alone[i]);
		end(&alone[i]);
	}
	for (unsigned int i = 0; i < 2; i++)
		start(&both[i], &full, i + 7, i + 3);
	for (unsigned int n = 0; n < 2 * STEPS; n++)
		step(&both[n % 2]);
	end(&both[1]);
	end(&both[0]);
	tap_ok(same(&both[0], &alone[0]), "two engines in one thread: the first comes to what it comes to alone");
	tap_ok(same(&both[1], &alone[1]), "... and the second");
	tap_ok(alone[0].sum != alone[1].sum, "... which is not the same");
	for (unsigned int f = 0; f < 10; f++)
		used &= both[0].calls[f] > 0 && both[1].calls[f] > 0;
	tap_ok(used, "... with every function called in both");
	for (unsigned int i = 0; i < 2; i++) {
		free(alone[i].td.mem);
		free(both[i].td.mem);
	}
}

/* Storage that held a pointer into itself, or to its engine, would not survive this. */
static void test_moved(void)
{
	struct world stays, moves;
	struct td_storage *old;

	start(&stays, &full, 7, 3);
	start(&moves, &full, 7, 3);
	for (unsigned int n = 0; n < STEPS; n++) {
		step(&stays);
		step(&moves);
		old = moves.td.mem;
		moves.td.mem = malloc(moves.bytes);
		memcpy(moves.td.mem, old, moves.bytes);
		memset(old, 0xa5, moves.bytes);
		free(old);
	}
	end(&stays);
	end(&moves);
	tap_ok(same(&stays, &moves), "storage that moves after every step: nothing is different, to the last byte");
	free(stays.td.mem);
	free(moves.td.mem);
}

static void test_defaults(void)
{
	uint64_t s, page = RAM + TDX_PAGE_SIZE;
	struct td_regs regs;
	struct world w;

	start(&w, &bare, 7, 3);
	s = td_shared_bit(&w.td);
	for (unsigned int size = 1; size <= 4; size *= 2) {
		regs = port_read(&w, size);
		tap_case_number("bytes", size);
		tap_ok(regs.gpr[TD_R10] == 0 && regs.gpr[TD_R11] == 0xffffffffu >> (32 - 8 * size),
		       "no port: a read is all ones, as many as were asked for");
		tap_case(NULL);
	}
	regs = vmcall(&w, GHCI_IO, 4, 1, 0x60);
	tap_is(regs.gpr[TD_R10], 0, "... a write goes nowhere");
	regs = vmcall(&w, GHCI_MMIO, 4, 0, MMIO | s);
	tap_is(regs.gpr[TD_R10], TDVMCALL_INVALID_OPERAND, "no device: RequestMMIO is refused");
	regs = vmcall(&w, GHCI_RDMSR, 0x1b, 0, 0);
	tap_is(regs.gpr[TD_R10], TDVMCALL_INVALID_OPERAND, "no MSR: it is refused");
	regs = vmcall(&w, GHCI_CPUID, 1, 0, 0);
	tap_ok(regs.gpr[TD_R10] == 0 && (regs.gpr[TD_R12] | regs.gpr[TD_R13] | regs.gpr[TD_R14] | regs.gpr[TD_R15]) == 0,
	       "no CPUID: zeroes");
	vmcall(&w, GHCI_MAP_GPA, page | s, 2 * TDX_PAGE_SIZE, 0);
	vmcall(&w, GHCI_MAP_GPA, page, TDX_PAGE_SIZE, 0);
	regs = call(&w, TDG_MEM_PAGE_ACCEPT, page, 0, 0, 0, 0);
	tap_ok(regs.gpr[TD_RAX] == 0 && td_mapped(&w.td, page) && td_mapped(&w.td, (page + TDX_PAGE_SIZE) | s),
	       "no page tables: pages have their states all the same");
	regs = call(&w, TDG_MR_RTMR_EXTEND, RAM, 0, 0, 0, 0);
	tap_is(regs.gpr[TD_RAX], 0, "no memory: it can be measured");
	end(&w);
	tap_ok(td_sane(&w.td) && td_stopped(&w.td) == TD_STOP_ENGINE, "... and the TD ends");
	free(w.td.mem);
}

int main(void)
{
	test_interleaved();
	test_moved();
	test_defaults();
	return tap_done();
}
