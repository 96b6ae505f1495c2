/* SPDX-License-Identifier: MIT */
/*
 * Enters and leaves the guest by VMRUN, and turns VMEXIT codes into struct vm_exit. Section numbers are those of the
 * AMD64 Architecture Programmer's Manual, volume 2 (24593), revision 3.42.
 */
#include "monitor/svm/svm.h"

#include "image/bytes.h"
#include "monitor/io.h"
#include "monitor/mem.h"
#include "monitor/npt.h"
#include "monitor/panic.h"
#include "monitor/persona/cr.h"
#include "monitor/shootdown.h"
#include "monitor/state.h"
#include "monitor/svm/msr_map.h"
#include "monitor/svm/regs.h"
#include "monitor/svm/unpaged.h"

#define MSR_VM_HSAVE_PA		0xc0010117
#define MSR_EFER		0xc0000080u
#define MSR_FS_BASE		0xc0000100u
#define MSR_GS_BASE		0xc0000101u
#define MSR_KERNEL_GS_BASE	0xc0000102u
#define CPUID_SVM		(1u << 2)	/* 80000001.ECX */
#define CPUID_NPT		(1u << 0)	/* 8000000A.EDX */
#define ASID			1
#define TLB_FLUSH_ALL		1		/* 15.16.1 */
#define PAT_RESET		0x0007040600070406ull
#define DEBUGCTL_BTF		2ull
#define DR_LONGEST		8u		/* bytes that a breakpoint on data can watch */
#define IO_MAP_BYTES		12288
#define HOST_CR4_AS_GUEST	(CR4_PSE | CR4_PGE | CR4_SMEP | CR4_SMAP)

/*
 * What a device can send to a CPU if the guest tells it so (ICH9's APM port, an IOAPIC entry, an MSI), and what would
 * end in machine memory that the guest wrote, outside of every page table: an SMI starts at SMBASE + 0x8000.
 */
#define HOST_INTERCEPTS		(SVM_I_SMI | SVM_I_INIT)

/* Of what a guest's RFLAGS can hold; anything else is damage done by the machine below. */
#define RFLAGS_KNOWN		0x3f7fd7ull
#define RFLAGS_TF		(1ull << 8)
#define RFLAGS_RF		(1ull << 16)

void svm_enter(uint64_t vmcb, uint64_t gpr[TD_GPRS], uint64_t dr7);
void svm_halt(uint64_t vmcb);
void svm_take_nmi(void);
extern const uint8_t svm_halt_code[], svm_armed[], svm_disarmed[];

static uint64_t read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static uint64_t read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

void vendor_cpu_init(void)
{
	uint32_t out[4];

	cpuid(0x80000001, 0, out);
	if (!(out[2] & CPUID_SVM))
		panic("this CPU has no SVM: QEMU must run it with -accel tcg -cpu max");
	cpuid(0x8000000a, 0, out);
	if (!(out[3] & CPUID_NPT))
		panic("this CPU has no nested paging");
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, mem_address(mem_alloc(TDX_PAGE_SIZE)));
	__asm__ volatile("clgi");
}

static void *permission_maps(uint64_t *io_map)
{
	static void *io, *msr;

	if (io == NULL) {
		io = memset(mem_alloc(IO_MAP_BYTES), 0xff, IO_MAP_BYTES);
		msr = mem_alloc(MSR_MAP_BYTES);
		msr_map_fill(msr);
	}
	*io_map = mem_address(io);
	return msr;
}

static void set_intercepts(struct vmcb_control *c)
{
	c->exceptions = 1u << EXCEPTION_UD;
	c->misc1 = HOST_INTERCEPTS | SVM_I_NMI | SVM_I_RDPMC | SVM_I_CPUID | SVM_I_INVD | SVM_I_HLT | SVM_I_INVLPGA |
		   SVM_I_IOIO | SVM_I_MSR | SVM_I_SHUTDOWN;
	c->misc2 = SVM_I_VMRUN | SVM_I_VMMCALL | SVM_I_VMLOAD | SVM_I_VMSAVE | SVM_I_STGI | SVM_I_CLGI | SVM_I_SKINIT |
		   SVM_I_WBINVD | SVM_I_MONITOR | SVM_I_MWAIT;
	c->msr_map = mem_address(permission_maps(&c->io_map));
	c->asid = ASID;
}

static void set_segments(struct vmcb_save *s, uint16_t cs, uint16_t ds, bool code64)
{
	s->cs = (struct vmcb_segment){ cs, code64 ? VMCB_CODE64 : VMCB_CODE32, 0xffffffff, 0 };
	s->ds = (struct vmcb_segment){ ds, VMCB_DATA, 0xffffffff, 0 };
	s->es = s->ss = s->fs = s->gs = s->ds;
}

/* What this CPU has itself, for a VMCB that runs the monitor's own code. */
static void halt_init(struct vcpu *vcpu)
{
	struct vmcb *vmcb = mem_alloc(TDX_PAGE_SIZE);

	vcpu->vendor->halt = vmcb;
	vmcb->control.misc1 = SVM_I_INTR | SVM_I_NMI | HOST_INTERCEPTS;
	vmcb->control.misc2 = SVM_I_VMRUN;
	vmcb->control.asid = ASID;
	vmcb->control.int_control = VMCB_INTR_MASKING;
	set_segments(&vmcb->save, 0x08, 0x10, true);
	vmcb->save.efer = rdmsr(MSR_EFER);
	vmcb->save.cr3 = mem_page_tables();
	vmcb->save.dr6 = DR6_RESET;
	vmcb->save.dr7 = DR7_RESET;
	vmcb->save.pat = PAT_RESET;
}

void vendor_vcpu_init(struct vcpu *vcpu)
{
	struct vmcb *vmcb = mem_alloc(TDX_PAGE_SIZE);

	vcpu->vendor = mem_alloc(sizeof(*vcpu->vendor));
	vcpu->vendor->vmcb = vmcb;
	vcpu->vendor->host_cr0 = read_cr0();
	vcpu->vendor->host_cr4 = read_cr4();
	set_intercepts(&vmcb->control);
	vmcb->control.nested_paging = 1;
	vmcb->control.nested_cr3 = npt_root();
	vmcb->save.pat = PAT_RESET;
	svm_regs_init(vcpu);
	halt_init(vcpu);
}

void vendor_vcpu_start(struct vcpu *vcpu, const struct load_start *start)
{
	struct vmcb_save *s = &vcpu->vendor->vmcb->save;

	set_segments(s, start->cs, start->ds, start->code64);
	s->gdtr = (struct vmcb_segment){ 0, 0, start->gdt_limit, start->gdt };
	vcpu->cr0 = start->cr0;
	vcpu->cr3 = start->cr3;
	vcpu->cr4 = start->cr4;
	vcpu->efer = start->efer;
	vcpu->rflags = start->rflags;
	vcpu->regs.rip = start->rip;
	vcpu->regs.gpr[TD_RBX] = start->rbx;
	vcpu->regs.gpr[TD_RCX] = start->rcx;
	vcpu->regs.gpr[TD_RDX] = start->rdx;
	vcpu->regs.gpr[TD_RSI] = start->rsi;
	vcpu->regs.gpr[TD_RDI] = start->rdi;
	vcpu->regs.gpr[TD_RSP] = start->rsp;
	vcpu->regs.gpr[TD_R8] = start->r8;
	svm_regs_show(vcpu);
}

/*
 * An event that VMRUN has to deliver. One at a time: what was cut short by an exit waits behind an exception of ours.
 * Faults and software interrupts need not wait, their instruction runs again.
 */
void vendor_inject(struct vcpu *vcpu, enum exception vector)
{
	struct vmcb_control *c = &vcpu->vendor->vmcb->control;
	uint64_t cut = vcpu->vendor->event;

	if (cut & EVENT_VALID) {
		if ((cut & EVENT_TYPE) == EVENT_INTERRUPT)
			c->int_control |= VMCB_V_IRQ | VMCB_V_IGN_TPR | (cut & EVENT_VECTOR) << VMCB_V_VECTOR_SHIFT;
		else if ((cut & EVENT_TYPE) == EVENT_NMI)
			vcpu->nmi = 1;
	}
	vcpu->vendor->event = EVENT_VALID | EVENT_EXCEPTION | vector;
	if (vector == EXCEPTION_DF || vector == EXCEPTION_GP)
		vcpu->vendor->event |= EVENT_HAS_ERROR;
}

/* [mod:set_guest_pde_bs], and its caller, advance_guest_rip(). */
void vendor_skip(struct vcpu *vcpu, uint64_t length)
{
	vcpu->regs.rip += length;
	vcpu->rflags &= ~RFLAGS_RF;
	if (!(vcpu->rflags & RFLAGS_TF) || (vcpu->persona.debugctl & DEBUGCTL_BTF))
		return;
	vcpu->dr[6] |= DR6_BS;
	vendor_inject(vcpu, EXCEPTION_DB);
}

/*
 * Delivery that an exit cut short (15.7.2). QEMU's TCG reports an external interrupt as an exception there: no
 * exception has a vector of 32 or more.
 */
static uint64_t event_cut_short(uint64_t exit_int_info)
{
	uint64_t type = exit_int_info & EVENT_TYPE;

	if (!(exit_int_info & EVENT_VALID) || type == EVENT_SOFTWARE)
		return 0;
	if (type == EVENT_EXCEPTION && (exit_int_info & EVENT_VECTOR) >= 32)
		exit_int_info = (exit_int_info & ~EVENT_TYPE) | EVENT_INTERRUPT;
	return exit_int_info;
}

/* Until the guest's IRET there is no other, and none between a #VE and the reading of its information. */
static void deliver_nmi(struct vcpu *vcpu)
{
	if (!vcpu->nmi || vcpu->vendor->nmi_blocked || (vcpu->vendor->event & EVENT_VALID) ||
	    td_ve_pending(td, vcpu->index))
		return;
	vcpu->nmi = 0;
	vcpu->vendor->nmi_blocked = true;
	vcpu->vendor->vmcb->control.misc1 |= SVM_I_IRET;
	vcpu->vendor->event = EVENT_VALID | EVENT_NMI | 2;
}

/*
 * Under TCG, a difference between the host's and the guest's CR0.WP or these bits of CR4 costs another flush of the
 * whole TLB at each entry and exit ([qemu:cpu_x86_update_cr0] and cpu_x86_update_cr4).
 */
static void match_host(struct vcpu *vcpu)
{
	const struct vmcb_save *s = &vcpu->vendor->vmcb->save;
	uint64_t cr0 = (vcpu->vendor->host_cr0 & ~CR0_WP) | (s->cr0 & CR0_WP);
	uint64_t cr4 = (vcpu->vendor->host_cr4 & ~HOST_CR4_AS_GUEST) | (s->cr4 & HOST_CR4_AS_GUEST);

	if (cr0 != vcpu->vendor->host_cr0)
		__asm__ volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
	if (cr4 != vcpu->vendor->host_cr4)
		__asm__ volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
	vcpu->vendor->host_cr0 = cr0;
	vcpu->vendor->host_cr4 = cr4;
}

/* Touched while the guest's breakpoints are armed, in svm_enter(): its code, and the guest's registers in the pool. */
static bool is_touched(uint64_t address, bool fetch)
{
	if (fetch)
		return address >= (uint64_t)svm_armed && address <= (uint64_t)svm_disarmed;
	return address + DR_LONGEST > MEM_DIRECT && address < MEM_DIRECT + MEM_DIRECT_BYTES;
}

/*
 * The guest's breakpoints are armed from here to VMRUN, and disarmed by the first instructions after it: QEMU changes
 * them at MOV to DR7, whoever runs ([qemu:cpu_x86_update_dr7]), and before 9.1 neither at VMRUN nor at an exit
 * ([qemu:8aa76496dfaa]). Those on ports never hit, because each port access is a #VE.
 */
static uint64_t load_breakpoints(const struct vcpu *vcpu)
{
	const uint64_t *dr = vcpu->dr;
	uint64_t dr7 = dr[7] & ~DR7_GD;

	for (unsigned int n = 0; n < DR_BREAKPOINTS; n++)
		if (DR7_TYPE(dr7, n) == DR7_IO || is_touched(dr[n], DR7_TYPE(dr7, n) == DR7_FETCH))
			dr7 &= ~DR7_ENABLED(n);
	if (dr7 & DR7_ALL_ENABLED)
		__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3"
				 : : "r"(dr[0]), "r"(dr[1]), "r"(dr[2]), "r"(dr[3]));
	return dr7;
}

static void enter(struct vcpu *vcpu)
{
	struct vmcb *vmcb = vcpu->vendor->vmcb;
	uint64_t generation;

	deliver_nmi(vcpu);
	vmcb->save.rax = vcpu->regs.gpr[TD_RAX];
	vmcb->save.rsp = vcpu->regs.gpr[TD_RSP];
	vmcb->save.rip = vcpu->regs.rip;
	vmcb->save.rflags = vcpu->rflags;
	vmcb->save.efer = (vcpu->vendor->unpaged ? vcpu->efer & ~EFER_LME : vcpu->efer) | EFER_SVME;
	vmcb->save.dr6 = vcpu->dr[6];
	vmcb->save.dr7 = load_breakpoints(vcpu);
	vmcb->control.event = vcpu->vendor->event;
	vcpu->vendor->event = 0;
	match_host(vcpu);
	shootdown_vmrun_begin(vcpu);

	/* First be seen, then look: whoever changes the tables does it the other way round (npt_sync()). */
	__atomic_store_n(&vcpu->in_guest, 1, __ATOMIC_SEQ_CST);
	generation = npt_generation();
	vmcb->control.tlb_control = generation != vcpu->generation ? TLB_FLUSH_ALL : 0;
	vcpu->generation = generation;
	svm_enter(mem_address(vmcb), vcpu->regs.gpr, vmcb->save.dr7);
	vcpu->in_guest = 0;
	shootdown_vmrun_end(vcpu);
}

static void leave(struct vcpu *vcpu)
{
	const struct vmcb *vmcb = vcpu->vendor->vmcb;

	vcpu->regs.gpr[TD_RAX] = vmcb->save.rax;
	vcpu->regs.gpr[TD_RSP] = vmcb->save.rsp;
	vcpu->regs.rip = vmcb->save.rip;
	vcpu->regs.cpl = vmcb->save.cpl;
	vcpu->regs.long_mode = (vmcb->save.efer & EFER_LMA) && (vmcb->save.cs.attrib & VMCB_SEGMENT_LONG);
	vcpu->rflags = vmcb->save.rflags;
	vcpu->dr[6] = vmcb->save.dr6;
	if (!vcpu->vendor->unpaged) {
		vcpu->efer = vmcb->save.efer & ~EFER_SVME;
		vcpu->cr0 = vmcb->save.cr0;
		vcpu->cr3 = vmcb->save.cr3;
		vcpu->cr4 = vmcb->save.cr4;
	}
	vcpu->vendor->event = event_cut_short(vmcb->control.exit_int_info);
	if (vcpu->rflags & ~RFLAGS_KNOWN)
		panic("QEMU left RFLAGS 0x%lx at RIP 0x%lx: before version 10, CMPXCHG16B must be hidden from guests",
		      vcpu->rflags, vcpu->regs.rip);
}

/* 15.10.2 */
static void decode_io(struct vm_exit *e, const struct vmcb_control *c)
{
	e->reason = EXIT_IO;
	e->in = c->exit_info_1 & 1;
	e->string = c->exit_info_1 & 4;
	e->rep = c->exit_info_1 & 8;
	e->size = c->exit_info_1 >> 4 & 7;
	e->port = (uint16_t)(c->exit_info_1 >> 16);
	e->next_rip = c->exit_info_2;
}

/* 15.25.6 */
static void decode_npf(struct vm_exit *e, const struct vmcb_control *c)
{
	e->gpa = c->exit_info_2;
	e->error = c->exit_info_1;
	e->reason = e->gpa & td_shared_bit(td) ? EXIT_EPT_SHARED : EXIT_EPT_PRIVATE;
	e->access = (e->error & 2 ? TD_ACCESS_WRITE : 0) | (e->error & 16 ? TD_ACCESS_FETCH : 0) |
		    (e->error & 1ull << 33 ? TD_ACCESS_WALK : 0);
}

/* What the guest can bring about, and what is the end of this machine; NULL: it is another exit. */
static const char *misdeed(const struct vmcb *vmcb)
{
	if (vmcb_refused(vmcb))
		return "put its CPU into a state in which none runs";
	switch (vmcb->control.exit_code) {
	case VMEXIT_SMI:
		return "had a device send an SMI to a CPU, which no VMM would let through";
	case VMEXIT_INIT:
		return "had a device send an INIT to a CPU, which no VMM would let through";
	default:
		return NULL;
	}
}

static void decode(const struct vmcb *vmcb, struct vm_exit *e)
{
	const struct vmcb_control *c = &vmcb->control;

	*e = (struct vm_exit){ .reason = EXIT_UNKNOWN, .code = c->exit_code, .misdeed = misdeed(vmcb) };
	switch (c->exit_code) {
	case VMEXIT_EXCEPTION + EXCEPTION_UD:
		e->reason = EXIT_UD;
		break;
	case VMEXIT_NMI:
		e->reason = EXIT_NMI;
		break;
	case VMEXIT_CPUID:
		e->reason = EXIT_CPUID;
		break;
	case VMEXIT_INVD:
	case VMEXIT_WBINVD:
		e->reason = EXIT_CACHE;
		break;
	case VMEXIT_HLT:
		e->reason = EXIT_HLT;
		break;
	case VMEXIT_IOIO:
		decode_io(e, c);
		break;
	case VMEXIT_MSR:
		e->reason = EXIT_MSR;
		e->write = c->exit_info_1 != 0;
		break;
	case VMEXIT_SHUTDOWN:
		e->reason = EXIT_SHUTDOWN;
		break;
	case VMEXIT_NPF:
		decode_npf(e, c);
		break;
	case VMEXIT_RDPMC:
	case VMEXIT_INVLPGA:
	case VMEXIT_VMRUN ... VMEXIT_SKINIT:
	case VMEXIT_MONITOR:
	case VMEXIT_MWAIT:
		e->reason = EXIT_FORBIDDEN;
		break;
	}
}

void vendor_run(struct vcpu *vcpu, struct vm_exit *e)
{
	for (;;) {
		enter(vcpu);
		leave(vcpu);
		decode(vcpu->vendor->vmcb, e);
		if (svm_regs_exit(vcpu, e))
			continue;
		if (vcpu->vendor->vmcb->control.exit_code != VMEXIT_IRET)
			break;
		vcpu->vendor->nmi_blocked = false;
		vcpu->vendor->vmcb->control.misc1 &= ~SVM_I_IRET;
	}
	if (e->reason == EXIT_NMI) {
		vcpu->kicked = 0;
		svm_take_nmi();

		/* With one thread for all CPUs, let the one run that wanted this one out of the guest. */
		cpu_pause();
	}
}

bool vendor_wait(struct vcpu *vcpu)
{
	struct vmcb *vmcb = vcpu->vendor->halt;

	vmcb->save.rip = (uint64_t)svm_halt_code;
	vmcb->save.rflags = 0x202;
	vmcb->save.cr0 = vcpu->vendor->host_cr0;
	vmcb->save.cr4 = vcpu->vendor->host_cr4;
	shootdown_vmrun_begin(vcpu);
	svm_halt(mem_address(vmcb));
	shootdown_vmrun_end(vcpu);
	if (vmcb->control.exit_code == VMEXIT_INTR)
		return false;
	if (misdeed(vmcb) != NULL) {
		state_lock(vcpu);
		blame("%s", misdeed(vmcb));
	}
	if (vmcb->control.exit_code != VMEXIT_NMI)
		panic("halting a CPU ended with SVM exit 0x%lx", vmcb->control.exit_code);
	vcpu->kicked = 0;
	svm_take_nmi();
	return true;
}

/* VMLOAD and VMSAVE are not used: these registers of the guest's are in the CPU all the time. */
void vendor_save(struct vcpu *vcpu)
{
	struct vendor_vcpu *v = vcpu->vendor;

	v->saved = (struct svm_saved){
		.vmcb = *v->vmcb,
		.event = v->event,
		.nmi_blocked = v->nmi_blocked,
		.fs_base = rdmsr(MSR_FS_BASE),
		.gs_base = rdmsr(MSR_GS_BASE),
		.kernel_gs_base = rdmsr(MSR_KERNEL_GS_BASE),
	};
}

void vendor_restore(struct vcpu *vcpu)
{
	struct vendor_vcpu *v = vcpu->vendor;

	if (v->unpaged)		/* it was not then: it was at a TDCALL */
		svm_unpaged_end(vcpu);
	*v->vmcb = v->saved.vmcb;
	v->event = v->saved.event;
	v->nmi_blocked = v->saved.nmi_blocked;
	wrmsr(MSR_FS_BASE, v->saved.fs_base);
	wrmsr(MSR_GS_BASE, v->saved.gs_base);
	wrmsr(MSR_KERNEL_GS_BASE, v->saved.kernel_gs_base);
}

void vendor_set_tsc_offset(struct vcpu *vcpu, uint64_t offset)
{
	vcpu->vendor->vmcb->control.tsc_offset = offset;
}
