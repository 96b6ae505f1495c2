/* SPDX-License-Identifier: MIT */
/* The decoder against Zydis, on millions of instructions, and by hand where Zydis cannot be the judge. */
#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#define tap_puts(text) fputs(text, stdout)
#include "monitor/insn.h"
#include "wire/tap.h"

#define ROUNDS 3000000u

static uint64_t seed = 0x9e3779b97f4a7c15ull;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static ZydisDecoder decoder;
static ZydisRegisterContext context;
static struct insn_regs regs;

static void random_regs(void)
{
	unsigned int i;

	memset(&context, 0, sizeof(context));
	for (i = 0; i < 16; i++) {
		regs.gpr[i] = random64() & 1 ? random64() : random64() % 8192;
		context.values[ZYDIS_REGISTER_RAX + i] = regs.gpr[i];
		context.values[ZYDIS_REGISTER_EAX + i] = (uint32_t)regs.gpr[i];
	}
	regs.rip = random64();
	context.values[ZYDIS_REGISTER_RIP] = regs.rip;
	context.values[ZYDIS_REGISTER_EIP] = (uint32_t)regs.rip;
	regs.fs_base = context.values[ZYDIS_REGISTER_FS] = random64();
	regs.gs_base = context.values[ZYDIS_REGISTER_GS] = random64();
}

/* Bytes that look like code more often than noise does. */
static void random_code(uint8_t code[16])
{
	static const uint8_t start[] = { 0x66, 0x67, 0x64, 0x65, 0xf0, 0xf2, 0xf3, 0x2e, 0x48, 0x41, 0x44, 0x4f };
	unsigned int i, at = 0;

	for (i = 0; i < 16; i++)
		code[i] = (uint8_t)random64();
	while (random64() % 2 == 0 && at < 4)
		code[at++] = start[random64() % sizeof(start)];
	if (random64() % 3 == 0)
		code[at] = 0x0f;
}

/* Zydis' view of the accesses: explicit and hidden memory operands that are really touched, no stack. */
static unsigned int oracle(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *ops, struct insn_access out[4])
{
	unsigned int i, n = 0;

	for (i = 0; i < in->operand_count; i++) {
		const ZydisDecodedOperand *op = &ops[i];
		uint64_t address;

		if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || op->mem.type == ZYDIS_MEMOP_TYPE_AGEN || n == 4)
			continue;
		if (ZydisCalcAbsoluteAddressEx(in, op, regs.rip, &context, &address) != ZYAN_STATUS_SUCCESS)
			continue;
		if (in->address_width == 32)
			address = (uint32_t)address;
		if (op->mem.segment == ZYDIS_REGISTER_FS)
			address += regs.fs_base;
		if (op->mem.segment == ZYDIS_REGISTER_GS)
			address += regs.gs_base;
		out[n++] = (struct insn_access){ address, op->size / 8, in->length,
						 (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0,
						 (op->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0, false };
	}
	return n;
}

static bool is_bit_test(const ZydisDecodedInstruction *in)
{
	return in->mnemonic == ZYDIS_MNEMONIC_BT || in->mnemonic == ZYDIS_MNEMONIC_BTS ||
	       in->mnemonic == ZYDIS_MNEMONIC_BTR || in->mnemonic == ZYDIS_MNEMONIC_BTC;
}

/* Instructions that must never be "not known" when they have a memory operand. */
static bool is_common(const ZydisDecodedInstruction *in)
{
	switch (in->mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		return in->opcode != 0x8c && in->opcode != 0x8e;	/* segment registers */
	case ZYDIS_MNEMONIC_MOVZX: case ZYDIS_MNEMONIC_MOVSX: case ZYDIS_MNEMONIC_MOVSXD: case ZYDIS_MNEMONIC_MOVNTI:
	case ZYDIS_MNEMONIC_ADD: case ZYDIS_MNEMONIC_SUB: case ZYDIS_MNEMONIC_AND: case ZYDIS_MNEMONIC_OR:
	case ZYDIS_MNEMONIC_XOR: case ZYDIS_MNEMONIC_CMP: case ZYDIS_MNEMONIC_TEST: case ZYDIS_MNEMONIC_XCHG:
	case ZYDIS_MNEMONIC_INC: case ZYDIS_MNEMONIC_DEC: case ZYDIS_MNEMONIC_NOT: case ZYDIS_MNEMONIC_NEG:
	case ZYDIS_MNEMONIC_MOVSB: case ZYDIS_MNEMONIC_MOVSW: case ZYDIS_MNEMONIC_MOVSQ:
	case ZYDIS_MNEMONIC_STOSB: case ZYDIS_MNEMONIC_STOSD: case ZYDIS_MNEMONIC_STOSQ:
	case ZYDIS_MNEMONIC_LODSB: case ZYDIS_MNEMONIC_CMPXCHG: case ZYDIS_MNEMONIC_XADD: case ZYDIS_MNEMONIC_BTS:
		return true;
	default:
		return false;
	}
}

static bool same(const struct insn_access *a, const struct insn_access *b)
{
	return a->gla == b->gla && a->bytes == b->bytes && a->length == b->length && a->write == b->write &&
	       a->read == b->read;
}

static void complain(const ZydisDecodedInstruction *in, const uint8_t *code, unsigned int n, unsigned int want,
		     const struct insn_access *a, const struct insn_access *b)
{
	unsigned int i;

	printf("# %s:", ZydisMnemonicGetString(in->mnemonic));
	for (i = 0; i < in->length; i++)
		printf(" %02x", code[i]);
	printf(" %u/%u ours %lx %u %u %d%d, Zydis %lx %u %u %d%d\n", n, want, a->gla, a->bytes, a->length, a->write,
	       a->read, b->gla, b->bytes, b->length, b->write, b->read);
}

static unsigned int compared, wrong, unknown, truncated;

/* MOVS: Zydis names the target first. */
static void put_in_our_order(struct insn_access theirs[2], const struct insn_access *first)
{
	struct insn_access swap = theirs[0];

	if (same(first, &theirs[0]))
		return;
	theirs[0] = theirs[1];
	theirs[1] = swap;
}

static void compare(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *ops, const uint8_t *code)
{
	struct insn_access ours[2] = { { 0 } }, theirs[4] = { { 0 } };
	unsigned int k, n = insn_accesses(code, 15, &regs, ours), want = oracle(in, ops, theirs);

	if (n == 0) {
		unknown += want != 0 && is_common(in);
		return;
	}
	if (is_bit_test(in) && ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER)
		theirs[0].gla = ours[0].gla;	/* Zydis leaves the bit number out: checked by hand below */
	if (n == 2)
		put_in_our_order(theirs, &ours[0]);
	compared++;
	for (k = 0; k < n; k++)
		if ((n != want || !same(&ours[k], &theirs[k])) && wrong++ < 10)
			complain(in, code, n, want, &ours[k], &theirs[k]);
	truncated += insn_accesses(code, in->length - 1u, &regs, ours) != 0;
}

static void against_zydis(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		ZydisDecodedInstruction in;
		ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
		uint8_t code[16];

		random_regs();
		random_code(code);
		if (ZydisDecoderDecodeFull(&decoder, code, 15, &in, ops) == ZYAN_STATUS_SUCCESS)
			compare(&in, ops, code);	/* else #UD, before any access */
	}
	printf("# %u of %u instructions compared\n", compared, ROUNDS);
	tap_ok(compared > ROUNDS / 20, "enough instructions were compared");
	tap_is(wrong, 0, "every answer is Zydis' answer");
	tap_is(unknown, 0, "the common instructions are all known");
	tap_is(truncated, 0, "an instruction that ends too early is never known");
}

static unsigned int decode(const char *code, size_t bytes, struct insn_access out[2])
{
	return insn_accesses((const uint8_t *)code, bytes, &regs, out);
}

#define DECODE(code) decode(code, sizeof(code) - 1, a)

static void by_hand(void)
{
	struct insn_access a[2];

	memset(&regs, 0, sizeof(regs));
	regs.gpr[0] = 0x1000;
	regs.gpr[1] = (uint64_t)-65;
	regs.gpr[6] = 0x2000;
	regs.gpr[7] = 0x3000;
	regs.gs_base = 0x500000;
	tap_ok(DECODE("\x65\x8b\x04\x25\x10\x00\x00\x00") == 1 && a[0].gla == 0x500010, "mov %gs:0x10");
	tap_ok(DECODE("\x0f\xa3\x08") == 1 && a[0].gla == 0xff4 && !a[0].write, "bt %ecx, (%rax)");
	tap_ok(DECODE("\xf3\xa4") == 2 && a[0].gla == 0x2000 && a[1].gla == 0x3000 && a[1].write && a[0].string,
	       "rep movsb: source, then target");
	tap_ok(DECODE("\x65\xa5") == 2 && a[0].gla == 0x502000 && a[1].gla == 0x3000, "only the source has a segment");
	tap_ok(DECODE("\x65\x8b\x04\x25\x10\x00\x00\x00") == 1 && a[0].gla == 0x500010, "mov %gs:0x10, %eax");
	tap_is(DECODE("\x8d\x00"), 0, "lea touches no memory");
	tap_is(DECODE("\x89\xc0"), 0, "mov between registers");
	tap_is(DECODE("\x0f\x0b"), 0, "ud2");
	tap_is(DECODE("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x8b\x00"), 0,
	       "16 bytes are too many");
	tap_is(decode("", 0, a), 0, "no bytes");
}

static bool explain(const char *code, size_t bytes, uint64_t gpa, bool write, bool *split)
{
	struct insn_access a;

	return insn_explain((const uint8_t *)code, bytes, &regs, gpa, write, &a, split);
}

static void faults(void)
{
	bool split = true;

	regs.gpr[0] = 0x7ff8;
	tap_ok(explain("\x48\x8b\x00", 3, 0xabcff8, false, &split) && !split, "load that ends with its page");
	tap_ok(!explain("\x48\x8b\x00", 3, 0xabcff8, true, &split), "a load does not explain a store");
	tap_ok(!explain("\x48\x8b\x00", 3, 0xabc000, false, &split), "nor the next page");
	regs.gpr[0] = 0x7ffa;
	tap_ok(explain("\x48\x8b\x00", 3, 0xabd000, false, &split) && split, "load that began on the page before");
	tap_ok(explain("\x48\x8b\x00", 3, 0xabcffa, false, &split) && !split, "and its first part");
	tap_ok(!explain("\x48\x8b\x00", 3, 0xabd002, false, &split), "behind its last byte");
	regs.gpr[6] = 0x2010;
	regs.gpr[7] = 0x3020;
	tap_ok(explain("\xa4", 1, 0x9020, true, &split), "movs explains a store to its target");
	tap_ok(!explain("\xa4", 1, 0x9010, true, &split), "but not to its source");
}

static void kind_is(const char *code, size_t bytes, enum insn_kind want, uint32_t want_length, const char *name)
{
	uint32_t length = 99;
	enum insn_kind kind = insn_kind((const uint8_t *)code, bytes, &length);

	tap_ok(kind == want && length == want_length, name);
}

#define KIND(code, kind, length, name) kind_is(code, sizeof(code) - 1, kind, length, name)

static void kinds(void)
{
	KIND("\x66\x0f\x01\xcc", INSN_TDCALL, 4, "tdcall");
	KIND("\x0f\x01\xcc", INSN_OTHER, 0, "without 66 it is not tdcall");
	KIND("\xf3\x66\x0f\x01\xcc", INSN_OTHER, 0, "nor with F3");
	KIND("\x66\x0f\x01\xcf", INSN_SEAMCALL, 4, "seamcall");
	KIND("\x0f\x01\xc1", INSN_VMCALL, 3, "vmcall");
	KIND("\x0f\x01\xc5", INSN_PCONFIG, 3, "pconfig");
	KIND("\x0f\x01\xc8", INSN_MONITOR, 3, "monitor");
	KIND("\x0f\x01\xc9", INSN_MWAIT, 3, "mwait");
	KIND("\x0f\xa2", INSN_CPUID, 2, "cpuid");
	KIND("\x48\x0f\xa2", INSN_CPUID, 3, "cpuid with REX");
	KIND("\xf4", INSN_HLT, 1, "hlt");
	KIND("\x0f\x32", INSN_RDMSR, 2, "rdmsr");
	KIND("\x2e\x0f\x30", INSN_WRMSR, 3, "wrmsr with a prefix");
	KIND("\x0f\x33", INSN_RDPMC, 2, "rdpmc");
	KIND("\x0f\x08", INSN_INVD, 2, "invd");
	KIND("\x0f\x09", INSN_WBINVD, 2, "wbinvd");
	KIND("\xf3\x0f\x09", INSN_WBNOINVD, 3, "wbnoinvd");
	KIND("\xf0\x0f\xa2", INSN_OTHER, 0, "lock cpuid is #UD");
	KIND("\x0f", INSN_OTHER, 0, "cut off");
	KIND("\x66\x0f\x01", INSN_OTHER, 0, "tdcall cut off");
	KIND("\x90", INSN_OTHER, 0, "nop");
}

int main(void)
{
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	against_zydis();
	by_hand();
	faults();
	kinds();
	return tap_done();
}
