/* SPDX-License-Identifier: MIT */
/* One exit of the guest: counted, answered by td, and td's answer carried out on the vCPU. */
#include "monitor/exit.h"

#include "image/bytes.h"
#include "monitor/end.h"
#include "monitor/insn.h"
#include "monitor/io.h"
#include "monitor/journal.h"
#include "monitor/panic.h"
#include "monitor/state.h"

#define TDX_CPUID_LEAF	0x21
#define RFLAGS_IF	(1ull << 9)

/* No MSR has this number, so td answers #VE: for the writes that only the persona knows to be one. */
#define MSR_ALWAYS_VE	0

static bool detected;	/* the guest has asked whether it is a TD */

static enum monitor_exit tdcall_reason(const struct td_regs *r)
{
	if (r->gpr[TD_RAX] == TDG_VP_VEINFO_GET)
		return EXIT_VEINFO;
	if (r->gpr[TD_RAX] == TDG_MEM_PAGE_ACCEPT)
		return EXIT_ACCEPT;
	if (r->gpr[TD_RAX] != TDG_VP_VMCALL)
		return EXIT_TDCALL;
	if (r->gpr[TD_R10] != 0)
		return EXIT_VMCALL;
	switch (r->gpr[TD_R11]) {
	case GHCI_IO:
		return EXIT_VMCALL_IO;
	case GHCI_RDMSR:
	case GHCI_WRMSR:
		return EXIT_VMCALL_MSR;
	case GHCI_MMIO:
		return EXIT_VMCALL_MMIO;
	case GHCI_HLT:
		return EXIT_VMCALL_HLT;
	case GHCI_MAP_GPA:
		return EXIT_VMCALL_MAPGPA;
	default:
		return EXIT_VMCALL;
	}
}

static void trace(const struct vcpu *vcpu, const struct vm_exit *e)
{
	enum monitor_exit reason = e->reason;
	const uint64_t *r = vcpu->regs.gpr;
	struct td_event event = td_event_new(TD_EV_EXIT, vcpu->index, vcpu->regs.rip);
	uint64_t a = 0, b = 0;

	if (reason == EXIT_VMCALL_IO || reason == EXIT_VMCALL_MMIO) {
		a = r[TD_R14];
		b = r[TD_R13];
	} else if (reason == EXIT_VMCALL_MSR) {
		a = r[TD_R12];
		b = r[TD_R11] == GHCI_WRMSR;
	} else if (reason == EXIT_VMCALL_MAPGPA) {
		a = r[TD_R12];
		b = r[TD_R13];
	} else if (reason == EXIT_VMCALL) {
		a = r[TD_R10];
		b = r[TD_R11];
	} else if (reason == EXIT_CPUID || reason == EXIT_VEINFO || reason == EXIT_ACCEPT || reason == EXIT_TDCALL) {
		a = r[TD_RAX];
		b = r[TD_RCX];
	} else if (reason == EXIT_IO) {
		a = e->port;
		b = !e->in;
	} else if (reason == EXIT_MSR) {
		a = r[TD_RCX];
		b = e->write;
	} else if (reason == EXIT_CR) {
		a = e->qualification;
	} else if (reason == EXIT_EPT_PRIVATE || reason == EXIT_EPT_SHARED) {
		a = e->gpa;
		b = e->error;
	} else if (reason == EXIT_UNKNOWN || reason == EXIT_FORBIDDEN) {
		a = e->code;
	}
	event.exit = (struct td_record_exit){ reason, a, b };
	journal_put(&event);
}

/* The books. What wakes up again and again in a guest that has nothing to do is no activity. */
static void account(struct vcpu *vcpu, const struct vm_exit *e)
{
	enum monitor_exit reason = e->reason;

	vcpu->exits[reason]++;
	journal_status()->exits++;
	journal_vcpu(vcpu->index)->rip = vcpu->regs.rip;
	journal_vcpu(vcpu->index)->cr3 = vcpu->cr3;
	if (reason != EXIT_VMCALL_HLT && reason != EXIT_VMCALL_MSR && reason != EXIT_MSR && reason != EXIT_VEINFO &&
	    reason != EXIT_NMI && reason != EXIT_HLT)
		activity++;
	if (config.flags & MONITOR_TRACE_EXITS)
		trace(vcpu, e);
}

/* A #VE that no TDVMCALL follows is one that the guest does not serve: it dies of it, or lives with it. */
static void note_ve(struct vcpu *vcpu)
{
	struct monitor_vcpu *now = journal_vcpu(vcpu->index);

	if (now->ve_open) {
		now->passed_over = now->ve;
		now->ve_passed_over = 1;
	}
	now->ve = (struct monitor_ve){ vcpu->ve_reason, vcpu->ve_gpa, vcpu->regs.rip };
	now->ve_open = 1;
	vcpu->ve_seen = true;
	vcpu->ve_interrupts = vcpu->rflags & RFLAGS_IF;
}

/* What td said, for an instruction of this length. Everything but TD_NATIVE. */
static enum td_action carry_out(struct vcpu *vcpu, enum td_action action, uint64_t length)
{
	switch (action) {
	case TD_NEXT:
		vendor_skip(vcpu, length);
		break;
	case TD_AGAIN:
		break;
	case TD_VE:
		note_ve(vcpu);
		vendor_inject(vcpu, EXCEPTION_VE);
		break;
	case TD_GP:
		vendor_inject(vcpu, EXCEPTION_GP);
		break;
	case TD_UD:
		vendor_inject(vcpu, EXCEPTION_UD);
		break;
	case TD_DF:
		vendor_inject(vcpu, EXCEPTION_DF);
		break;
	case TD_HALT:
	case TD_PARK:
		vendor_skip(vcpu, length);
		return action;
	case TD_STOP:
		return action;
	case TD_NATIVE:
		panic("td left an instruction at 0x%lx to the monitor, which cannot do it", vcpu->regs.rip);
	}
	return TD_NEXT;
}

static struct td_instruction instruction(struct vcpu *vcpu, enum ve_reason reason, uint32_t length)
{
	vcpu->ve_reason = reason;
	vcpu->ve_gpa = 0;
	return (struct td_instruction){
		.reason = reason,
		.length = length,
		.rip = vcpu->regs.rip,
		.index = (uint32_t)vcpu->regs.gpr[reason == VE_CPUID ? TD_RAX : TD_RCX],
		.subleaf = (uint32_t)vcpu->regs.gpr[TD_RCX],
		.cpl = vcpu->regs.cpl,
	};
}

/* An instruction with nothing to it but its name. */
static enum td_action reflect(struct vcpu *vcpu, enum ve_reason reason, uint32_t length)
{
	struct td_instruction in = instruction(vcpu, reason, length);

	return carry_out(vcpu, td_instruction(td, vcpu->index, &in), length);
}

/*
 * Interrupts are blocked if RFLAGS.IF is clear (GHCI, Instruction.HLT, R12); but where HLT was a #VE, the handler's IF
 * says nothing: what counts is what it was where the HLT is. A guest that says "blocked" and is wrong is never woken.
 */
static void note_vmcall(struct vcpu *vcpu)
{
	struct monitor_vcpu *now = journal_vcpu(vcpu->index);
	const uint64_t *gpr = vcpu->regs.gpr;
	bool of_ve = now->ve_open && now->ve.reason == VE_HLT;

	if (gpr[TD_R10] == 0 && gpr[TD_R11] == GHCI_HLT && (gpr[TD_R12] & 1) &&
	    (of_ve ? vcpu->ve_interrupts : (vcpu->rflags & RFLAGS_IF) != 0))
		td_halt_mistaken(td, vcpu->index, of_ve ? now->ve.rip : vcpu->regs.rip);
	now->ve_open = 0;
}

static enum td_action on_tdcall(struct vcpu *vcpu)
{
	if (!detected && vcpu->regs.gpr[TD_RAX] == TDG_VP_INFO) {
		detected = true;
		end_mark(TD_MARK_DETECTED, 0);
	}
	if (vcpu->regs.gpr[TD_RAX] == TDG_VP_VMCALL)
		note_vmcall(vcpu);
	return carry_out(vcpu, td_tdcall(td, vcpu->index, &vcpu->regs), TDCALL_LENGTH);
}

/* Instructions of Intel's that this CPU does not have, and UD2. */
static enum td_action on_ud(struct vcpu *vcpu, const struct vm_exit *e)
{
	switch (e->insn) {
	case INSN_TDCALL:
		return on_tdcall(vcpu);
	case INSN_VMCALL:
		return reflect(vcpu, VE_VMCALL, e->length);
	case INSN_PCONFIG:
		return reflect(vcpu, VE_PCONFIG, e->length);
	default:
		return carry_out(vcpu, TD_UD, 0);
	}
}

/* Without prefixes, if the code cannot be read: another vCPU may have unmapped it since. */
static uint32_t code_length(const struct vcpu *vcpu, enum insn_kind *kind, uint32_t plain)
{
	uint8_t code[INSN_MAX];
	uint32_t length;

	*kind = insn_kind(code, vcpu_code(vcpu, code), &length);
	return *kind != INSN_OTHER ? length : plain;
}

static enum td_action on_io(struct vcpu *vcpu, const struct vm_exit *e)
{
	uint32_t length = (uint32_t)(e->next_rip - vcpu->regs.rip);
	struct td_instruction in = instruction(vcpu, VE_IO, length);

	in.qualification = (e->size - 1) | (uint64_t)e->in << 3 | (uint64_t)e->string << 4 | (uint64_t)e->rep << 5 |
			   (uint64_t)e->port << 16;
	return carry_out(vcpu, td_instruction(td, vcpu->index, &in), length);
}

/* persona_*() work on copies of the registers that they may look at. */
static void persona_in(struct vcpu *vcpu)
{
	vcpu->persona.cr4 = vcpu->cr4;
	vcpu->persona.efer = vcpu->efer;
	vcpu->persona.cs_long = vcpu->regs.long_mode;
	vcpu->persona.ve_reduced = td_ve_reduced(td);
}

static enum td_action on_cpuid(struct vcpu *vcpu)
{
	enum insn_kind kind;
	uint32_t length = code_length(vcpu, &kind, 2), out[4];
	struct td_instruction in = instruction(vcpu, VE_CPUID, length);
	enum td_action action = td_instruction(td, vcpu->index, &in);

	if (in.index == TDX_CPUID_LEAF)
		vcpu->ve_seen = false;	/* it knows what it is */
	if (action != TD_NATIVE)
		return carry_out(vcpu, action, length);
	persona_in(vcpu);
	persona_cpuid(&vcpu->persona, in.index, in.subleaf, out);
	vcpu->regs.gpr[TD_RAX] = out[0];
	vcpu->regs.gpr[TD_RBX] = out[1];
	vcpu->regs.gpr[TD_RCX] = out[2];
	vcpu->regs.gpr[TD_RDX] = out[3];
	return carry_out(vcpu, TD_NEXT, length);
}

static enum persona_answer native_msr(struct vcpu *vcpu, uint32_t msr, bool write)
{
	uint64_t value = vcpu->regs.gpr[TD_RDX] << 32 | (uint32_t)vcpu->regs.gpr[TD_RAX];
	enum persona_answer answer;

	persona_in(vcpu);
	if (write) {
		answer = persona_wrmsr(&vcpu->persona, msr, value);
		vcpu->efer = vcpu->persona.efer;
		return answer;
	}
	answer = persona_rdmsr(&vcpu->persona, msr, &value);
	if (answer == PERSONA_DONE) {
		vcpu->regs.gpr[TD_RAX] = (uint32_t)value;
		vcpu->regs.gpr[TD_RDX] = value >> 32;
	}
	return answer;
}

static enum td_action on_msr(struct vcpu *vcpu, bool write)
{
	enum insn_kind kind;
	uint32_t length = code_length(vcpu, &kind, 2);
	struct td_instruction in = instruction(vcpu, write ? VE_WRMSR : VE_RDMSR, length);
	enum td_action action = td_instruction(td, vcpu->index, &in);

	if (action != TD_NATIVE)
		return carry_out(vcpu, action, length);
	switch (native_msr(vcpu, in.index, write)) {
	case PERSONA_DONE:
		return carry_out(vcpu, TD_NEXT, length);
	case PERSONA_VE:
		in.index = MSR_ALWAYS_VE;
		return carry_out(vcpu, td_instruction(td, vcpu->index, &in), length);
	default:
		return carry_out(vcpu, TD_GP, length);
	}
}

static enum td_action on_cr(struct vcpu *vcpu, const struct vm_exit *e)
{
	struct td_instruction in = instruction(vcpu, VE_CR_ACCESS, e->length);

	in.qualification = e->qualification;
	return carry_out(vcpu, td_instruction(td, vcpu->index, &in), e->length);
}

/* #VE needs the linear address, which the vendor need not give: found in the instruction, believed if it leads back. */
static enum td_action on_ept(struct vcpu *vcpu, const struct vm_exit *e)
{
	struct td_access access = { .gpa = e->gpa, .rip = vcpu->regs.rip, .flags = e->access };
	struct insn_access operand;
	struct insn_regs regs;
	uint8_t code[INSN_MAX];
	uint64_t gla, gpa;
	bool split = false;

	if (!(e->access & (TD_ACCESS_FETCH | TD_ACCESS_WALK))) {
		regs = vcpu_insn_regs(vcpu);
		if (insn_explain(code, vcpu_code(vcpu, code), &regs, e->gpa, e->access & TD_ACCESS_WRITE, &operand, &split)) {
			gla = split ? (operand.gla + operand.bytes - 1) & ~(TDX_PAGE_SIZE - 1) : operand.gla;
			if (vcpu_translate(vcpu, gla, &gpa) && gpa / TDX_PAGE_SIZE == e->gpa / TDX_PAGE_SIZE)
				access.gla = gla;
		}
	}
	if (split && access.gla != 0)
		access.flags |= TD_ACCESS_SPLIT;
	vcpu->ve_reason = VE_EPT_VIOLATION;
	vcpu->ve_gpa = e->gpa;
	return carry_out(vcpu, td_access(td, vcpu->index, &access), 0);
}

/* A kernel that does not know what a #VE is dies of the first one. */
static void __attribute__((noreturn)) on_shutdown(const struct vcpu *vcpu)
{
	if (!detected && vcpu->ve_seen)
		end_mark(TD_MARK_NO_TDX, 0);
	end_run_mark(TD_MARK_RESET, 1);
}

static enum td_action on_cache(struct vcpu *vcpu)
{
	enum insn_kind kind;
	uint32_t length = code_length(vcpu, &kind, 2);

	return reflect(vcpu, kind == INSN_INVD ? VE_INVD : VE_WBINVD, length);
}

static enum td_action on_hlt(struct vcpu *vcpu)
{
	enum insn_kind kind;
	uint32_t length = code_length(vcpu, &kind, 1);

	return reflect(vcpu, VE_HLT, length);
}

/* MONITOR and MWAIT are #VE ([mod:td_generic_ve_exit]), RDPMC without a PMU is #GP; AMD's own do not exist in a TD. */
static enum td_action on_forbidden(struct vcpu *vcpu)
{
	enum insn_kind kind;
	uint32_t length = code_length(vcpu, &kind, 3);

	if (kind == INSN_MONITOR || kind == INSN_MWAIT)
		return reflect(vcpu, kind == INSN_MONITOR ? VE_MONITOR : VE_MWAIT, length);
	return carry_out(vcpu, kind == INSN_RDPMC ? TD_GP : TD_UD, 0);
}

/* Linux's own code never runs at CPL 3: whatever else may be seen of user space, it is there. */
static void note_user(const struct vcpu *vcpu)
{
	static bool seen;

	if (seen || vcpu->regs.cpl != 3)
		return;
	seen = true;
	end_mark(TD_MARK_USER, 0);
}

/*
 * If the code cannot be read any more, it is taken for TDCALL: the CPU has just fetched a #UD from there.
 * A TDCALL is counted by what it asks for.
 */
void exit_decode(struct vcpu *vcpu, struct vm_exit *e)
{
	uint8_t code[INSN_MAX];

	note_user(vcpu);
	if (e->reason == EXIT_UD) {
		e->insn = insn_kind(code, vcpu_code(vcpu, code), &e->length);
		if (e->insn == INSN_TDCALL)
			e->reason = tdcall_reason(&vcpu->regs);
	}
	account(vcpu, e);
}

enum td_action exit_handle(struct vcpu *vcpu, const struct vm_exit *e)
{
	switch (e->reason) {
	case EXIT_NMI:
		return TD_NEXT;
	case EXIT_IO:
		return on_io(vcpu, e);
	case EXIT_CPUID:
		return on_cpuid(vcpu);
	case EXIT_MSR:
		return on_msr(vcpu, e->write);
	case EXIT_CR:
		return on_cr(vcpu, e);
	case EXIT_HLT:
		return on_hlt(vcpu);
	case EXIT_CACHE:
		return on_cache(vcpu);
	case EXIT_EPT_PRIVATE:
	case EXIT_EPT_SHARED:
		return on_ept(vcpu, e);
	case EXIT_FORBIDDEN:
		return on_forbidden(vcpu);
	case EXIT_SHUTDOWN:
		return TD_STOP;
	case EXIT_UNKNOWN:
		if (e->misdeed == NULL)
			panic("exit 0x%lx at 0x%lx, which was not asked for", e->code, vcpu->regs.rip);
		return TD_STOP;
	default:
		return on_ud(vcpu, e);
	}
}

void exit_end(const struct vcpu *vcpu, const struct vm_exit *e)
{
	if (e->reason == EXIT_SHUTDOWN)
		on_shutdown(vcpu);
	if (e->misdeed != NULL)
		blame("%s (RIP 0x%lx)", e->misdeed, vcpu->regs.rip);
	end_run();
}
