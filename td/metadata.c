/* SPDX-License-Identifier: MIT */
/* TDG.VM.RD, VM.WR, SYS.RD and MR.REPORT: what a TD may know of itself (MOD src/common/metadata_handlers). */
#include "td/state.h"

#define OPERAND_RCX	1
#define OPERAND_RDX	2
#define OPERAND_R8	8

/*
 * A field is matched by class (bits 61:56) and code (bits 23:0); size, context and the flag bits do not matter, the
 * reserved ones, last-element and last-field must be zero (MOD md_field_id_t).
 */
#define FIELD_KEY	0x3f00000000ffffffull
#define FIELD_MUST_BE_0	0x4083fffcff000000ull
#define NO_FIELD	~0ull

#define KNOWN_CTLS	(TDX_CTLS_PENDING_VE_DISABLE | TDX_CTLS_ENUM_TOPOLOGY | TDX_CTLS_VIRT_CPUID2)
#define TSC_UNIT	25000000u

static bool is_field(uint64_t id, uint64_t field)
{
	return ((id ^ field) & FIELD_KEY) == 0;
}

static uint64_t read_field(const struct td *td, uint64_t id, uint64_t *value)
{
	if (id & FIELD_MUST_BE_0)
		return TDX_FIELD_ID_INCORRECT;
	if (is_field(id, TDX_FIELD_ATTRIBUTES))
		*value = td->config.attributes;
	else if (is_field(id, TDX_FIELD_MAX_VCPUS) || is_field(id, TDX_FIELD_NUM_VCPUS))
		*value = td->config.vcpus;
	else if (is_field(id, TDX_FIELD_GPAW))
		*value = td->config.gpaw == 52;
	else if (is_field(id, TDX_FIELD_TSC_FREQUENCY))
		*value = td->config.tsc_hz / TSC_UNIT;
	else if (is_field(id, TDX_FIELD_NOTIFY_ENABLES))
		*value = td->now.notify_enables;
	else if (is_field(id, TDX_FIELD_CONFIG_FLAGS))
		*value = td->config.config_flags;
	else if (is_field(id, TDX_FIELD_TD_CTLS))
		*value = td->now.td_ctls;
	else if (is_field(id, TDX_FIELD_TOPOLOGY_ENUM))
		*value = 0;
	else
		return TDX_FIELD_ID_INCORRECT;
	return TDX_SUCCESS;
}

/* R8 is 0 unless all went well. */
void td_vm_rd(struct td *td, struct td_regs *regs)
{
	uint64_t value = 0, status = tdx_status(TDX_OPERAND_INVALID, OPERAND_RCX);

	if (regs->gpr[TD_RCX] == 0)
		status = tdx_status(read_field(td, regs->gpr[TD_RDX], &value), 0);
	regs->gpr[TD_R8] = value;
	if (regs->gpr[TD_RAX] >> 16 & 0xff)	/* version 1 also names the next field; this TD has no list of them */
		regs->gpr[TD_RDX] = NO_FIELD;
	regs->gpr[TD_RAX] = status;
}

static uint64_t write_ctls(struct td *td, uint64_t value)
{
	uint64_t changed = value ^ td->now.td_ctls;

	if ((changed & TDX_CTLS_PENDING_VE_DISABLE) && !(td->config.config_flags & TDX_CONFIG_FLEXIBLE_PENDING_VE))
		return TDX_FIELD_VALUE_NOT_VALID;
	if (value & TDX_CTLS_ENUM_TOPOLOGY)	/* TOPOLOGY_ENUM_CONFIGURED is 0 */
		return TDX_FIELD_VALUE_NOT_VALID;
	td->now.td_ctls = value;
	return TDX_SUCCESS;
}

/* Bits that the mask asks for and a TD may not write have to stay as they are; none that it may write: not writable. */
static uint64_t write_field(struct td *td, uint64_t id, uint64_t old, uint64_t value, uint64_t mask)
{
	bool ctls = is_field(id, TDX_FIELD_TD_CTLS);
	uint64_t may = ctls ? KNOWN_CTLS : is_field(id, TDX_FIELD_NOTIFY_ENABLES) ? 1ull : 0ull;

	if ((mask & may) == 0)
		return TDX_FIELD_NOT_WRITABLE;
	if ((value ^ old) & mask & ~may)
		return TDX_FIELD_VALUE_NOT_VALID;
	value = (old & ~(mask & may)) | (value & mask & may);
	if (ctls)
		return write_ctls(td, value);
	td->now.notify_enables = value;
	return TDX_SUCCESS;
}

/* R8 = value, R9 = which of its bits to write; R8 out = the old value, 0 unless all went well. */
void td_vm_wr(struct td *td, struct td_regs *regs)
{
	uint64_t id = regs->gpr[TD_RDX], old = 0, code = TDX_OPERAND_INVALID, operand = OPERAND_RCX;

	if (regs->gpr[TD_RCX] == 0) {
		operand = 0;
		code = read_field(td, id, &old);
		if (code == TDX_SUCCESS)
			code = write_field(td, id, old, regs->gpr[TD_R8], regs->gpr[TD_R9]);
	}
	regs->gpr[TD_R8] = code == TDX_SUCCESS ? old : 0;
	regs->gpr[TD_RAX] = tdx_status(code, operand);
}

/* The module that this core models: 1.5. */
void td_sys_rd(struct td *td, struct td_regs *regs)
{
	uint64_t id = regs->gpr[TD_RDX], code = TDX_SUCCESS, value = 0;

	(void)td;
	if (id & FIELD_MUST_BE_0)
		code = TDX_FIELD_ID_INCORRECT;
	else if (is_field(id, TDX_FIELD_SYS_MAJOR_VERSION))
		value = 1;
	else if (is_field(id, TDX_FIELD_SYS_MINOR_VERSION))
		value = 5;
	else
		code = TDX_FIELD_ID_INCORRECT;
	regs->gpr[TD_R8] = value;
	regs->gpr[TD_RDX] = NO_FIELD;
	regs->gpr[TD_RAX] = tdx_status(code, 0);
}

static void put64(uint8_t *to, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> i * 8);
}

/*
 * TDREPORT_STRUCT (MOD "Measurement and attestation types"): type 0x81, REPORTDATA at 128, TDINFO at 512 with the
 * attributes first. There is no attestation here, so measurements and MAC are zero and no verifier will take it.
 */
enum { REPORT_SIZE = 1024, REPORT_TYPE_TDX = 0x81, REPORT_DATA = 128, REPORT_DATA_SIZE = 64, REPORT_TDINFO = 512 };

static enum td_action unmapped(struct td *td, uint64_t gpa, uint64_t rip)
{
	struct td_access access = { .gpa = gpa, .rip = rip };

	return td_access(td, td->now.vcpu, &access);
}

enum td_action td_report_leaf(struct td *td, struct td_regs *regs)
{
	uint64_t out = regs->gpr[TD_RCX], data = regs->gpr[TD_RDX];
	uint8_t report[REPORT_SIZE];

	if (out % REPORT_SIZE != 0 || out >= td->s)
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, OPERAND_RCX);
	else if (data % REPORT_DATA_SIZE != 0 || data >= td->s)
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, OPERAND_RDX);
	else if (regs->gpr[TD_R8] != 0)
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, OPERAND_R8);
	else if (td_real(td, out) != TD_REAL_MAPPED)
		return unmapped(td, out, regs->rip);
	else if (td_real(td, data) != TD_REAL_MAPPED)
		return unmapped(td, data, regs->rip);
	else {
		for (unsigned int i = 0; i < REPORT_SIZE; i++)
			report[i] = 0;
		report[0] = REPORT_TYPE_TDX;
		td_engine_private(td, data, report + REPORT_DATA, REPORT_DATA_SIZE, false);
		put64(report + REPORT_TDINFO, td->config.attributes);
		td_engine_private(td, out, report, REPORT_SIZE, true);
		regs->gpr[TD_RAX] = 0;
	}
	return TD_NEXT;
}
