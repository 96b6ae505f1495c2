/* SPDX-License-Identifier: MIT */
/* TDG.VM.RD, VM.WR and SYS.RD: what a TD may know of itself ([mod:metadata_generic.c]). */
#include "td/state.h"

/*
 * A field is matched by class (bits 61:56) and code (bits 23:0); size, context and the flag bits do not matter, the
 * reserved ones, last-element and last-field must be zero ([mod:md_field_id_t]).
 */
#define FIELD_KEY	0x3f00000000ffffffull
#define FIELD_CODE	0x0000000000ffffffull
#define FIELD_MUST_BE_0	0x4083fffcff000000ull
#define NO_FIELD	~0ull

#define TSC_UNIT	25000000u

static bool is_field(uint64_t id, uint64_t field)
{
	return ((id ^ field) & FIELD_KEY) == 0;
}

/* Measurements are six words each, and the four RTMRs stand in a row: their codes count on from the first's. */
static bool read_words(const uint8_t *measured, uint64_t words, uint64_t id, uint64_t field, uint64_t *value)
{
	uint64_t n = (id & FIELD_CODE) - (field & FIELD_CODE);

	if (n >= words || !is_field(id - n, field))
		return false;
	for (unsigned int i = 0; i < 8; i++)
		*value |= (uint64_t)measured[8 * n + i] << 8 * i;
	return true;
}

static uint64_t read_field(const struct td *td, uint64_t id, uint64_t *value)
{
	if (id & FIELD_MUST_BE_0)
		return TDX_FIELD_ID_INCORRECT;
	if (is_field(id, TDX_FIELD_ATTRIBUTES))
		*value = td->mem->config.platform.attributes;
	else if (is_field(id, TDX_FIELD_MAX_VCPUS) || is_field(id, TDX_FIELD_NUM_VCPUS))
		*value = td->mem->config.vcpus;
	else if (is_field(id, TDX_FIELD_GPAW))
		*value = td->mem->config.platform.gpaw == 52;
	else if (is_field(id, TDX_FIELD_TSC_FREQUENCY))
		*value = td->mem->config.tsc_hz / TSC_UNIT;
	else if (is_field(id, TDX_FIELD_NOTIFY_ENABLES))
		*value = td->mem->now.notify_enables;
	else if (is_field(id, TDX_FIELD_CONFIG_FLAGS))
		*value = td_config_flags(td);
	else if (is_field(id, TDX_FIELD_TD_CTLS))
		*value = td->mem->now.td_ctls;
	else if (is_field(id, TDX_FIELD_TOPOLOGY_ENUM))
		*value = td->mem->config.platform.topology;
	else if (!read_words(td->mem->mrtd, sizeof(td->mem->mrtd) / 8, id, TDX_FIELD_MRTD, value) &&
		 !read_words(td->mem->now.rtmr[0], sizeof(td->mem->now.rtmr) / 8, id, TDX_FIELD_RTMR, value))
		return TDX_FIELD_ID_INCORRECT;
	return TDX_SUCCESS;
}

/* R8 is 0 unless all went well. */
void td_vm_rd(struct td *td, struct td_regs *regs)
{
	uint64_t value = 0, status = tdx_status(TDX_OPERAND_INVALID, TD_RCX);

	if (regs->gpr[TD_RCX] == 0)
		status = tdx_status(read_field(td, regs->gpr[TD_RDX], &value), 0);
	regs->gpr[TD_R8] = value;
	if (regs->gpr[TD_RAX] >> 16 & 0xff)	/* version 1 also names the next field; this TD has no list of them */
		regs->gpr[TD_RDX] = NO_FIELD;
	regs->gpr[TD_RAX] = status;
}

static uint64_t write_ctls(struct td *td, uint64_t value)
{
	uint64_t changed = value ^ td->mem->now.td_ctls;

	if ((changed & TDX_CTLS_PENDING_VE_DISABLE) && !(td_config_flags(td) & TDX_CONFIG_FLEXIBLE_PENDING_VE))
		return TDX_FIELD_VALUE_NOT_VALID;
	if ((value & (TDX_CTLS_ENUM_TOPOLOGY | TDX_CTLS_REDUCE_VE)) && !td->mem->config.platform.topology)
		return TDX_FIELD_VALUE_NOT_VALID;
	td->mem->now.td_ctls = value;
	return TDX_SUCCESS;
}

/* Bits that the mask asks for and a TD may not write have to stay as they are; none that it may write: not writable. */
static uint64_t write_field(struct td *td, uint64_t id, uint64_t old, uint64_t value, uint64_t mask)
{
	bool ctls = is_field(id, TDX_FIELD_TD_CTLS);
	uint64_t may = ctls ? td->mem->config.platform.td_ctls : is_field(id, TDX_FIELD_NOTIFY_ENABLES) ? 1ull : 0ull;

	if ((mask & may) == 0)
		return TDX_FIELD_NOT_WRITABLE;
	if ((value ^ old) & mask & ~may)
		return TDX_FIELD_VALUE_NOT_VALID;
	value = (old & ~(mask & may)) | (value & mask & may);
	if (ctls)
		return write_ctls(td, value);
	td->mem->now.notify_enables = value;
	return TDX_SUCCESS;
}

/* R8 = value, R9 = which of its bits to write; R8 out = the old value, 0 unless all went well. */
void td_vm_wr(struct td *td, struct td_regs *regs)
{
	uint64_t id = regs->gpr[TD_RDX], old = 0, code = TDX_OPERAND_INVALID, operand = TD_RCX;

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
