/* SPDX-License-Identifier: MIT */
/*
 * The VMM: sub-functions of TDG.VP.VMCALL (GHCI). regs are what the module let through; results are written there and
 * the module decides which of them the guest sees. Instruction hypercalls are the engine's to carry out.
 */
#include "td/state.h"

/* One access of RequestMMIO, or a part of it: the GPA with S. */
struct td_mmio {
	uint64_t gpa, *value;
	unsigned int bytes;
	bool write;
};

static void answer(struct td_regs *regs, uint64_t r10)
{
	regs->gpr[TD_R10] = r10;
}

/* Why no VMM takes a MapGPA request. */
static enum td_violation flaw_of(const struct td *td, uint64_t gpa, uint64_t size)
{
	uint64_t last = gpa + size - 1;

	if (size == 0)
		return TD_V_EMPTY_REQUEST;
	if (gpa + size <= gpa)
		return TD_V_WRAPPING_REQUEST;
	if ((gpa | last) >= td->mem->s << 1)
		return TD_V_BEYOND_GPAW;
	if ((gpa ^ last) & td->mem->s)
		return TD_V_CROSSES_SHARED_BIT;
	return gpa % TDX_PAGE_SIZE != 0 || size % TDX_PAGE_SIZE != 0 ? TD_V_UNALIGNED_REQUEST : TD_V_NONE;
}

/*
 * In KVM's order ([kvm:tdx_map_gpa]): only what is otherwise right is looked at for its alignment. To KVM bits up to
 * MAXPHYADDR are a GPA's, and QEMU, which finds nothing there, is content if it is to be shared
 * ([qemu:kvm_convert_memory]). While exploring, an unaligned request is always refused: the answers are about whole
 * pages.
 */
#define MAXPHYADDR	52	/* of each CPU with TDX ([mod:cpuid_configurations.c]); [kvm:kvm_vcpu_is_legal_gpa] */

static uint64_t map_gpa_check(const struct td *td, enum td_violation flaw, uint64_t gpa, uint64_t size)
{
	uint64_t last = gpa + size - 1, s = td->mem->s;
	bool aligned = gpa % TDX_PAGE_SIZE == 0 && size % TDX_PAGE_SIZE == 0;

	if (flaw == TD_V_EMPTY_REQUEST || flaw == TD_V_WRAPPING_REQUEST || (gpa | last) >> MAXPHYADDR || ((gpa ^ last) & s))
		return TDVMCALL_INVALID_OPERAND;
	if (!aligned && (td->mem->config.behaviour.align == TD_ALIGN_CHECKED || td->mem->choices.limit != 0))
		return TDVMCALL_ALIGN_ERROR;
	return flaw == TD_V_BEYOND_GPAW && !(gpa & s) ? TDVMCALL_INVALID_OPERAND : TDVMCALL_SUCCESS;
}

/*
 * A guest that goes on from an R11 that cannot be one is led by the VMM, and lets itself be led: within its request
 * that is all, out of it is the guest's own fault. Registers that are no result are no lead: whoever goes on from those
 * is always at fault. A request that nobody led it to is its caller's, or meant to be refused: test suites do that.
 */
static void flaw_check(struct td *td, enum td_violation flaw, uint64_t gpa, uint64_t size, uint64_t rip)
{
	bool by_registers = td->mem->now.misleads == TD_MISLEADS_REGISTERS;
	bool led = by_registers || (td->mem->now.misleads == TD_MISLEADS_R11 && gpa == td->mem->now.misled);
	bool inside = flaw == TD_V_UNALIGNED_REQUEST || flaw == TD_V_EMPTY_REQUEST;
	struct td_judgement j = { TD_CLASS_HAZARD, flaw };

	if (led)
		j.class = inside && !by_registers ? TD_CLASS_VMM_CAUSED : TD_CLASS_VIOLATION;
	if (flaw != TD_V_NONE)
		td_report(td, j, gpa, size / TDX_PAGE_SIZE, rip, 0);
}

static void remember_misleading(struct td *td, uint64_t gpa, uint64_t size, uint64_t status, uint64_t r11, bool changes)
{
	bool fair = r11 % TDX_PAGE_SIZE == 0 && r11 >= gpa && r11 - gpa < size;

	if (status != TDVMCALL_RETRY)
		td->mem->now.misleads = TD_MISLEADS_NOT;
	else
		td->mem->now.misleads = !fair ? TD_MISLEADS_R11 : changes ? TD_MISLEADS_REGISTERS : TD_MISLEADS_NOT;
	td->mem->now.misled = td->mem->now.misleads == TD_MISLEADS_R11 ? r11 : 0;
}

static void runaway_check(struct td *td, uint64_t gpa, uint64_t size, uint64_t rip)
{
	if (td->mem->now.fruitless_calls <= td->mem->config.runaway_calls ||
	    td->mem->now.fruitless_calls - td->mem->config.runaway_calls <= td->mem->now.fruitless_pages)
		return;
	td_violation(td, TD_V_RUNAWAY, gpa, size / TDX_PAGE_SIZE, rip, td->mem->now.fruitless_calls);
	td_end(td, TD_STOP_RUNAWAY, gpa, rip);
}

/* What the VMM truly does: with the request [gpa, gpa + size), page aligned and without S, or with other memory. */
static void carry_out(struct td *td, uint64_t gpa, const struct td_plan *plan, bool to_shared)
{
	uint64_t at = gpa + (uint64_t)plan->shift * TDX_PAGE_SIZE;

	if (plan->shift == 0) {
		td_sept_convert(td, gpa, plan->pages, to_shared);
		if (plan->hole != 0 && plan->hole <= plan->pages)
			td_sept_hide(td, gpa + (plan->hole - 1) * TDX_PAGE_SIZE);
	} else if (at < td->mem->s) {
		td_sept_misconvert(td, at, plan->pages, to_shared);
		td_vmm_act(td, TD_ACT_MISCONVERTED, to_shared ? at | td->mem->s : at, plan->pages);
	}
}

/* A request that makes sense. Pages that it touches in part, if TD_ALIGN_IGNORED allows it to, count as a whole. */
static struct td_plan map_gpa_serve(struct td *td, struct td_regs *regs, uint64_t gpa, uint64_t size, uint64_t rip)
{
	uint64_t first = (gpa & ~td->mem->s) / TDX_PAGE_SIZE * TDX_PAGE_SIZE;
	uint64_t bytes = (gpa - (first | (gpa & td->mem->s)) + size + TDX_PAGE_SIZE - 1) / TDX_PAGE_SIZE * TDX_PAGE_SIZE;
	bool to_shared = gpa & td->mem->s;
	struct td_conversion *conv = td_conversion_request(td, first, bytes, to_shared, rip);
	uint32_t id = conv != NULL ? conv->id : 0, done;
	struct td_plan plan;

	if (td->mem->choices.limit != 0) {
		plan = td_explore_plan(td, gpa, size);
		if (td->mem->config.behaviour.nrules != 0)
			plan.changes |= td_changes_registers(td, gpa, size / TDX_PAGE_SIZE);
	} else {
		plan = td_behave(td, gpa, size, conv != NULL ? conv->stall_run : UINT32_MAX);	/* no stalls without a conversion */
	}
	carry_out(td, first, &plan, to_shared);
	if (plan.r10 != TDVMCALL_SUCCESS && !plan.keeps_r11)
		regs->gpr[TD_R11] = plan.r11;
	done = plan.shift != 0 ? 0 : plan.pages < UINT32_MAX ? (uint32_t)plan.pages : UINT32_MAX;
	td_emit(td, MAPGPA, mapgpa, rip, .gpa = gpa, .bytes = size, .r10 = plan.r10, .r11 = regs->gpr[TD_R11], .done = done,
		.conversion = id);
	td_conversion_answer(td, conv, first | (gpa & td->mem->s), bytes, plan.r10, regs->gpr[TD_R11]);
	td_take_away(td, first + bytes, &plan);
	return plan;
}

/*
 * The module gives a guest every register of its mask as the VMM leaves it ([mod:tdg_vp_vmcall.c]): MapGPA's results
 * are R10, and R11 where R10 is not SUCCESS.
 */
static void change_registers(struct td_regs *regs)
{
	bool r11 = regs->gpr[TD_R10] != TDVMCALL_SUCCESS;

	for (unsigned int i = 0; i < TD_GPRS; i++)
		if (i != TD_R10 && (i != TD_R11 || !r11))
			regs->gpr[i] ^= 0x5c4a3b8d9e7f6a51ull;	/* never what it was, and no address */
}

/* MapGPA: R12 = GPA with S as wanted, R13 = bytes; R10 = status, R11 = first GPA not done on RETRY and on errors. */
static void map_gpa(struct td *td, struct td_regs *regs, uint64_t rip)
{
	uint64_t gpa = regs->gpr[TD_R12], size = regs->gpr[TD_R13];
	enum td_violation flaw = flaw_of(td, gpa, size);
	struct td_plan plan = { .r10 = map_gpa_check(td, flaw, gpa, size) };

	td->mem->now.mapgpa_calls++;
	flaw_check(td, flaw, gpa, size, rip);
	if (plan.r10 == TDVMCALL_SUCCESS && flaw != TD_V_BEYOND_GPAW) {
		plan = map_gpa_serve(td, regs, gpa, size, rip);
	} else {
		plan.r11 = gpa;
		td_recorded(td, gpa, size, &plan);
		if (plan.r10 != TDVMCALL_SUCCESS && !plan.keeps_r11)
			regs->gpr[TD_R11] = plan.r11;
		td_emit(td, MAPGPA, mapgpa, rip, .gpa = gpa, .bytes = size, .r10 = plan.r10, .r11 = regs->gpr[TD_R11]);
		td->mem->now.fruitless_calls++;
	}
	answer(regs, plan.r10);
	remember_misleading(td, gpa, size, plan.r10, regs->gpr[TD_R11], plan.changes);
	if (plan.changes)
		change_registers(regs);
	runaway_check(td, gpa, size, rip);
}

/* KVM takes 16 bits of the port's number, as of an MSR's 32 ([kvm:tdx_emulate_io], [kvm:tdx_handle_exit]). */
static bool io(struct td *td, struct td_regs *regs)
{
	uint64_t size = regs->gpr[TD_R12], write = regs->gpr[TD_R13], port = regs->gpr[TD_R14];
	uint32_t value = (uint32_t)regs->gpr[TD_R15];

	if ((size != 1 && size != 2 && size != 4) || write > 1)
		return false;
	if (!td_engine_port(td, (uint16_t)port, (unsigned int)size, write, &value))
		return false;
	if (!write)
		regs->gpr[TD_R11] = value;
	return true;
}

/*
 * RAM, through its shared alias. What is not shared reads as zero and keeps nothing, to the QEMU that would convert it
 * at a touch: it has given that memory up. A VMM under which a touch is a #VE has nothing to serve there. Else a guest
 * whose handler of #VE makes a RequestMMIO of each touch, as EDK2's does, would go through a buffer store by store.
 */
static bool shared_ram(struct td *td, unsigned int vcpu, uint64_t rip, struct td_mmio part)
{
	struct td_access a = { .gpa = part.gpa, .rip = rip, .flags = part.write ? TD_ACCESS_WRITE : 0 };
	bool shared = td_real(td, part.gpa) == TD_REAL_SHARED;

	if (!shared && td->mem->config.behaviour.implicit != TD_IMPLICIT_CONVERT)
		return false;
	if (!td_mapped(td, part.gpa))
		td_report(td, td_use(td, vcpu, &a, !shared), part.gpa, 1, rip, 0);
	if (shared)
		td_engine_shared(td, part.gpa & ~td->mem->s, part.value, part.bytes, part.write);
	return true;
}

/* What is behind this GPA, which has S: nothing reads as zero ([qemu:unassigned_mem_read]), and so does ROM here. */
static bool mmio_part(struct td *td, unsigned int vcpu, uint64_t rip, struct td_mmio part)
{
	const struct td_slot *slot = td_slot_of(td, part.gpa);

	if (!part.write)
		*part.value = 0;
	if (slot == NULL || slot->kind == TD_SLOT_ROM)
		return true;
	if (slot->kind == TD_SLOT_MMIO)
		return td_engine_mmio(td, part.gpa & ~td->mem->s, part.bytes, part.write, part.value);
	return shared_ram(td, vcpu, rip, part);
}

/* Up to where QEMU would go in one piece: of an access that is not aligned, what is ([qemu:memory_access_size]). */
static unsigned int aligned_bytes(uint64_t gpa, unsigned int left)
{
	unsigned int bytes = 8;

	while (bytes > left || gpa % bytes != 0)
		bytes /= 2;
	return bytes;
}

/*
 * RequestMMIO: KVM takes 32 bits of size and direction, looks at S alone, and leaves the rest to QEMU, which reaches
 * RAM as well as devices ([kvm:tdx_emulate_mmio]).
 */
static bool mmio(struct td *td, unsigned int vcpu, struct td_regs *regs)
{
	uint32_t size = (uint32_t)regs->gpr[TD_R12], write = (uint32_t)regs->gpr[TD_R13], done, bytes;
	uint64_t gpa = regs->gpr[TD_R14], value = 0, word;
	bool crosses = gpa % TDX_PAGE_SIZE + size > TDX_PAGE_SIZE;

	if ((size != 1 && size != 2 && size != 4 && size != 8) || write > 1 || !(gpa & (gpa + size - 1) & td->mem->s))
		return false;
	for (done = 0; done < size; done += bytes) {
		bytes = crosses ? aligned_bytes(gpa + done, size - done) : size;
		word = regs->gpr[TD_R15] >> 8 * done;
		if (!mmio_part(td, vcpu, regs->rip, (struct td_mmio){ gpa + done, &word, bytes, write }))
			return false;
		value |= (bytes == 8 ? word : word & ((1ull << 8 * bytes) - 1)) << 8 * done;
	}
	if (!write)
		regs->gpr[TD_R11] = value;
	return true;
}

static bool msr(struct td *td, unsigned int vcpu, struct td_regs *regs, bool write)
{
	return td_engine_msr(td, vcpu, (uint32_t)regs->gpr[TD_R12], write,
			     write ? &regs->gpr[TD_R13] : &regs->gpr[TD_R11]);
}

static void cpuid(struct td *td, struct td_regs *regs)
{
	uint32_t out[4] = { 0, 0, 0, 0 };

	td_engine_cpuid(td, (uint32_t)regs->gpr[TD_R12], (uint32_t)regs->gpr[TD_R13], out);
	for (unsigned int i = 0; i < 4; i++)
		regs->gpr[TD_R12 + i] = out[i];
}

/* ReportFatalError: 64 bytes of text in R14, R15, RBX, RDI, RSI, R8, R9, RDX (GHCI). */
static enum td_action fatal_error(struct td *td, const struct td_regs *regs, uint64_t rip)
{
	static const uint8_t order[] = { TD_R14, TD_R15, TD_RBX, TD_RDI, TD_RSI, TD_R8, TD_R9, TD_RDX };
	struct td_record_fatal part = { .text = { 0 } };

	for (uint32_t i = 0, n = 0; i < sizeof(order) * 8; i++) {
		part.text[n++] = (char)(regs->gpr[order[i / 8]] >> i % 8 * 8);
		if (n < sizeof(part.text) && i + 1 < sizeof(order) * 8)
			continue;
		td_emit_record(td, FATAL, fatal, rip, part);
		part = (struct td_record_fatal){ .text = { 0 } };
		n = 0;
	}
	return td_end(td, TD_STOP_FATAL_ERROR, regs->gpr[TD_R12], rip);
}

static enum td_action unserved(struct td *td, struct td_regs *regs, uint64_t subfn, uint64_t status)
{
	td_emit(td, HYPERCALL, hypercall, regs->rip, .subfn = subfn, .r10 = regs->gpr[TD_R10], .r12 = regs->gpr[TD_R12],
		.r13 = regs->gpr[TD_R13], .status = status);
	answer(regs, status);
	return TD_NEXT;
}

/*
 * GetQuote: R12 = a shared buffer, R13 = its size; the status is in its header. Nobody makes quotes here: that is what
 * the header says, as of a QEMU that was given no service ([kvm:tdx_get_quote], [qemu:tdx_handle_get_quote]).
 */
enum { QUOTE_HEADER = 24, QUOTE_STATUS = 8, QUOTE_IN_LENGTH = 16, QUOTE_MAX = 128 * 1024 };
#define QUOTE_UNAVAILABLE	0x8000000000000001ull

static uint64_t get_quote(struct td *td, uint64_t gpa, uint64_t size)
{
	const struct td_slot *slot = td_slot_of(td, gpa);
	uint64_t status = QUOTE_UNAVAILABLE, length = 0;
	uint8_t header[QUOTE_HEADER];

	if (!(gpa & td->mem->s) || size == 0)
		return TDVMCALL_INVALID_OPERAND;
	if (gpa % TDX_PAGE_SIZE != 0 || size % TDX_PAGE_SIZE != 0)
		return TDVMCALL_ALIGN_ERROR;
	if (gpa >= td->mem->s << 1 || slot == NULL || slot->kind != TD_SLOT_RAM || !td_mapped(td, gpa))
		return TDVMCALL_INVALID_OPERAND;
	td_engine_shared(td, gpa & ~td->mem->s, header, sizeof(header), false);
	for (unsigned int i = 0; i < 4; i++)
		length |= (uint64_t)header[QUOTE_IN_LENGTH + i] << 8 * i;
	for (unsigned int i = 0; i < 8; i++)
		if (header[i] != (i == 0))	/* version 1 */
			return TDVMCALL_INVALID_OPERAND;
	if (size > QUOTE_MAX || length > size - QUOTE_HEADER)
		return TDVMCALL_INVALID_OPERAND;
	td_engine_shared(td, (gpa & ~td->mem->s) + QUOTE_STATUS, &status, sizeof(status), true);
	return TDVMCALL_SUCCESS;
}

/*
 * Leaf 0: the base is served; leaf 1: beyond it SetupEventNotifyInterrupt is ([kvm:tdx_get_td_vm_call_info],
 * [qemu:tdx_handle_get_tdvmcall_info]).
 */
#define INFO_EVENT_NOTIFY	(1ull << 1)

static bool call_info(struct td_regs *regs)
{
	uint64_t *r = regs->gpr;

	if (r[TD_R12] > 1)
		return false;
	r[TD_R11] = r[TD_R12] == 1 ? INFO_EVENT_NOTIFY : 0;
	r[TD_R12] = r[TD_R13] = r[TD_R14] = 0;
	return true;
}

/* QEMU keeps the vector for the end of a quote; without a service no quote is ever under way. */
static bool event_notify(const struct td_regs *regs)
{
	return regs->gpr[TD_R12] >= 32 && regs->gpr[TD_R12] <= 255;
}

/* Hypercalls of KVM's own: R10 other than 0 is one to it ([kvm:tdx_emulate_vmcall]). None has an effect here. */
#define HC_VAPIC_POLL_IRQ	1
#define KVM_ENOSYS		(-1000ull)

static enum td_action served(struct td_regs *regs, bool good)
{
	answer(regs, good ? TDVMCALL_SUCCESS : TDVMCALL_INVALID_OPERAND);
	return TD_NEXT;
}

enum td_action td_ghci(struct td *td, unsigned int vcpu, struct td_regs *regs)
{
	uint64_t subfn = regs->gpr[TD_R11], *r = regs->gpr;

	if (r[TD_R10] == HC_VAPIC_POLL_IRQ)
		return served(regs, true);
	if (r[TD_R10] != 0)
		return unserved(td, regs, subfn, KVM_ENOSYS);
	switch (subfn) {
	case GHCI_MAP_GPA:
		map_gpa(td, regs, regs->rip);
		return td->mem->now.stop == TD_RUNNING ? TD_NEXT : TD_STOP;
	case GHCI_GET_TDVMCALL_INFO:
		return served(regs, call_info(regs));
	case GHCI_GET_QUOTE:
		answer(regs, get_quote(td, r[TD_R12], r[TD_R13]));
		return TD_NEXT;
	case GHCI_SETUP_EVENT_NOTIFY:
		return served(regs, event_notify(regs));
	case GHCI_CPUID:
		cpuid(td, regs);
		return served(regs, true);
	case GHCI_HLT:
		answer(regs, TDVMCALL_SUCCESS);
		return r[TD_R12] & 1 ? TD_PARK : TD_HALT;
	case GHCI_IO:
		return served(regs, io(td, regs));
	case GHCI_RDMSR:
	case GHCI_WRMSR:
		return served(regs, msr(td, vcpu, regs, subfn == GHCI_WRMSR));
	case GHCI_MMIO:
		return served(regs, mmio(td, vcpu, regs));
	case GHCI_REPORT_FATAL_ERROR:
		return fatal_error(td, regs, regs->rip);
	default:
		return unserved(td, regs, subfn, TDVMCALL_SUBFUNC_UNSUPPORTED);
	}
}
