/* SPDX-License-Identifier: MIT */
/* TDCALL leaves, their statuses, and the register rules of TDG.VP.VMCALL. */
#include "payloads/lib/gpr.h"
#include "payloads/lib/payload.h"
#include "payloads/conform.h"

#define IOAPIC		0xfec00000ull	/* device registers that every PC has; the first is a number that stays */
#define INVALID(n)	tdx_status(TDX_OPERAND_INVALID, n)

static uint8_t page[2 * 4096] __attribute__((aligned(4096)));

static uint64_t gpa_of_page(void)
{
	return (uint64_t)(uintptr_t)page;
}

static uint64_t leaf(uint64_t rax, uint64_t rcx, uint64_t rdx)
{
	uint64_t gpr[GPRS] = { [RAX] = rax, [RCX] = rcx, [RDX] = rdx, [R9] = ~0ull };	/* R9: which bits to write */

	tdcall(gpr);
	return gpr[RAX];
}

/* [mod:td_call] has the order: a leaf that is not there, reserved bits, a version; [mod:tdg_vp_info]. */
static void test_leaves(void)
{
	uint64_t gpr[GPRS] = { [RAX] = TDG_VP_INFO, [R11] = 1 };

	tdcall(gpr);
	conform_ok(gpr[RCX] == 48 || gpr[RCX] == 52, "VP.INFO: GPA width 48 or 52");
	conform_is(gpr[R9], 0, "VP.INFO: index of the first vCPU");
	conform_is(gpr[R10], 1, "VP.INFO: SYS.RD is available");
	conform_is(gpr[R11], 0, "VP.INFO: R11 is zero");
	conform_is(leaf(0xffff, 0, 0), INVALID(0), "unknown leaf");
	conform_is(leaf(TDG_VP_INFO | 1ull << 24, 0, 0), INVALID(0), "reserved bit of RAX");
	conform_is(leaf(TDG_VP_INFO | 1ull << 16, 0, 0), INVALID(0), "version 1 of a leaf that has none");
	conform_is(leaf(TDG_VP_VEINFO_GET, 0, 0) >> 32, TDX_NO_VALID_VE_INFO, "VEINFO.GET with nothing to say");
}

/* [mod:tdg_vm_rd_wr.c] and [mod:metadata_generic.c]; the fields: [mod:tdr_tdcs_fields_lookup.h]. */
static void test_metadata(void)
{
	uint64_t gpr[GPRS] = { [RAX] = TDG_VM_RD, [RDX] = TDX_FIELD_GPAW };

	tdcall(gpr);
	conform_is(gpr[RAX], 0, "VM.RD of GPAW");
	gpr[RAX] = TDG_VM_RD;
	gpr[RCX] = 0;
	gpr[RDX] = TDX_FIELD_NUM_VCPUS;
	tdcall(gpr);
	conform_ok(gpr[RAX] == 0 && gpr[R8] == payload_info.vcpus, "VM.RD of NUM_VCPUS");
	conform_is(tdx_code(leaf(TDG_VM_RD, 0, 0x1110000300000fffull)), TDX_FIELD_ID_INCORRECT,
		   "VM.RD of an unknown field");
	conform_is(tdx_code(leaf(TDG_VM_WR, 0, TDX_FIELD_ATTRIBUTES)), TDX_FIELD_NOT_WRITABLE, "VM.WR of ATTRIBUTES");
}

/* [mod:tdg_mem_page_accept], before it looks at the page; the last row is the first thing that it finds there. */
static void test_accept_operands(void)
{
	uint64_t s = payload_info.shared, gpa = gpa_of_page();

	conform_is(leaf(TDG_MEM_PAGE_ACCEPT, 2, 0), INVALID(1), "ACCEPT of 1 GiB");
	conform_is(leaf(TDG_MEM_PAGE_ACCEPT, gpa + 8, 0), INVALID(1), "ACCEPT of a GPA that is not aligned");
	conform_is(leaf(TDG_MEM_PAGE_ACCEPT, TDX_PAGE_SIZE + TDX_LEVEL_2M, 0), INVALID(1), "ACCEPT of 2 MiB at 4 KiB");
	conform_is(leaf(TDG_MEM_PAGE_ACCEPT, gpa + s, 0), INVALID(1), "ACCEPT with S");
	conform_is(leaf(TDG_MEM_PAGE_ACCEPT, gpa + (s << 1), 0), INVALID(1), "ACCEPT beyond the GPA width");
	conform_is(tdx_code(leaf(TDG_MEM_PAGE_ACCEPT, gpa, 0)), TDX_PAGE_ALREADY_ACCEPTED, "ACCEPT of private memory");
}

static uint64_t map(uint64_t gpa, uint64_t bytes, uint64_t *r11)
{
	uint64_t gpr[GPRS] = { 0 };

	tdx_map_gpa(gpr, gpa, bytes);
	tdcall(gpr);
	if (r11 != NULL)
		*r11 = gpr[R11];
	return gpr[RAX] != 0 ? gpr[RAX] : gpr[R10];
}

/* KVM looks at S and QEMU at its memory, which RAM that is shared is a part of ([kvm:tdx_emulate_mmio]). */
static void test_mmio_on_ram(uint64_t gpa)
{
	uint64_t value = 0x1122334455667788, got = 0;

	conform_is(vmcall_mmio(gpa + 8, 4, true, &value), TDVMCALL_SUCCESS, "RequestMMIO writes to shared RAM");
	conform_ok(guarded_load((char *)paging_alias(gpa) + 8, &got) && (uint32_t)got == 0x55667788, "... what it was given");
	conform_is(vmcall_mmio(gpa + 8, 2, false, &got), TDVMCALL_SUCCESS, "... and reads it");
	conform_is(got, 0x7788, "... back");
}

/*
 * The whole life of one page, under a VMM that is in no hurry: GHCI, "TDG.VP.VMCALL<MapGPA>", [kvm:tdx_map_gpa], and
 * [mod:tdg_mem_page_accept], which zeroes the page.
 */
static void test_conversion(void)
{
	uint64_t s = payload_info.shared, gpa = gpa_of_page(), value = 0, r10;

	page[0] = 1;
	do
		r10 = map(gpa + s, 4096, NULL);
	while (r10 == TDVMCALL_RETRY);
	conform_is(r10, TDVMCALL_SUCCESS, "MapGPA of one page to shared");
	conform_ok(guarded_load(paging_alias(gpa + s), &value), "its shared alias can be read");
	test_mmio_on_ram(gpa + s);
	do
		r10 = map(gpa, 4096, NULL);
	while (r10 == TDVMCALL_RETRY);
	conform_is(r10, TDVMCALL_SUCCESS, "MapGPA back to private");
	conform_is(leaf(TDG_MEM_PAGE_ACCEPT, gpa, 0), 0, "ACCEPT");
	conform_is(page[0], 0, "an accepted page is zero");
}

/* In KVM's order ([kvm:tdx_map_gpa]); GHCI has the codes. */
static void test_map_gpa_errors(void)
{
	uint64_t s = payload_info.shared, gpa = gpa_of_page();

	conform_is(map(gpa + s, 0, NULL), TDVMCALL_INVALID_OPERAND, "MapGPA of nothing");
	conform_is(map(gpa + s + 8, 4096, NULL), TDVMCALL_ALIGN_ERROR, "MapGPA of a GPA that is not aligned");
	conform_is(map(gpa + s, 8, NULL), TDVMCALL_ALIGN_ERROR, "MapGPA of a size that is not aligned");
	conform_is(map(s - 4096, 8192, NULL), TDVMCALL_INVALID_OPERAND, "MapGPA across S");
	conform_is(map((s << 1) - 4096, 8192, NULL), TDVMCALL_INVALID_OPERAND, "MapGPA beyond the GPA width");
	conform_is(map(-4096ull, 8192, NULL), TDVMCALL_INVALID_OPERAND, "MapGPA that wraps around");
	conform_is(map(gpa + (s | 1ull << 52), 4096, NULL), TDVMCALL_INVALID_OPERAND, "MapGPA beyond MAXPHYADDR");
	if (s << 1 == 1ull << 52)
		return;
	/* To KVM bits up to MAXPHYADDR, 52, are a GPA's; QEMU finds nothing there ([qemu:kvm_convert_memory]). */
	conform_is(map(gpa + (s | s << 1), 4096, NULL), TDVMCALL_SUCCESS, "MapGPA to shared where no memory can be");
	conform_is(map(gpa + (s << 1), 4096, NULL), TDVMCALL_INVALID_OPERAND, "... and to private");
	conform_is(map(gpa + (s << 1) + 8, 4096, NULL), TDVMCALL_ALIGN_ERROR, "... whose alignment is looked at first");
}

/* [mod:tdg_vp_vmcall.c]: RCX[15:0] is the mask. What is not in it stays, and what is but is no part of the call. */
static void test_registers(void)
{
	uint64_t gpr[GPRS], before[GPRS], value = 5;
	bool same = true;

	conform_is(vmcall_mmio(IOAPIC + payload_info.shared, 4, true, &value), TDVMCALL_SUCCESS, "RequestMMIO writes");
	for (unsigned int i = 0; i < GPRS; i++)
		gpr[i] = 0x1111111111111111ull * i + 0x4000;
	gpr[RAX] = TDG_VP_VMCALL;
	gpr[RCX] = TDX_MASK_R10_R15;
	gpr[R10] = 0;
	gpr[R11] = GHCI_MMIO;
	gpr[R12] = 4;
	gpr[R13] = 0;
	gpr[R14] = IOAPIC + payload_info.shared;
	memcpy(before, gpr, sizeof(gpr));
	tdcall(gpr);
	conform_ok(gpr[RAX] == 0 && gpr[R10] == 0 && gpr[R11] == value, "RequestMMIO reads what it wrote");
	for (unsigned int i = 0; i < GPRS; i++)
		same &= i == RAX || i == R10 || i == R11 || i == RSP || gpr[i] == before[i];
	conform_ok(same, "a hypercall leaves all other registers alone");
	conform_is(leaf(TDG_VP_VMCALL, 0xfc01, 0), INVALID(1), "RAX in the mask");
	conform_is(leaf(TDG_VP_VMCALL, 0xfc10, 0), INVALID(1), "RSP in the mask");
	conform_is(leaf(TDG_VP_VMCALL, 1ull << 32 | TDX_MASK_R10_R15, 0), INVALID(1), "reserved bit of RCX");
}

/* [mod:tdg_vp_vmcall.c]: outside of the mask a register is zero to the VMM. MapGPA without R12, R13 is of nothing. */
static void test_mask_hides(void)
{
	uint64_t gpr[GPRS] = { [RAX] = TDG_VP_VMCALL, [RCX] = 0x0c00, [R11] = GHCI_MAP_GPA,
			       [R12] = gpa_of_page() + payload_info.shared, [R13] = 4096 };

	tdcall(gpr);
	conform_is(gpr[R10], TDVMCALL_INVALID_OPERAND, "the VMM sees zero where the mask hides a register");
	conform_is(gpr[R13], 4096, "which keeps its value");
}

/* [kvm:tdx_handle_exit], [kvm:tdx_emulate_io], [kvm:tdx_emulate_mmio]; [qemu:memory_access_size]. */
static void test_vmcalls(void)
{
	uint64_t s = payload_info.shared, value = 0;
	uint64_t gpr[GPRS] = { [RAX] = TDG_VP_VMCALL, [RCX] = TDX_MASK_R10_R15, [R11] = 0x1ffff };
	uint32_t port = 0;

	tdcall(gpr);
	conform_is(gpr[R10], TDVMCALL_SUBFUNC_UNSUPPORTED, "unknown sub-function");
	conform_is(vmcall_port(0x3fd, 3, false, &port), TDVMCALL_INVALID_OPERAND, "I/O of three bytes");
	conform_is(vmcall_mmio(IOAPIC, 4, false, &value), TDVMCALL_INVALID_OPERAND, "RequestMMIO without S");
	conform_ok(vmcall_mmio(IOAPIC + s + 4094, 4, false, &value) == TDVMCALL_SUCCESS && value == 0,
		   "RequestMMIO across pages, to what takes no two bytes and to nothing: zero");
	conform_ok(vmcall_mmio(IOAPIC + (s | s << 1), 4, false, &value) == TDVMCALL_SUCCESS && value == 0,
		   "RequestMMIO beyond the GPA width: zero");
	conform_is(vmcall_mmio((s << 1) - 2, 4, false, &value), TDVMCALL_INVALID_OPERAND, "RequestMMIO that leaves S behind");
}

/* [kvm:tdx_get_td_vm_call_info]; [qemu:tdx_handle_get_tdvmcall_info] and the handler of the other beside it. */
static void test_services(void)
{
	static const struct {
		const char *name;
		uint64_t r10, r11, r12, status, info;
	} rows[] = {
		{ "GetTdVmCallInfo", 0, GHCI_GET_TDVMCALL_INFO, 0, TDVMCALL_SUCCESS, 0 },
		{ "GetTdVmCallInfo, leaf 1", 0, GHCI_GET_TDVMCALL_INFO, 1, TDVMCALL_SUCCESS, 1 << 1 },
		{ "GetTdVmCallInfo, leaf 2", 0, GHCI_GET_TDVMCALL_INFO, 2, TDVMCALL_INVALID_OPERAND, ~0ull },
		{ "SetupEventNotifyInterrupt, 31", 0, GHCI_SETUP_EVENT_NOTIFY, 31, TDVMCALL_INVALID_OPERAND, ~0ull },
		{ "SetupEventNotifyInterrupt, 32", 0, GHCI_SETUP_EVENT_NOTIFY, 32, TDVMCALL_SUCCESS, ~0ull },
		{ "SetupEventNotifyInterrupt, 256", 0, GHCI_SETUP_EVENT_NOTIFY, 256, TDVMCALL_INVALID_OPERAND, ~0ull },
		{ "WBINVD", 0, GHCI_WBINVD, 0, TDVMCALL_SUBFUNC_UNSUPPORTED, ~0ull },
		{ "Service", 0, GHCI_SERVICE, 0, TDVMCALL_SUBFUNC_UNSUPPORTED, ~0ull },
		{ "KVM's VAPIC_POLL_IRQ", 1, 0, 0, 0, ~0ull },
		{ "a vendor's hypercall: -KVM_ENOSYS", 0x4b564d, 0, 0, -1000ull, ~0ull },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t gpr[GPRS] = { [RAX] = TDG_VP_VMCALL, [RCX] = TDX_MASK_R10_R15, [R10] = rows[i].r10,
				       [R11] = rows[i].r11, [R12] = rows[i].r12 };

		tdcall(gpr);
		conform_ok(gpr[RAX] == 0 && gpr[R10] == rows[i].status && (rows[i].info == ~0ull || gpr[R11] == rows[i].info),
			   rows[i].name);
	}
}

void conform_tdcalls(void)
{
	test_leaves();
	test_metadata();
	test_accept_operands();
	test_conversion();
	test_map_gpa_errors();
	test_registers();
	test_mask_hides();
	test_vmcalls();
	test_services();
}
