/* SPDX-License-Identifier: MIT */
/*
 * TDG.VM.RD, VM.WR and SYS.RD with the identifiers that guests use ([linux:asm/shared/tdx.h]) and the
 * module's own ([mod:tdr_tdcs_fields_lookup.h]). Rules: [mod:tdg_vm_rd_wr.c],
 * [mod:metadata_generic.c].
 */
#include <stdio.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define ID_INCORRECT	0xc0000c0000000000ull
#define NOT_WRITABLE	0xc0000c0100000000ull
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
	tap_is(regs.gpr[TD_RDX], ALL, "... says that there is no next field");
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
	return tap_done();
}
