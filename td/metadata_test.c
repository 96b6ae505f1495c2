/* SPDX-License-Identifier: MIT */
/*
 * TDG.VM.RD, VM.WR and SYS.RD with the identifiers that guests use ([linux:asm/shared/tdx.h]) and the
 * module's own ([mod:tdr_tdcs_fields_lookup.h]). Rules: [mod:tdg_vm_rd_wr.c],
 * [mod:metadata_generic.c].
 */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define ID_INCORRECT	0xc0000c0000000000ull
#define NOT_WRITABLE	0xc0000c0100000000ull
#define NOT_READABLE	0xc0000c0200000000ull
#define FIRST_FIELD	0x00000c0b00000000ull
#define NOT_VALID	0xc0000c0300000000ull
#define INVALID_RCX	0xc000010000000001ull
#define LINUX_CONFIG_FLAGS	0x1110000300000016ull
#define LINUX_TD_CTLS		0x1110000300000017ull
#define LINUX_NOTIFY_ENABLES	0x9100000000000010ull
#define LINUX_TOPOLOGY_ENUM	0x9100000000000019ull
#define ALL	UINT64_MAX

static void start(uint64_t attributes, uint64_t flags)
{
	struct td_config c = fake_config(16);

	c.vcpus = 3;
	c.platform.attributes = attributes;
	c.platform.config_flags = flags;
	c.tsc_hz = 2000000000;
	fake_start(&c);
}

static struct td_regs regs;

static uint64_t rd(uint64_t leaf, uint64_t id)
{
	regs = (struct td_regs){ 0 };
	regs.gpr[TD_RDX] = id;
	regs.gpr[TD_R8] = 0x5555;
	fake_tdcall(0, leaf, 0, &regs);
	return regs.gpr[TD_RAX];
}

static uint64_t wr(uint64_t id, uint64_t value, uint64_t mask)
{
	regs = (struct td_regs){ 0 };
	regs.gpr[TD_RDX] = id;
	regs.gpr[TD_R8] = value;
	regs.gpr[TD_R9] = mask;
	fake_tdcall(0, TDG_VM_WR, 0, &regs);
	return regs.gpr[TD_RAX];
}

static uint64_t field(uint64_t id)
{
	return rd(TDG_VM_RD, id) == 0 ? regs.gpr[TD_R8] : 0xbad;
}

static void test_read(void)
{
	struct td_config c;

	start(TDX_ATTR_SEPT_VE_DISABLE | TDX_ATTR_DEBUG, TDX_CONFIG_FLEXIBLE_PENDING_VE | TDX_CONFIG_PAGE_RELEASE);
	tap_is(field(TDX_FIELD_ATTRIBUTES), TDX_ATTR_SEPT_VE_DISABLE | TDX_ATTR_DEBUG, "ATTRIBUTES");
	tap_is(field(TDX_FIELD_MAX_VCPUS), 3, "MAX_VCPUS");
	tap_is(field(TDX_FIELD_NUM_VCPUS), 3, "NUM_VCPUS");
	tap_is(field(TDX_FIELD_GPAW), 0, "GPAW is 0 for 48");
	tap_is(field(TDX_FIELD_TSC_FREQUENCY), 80, "TSC_FREQUENCY in units of 25 MHz");
	tap_is(field(TDX_FIELD_CONFIG_FLAGS), 0x42, "CONFIG_FLAGS");
	tap_is(field(LINUX_CONFIG_FLAGS), 0x42, "... as Linux asks for it");
	tap_is(field(LINUX_NOTIFY_ENABLES), 0, "NOTIFY_ENABLES");
	tap_is(field(LINUX_TOPOLOGY_ENUM), 0, "TOPOLOGY_ENUM_CONFIGURED");
	tap_is(field(LINUX_TD_CTLS), 1, "TD_CTLS starts with PENDING_VE_DISABLE as ATTRIBUTES.SEPT_VE_DISABLE");
	start(0, 0);
	tap_is(field(LINUX_TD_CTLS), 0, "... or without");
	c = fake_config(16);
	c.platform.gpaw = 52;
	fake_start(&c);
	tap_is(field(TDX_FIELD_GPAW), 1, "GPAW is 1 for 52");
}

static void test_identifiers(void)
{
	start(0, 0);
	tap_is(rd(TDG_VM_RD, TDX_FIELD_CONFIG_FLAGS | 0x0070000000000000), 0, "context is not looked at");
	tap_is(rd(TDG_VM_RD, TDX_FIELD_CONFIG_FLAGS ^ 0x800c000300000000), 0, "nor size, increment, mask and bit 63");
	tap_is(rd(TDG_VM_RD, TDX_FIELD_CONFIG_FLAGS | 1ull << 34), ID_INCORRECT, "last element must be 0");
	tap_is(regs.gpr[TD_R8], 0, "... and R8 is 0 then");
	tap_is(rd(TDG_VM_RD, TDX_FIELD_CONFIG_FLAGS | 1ull << 38), ID_INCORRECT, "last field must be 0");
	tap_is(rd(TDG_VM_RD, TDX_FIELD_CONFIG_FLAGS | 1ull << 24), ID_INCORRECT, "reserved bit 24");
	tap_is(rd(TDG_VM_RD, TDX_FIELD_CONFIG_FLAGS | 1ull << 55), ID_INCORRECT, "reserved bit 55");
	tap_is(rd(TDG_VM_RD, TDX_FIELD_CONFIG_FLAGS | 1ull << 62), ID_INCORRECT, "reserved bit 62");
	tap_is(rd(TDG_VM_RD, (uint64_t)TDX_FIELD_CONFIG_FLAGS + 0x100), ID_INCORRECT, "another code");
	tap_is(rd(TDG_VM_RD, TDX_FIELD_CONFIG_FLAGS ^ 1ull << 56), ID_INCORRECT, "another class");
	tap_is(rd(TDG_VM_RD, TDX_FIELD_SYS_MAJOR_VERSION), ID_INCORRECT, "a field of the module is none of the TD");
	regs = (struct td_regs){ 0 };
	regs.gpr[TD_RDX] = TDX_FIELD_CONFIG_FLAGS;
	regs.gpr[TD_R8] = 0x5555;
	tap_is(fake_tdcall(0, TDG_VM_RD, 1, &regs), TD_NEXT, "a wrong identifier is an answer, no exception");
	tap_is(regs.gpr[TD_RAX], INVALID_RCX, "another TD cannot be asked for");
	tap_is(regs.gpr[TD_R8], 0, "... R8 is 0");
	tap_is(rd(TDG_VM_RD, TDX_FIELD_GPAW), 0, "version 0");
	tap_is(regs.gpr[TD_RDX], TDX_FIELD_GPAW, "... leaves RDX alone");
	tap_is(rd(1 << 16 | TDG_VM_RD, TDX_FIELD_GPAW), 0, "version 1");
	tap_is(regs.gpr[TD_RDX], 0x111000010000000cull, "... names the next field that a TD may read");
	tap_is(rd(2 << 16 | TDG_VM_RD, TDX_FIELD_GPAW), 0xc000010000000000ull, "version 2: not known");
	tap_ok(regs.gpr[TD_RDX] == ALL && regs.gpr[TD_R8] == 0, "... with no field and no value, unlike version 0");
	tap_is(rd(TDG_VM_RD, 0x9010000200000004ull), NOT_READABLE, "OP_STATE is there, and not for a TD");
	tap_is(rd(TDG_VM_RD, 0x2510000300000000ull), ID_INCORRECT, "tables of a nested TD are not");
	tap_is(rd(TDG_VM_RD, ALL), ID_INCORRECT, "version 0 knows no null id");
}

/*
 * From the null id on, as version 1 names them: first ids and numbers of elements of all that has a guest_rd_mask in
 * [mod:tdr_tdcs_fields_lookup.h] and [mod:global_sys_fields_lookup.h]. A successor keeps the id's other bits.
 */
static void walk(uint64_t leaf, const uint64_t (*rows)[2], size_t count, const char *name)
{
	uint64_t id, wrong = 0;

	tap_is(rd(leaf, ALL), FIRST_FIELD, name);
	tap_is(regs.gpr[TD_R8], 0, "... a first field is no value");
	id = regs.gpr[TD_RDX];
	for (size_t i = 0; i < count; i++)
		for (uint64_t n = 0; n < rows[i][1]; n++) {
			wrong += id != rows[i][0] + n || rd(leaf, id) != 0;
			id = regs.gpr[TD_RDX];
		}
	tap_is(wrong, 0, "... each field, element by element");
	tap_is(id, ALL, "... and then none");
}

static void test_walk(void)
{
	static const uint64_t of_td[][2] = {
		{ 0x8010000300000020, 4 }, { 0x9010000200000001, 1 }, { 0x9010000100000005, 1 }, { 0x1110000300000000, 1 },
		{ 0x1110000300000001, 1 }, { 0x1110000200000002, 1 }, { 0x1110000000000003, 1 }, { 0x111000010000000c, 1 },
		{ 0x9110000300000010, 1 }, { 0x1110000300000016, 1 }, { 0x1110000300000017, 1 }, { 0x1310000300000000, 6 },
		{ 0x1310000300000010, 6 }, { 0x1310000300000018, 6 }, { 0x1310000300000020, 6 }, { 0x1310000300000040, 24 },
		{ 0x9810000300000040, 4 }, { 0x9910000300000000, 6 }, { 0x9910000100000006, 1 }, { 0x9910000300000080, 16 },
	}, of_module[][2] = {
		{ 0x0800000200000000, 1 }, { 0x0800000100000003, 1 }, { 0x0800000100000004, 1 }, { 0x0a00000200000000, 1 },
		{ 0x0a00000000000001, 1 }, { 0x0a00000300000008, 1 }, { 0xa000000300000000, 1 }, { 0x2000000100000001, 1 },
		{ 0x2000000100000002, 1 }, { 0x2000000100000003, 1 }, { 0x2000000100000004, 1 }, { 0xa200000100000000, 1 },
	};
	struct td_config c = fake_config(16);

	c.platform.features &= ~(uint64_t)TDX_FEATURE_TOPOLOGY_ENUM;	/* newer than those tables */
	fake_start(&c);
	walk(1 << 16 | TDG_VM_RD, of_td, sizeof(of_td) / sizeof(of_td[0]), "VM.RD from the null id");
	walk(TDG_SYS_RD, of_module, sizeof(of_module) / sizeof(of_module[0]), "SYS.RD from the null id");
	tap_is(rd(TDG_VM_RD, LINUX_TOPOLOGY_ENUM), ID_INCORRECT, "TOPOLOGY_ENUM_CONFIGURED is as new as TOPOLOGY_ENUM");
}

/* [mod:md_dump_list]: list header, then sequences of a header and a word for each field. */
static void test_rdall(void)
{
	static const uint64_t want[] = {
		21 * 8 | 8 << 16, 0x0800000200000000, 0x8086, 0x0800000100000003 | 1ull << 38, 5, 1, 0x0a00000200000000, 0,
		0x0a00000000000001, 1, 0x0a00000300000008, 0x1f0fbf, 0xa000000300000000, 0,
		0x2000000100000001 | 3ull << 38, 0, 0, 0, 0, 0xa200000100000000, 0x807f,
	};
	uint64_t got[sizeof(want) / 8 + 1];

	start(0, 0);
	memset(fake.private_page, 0x5a, sizeof(fake.private_page));
	regs = (struct td_regs){ .gpr = { [TD_RDX] = FAKE_RAM, [TD_R8] = ALL } };
	fake_tdcall(0, TDG_SYS_RDALL, 0, &regs);
	memcpy(got, fake.private_page, sizeof(got));
	tap_ok(regs.gpr[TD_RAX] == 0 && regs.gpr[TD_R8] == ALL, "SYS.RDALL: all of it in one page");
	tap_ok(memcmp(got, want, sizeof(want)) == 0, "... as sequences");
	tap_is(got[sizeof(want) / 8], 0x5a5a5a5a5a5a5a5aull, "... and nothing behind them");
	regs = (struct td_regs){ .gpr = { [TD_RDX] = FAKE_RAM + 8, [TD_R8] = ALL } };
	fake_tdcall(0, TDG_SYS_RDALL, 0, &regs);
	tap_is(regs.gpr[TD_RAX], 0xc000010000000002ull, "a list that is not aligned");
	regs = (struct td_regs){ .gpr = { [TD_RDX] = FAKE_RAM | FAKE_S, [TD_R8] = ALL } };
	fake_tdcall(0, TDG_SYS_RDALL, 0, &regs);
	tap_is(regs.gpr[TD_RAX], 0xc000010000000002ull, "a shared one");
	regs = (struct td_regs){ .gpr = { [TD_RDX] = FAKE_RAM, [TD_R8] = 0x0800000300000000 } };
	fake_tdcall(0, TDG_SYS_RDALL, 0, &regs);
	tap_is(regs.gpr[TD_RAX], ID_INCORRECT, "a first field of another size");
}

/* [mod:tdg_vp_rd_wr.c], [mod:tdvps_fields_lookup.h], [mod:tdg_vp_cpuidve_set]. */
static void test_vp(void)
{
	struct td_instruction in;

	start(0, 0);
	rd(TDG_VP_RD, ALL);
	tap_is(regs.gpr[TD_RDX], 0xa020000200000002ull, "VP.RD: the first field is the vCPU's index");
	tap_ok(rd(TDG_VP_RD, 0xa020000200000002ull) == 0 && regs.gpr[TD_R8] == 0 && regs.gpr[TD_RDX] == 0xa020000000000007ull,
	       "... which is followed by CPUID_SUPERVISOR_VE");
	tap_is(rd(TDG_VP_RD, 0x1020000300000000ull), NOT_READABLE, "RAX is not for the TD to read so");
	regs = (struct td_regs){ .gpr = { [TD_RDX] = 0xa020000000000008ull, [TD_R8] = 1, [TD_R9] = 0xff } };
	fake_tdcall(0, TDG_VP_WR, 0, &regs);
	tap_is(regs.gpr[TD_RAX], 0, "VP.WR of CPUID_USER_VE");
	tap_ok(rd(TDG_VP_RD, 0xa020000000000008ull) == 0 && regs.gpr[TD_R8] == 1, "... is set");
	regs = (struct td_regs){ 0 };
	tap_ok(fake_tdcall(0, TDG_VP_CPUIDVE_SET, 4, &regs) == TD_NEXT && regs.gpr[TD_RAX] == INVALID_RCX,
	       "CPUIDVE.SET: a reserved bit");
	regs = (struct td_regs){ 0 };
	fake_tdcall(0, TDG_VP_CPUIDVE_SET, 1, &regs);
	tap_is(regs.gpr[TD_RAX], 0, "... at CPL 0 only");
	tap_ok(rd(TDG_VP_RD, 0xa020000000000008ull) == 0 && regs.gpr[TD_R8] == 0, "... takes the place of what was set");
	in = (struct td_instruction){ .reason = VE_CPUID };
	tap_is(td_instruction(fake.td, 0, &in), TD_VE, "... then CPUID 0 is a #VE at CPL 0");
	in.cpl = 3;
	tap_is(td_instruction(fake.td, 0, &in), TD_NATIVE, "... and not at CPL 3");
}

/* Without nested TDs and service TDs: [mod:tdg_vp_enter] and its like. */
static void test_partition(void)
{
	static const struct { uint64_t leaf, rcx, rdx, r8, rax; const char *name; } rows[] = {
		{ TDG_VP_ENTER, 1ull << 52, FAKE_RAM, 0, INVALID_RCX, "VP.ENTER of a TD that is not there" },
		{ TDG_VP_ENTER, 1ull << 52, FAKE_RAM + 8, 0, INVALID_RCX + 1, "... after its list, which is not aligned" },
		{ TDG_VP_INVEPT, 2, 0, 0, INVALID_RCX, "VP.INVEPT of one" },
		{ TDG_VP_INVEPT, 0, 0, 0, 0, "VP.INVEPT of none" },
		{ TDG_VP_INVGLA, 1ull << 52, 0, 0, INVALID_RCX, "VP.INVGLA" },
		{ TDG_SERVTD_RD, 0x1234, 0, 0, INVALID_RCX, "SERVTD.RD" },
		{ TDG_SERVTD_WR, 0x1234, 0, 0, INVALID_RCX, "SERVTD.WR" },
		{ TDG_MEM_PAGE_ATTR_RD, FAKE_RAM + 8, 0, 0, 0, "ATTR.RD of a byte of a page" },
		{ TDG_MEM_PAGE_ATTR_RD, FAKE_RAM | FAKE_S, 0, 0, INVALID_RCX, "ATTR.RD of shared memory" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM, 0, 0, 0, "ATTR.WR of nothing" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM, 1ull << 16, 0, INVALID_RCX + 1, "ATTR.WR for a TD that is not there" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM, 0, 1, INVALID_RCX + 7, "ATTR.WR with flags" },
		{ TDG_MEM_PAGE_ATTR_WR, FAKE_RAM + 3, 0, 0, INVALID_RCX, "ATTR.WR of a level that there is not" },
	};

	start(0, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		regs = (struct td_regs){ .gpr = { [TD_RDX] = rows[i].rdx, [TD_R8] = rows[i].r8 } };
		fake_tdcall(0, rows[i].leaf, rows[i].rcx, &regs);
		tap_is(regs.gpr[TD_RAX], rows[i].rax, rows[i].name);
	}
}

static void test_ctls(void)
{
	start(TDX_ATTR_SEPT_VE_DISABLE, 0);
	tap_is(wr(LINUX_TD_CTLS, 0, 1), NOT_VALID, "PENDING_VE_DISABLE cannot be cleared");
	tap_is(regs.gpr[TD_R8], 0, "... R8 is 0 after a failure");
	start(0, 0);
	tap_is(wr(LINUX_TD_CTLS, 1, 1), NOT_VALID, "... nor set, unless the TD is flexible about it");
	tap_is(wr(LINUX_TD_CTLS, 4, 4), 0, "VIRT_CPUID2 can");
	start(0, TDX_CONFIG_FLEXIBLE_PENDING_VE);
	tap_is(wr(LINUX_TD_CTLS, 1, 1), 0, "flexible: set");
	tap_is(regs.gpr[TD_R8], 0, "... R8 is the old value");
	tap_is(wr(LINUX_TD_CTLS, 4, 4), 0, "one more bit");
	tap_is(regs.gpr[TD_R8], 1, "... old value again");
	tap_is(field(LINUX_TD_CTLS), 5, "both are set");
	tap_is(wr(LINUX_TD_CTLS, 0, 4), 0, "one cleared");
	tap_is(field(LINUX_TD_CTLS), 1, "... the mask says which");
	tap_is(wr(LINUX_TD_CTLS, 2, 2), NOT_VALID, "ENUM_TOPOLOGY without TOPOLOGY_ENUM_CONFIGURED");
	tap_is(wr(LINUX_TD_CTLS, 9, 9), NOT_VALID, "a reserved bit");
	tap_is(wr(LINUX_TD_CTLS, 9, 1), 0, "... is not looked at outside the mask");
	tap_is(wr(LINUX_TD_CTLS, 1, 0), NOT_WRITABLE, "an empty mask");
	tap_is(wr(LINUX_TD_CTLS, 8, 8), NOT_WRITABLE, "a mask of reserved bits alone");
	tap_is(field(LINUX_TD_CTLS), 1, "none of these changed it");
}

/* What the bit is for. */
static void test_pending_ve(void)
{
	struct td_config c = fake_config(16);

	c.slots[0].pending = 1;
	c.platform.config_flags = TDX_CONFIG_FLEXIBLE_PENDING_VE;
	fake_start(&c);
	tap_is(wr(LINUX_TD_CTLS, 0, 1), 0, "flexible: cleared");
	tap_is(fake_touch(FAKE_RAM, 0), TD_VE, "... and PENDING is a #VE, whatever the attribute");
	c.platform.attributes = 0;
	fake_start(&c);
	wr(LINUX_TD_CTLS, 1, 1);
	tap_is(fake_touch(FAKE_RAM, 0), TD_STOP, "set: PENDING ends the TD");
}

static void test_write(void)
{
	start(0, 0);
	tap_is(wr(LINUX_NOTIFY_ENABLES, 0, ALL), 0, "NOTIFY_ENABLES, as Linux writes it");
	tap_is(wr(LINUX_NOTIFY_ENABLES, 1, 1), 0, "bit 0");
	tap_is(field(LINUX_NOTIFY_ENABLES), 1, "... is set");
	tap_is(wr(LINUX_NOTIFY_ENABLES, 2, 3), NOT_VALID, "no other bit is there");
	tap_is(wr(LINUX_NOTIFY_ENABLES, 0, 2), NOT_WRITABLE, "... nor can be written");
	tap_is(field(LINUX_NOTIFY_ENABLES), 1, "... and nothing changed");
	tap_is(wr(LINUX_CONFIG_FLAGS, 0, ALL), NOT_WRITABLE, "CONFIG_FLAGS");
	tap_is(wr(TDX_FIELD_ATTRIBUTES, 1, 1), NOT_WRITABLE, "ATTRIBUTES");
	tap_is(wr(0x9110000300000777, 1, 1), ID_INCORRECT, "a field that is not there");
	regs = (struct td_regs){ 0 };
	regs.gpr[TD_RDX] = LINUX_NOTIFY_ENABLES;
	fake_tdcall(0, TDG_VM_WR, 5, &regs);
	tap_is(regs.gpr[TD_RAX], INVALID_RCX, "another TD cannot be written");
}

static void test_sys(void)
{
	start(0, 0);
	tap_is(rd(TDG_SYS_RD, TDX_FIELD_SYS_MAJOR_VERSION), 0, "SYS.RD of the major version");
	tap_is(regs.gpr[TD_R8], 1, "... is 1");
	tap_is(regs.gpr[TD_RDX], 0x0a00000200000000ull, "... and SYS_ATTRIBUTES is next");
	tap_is(rd(TDG_SYS_RD, 0x8800000200000001ull), NOT_READABLE, "BUILD_DATE is not for a TD");
	tap_is(regs.gpr[TD_RDX], ALL, "... and no next field is named");
	rd(TDG_SYS_RD, TDX_FIELD_SYS_MINOR_VERSION);
	tap_is(regs.gpr[TD_R8], 5, "minor version 5");
	tap_is(rd(TDG_SYS_RD, TDX_FIELD_SYS_MINOR_VERSION | 1ull << 62), ID_INCORRECT, "reserved bit");
	tap_is(rd(TDG_SYS_RD, TDX_FIELD_GPAW), ID_INCORRECT, "a field of the TD is none of the module");
	tap_is(regs.gpr[TD_R8], 0, "... R8 is 0");
}

int main(void)
{
	test_read();
	test_identifiers();
	test_ctls();
	test_pending_ve();
	test_write();
	test_sys();
	test_walk();
	test_rdall();
	test_vp();
	test_partition();
	return tap_done();
}
