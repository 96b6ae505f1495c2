/* SPDX-License-Identifier: MIT */
/*
 * MSR values. Which are the module's, and what it lets through: [mod:td_msr_access.c] and
 * [mod:msr_config_lookup.c]. What the VMM serves: [kvm:tdx_has_emulated_msr]; what becomes of it: [kvm:__kvm_set_msr]
 * and [kvm:kvm_set_msr_common]. Names and bits: SDM volume 4.
 */
#include "image/bytes.h"
#include "monitor/persona/persona.h"
#include "wire/apic.h"

enum {
	TSC = 0x10, APIC_BASE = 0x1b, FEAT_CTL = 0x3a, SPEC_CTRL = 0x48, PRED_CMD = 0x49, UCODE_REV = 0x8b,
	MISC_PACKAGE_CTLS = 0xbc, XAPIC_DISABLE_STATUS = 0xbd, PLATFORM_INFO = 0xce, ARCH_CAPABILITIES = 0x10a,
	FLUSH_CMD = 0x10b, MISC_FEATURES_ENABLES = 0x140, SYSENTER_CS = 0x174, SYSENTER_ESP = 0x175, SYSENTER_EIP = 0x176,
	MISC_ENABLE = 0x1a0, DEBUGCTL = 0x1d9, POWER_CTL = 0x1fc, PERF_CAPABILITIES = 0x345,
	VMX_FIRST = 0x480, VMX_CR4_FIXED1 = 0x489, VMX_LAST = 0x492, PAT = 0x277,
	DS_AREA = 0x600, TSC_DEADLINE = 0x6e0,
	X2APIC = 0x800, X2APIC_TPR = 0x808, X2APIC_PPR = 0x80a, X2APIC_EOI = 0x80b, X2APIC_ISR = 0x810,
	X2APIC_IRR_LAST = 0x827, X2APIC_SELF_IPI = 0x83f, X2APIC_LAST = 0x8ff, DEBUG_INTERFACE = 0xc80, XSS = 0xda0,
	UARCH_MISC_CTL = 0x1b01,
};

#define KVM_POLL_CONTROL	0x4b564d05u	/* [linux:kvm_para.h] */
#define EFER			0xc0000080u
#define STAR			0xc0000081u
#define LSTAR			0xc0000082u
#define FMASK			0xc0000084u
#define FS_BASE			0xc0000100u
#define GS_BASE			0xc0000101u
#define KERNEL_GS_BASE		0xc0000102u
#define TSC_AUX			0xc0000103u
#define EFER_SCE		1ull
#define EFER_LMA		(1ull << 10)
#define APIC_BASE_VALUE		0xfee00c00u	/* enabled, in x2APIC mode */
#define APIC_BASE_BSP		0x100u
#define PAT_RESET		0x0007040600070406ull
#define PAT_TYPES		0xf3u		/* 0 1 4 5 6 7 */
#define DEBUGCTL_RESERVED	0xffffffffffff0038ull
#define DEBUGCTL_TR		(1u << 6)
#define DEBUGCTL_BTS		(1u << 7)
#define DEBUGCTL_UNCORE_PMI	(1u << 13)	/* the module keeps it clear */
#define CR4_VMXE		(1ull << 13)
#define DEBUGINTERFACE_LOCKED	(1ull << 30)
#define FEAT_CTL_LOCKED		1u
#define SPEC_CTRL_WRITABLE	0x4ffu		/* IBRS STIBP SSBD IPRED RRSBA PSFD BHI */
#define MISC_ENABLE_VALUE	0x1801u		/* fast strings; no BTS, no PEBS */
#define MISC_ENABLE_READ_ONLY	0x1800u		/* to KVM, [kvm:MISC_ENABLE_PMU_RO_MASK]; set after reset, and nothing else */
#define MISC_ENABLE_EMON	0x80u		/* keeps its value */
#define UCODE_VALUE		0x100000000ull
#define PLATFORM_INFO_VALUE	0x80000000u	/* CPUID faulting: KVM says so to all, [kvm:kvm_arch_vcpu_create] */

/*
 * What TDX-capable CPUs are not vulnerable to (RDCL, L1DF, MDS, TAA, MMIO, GDS, RFDS, ITS), and enhanced IBRS;
 * without them a guest turns on defences that no TD needs. Bit 21: MSR XAPIC_DISABLE_STATUS exists.
 */
#define ARCH_CAPABILITIES_VALUE	0x400000000c20e16bull

void persona_vcpu_init(struct persona_vcpu *vcpu, const struct persona *persona, uint32_t index)
{
	*vcpu = (struct persona_vcpu){
		.persona = persona, .index = index, .apic_id = apic_id(persona->cores, index), .pat = PAT_RESET,
		.misc_enable = MISC_ENABLE_READ_ONLY, .poll_control = 1,
	};
	mce_init(&vcpu->mce);
	lapic_init(vcpu);
}

static bool is_x2apic(uint32_t msr)
{
	return msr >= X2APIC && msr <= X2APIC_LAST;
}

/*
 * IA32_VMX_BASIC and those that follow, as the module composes them for partitions of a TD ([mod:virt_msr_helpers.h]):
 * the high half may be 1, the low half must be. Without CET, PERFMON, MONITOR, WAITPKG and MKTME; what the module takes
 * from the CPU is what Sapphire Rapids has. CR4_FIXED1 is what CR4 can have here, and VMXE.
 */
static const uint64_t vmx[VMX_LAST - VMX_FIRST + 1] = {
	[0x00] = 0x01c0000000000000,					/* BASIC */
	[0x05] = 0x600440e0,						/* MISC */
	[0x06] = 0x20, [0x07] = 0x8005003f, [0x08] = 0x2040,		/* CR0_FIXED0, CR0_FIXED1, CR4_FIXED0 */
	[0x0b] = 0x1379bffe132881f2, [0x0c] = 0x430001,			/* PROCBASED_CTLS2, EPT_VPID_CAP */
	[0x0d] = 0x0000003f0000003f, [0x0e] = 0xfdfbfffeb5226dfa,	/* TRUE_PINBASED_CTLS, TRUE_PROCBASED_CTLS */
	[0x0f] = 0x1f3fefff1f3fefff, [0x10] = 0x003ed3ff003ed1ff,	/* TRUE_EXIT_CTLS, TRUE_ENTRY_CTLS */
	[0x12] = 0x8e,							/* PROCBASED_CTLS3; VMFUNC is 0 */
};

/*
 * The CPU reads them from the virtual APIC page, whether there is such a register or not: SDM 3C, "Virtualizing
 * MSR-Based APIC Accesses". What was written to SELF_IPI is there; an EOI is 0.
 */
static uint64_t read_x2apic(struct persona_vcpu *vcpu, uint32_t msr)
{
	uint64_t value = msr == X2APIC_SELF_IPI ? vcpu->lapic.self_ipi : 0;

	lapic_read(vcpu, msr, &value);
	return value;
}

enum persona_answer persona_rdmsr(struct persona_vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	if (is_x2apic(msr)) {
		*value = read_x2apic(vcpu, msr);
		return PERSONA_DONE;
	}
	switch (msr) {
	case VMX_CR4_FIXED1: *value = vcpu->persona->cr4_bits | CR4_VMXE; break;
	case VMX_FIRST ... VMX_CR4_FIXED1 - 1: case VMX_CR4_FIXED1 + 1 ... VMX_LAST: *value = vmx[msr - VMX_FIRST]; break;
	case TSC: *value = host_tsc(); break;
	case SPEC_CTRL: *value = vcpu->spec_ctrl; break;
	case XAPIC_DISABLE_STATUS: *value = 1; break;
	case ARCH_CAPABILITIES: *value = ARCH_CAPABILITIES_VALUE; break;
	case MISC_ENABLE: *value = MISC_ENABLE_VALUE; break;
	case DEBUGCTL: *value = vcpu->debugctl; break;
	case PAT: *value = vcpu->pat; break;
	case DS_AREA: *value = vcpu->ds_area; break;
	case DEBUG_INTERFACE: *value = DEBUGINTERFACE_LOCKED; break;
	case EFER: *value = vcpu->efer; break;
	case PERF_CAPABILITIES: case MISC_PACKAGE_CTLS: case XSS: case UARCH_MISC_CTL: *value = 0; break;
	default: return PERSONA_GP;
	}
	return PERSONA_DONE;
}

static bool set_pat(struct persona_vcpu *vcpu, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < 64; i += 8)
		if ((value >> i & 0xf8) != 0 || !(PAT_TYPES >> (value >> i & 7) & 1))
			return false;
	vcpu->pat = value;
	return true;
}

/* [mod:wrmsr_ia32_debugctl]. What it says of branches and buses has no effect here; BTF has. */
static enum persona_answer write_debugctl(struct persona_vcpu *vcpu, uint64_t value)
{
	if (value & DEBUGCTL_RESERVED)
		return PERSONA_GP;
	if ((value & DEBUGCTL_TR) && !(value & DEBUGCTL_BTS))
		return PERSONA_VE;
	vcpu->debugctl = value & ~(uint64_t)DEBUGCTL_UNCORE_PMI;
	return PERSONA_DONE;
}

static bool is_canonical(uint64_t address)
{
	return address >> 47 == 0 || address >> 47 == 0x1ffff;
}

static bool set_if(uint64_t *where, uint64_t value, uint64_t allowed)
{
	if (value & ~allowed)
		return false;
	*where = value;
	return true;
}

/* The module itself changes nothing but SCE, and ignores LMA. */
static enum persona_answer write_efer(struct persona_vcpu *vcpu, uint64_t value)
{
	if (((value ^ vcpu->efer) & ~(EFER_SCE | EFER_LMA)) != 0)
		return PERSONA_VE;
	vcpu->efer = (vcpu->efer & ~EFER_SCE) | (value & EFER_SCE);
	return PERSONA_DONE;
}

/* QEMU's CPU takes any value, and the guest's next use of it is nonsense: [kvm:__kvm_set_msr]; SDM volume 4. */
static bool set_checked(uint32_t msr, uint64_t value)
{
	bool good = msr == TSC_AUX ? value >> 32 == 0 : is_canonical(value);

	if (good)
		host_wrmsr(msr, value);
	return good;
}

enum persona_answer persona_wrmsr(struct persona_vcpu *vcpu, uint32_t msr, uint64_t value)
{
	bool good;

	if (is_x2apic(msr))
		return lapic_write(vcpu, msr, value) ? PERSONA_DONE : PERSONA_GP;
	switch (msr) {
	case SPEC_CTRL: good = set_if(&vcpu->spec_ctrl, value, SPEC_CTRL_WRITABLE); break;
	case PRED_CMD: case FLUSH_CMD: good = value <= 1; break;
	case DEBUGCTL: return write_debugctl(vcpu, value);
	case PAT: good = set_pat(vcpu, value); break;
	case DS_AREA: good = is_canonical(value) && set_if(&vcpu->ds_area, value, ~0ull); break;
	case SYSENTER_ESP: case SYSENTER_EIP: case LSTAR: case FS_BASE: case GS_BASE: case KERNEL_GS_BASE: case TSC_AUX:
		good = set_checked(msr, value);
		break;
	case XSS: case UARCH_MISC_CTL: good = value == 0; break;	/* no supervisor state in XFAM */
	case EFER: return write_efer(vcpu, value);
	default: return PERSONA_GP;
	}
	return good ? PERSONA_DONE : PERSONA_GP;
}

/* The x2APIC registers that the CPU serves are out of the VMM's reach. */
static bool vmm_x2apic(uint32_t msr)
{
	return is_x2apic(msr) && msr != X2APIC_TPR && msr != X2APIC_PPR && msr != X2APIC_EOI &&
	       !(msr >= X2APIC_ISR && msr <= X2APIC_IRR_LAST);
}

bool vmm_rdmsr(struct persona_vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	if (vmm_x2apic(msr))
		return lapic_read(vcpu, msr, value);
	*value = 0;
	switch (msr) {
	case APIC_BASE: *value = APIC_BASE_VALUE | (vcpu->index == 0 ? APIC_BASE_BSP : 0); return true;
	case FEAT_CTL: *value = FEAT_CTL_LOCKED; return true;
	case UCODE_REV: *value = UCODE_VALUE; return true;
	case PAT: *value = vcpu->pat; return true;
	case ARCH_CAPABILITIES: *value = ARCH_CAPABILITIES_VALUE; return true;
	case MISC_ENABLE: *value = vcpu->misc_enable; return true;
	case TSC_DEADLINE: *value = lapic_deadline(vcpu); return true;
	case EFER: *value = vcpu->efer; return true;
	case KVM_POLL_CONTROL: *value = vcpu->poll_control; return true;
	case PLATFORM_INFO: *value = PLATFORM_INFO_VALUE; return true;
	case MISC_FEATURES_ENABLES: *value = vcpu->misc_features; return true;
	case POWER_CTL: *value = vcpu->power_ctl; return true;
	default: return mce_read(&vcpu->mce, msr, value) || mtrr_read(vcpu, msr, value);
	}
}

static bool set_misc_enable(struct persona_vcpu *vcpu, uint64_t value)
{
	if ((value ^ vcpu->misc_enable) & MISC_ENABLE_READ_ONLY)
		return false;
	vcpu->misc_enable = (value & ~(uint64_t)MISC_ENABLE_EMON) | (vcpu->misc_enable & MISC_ENABLE_EMON);
	return true;
}

/* What is kept has no effect: nothing of it is the VMM's to do in a TD. */
bool vmm_wrmsr(struct persona_vcpu *vcpu, uint32_t msr, uint64_t value)
{
	if (vmm_x2apic(msr))
		return lapic_write(vcpu, msr, value);
	switch (msr) {
	case TSC_DEADLINE: lapic_set_deadline(vcpu, value); return true;
	case PAT: return set_pat(vcpu, value);
	case MISC_ENABLE: return set_misc_enable(vcpu, value);
	case UCODE_REV: return true;
	case KVM_POLL_CONTROL: return set_if(&vcpu->poll_control, value, 1);
	case POWER_CTL: return set_if(&vcpu->power_ctl, value, ~0ull);
	case MISC_FEATURES_ENABLES: return set_if(&vcpu->misc_features, value, 1);
	default: return mce_write(&vcpu->mce, msr, value) || mtrr_write(vcpu, msr, value);
	}
}

/* Nothing of the monitor depends on them, and it does not touch them. What a CPU would check exits when written. */
bool persona_cpu_msr(uint32_t index, uint32_t *msr, bool *writes)
{
	static const struct {
		uint32_t msr;
		bool writes;
	} own[] = {
		{ TSC, false }, { SYSENTER_CS, true }, { SYSENTER_ESP, false }, { SYSENTER_EIP, false }, { STAR, true },
		{ LSTAR, false }, { FMASK, true }, { FS_BASE, false }, { GS_BASE, false }, { KERNEL_GS_BASE, false },
		{ TSC_AUX, false },
	};

	if (index >= ARRAY_SIZE(own))
		return false;
	*msr = own[index].msr;
	*writes = own[index].writes;
	return true;
}
