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
#define INVALID_RDX	0xc000010000000002ull
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

static bool uuids(uint64_t seed, uint64_t words[4])
{
	struct td_config c = fake_config(16);
	bool differ = true;

	c.seed = seed;
	fake_start(&c);
	for (uint64_t n = 0; n < 4; n++) {
		words[n] = field(TDX_FIELD_TD_UUID + n);
		for (uint64_t k = 0; k < n; k++)
			differ &= words[k] != words[n];
	}
	return differ;
}

static void test_uuid(void)
{
	uint64_t first[4], again[4], other[4];

	tap_ok(uuids(1, first) && uuids(1, again) && uuids(2, other), "TD_UUID: four words");
	tap_ok(memcmp(first, again, sizeof(first)) == 0, "... the same of the same seed");
	tap_ok(first[0] != other[0] && first[1] != other[1] && first[2] != other[2] && first[3] != other[3],
	       "... and all others of another");
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
	}, of_vcpu[][2] = {
		{ 0xa020000200000002, 1 }, { 0xa020000000000007, 1 }, { 0xa020000000000008, 1 }, { 0xa020000300000050, 4 },
		{ 0xa020000300000058, 4 }, { 0xa120000000000000, 128 },
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
	walk(TDG_VP_RD, of_vcpu, sizeof(of_vcpu) / sizeof(of_vcpu[0]), "VP.RD from the null id");
	tap_is(rd(TDG_VM_RD, LINUX_TOPOLOGY_ENUM), ID_INCORRECT, "TOPOLOGY_ENUM_CONFIGURED is as new as TOPOLOGY_ENUM");
}

/*
 * What there is of each class, for a TD to read and not: how many elements, and the sum of their codes. Added up over
 * the module's tables, those of nested TDs left out; CPUID_VALUES (0x14) is read by leaf, so that any code is one.
 */
static void test_classes(void)
{
	static const struct { uint64_t leaf, class, readable, codes, hidden, hidden_codes; } rows[] = {
		{ TDG_VM_RD, 0x00, 4, 134, 13, 192 }, { TDG_VM_RD, 0x01, 0, 0, 2, 3 }, { TDG_VM_RD, 0x02, 0, 0, 6, 15 },
		{ TDG_VM_RD, 0x10, 2, 6, 2, 6 }, { TDG_VM_RD, 0x11, 8, 79, 110, 52645 }, { TDG_VM_RD, 0x12, 0, 0, 3, 3 },
		{ TDG_VM_RD, 0x13, 48, 2304, 0, 0 }, { TDG_VM_RD, 0x16, 0, 0, 16, 17716 }, { TDG_VM_RD, 0x18, 4, 262, 28, 661 },
		{ TDG_VM_RD, 0x19, 23, 2189, 0, 0 }, { TDG_VM_RD, 0x1a, 0, 0, 512, 130816 },
		{ TDG_VM_RD, 0x20, 0, 0, 512, 130816 }, { TDG_VM_RD, 0x21, 0, 0, 512, 130816 },
		{ TDG_VP_RD, 0x01, 0, 0, 128, 8128 }, { TDG_VP_RD, 0x02, 0, 0, 8, 48 }, { TDG_VP_RD, 0x10, 0, 0, 16, 120 },
		{ TDG_VP_RD, 0x11, 0, 0, 8, 340 }, { TDG_VP_RD, 0x12, 0, 0, 1536, 1178880 },
		{ TDG_VP_RD, 0x13, 0, 0, 46, 86517 }, { TDG_VP_RD, 0x20, 11, 701, 127, 16855 },
		{ TDG_VP_RD, 0x21, 128, 8128, 0, 0 }, { TDG_VP_RD, 0x22, 0, 0, 32, 16880 },
		{ TDG_SYS_RD, 0x00, 0, 0, 9, 36 }, { TDG_SYS_RD, 0x08, 3, 7, 4, 14 }, { TDG_SYS_RD, 0x09, 0, 0, 7, 21 },
		{ TDG_SYS_RD, 0x0a, 3, 9, 0, 0 }, { TDG_SYS_RD, 0x10, 0, 0, 65, 13280 }, { TDG_SYS_RD, 0x11, 0, 0, 5, 68 },
		{ TDG_SYS_RD, 0x18, 0, 0, 5, 1538 }, { TDG_SYS_RD, 0x19, 0, 0, 234, 395176 },
		{ TDG_SYS_RD, 0x20, 5, 10, 4, 115 }, { TDG_SYS_RD, 0x21, 0, 0, 3, 3 }, { TDG_SYS_RD, 0x22, 1, 0, 6, 21 },
	};
	struct td_config c = fake_config(16);

	c.platform.features &= ~(uint64_t)TDX_FEATURE_TOPOLOGY_ENUM;
	fake_start(&c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t readable = 0, codes = 0, hidden = 0, hidden_codes = 0;

		for (uint64_t code = 0; code < 0x2200; code++) {
			uint64_t status = rd(rows[i].leaf, rows[i].class << 56 | code);

			readable += status == 0;
			codes += status == 0 ? code : 0;
			hidden += status == NOT_READABLE;
			hidden_codes += status == NOT_READABLE ? code : 0;
		}
		tap_case_number(rows[i].leaf == TDG_VM_RD ? "TD class" : rows[i].leaf == TDG_VP_RD ? "vCPU class" : "module class",
				rows[i].class);
		tap_ok(readable == rows[i].readable && codes == rows[i].codes, "what a TD may read");
		tap_ok(hidden == rows[i].hidden && hidden_codes == rows[i].hidden_codes, "... and may not");
	}
	tap_case(NULL);
	tap_ok(rd(TDG_VM_RD, 0x9410000300000000) == NOT_READABLE && rd(TDG_VM_RD, 0x94100003000001ff) == NOT_READABLE,
	       "CPUID_VALUES, of any leaf");
}

/* [mod:td_vmcs_lookup], added up, and md_vp_get_element() of metadata_vp.c: by halves there is nothing. */
static void test_vmcs(void)
{
	uint64_t hidden = 0, codes = 0, others = 0;

	start(0, 0);
	for (uint64_t code = 0; code < 0x8000; code++) {
		uint64_t status = rd(TDG_VP_RD, code);

		hidden += status == NOT_READABLE;
		codes += status == NOT_READABLE ? code : 0;
		others += status != NOT_READABLE && status != ID_INCORRECT;
	}
	tap_ok(hidden == 154 && codes == 2400214 && others == 0, "a TD may read nothing of its VMCS");
	tap_is(rd(TDG_VP_RD, 0x2403000000000ull | 0x2001), ID_INCORRECT, "... of which there are no upper halves");
}

static uint64_t rdall(uint64_t to, uint64_t first)
{
	regs = (struct td_regs){ .gpr = { [TD_RDX] = FAKE_RAM + to, [TD_R8] = first } };
	return fake_tdcall(0, TDG_SYS_RDALL, 0, &regs) == TD_NEXT ? regs.gpr[TD_RAX] : 0xbad;
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
	rdall(0, ALL);
	memcpy(got, fake.private_page, sizeof(got));
	tap_ok(regs.gpr[TD_RAX] == 0 && regs.gpr[TD_R8] == ALL, "SYS.RDALL: all of it in one page");
	tap_ok(memcmp(got, want, sizeof(want)) == 0, "... as sequences");
	tap_is(got[sizeof(want) / 8], 0x5a5a5a5a5a5a5a5aull, "... and nothing behind them");
	tap_is(rdall(0, 0x0800000100000004), 0, "from a field on");
	memcpy(got, fake.private_page, sizeof(got));
	tap_ok(got[0] == (18 * 8 | 7 << 16) && got[1] == 0x0800000100000004 && got[2] == 1, "... which is the first, alone");
	tap_is(rdall(0, 0x8800000200000001), 0, "from one on that is not for a TD");
	memcpy(got, fake.private_page, sizeof(got));
	tap_ok(got[0] == (19 * 8 | 7 << 16) && memcmp(got + 1, want + 3, 8) == 0, "... it is from the next on that is");
	tap_ok(rdall(8, ALL) == INVALID_RDX && regs.gpr[TD_R8] == ALL, "a list that is not aligned");
	tap_is(rdall(FAKE_S, ALL), INVALID_RDX, "a shared one");
	tap_is(rdall(0, 0x0800000300000000), ID_INCORRECT, "a first field of another size");
	tap_ok(rdall(0, 0x0800000200000777) == ID_INCORRECT && regs.gpr[TD_R8] == ALL, "... or of none");
	fake_share(1, 1);
	rdall(TDX_PAGE_SIZE, ALL);
	tap_is(td_stopped(fake.td), TD_STOP_PRIVATE_LOST, "a list that is not there: an EPT violation, for good");
}

#define SUPERVISOR_VE	0xa020000000000007ull
#define USER_VE		0xa020000000000008ull

static uint64_t vp_wr(uint64_t rcx, uint64_t id, uint64_t value, uint64_t mask)
{
	regs = (struct td_regs){ .gpr = { [TD_RDX] = id, [TD_R8] = value, [TD_R9] = mask } };
	fake_tdcall(0, TDG_VP_WR, rcx, &regs);
	return regs.gpr[TD_RAX];
}

static uint64_t vp_field(uint64_t id)
{
	return rd(TDG_VP_RD, id) == 0 ? regs.gpr[TD_R8] : 0xbad;
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
	tap_is(vp_wr(0, USER_VE, 1, 0xff), 0, "VP.WR of CPUID_USER_VE");
	tap_ok(vp_field(USER_VE) == 1 && vp_field(SUPERVISOR_VE) == 0, "... is set, alone");
	tap_is(vp_wr(0, SUPERVISOR_VE, 1, 0xff), 0, "VP.WR of CPUID_SUPERVISOR_VE");
	tap_is(regs.gpr[TD_R8], 0, "... R8 is the old value");
	tap_ok(vp_field(USER_VE) == 1 && vp_field(SUPERVISOR_VE) == 1, "... both are set");
	tap_is(vp_wr(0, USER_VE, 0, 0xff), 0, "one cleared");
	tap_ok(regs.gpr[TD_R8] == 1 && vp_field(USER_VE) == 0 && vp_field(SUPERVISOR_VE) == 1, "... alone");
	vp_wr(0, USER_VE, 1, 0xff);
	tap_is(vp_wr(0, SUPERVISOR_VE, 0, 0xff), 0, "the other");
	tap_ok(vp_field(USER_VE) == 1 && vp_field(SUPERVISOR_VE) == 0, "... alone");
	tap_is(vp_wr(0, 0xa020000200000002ull, 0, ALL), NOT_WRITABLE, "the index cannot be written");
	tap_is(vp_wr(1, USER_VE, 0, 0xff), INVALID_RCX, "another vCPU cannot be");
	tap_is(vp_field(USER_VE), 1, "... and is not");
	regs = (struct td_regs){ .gpr = { [TD_RDX] = USER_VE, [TD_R8] = 0x5555 } };
	fake_tdcall(0, TDG_VP_RD, 1, &regs);
	tap_ok(regs.gpr[TD_RAX] == INVALID_RCX && regs.gpr[TD_RDX] == ALL && regs.gpr[TD_R8] == 0, "nor read");
	regs = (struct td_regs){ .gpr = { [TD_RDX] = 0xa020000200000002ull } };
	fake_tdcall(2, TDG_VP_RD, 0, &regs);
	tap_is(regs.gpr[TD_R8], 2, "each reads its own index");
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
	test_uuid();
	test_identifiers();
	test_ctls();
	test_pending_ve();
	test_write();
	test_sys();
	test_walk();
	test_classes();
	test_vmcs();
	test_rdall();
	test_vp();
	return tap_done();
}
