/* SPDX-License-Identifier: MIT */
/*
 * TDG.VM.RD and WR, TDG.VP.RD and WR, TDG.SYS.RD and RDALL: what a TD may know of itself, of a vCPU and of its module
 * ([mod:metadata_generic.c], [mod:tdg_vm_rd_wr.c], [mod:metadata_sys.c]). The fields are abi/abi.def's.
 */
#include "td/state.h"

/*
 * An element is matched by class (bits 61:56) and code (bits 23:0); size, context and the flag bits do not matter, the
 * reserved ones, last-element and last-field must be zero ([mod:md_field_id_t]).
 */
#define FIELD_CLASS	0x3f00000000000000ull
#define FIELD_CODE	0x0000000000ffffffull
#define FIELD_CONTEXT	0x0070000000000000ull
#define FIELD_SIZE	0x0000000300000000ull
#define FIELD_MUST_BE_0	0x4083fffcff000000ull
#define FIELD_BY_TWOS	(1ull << 50)	/* of the VMCS: odd codes are upper halves, which nobody may ask for */
#define FIELDS_BEHIND	38		/* bits 46:38 of a sequence's header: how many fields follow the first */
#define NO_FIELD	~0ull

enum { CONTEXT_SYS, CONTEXT_TD, CONTEXT_VP };

#define TSC_UNIT	25000000u
#define VENDOR_INTEL	0x8086u
#define L2_GPA_ATTRIBUTES 0x807fu	/* [mod:GUEST_L2_GPA_ATTR_MASK] */
#define LIST_WORDS	64		/* of which 22 are used */

static const struct field {
	uint64_t id;
	uint16_t elements;	/* of all fields in a row */
	bool readable, writable;
} fields[] = {
#define TDX_FIELD(name, id, fields, elements, rights, source) \
	{ id, (fields) * (elements), sizeof(rights) > 1, sizeof(rights) > 2 },
#include "abi/abi.def"
};

#define FIELDS_END	(fields + sizeof(fields) / sizeof(fields[0]))

static uint64_t context_of(uint64_t id)
{
	return (id & FIELD_CONTEXT) >> 52;
}

static bool is_null(uint64_t id)
{
	return (id | FIELD_CONTEXT) == NO_FIELD;
}

static bool exists(const struct td *td, const struct field *f)
{
	return f->id != TDX_FIELD_TOPOLOGY_ENUM_CONFIGURED || (td->mem->config.platform.features & TDX_FEATURE_TOPOLOGY_ENUM);
}

/* NULL: no module has it. *n: which of its elements. A CPUID value's code is its leaf. */
static const struct field *find(const struct td *td, unsigned int context, uint64_t id, uint64_t *n)
{
	for (const struct field *f = fields; f < FIELDS_END; f++) {
		if (context_of(f->id) != context || ((f->id ^ id) & FIELD_CLASS) || !exists(td, f))
			continue;
		*n = (id & FIELD_CODE) - (f->id & FIELD_CODE);
		if ((f->id & FIELD_BY_TWOS) && *n % 2 != 0)
			continue;
		if (*n < f->elements || f->id == TDX_FIELD_CPUID_VALUES)
			return f;
	}
	return NULL;
}

/* The first readable field of a context behind f; NULL: from its start. */
static const struct field *next_field(const struct td *td, unsigned int context, const struct field *f)
{
	for (f = f != NULL ? f + 1 : fields; f < FIELDS_END; f++)
		if (context_of(f->id) == context && f->readable && exists(td, f))
			return f;
	return NULL;
}

static uint64_t next_id(const struct td *td, unsigned int context, uint64_t id)
{
	uint64_t n = 0;
	const struct field *f = is_null(id) ? NULL : find(td, context, id, &n);

	if (f != NULL && n + 1 < f->elements)
		return ((id & ~FIELD_CONTEXT) | (uint64_t)context << 52) + 1;
	f = next_field(td, context, f);
	return f != NULL ? f->id : NO_FIELD;
}

static uint64_t word_of(const uint8_t *bytes, uint64_t n)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 8; i++)
		value |= (uint64_t)bytes[8 * n + i] << 8 * i;
	return value;
}

/* The module draws it when it makes the TD; here it is the seed's, so that a run can be had again. */
static uint64_t uuid_word(const struct td *td, uint64_t n)
{
	uint64_t x = td->mem->config.seed + (n + 1) * 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	return (x ^ x >> 27) * 0x94d049bb133111ebull;
}

/* Of a readable element. What has no case is zero: this TD has no owner, no service TD and no nested ones. */
static uint64_t value_of(const struct td *td, uint64_t id, uint64_t n)
{
	const struct td_platform *p = &td->mem->config.platform;
	uint32_t vcpu = td->mem->now.vcpu;

	switch (id) {
	case TDX_FIELD_TD_UUID: return uuid_word(td, n);
	case TDX_FIELD_NUM_VCPUS:
	case TDX_FIELD_MAX_VCPUS: return td->mem->config.vcpus;
	case TDX_FIELD_ATTRIBUTES: return p->attributes;
	case TDX_FIELD_XFAM: return p->xfam;
	case TDX_FIELD_GPAW: return p->gpaw == 52;
	case TDX_FIELD_TSC_FREQUENCY: return td->mem->config.tsc_hz / TSC_UNIT;
	case TDX_FIELD_NOTIFY_ENABLES: return td->mem->now.notify_enables;
	case TDX_FIELD_CONFIG_FLAGS: return td_config_flags(td);
	case TDX_FIELD_TD_CTLS: return td->mem->now.td_ctls;
	case TDX_FIELD_TOPOLOGY_ENUM_CONFIGURED: return p->topology;
	case TDX_FIELD_MRTD: return word_of(td->mem->mrtd, n);
	case TDX_FIELD_RTMR: return word_of(td->mem->now.rtmr[0], n);
	case TDX_FIELD_VP_VCPU_INDEX: return vcpu;
	case TDX_FIELD_VP_CPUID_SUPERVISOR_VE: return td->mem->now.cpuid_ve[vcpu] & 1;
	case TDX_FIELD_VP_CPUID_USER_VE: return td->mem->now.cpuid_ve[vcpu] >> 1 & 1;
	case TDX_FIELD_SYS_VENDOR_ID: return VENDOR_INTEL;
	case TDX_FIELD_SYS_MAJOR_VERSION: return p->module[0];
	case TDX_FIELD_SYS_MINOR_VERSION: return p->module[1];
	case TDX_FIELD_SYS_NUM_TDX_FEATURES: return 1;
	case TDX_FIELD_SYS_TDX_FEATURES0: return p->features;
	case TDX_FIELD_SYS_GUEST_L2_GPA_ATTR_MASK: return L2_GPA_ATTRIBUTES;
	default: return 0;
	}
}

static uint64_t read_element(const struct td *td, unsigned int context, uint64_t id, uint64_t *value)
{
	uint64_t n;
	const struct field *f = id & FIELD_MUST_BE_0 ? NULL : find(td, context, id, &n);

	if (f == NULL)
		return TDX_FIELD_ID_INCORRECT;
	if (!f->readable)
		return TDX_FIELD_NOT_READABLE;
	*value = value_of(td, f->id, n);
	return TDX_SUCCESS;
}

/* RDX = the next field of the context, R8 = the value; of the null id, RDX = the first field. */
static uint64_t read_and_next(struct td *td, unsigned int context, struct td_regs *regs)
{
	uint64_t id = regs->gpr[TD_RDX], value = 0, code;

	regs->gpr[TD_R8] = 0;
	regs->gpr[TD_RDX] = NO_FIELD;
	if (is_null(id)) {
		regs->gpr[TD_RDX] = next_id(td, context, id);
		return TDX_FIRST_FIELD_ID_IN_CONTEXT;
	}
	code = read_element(td, context, id, &value);
	regs->gpr[TD_R8] = value;
	if (code == TDX_SUCCESS)
		regs->gpr[TD_RDX] = next_id(td, context, id);
	return code;
}

void td_vm_rd(struct td *td, struct td_regs *regs)
{
	uint64_t version = regs->gpr[TD_RAX] >> 16 & 0xff, id = regs->gpr[TD_RDX], code, operand = 0;

	regs->gpr[TD_R8] = 0;
	if (version > 0)
		regs->gpr[TD_RDX] = NO_FIELD;
	if (version > 1 || regs->gpr[TD_RCX] != 0) {
		code = TDX_OPERAND_INVALID;
		operand = version > 1 ? TD_RAX : TD_RCX;
	} else if (version == 1) {
		regs->gpr[TD_RDX] = id;
		code = read_and_next(td, CONTEXT_TD, regs);
	} else {
		code = read_element(td, CONTEXT_TD, id, &regs->gpr[TD_R8]);
	}
	regs->gpr[TD_RAX] = tdx_status(code, operand);
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

static uint64_t writable_bits(const struct td *td, const struct field *f)
{
	if (f->id == TDX_FIELD_TD_CTLS)
		return td->mem->config.platform.td_ctls;
	if (f->id == TDX_FIELD_NOTIFY_ENABLES)
		return 1;
	return f->writable ? 0xff : 0;
}

static uint64_t store(struct td *td, const struct field *f, uint64_t value)
{
	uint32_t *ve = &td->mem->now.cpuid_ve[td->mem->now.vcpu];

	if (f->id == TDX_FIELD_TD_CTLS)
		return write_ctls(td, value);
	if (f->id == TDX_FIELD_NOTIFY_ENABLES)
		td->mem->now.notify_enables = value;
	else if (f->id == TDX_FIELD_VP_CPUID_SUPERVISOR_VE)
		*ve = (*ve & 2) | (value != 0);
	else
		*ve = (*ve & 1) | (uint32_t)(value != 0) << 1;
	return TDX_SUCCESS;
}

/* Bits that the mask asks for and a TD may not write have to stay as they are; none that it may write: not writable. */
static uint64_t write_element(struct td *td, unsigned int context, const struct td_regs *regs, uint64_t *old)
{
	uint64_t id = regs->gpr[TD_RDX], value = regs->gpr[TD_R8], mask = regs->gpr[TD_R9], n, may;
	const struct field *f = id & FIELD_MUST_BE_0 ? NULL : find(td, context, id, &n);

	if (f == NULL)
		return TDX_FIELD_ID_INCORRECT;
	may = writable_bits(td, f);
	if ((mask & may) == 0)
		return TDX_FIELD_NOT_WRITABLE;
	*old = value_of(td, f->id, n);
	if ((value ^ *old) & mask & ~may)
		return TDX_FIELD_VALUE_NOT_VALID;
	return store(td, f, (*old & ~(mask & may)) | (value & mask & may));
}

/* R8 = value, R9 = which of its bits to write; R8 out = the old value, 0 unless all went well. */
static void write_leaf(struct td *td, unsigned int context, struct td_regs *regs)
{
	uint64_t old = 0, code = TDX_OPERAND_INVALID, operand = TD_RCX;

	if (regs->gpr[TD_RCX] == 0) {
		operand = 0;
		code = write_element(td, context, regs, &old);
	}
	regs->gpr[TD_R8] = code == TDX_SUCCESS ? old : 0;
	regs->gpr[TD_RAX] = tdx_status(code, operand);
}

void td_vm_wr(struct td *td, struct td_regs *regs)
{
	write_leaf(td, CONTEXT_TD, regs);
}

void td_vp_wr(struct td *td, struct td_regs *regs)
{
	write_leaf(td, CONTEXT_VP, regs);
}

void td_vp_rd(struct td *td, struct td_regs *regs)
{
	if (regs->gpr[TD_RCX] == 0) {
		regs->gpr[TD_RAX] = tdx_status(read_and_next(td, CONTEXT_VP, regs), 0);
		return;
	}
	regs->gpr[TD_RDX] = NO_FIELD;
	regs->gpr[TD_R8] = 0;
	regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, TD_RCX);
}

void td_sys_rd(struct td *td, struct td_regs *regs)
{
	regs->gpr[TD_RAX] = tdx_status(read_and_next(td, CONTEXT_SYS, regs), 0);
}

/*
 * The fields from f on as sequences: a header, which is the first field's id and how many follow it, then a word for
 * each. A sequence ends where codes do not follow one another, or sizes differ ([mod:md_dump_list]). All fit a page.
 */
static uint64_t dump(const struct td *td, const struct field *f, uint64_t list[LIST_WORDS])
{
	uint64_t used = 1, sequences = 0;
	const struct field *last = NULL;
	uint64_t *header = NULL;

	f = f->readable ? f : next_field(td, CONTEXT_SYS, f);
	for (; f != NULL; last = f, f = next_field(td, CONTEXT_SYS, f)) {
		if (last != NULL && (last->id & FIELD_CODE) + 1 == (f->id & FIELD_CODE) &&
		    ((last->id ^ f->id) & (FIELD_CLASS | FIELD_SIZE)) == 0) {
			*header += 1ull << FIELDS_BEHIND;
		} else {
			header = &list[used++];
			*header = f->id;
			sequences++;
		}
		list[used++] = value_of(td, f->id, 0);
	}
	list[0] = used * 8 | sequences << 16;
	return used;
}

/* RDX = a private page, R8 = where to begin, or the null id. R8 out = where to go on: nowhere, as all fits. */
enum td_action td_sys_rdall(struct td *td, struct td_regs *regs)
{
	uint64_t to = regs->gpr[TD_RDX], id = regs->gpr[TD_R8], list[LIST_WORDS], n;
	const struct field *f;

	regs->gpr[TD_R8] = NO_FIELD;
	if (to % TDX_PAGE_SIZE != 0 || to >= td->mem->s) {
		regs->gpr[TD_RAX] = tdx_status(TDX_OPERAND_INVALID, TD_RDX);
		return TD_NEXT;
	}
	if (!td_sept_private(td, to))
		return td_unmapped(td, to, regs->rip, true);
	f = is_null(id) ? next_field(td, CONTEXT_SYS, NULL) : find(td, CONTEXT_SYS, id, &n);
	if (f == NULL || (!is_null(id) && ((f->id ^ id) & FIELD_SIZE))) {
		regs->gpr[TD_RAX] = tdx_status(TDX_FIELD_ID_INCORRECT, 0);
		return TD_NEXT;
	}
	td_engine_private(td, to, list, dump(td, f, list) * sizeof(list[0]), true);
	regs->gpr[TD_RAX] = 0;
	return TD_NEXT;
}
