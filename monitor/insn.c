/* SPDX-License-Identifier: MIT */
/*
 * Opcode tables: AMD APM volume 3, appendix A, and SDM volume 2, appendix A. Only what a kernel uses on device memory
 * and on memory that it converts; the rest is "not known", which costs the reader of a report the address, nothing
 * else.
 */
#include "monitor/insn.h"
#include "image/bytes.h"

enum { REG_RAX = 0, REG_RSP = 4, REG_RBP = 5, REG_RSI = 6, REG_RDI = 7 };
enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };
enum { RD = 1, WR = 2, RW = 3 };

struct decoder {
	const uint8_t *code;
	size_t bytes, at;
	const struct insn_regs *regs;
	uint64_t segment;	/* base */
	uint8_t rex, repeat;	/* repeat: the last of F2, F3 */
	bool operand16, address32, lock, short_code;
};

static uint8_t next(struct decoder *d)
{
	if (d->at >= d->bytes || d->at >= INSN_MAX) {
		d->short_code = true;
		return 0;
	}
	return d->code[d->at++];
}

static int64_t next_signed(struct decoder *d, unsigned int bytes)
{
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++)
		value |= (uint64_t)next(d) << (8 * i);
	if (bytes != 0 && bytes < 8 && value >> (8 * bytes - 1))
		value |= ~0ull << (8 * bytes);
	return (int64_t)value;
}

/* Consumes prefixes and returns the byte behind them. Only a REX prefix directly in front of the opcode counts. */
static uint8_t prefixes(struct decoder *d)
{
	for (;;) {
		uint8_t byte = next(d);

		if (d->short_code)
			return 0;
		if ((byte & 0xf0) == 0x40) {
			d->rex = byte & 15;
			continue;
		}
		switch (byte) {
		case 0x66: d->operand16 = true; break;
		case 0x67: d->address32 = true; break;
		case 0xf0: d->lock = true; break;
		case 0xf2: case 0xf3: d->repeat = byte; break;
		case 0x64: d->segment = d->regs != NULL ? d->regs->fs_base : 0; break;
		case 0x65: d->segment = d->regs != NULL ? d->regs->gs_base : 0; break;
		case 0x26: case 0x2e: case 0x36: case 0x3e: break;	/* ignored in 64-bit mode */
		default: return byte;
		}
		d->rex = 0;
	}
}

static unsigned int operand_bytes(const struct decoder *d)
{
	return d->rex & REX_W ? 8 : d->operand16 ? 2 : 4;
}

static uint64_t linear(const struct decoder *d, uint64_t base, uint64_t effective)
{
	return base + (d->address32 ? (uint32_t)effective : effective);
}

struct modrm {
	unsigned int mod, reg, rm;	/* reg with REX.R */
	uint64_t effective;		/* RIP-relative: without RIP */
	bool rip_relative;
};

static uint64_t sib(struct decoder *d, unsigned int mod)
{
	uint8_t byte = next(d);
	unsigned int index = ((byte >> 3) & 7u) | (d->rex & REX_X ? 8 : 0);
	unsigned int base = (byte & 7u) | (d->rex & REX_B ? 8 : 0);
	uint64_t sum = 0;

	if (index != REG_RSP)
		sum = d->regs->gpr[index] << (byte >> 6);
	if ((base & 7) == REG_RBP && mod == 0)
		return sum + (uint64_t)next_signed(d, 4);
	return sum + d->regs->gpr[base];
}

static struct modrm modrm(struct decoder *d)
{
	uint8_t byte = next(d);
	struct modrm m = { .mod = byte >> 6, .reg = ((byte >> 3) & 7u) | (d->rex & REX_R ? 8 : 0), .rm = byte & 7u };

	if (m.mod == 3)
		return m;
	if (m.rm == 4) {
		m.effective = sib(d, m.mod);
	} else if (m.rm == 5 && m.mod == 0) {
		m.rip_relative = true;
		m.effective = (uint64_t)next_signed(d, 4);
	} else {
		m.effective = d->regs->gpr[m.rm | (d->rex & REX_B ? 8 : 0)];
	}
	if (m.mod == 1)
		m.effective += (uint64_t)next_signed(d, 1);
	else if (m.mod == 2)
		m.effective += (uint64_t)next_signed(d, 4);
	return m;
}

/* What an opcode with a ModRM byte does with its memory operand. */
struct form {
	uint8_t access;		/* 0: not known */
	uint8_t bytes;		/* 0: by operand size */
	uint8_t immediate;	/* bytes that follow; 0xff: by operand size, at most 4 */
	bool bit_offset;	/* register operand selects a bit far beyond the operand */
};

#define NOT_KNOWN ((struct form){ 0 })

static struct form group3(uint8_t opcode, unsigned int reg)
{
	uint8_t bytes = opcode & 1 ? 0 : 1;

	if (reg < 2)
		return (struct form){ RD, bytes, opcode & 1 ? 0xff : 1, false };
	return (struct form){ reg < 4 ? RW : RD, bytes, 0, false };
}

static struct form group45(uint8_t opcode, unsigned int reg)
{
	if (reg < 2)
		return (struct form){ RW, opcode & 1 ? 0 : 1, 0, false };
	return opcode & 1 && reg == 4 ? (struct form){ RD, 8, 0, false } : NOT_KNOWN;
}

static struct form one_byte(uint8_t opcode, unsigned int reg)
{
	uint8_t bytes = opcode & 1 ? 0 : 1;

	if (opcode < 0x40 && (opcode & 7) < 4) {	/* ADD OR ADC SBB AND SUB XOR CMP */
		bool to_memory = (opcode & 7) < 2 && opcode < 0x38;

		return (struct form){ to_memory ? RW : RD, bytes, 0, false };
	}
	switch (opcode) {
	case 0x63: return (struct form){ RD, 4, 0, false };			/* MOVSXD */
	case 0x69: return (struct form){ RD, 0, 0xff, false };			/* IMUL */
	case 0x6b: return (struct form){ RD, 0, 1, false };
	case 0x80: case 0x83: return (struct form){ reg == 7 ? RD : RW, bytes, 1, false };
	case 0x81: return (struct form){ reg == 7 ? RD : RW, 0, 0xff, false };
	case 0x84: case 0x85: return (struct form){ RD, bytes, 0, false };	/* TEST */
	case 0x86: case 0x87: return (struct form){ RW, bytes, 0, false };	/* XCHG */
	case 0x88: case 0x89: return (struct form){ WR, bytes, 0, false };	/* MOV */
	case 0x8a: case 0x8b: return (struct form){ RD, bytes, 0, false };
	case 0xc0: case 0xc1: return (struct form){ RW, bytes, 1, false };	/* shifts */
	case 0xd0: case 0xd1: case 0xd2: case 0xd3: return (struct form){ RW, bytes, 0, false };
	case 0xc6: return reg == 0 ? (struct form){ WR, 1, 1, false } : NOT_KNOWN;	/* MOV */
	case 0xc7: return reg == 0 ? (struct form){ WR, 0, 0xff, false } : NOT_KNOWN;
	case 0xf6: case 0xf7: return group3(opcode, reg);
	case 0xfe: case 0xff: return group45(opcode, reg);
	default: return NOT_KNOWN;
	}
}

static struct form two_byte(const struct decoder *d, uint8_t opcode, unsigned int reg)
{
	uint8_t bytes = opcode & 1 ? 0 : 1;

	if ((opcode & 0xf0) == 0x40)
		return (struct form){ RD, 0, 0, false };			/* CMOV */
	if ((opcode & 0xf0) == 0x90)
		return (struct form){ WR, 1, 0, false };			/* SET */
	switch (opcode) {
	case 0xa3: return (struct form){ RD, 0, 0, true };			/* BT */
	case 0xab: case 0xb3: case 0xbb: return (struct form){ RW, 0, 0, true };	/* BTS BTR BTC */
	case 0xba:
		return reg >= 4 ? (struct form){ reg == 4 ? RD : RW, 0, 1, false } : NOT_KNOWN;
	case 0xaf: return (struct form){ RD, 0, 0, false };			/* IMUL */
	case 0xb0: case 0xb1: return (struct form){ RW, bytes, 0, false };	/* CMPXCHG */
	case 0xb6: case 0xbe: return (struct form){ RD, 1, 0, false };		/* MOVZX MOVSX */
	case 0xb7: case 0xbf: return (struct form){ RD, 2, 0, false };
	case 0xc0: case 0xc1: return (struct form){ RW, bytes, 0, false };	/* XADD */
	case 0x01: return reg == 6 ? (struct form){ RD, 2, 0, false } : NOT_KNOWN;	/* LMSW */
	case 0xc3: return d->operand16 || d->repeat ? NOT_KNOWN : (struct form){ WR, 0, 0, false };	/* MOVNTI */
	case 0xc7: return reg == 1 ? (struct form){ RW, d->rex & REX_W ? 16 : 8, 0, false } : NOT_KNOWN;
	default: return NOT_KNOWN;
	}
}

static unsigned int modrm_access(struct decoder *d, uint8_t opcode, bool two, struct insn_access *out)
{
	struct modrm m;
	struct form form;
	unsigned int size = operand_bytes(d), bytes;

	m = modrm(d);
	form = two ? two_byte(d, opcode, m.reg & 7) : one_byte(opcode, m.reg & 7);
	if (form.access == 0 || m.mod == 3)
		return 0;
	bytes = form.bytes != 0 ? form.bytes : size;
	if (form.bit_offset) {
		/* Sign-extend the bit number; its high part counts operands (SDM volume 2, BT). */
		int64_t bit = (int64_t)(d->regs->gpr[m.reg] << (64 - 8 * size)) >> (64 - 8 * size);
		int shift = size == 8 ? 6 : size == 4 ? 5 : 4;

		m.effective += (uint64_t)((bit >> shift) * (int64_t)size);
	}
	next_signed(d, form.immediate == 0xff ? (size == 2 ? 2 : 4) : form.immediate);
	if (m.rip_relative)
		m.effective += d->regs->rip + d->at;
	*out = (struct insn_access){ linear(d, d->segment, m.effective), bytes, (uint32_t)d->at,
				     (form.access & WR) != 0, (form.access & RD) != 0, false };
	return d->short_code ? 0 : 1;
}

static unsigned int string_access(const struct decoder *d, uint8_t opcode, struct insn_access out[2])
{
	unsigned int bytes = opcode & 1 ? operand_bytes(d) : 1, n = 0;
	uint64_t source = linear(d, d->segment, d->regs->gpr[REG_RSI]);
	uint64_t target = linear(d, 0, d->regs->gpr[REG_RDI]);	/* ES: no override, no base */
	uint8_t what = opcode & 0xfe;

	if (what == 0xa4 || what == 0xa6 || what == 0xac)	/* MOVS CMPS LODS */
		out[n++] = (struct insn_access){ source, bytes, (uint32_t)d->at, false, true, true };
	if (what == 0xa4 || what == 0xaa)			/* MOVS STOS */
		out[n++] = (struct insn_access){ target, bytes, (uint32_t)d->at, true, false, true };
	else if (what == 0xa6 || what == 0xae)			/* CMPS SCAS */
		out[n++] = (struct insn_access){ target, bytes, (uint32_t)d->at, false, true, true };
	return n;
}

unsigned int insn_accesses(const uint8_t *code, size_t bytes, const struct insn_regs *regs, struct insn_access out[2])
{
	struct decoder d = { .code = code, .bytes = bytes, .regs = regs };
	uint8_t opcode = prefixes(&d);

	if (d.short_code)
		return 0;
	if (opcode == 0x0f) {
		opcode = next(&d);
		return d.short_code ? 0 : modrm_access(&d, opcode, true, out);
	}
	if (opcode >= 0xa0 && opcode <= 0xa3) {		/* MOV with a full address */
		uint64_t address = (uint64_t)next_signed(&d, d.address32 ? 4 : 8);

		*out = (struct insn_access){ linear(&d, d.segment, address), opcode & 1 ? operand_bytes(&d) : 1,
					     (uint32_t)d.at, opcode >= 0xa2, opcode < 0xa2, false };
		return d.short_code ? 0 : 1;
	}
	if ((opcode >= 0xa4 && opcode <= 0xa7) || (opcode >= 0xaa && opcode <= 0xaf))
		return string_access(&d, opcode, out);
	return modrm_access(&d, opcode, false, out);
}

bool insn_explain(const uint8_t *code, size_t bytes, const struct insn_regs *regs, uint64_t gpa, bool write,
		  struct insn_access *access, bool *split)
{
	struct insn_access found[2];
	unsigned int i, n = insn_accesses(code, bytes, regs, found);
	uint64_t fault = gpa % 4096;

	for (i = 0; i < n; i++) {
		uint64_t start = found[i].gla % 4096, end = start + found[i].bytes;

		if (write ? !found[i].write : !found[i].read)
			continue;
		*access = found[i];
		*split = end > 4096 && fault < end - 4096;
		if (*split || (fault >= start && fault < end))
			return true;
	}
	return false;
}

static enum insn_kind system_kind(const struct decoder *d, uint8_t modrm_byte)
{
	bool plain = !d->operand16 && d->repeat == 0;

	switch (modrm_byte) {
	case 0xc1: return plain ? INSN_VMCALL : INSN_OTHER;
	case 0xc5: return plain ? INSN_PCONFIG : INSN_OTHER;
	case 0xc8: return plain ? INSN_MONITOR : INSN_OTHER;
	case 0xc9: return plain ? INSN_MWAIT : INSN_OTHER;
	case 0xcc: return d->operand16 && d->repeat == 0 ? INSN_TDCALL : INSN_OTHER;
	case 0xcf: return d->operand16 && d->repeat == 0 ? INSN_SEAMCALL : INSN_OTHER;
	default: return INSN_OTHER;
	}
}

static enum insn_kind two_byte_kind(struct decoder *d)
{
	switch (next(d)) {
	case 0x01: return system_kind(d, next(d));
	case 0x08: return INSN_INVD;
	case 0x09: return d->repeat == 0xf3 ? INSN_WBNOINVD : INSN_WBINVD;
	case 0x30: return INSN_WRMSR;
	case 0x32: return INSN_RDMSR;
	case 0x33: return INSN_RDPMC;
	case 0xa2: return INSN_CPUID;
	default: return INSN_OTHER;
	}
}

enum insn_kind insn_kind(const uint8_t *code, size_t bytes, uint32_t *length)
{
	struct decoder d = { .code = code, .bytes = bytes };
	uint8_t opcode = prefixes(&d);
	enum insn_kind kind = opcode == 0xf4 ? INSN_HLT : opcode == 0x0f ? two_byte_kind(&d) : INSN_OTHER;

	if (d.short_code || d.lock)	/* LOCK in front of any of these is #UD */
		kind = INSN_OTHER;
	*length = kind != INSN_OTHER ? (uint32_t)d.at : 0;
	return kind;
}
