/* SPDX-License-Identifier: MIT */
/* The instruction hypercalls, ReportFatalError, and what the VMM does not serve. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/fake.h"
#include "wire/tap.h"

#define S	FAKE_S
#define INVALID	TDVMCALL_INVALID_OPERAND
#define MASK	0xffccull	/* of Linux 6.12 */
#define KEPT	0x7777777777777777ull

static struct td_regs regs;
static uint64_t *const r = regs.gpr;

static void start_with(enum td_implicit implicit)
{
	struct td_config c = fake_config(16);

	c.behaviour.implicit = implicit;
	c.slots[2] = (struct td_slot){ 0x100000000ull, 1, TD_SLOT_MMIO, 0 };
	c.slots[3] = (struct td_slot){ 0x200000000ull, 4, TD_SLOT_ROM, 0 };
	c.nslots = 4;
	fake_start(&c);
}

static void start(void)
{
	start_with(TD_IMPLICIT_VE);
}

/* A hypercall with R12 to R15; everything else holds KEPT. */
static uint64_t call(uint64_t subfn, uint64_t r12, uint64_t r13, uint64_t r14, uint64_t r15)
{
	for (unsigned int i = 0; i < TD_GPRS; i++)
		r[i] = KEPT;
	r[TD_R10] = 0;
	r[TD_R11] = subfn;
	r[TD_R12] = r12;
	r[TD_R13] = r13;
	r[TD_R14] = r14;
	r[TD_R15] = r15;
	if (fake_tdcall(0, TDG_VP_VMCALL, MASK, &regs) != TD_NEXT)
		return ~0ull;
	return r[TD_R10];
}

static void test_io(void)
{
	static const struct { const char *name; uint64_t size, write, port; } bad[] = {
		{ "size 0", 0, 0, 0x80 }, { "size 3", 3, 0, 0x80 }, { "size 8", 8, 0, 0x80 }, { "direction 2", 1, 2, 0x80 },
		{ "a port that the VMM refuses", 1, 0, 0xbad },
		{ "size with a high bit", 1ull << 32 | 1, 1, 0x80 },
	};

	start();
	tap_is(call(GHCI_IO, 1, 1, 0x3f8, 0x4141414141), 0, "OUT");
	tap_is(fake.port_value, 0x3f8ull << 32 | 0x41414141, "... reaches the port");
	tap_is(r[TD_R11], GHCI_IO, "... and writes no result");
	fake.port_value = 0x1234;
	tap_is(call(GHCI_IO, 4, 0, 0xcfc, 0), 0, "IN");
	tap_is(r[TD_R11], 0x1234, "... has its value in R11");
	tap_is(r[TD_R15], 0, "... and R15 as it was");
	tap_is(call(GHCI_IO, 2, 1, 0xffff, 5), 0, "the last port");
	tap_is(call(GHCI_IO, 1, 1, 0x10080, 5), 0, "of a port's number 16 bits count");
	tap_is(fake.port_value, 0x80ull << 32 | 5, "... and it is written");
	fake.port_value = 99;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tap_is(call(GHCI_IO, bad[i].size, bad[i].write, bad[i].port, 1), INVALID, bad[i].name);
		tap_ok(fake.port_value == 99 && r[TD_R11] == GHCI_IO, "... nothing happened");
	}
}

static void test_mmio(void)
{
	static const struct { const char *name; uint64_t size, write, gpa; } bad[] = {
		{ "size 3", 3, 0, FAKE_MMIO | S }, { "size 16", 16, 0, FAKE_MMIO | S }, { "direction 2", 4, 2, FAKE_MMIO | S },
		{ "private GPA", 4, 1, FAKE_MMIO }, { "private RAM", 4, 1, FAKE_RAM },
		{ "private, with higher bits", 4, 1, FAKE_MMIO | S << 1 },
		{ "across the end of the shared half", 8, 1, S * 2 - 4 }, { "into the shared half", 8, 1, S - 4 },
	};

	start();
	tap_is(call(GHCI_MMIO, 8, 1, FAKE_MMIO | S, 0x1122334455667788), 0, "MMIO write");
	tap_is(fake.mmio_value, 0x1122334455667788, "... reaches the device");
	tap_is(call(GHCI_MMIO, 4, 0, (FAKE_MMIO + 0xffc) | S, 0), 0, "MMIO read, last bytes of a page");
	tap_is(r[TD_R11], 0x55667788, "... has its value in R11");
	tap_is(call(GHCI_MMIO, 4ull | 1ull << 32, 1ull << 32, (FAKE_MMIO + 8) | S, 0), 0, "size, direction: 32 bits");
	tap_is(call(GHCI_MMIO, 2, 0, 0x200000000ull | S, 0), 0, "the ROM window, shared");
	for (uint64_t size = 1; size <= 8; size *= 2) {
		tap_case_number("bytes", size);
		tap_is(call(GHCI_MMIO, size, 0, 0x300000000ull | S, 0), 0, "a hole");
		tap_is(r[TD_R11], 0, "... reads as zero");
		tap_is(call(GHCI_MMIO, size, 0, FAKE_MMIO | S | S << 1, 0), 0, "beyond GPAW, where nothing is either");
	}
	tap_case(NULL);
	fake.mmio_value = 5;
	tap_is(call(GHCI_MMIO, 4, 1, 0x300000000ull | S, 1), 0, "... and takes writes");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_is(call(GHCI_MMIO, bad[i].size, bad[i].write, bad[i].gpa, 1), INVALID, bad[i].name);
	tap_is(fake.mmio_value, 5, "none of these reached a device");
}

static uint64_t ram_word(unsigned int at)
{
	uint64_t word;

	memcpy(&word, fake.shared_page + at, sizeof(word));
	return word;
}

/* [kvm:tdx_emulate_mmio] asks for S only; the rest is QEMU's address space, where RAM is. */
static void test_mmio_on_ram(void)
{
	start_with(TD_IMPLICIT_CONVERT);
	fake_share(0, 1);
	memset(fake.shared_page, 0, sizeof(fake.shared_page));
	tap_is(call(GHCI_MMIO, 4, 1, (FAKE_RAM + 16) | S, 0x1122334455667788), 0, "shared RAM takes a write");
	tap_is(ram_word(16), 0x55667788, "... of that size");
	tap_is(call(GHCI_MMIO, 8, 0, (FAKE_RAM + 14) | S, 0), 0, "... and a read");
	tap_is(r[TD_R11], 0x556677880000, "... of what is there");
	tap_is(fake_count(TD_EV_VERDICT), 0, "... which is no violation");
	fake.mmio_value = 5;
	tap_is(call(GHCI_MMIO, 4, 1, FAKE_PAGE(1) | S, 1), 0, "private RAM through its shared alias: QEMU does not look");
	tap_is(fake_last(TD_EV_VERDICT)->verdict.violation, TD_V_SHARED_ALIAS_OF_PRIVATE, "... but the guest may not");
	tap_is(call(GHCI_MMIO, 8, 0, FAKE_PAGE(1) | S, 1), 0, "... nor read there");
	tap_is(r[TD_R11], 0, "... zeroes: its memory is elsewhere");
	tap_is(ram_word(16), 0x55667788, "... and nothing was written");
	tap_is(fake.mmio_value, 5, "no device was reached");
	start();
	tap_is(call(GHCI_MMIO, 4, 1, FAKE_PAGE(1) | S, 1), INVALID, "nothing is there where a touch of it is a #VE");
	fake_share(0, 1);
	tap_is(call(GHCI_MMIO, 4, 1, FAKE_RAM | S, 1), 0, "... but where it is shared");
}

/* [qemu:memory_access_size]: an access that is not aligned is done in aligned parts, each where it belongs. */
static void test_mmio_across_pages(void)
{
	start_with(TD_IMPLICIT_CONVERT);
	fake_share(0, 1);
	memset(fake.shared_page, 0, sizeof(fake.shared_page));
	fake.mmio_calls = 0;
	tap_is(call(GHCI_MMIO, 4, 1, (FAKE_MMIO + 0xffe) | S, 0x11223344), 0, "across pages of a device");
	tap_ok(fake.mmio_value == 0x1122 && fake.mmio_gpa == FAKE_MMIO + 0x1000 && fake.mmio_calls == 2, "... in two parts");
	tap_is(call(GHCI_MMIO, 8, 1, (FAKE_PAGE(1) - 5) | S, 0x1122334455667788), 0, "from shared RAM into a private page");
	tap_is(ram_word(4096 - 8), 0x4455667788000000, "... what lies in the first is written");
	tap_is(fake_last(TD_EV_VERDICT)->verdict.gpa, FAKE_PAGE(1) | S, "... the second is what the guest may not use");
	tap_is(call(GHCI_MMIO, 8, 0, (FAKE_MMIO + 0x40000ffc) | S, 1), 0, "from a device's end into nothing");
	tap_ok(r[TD_R11] <= UINT32_MAX, "... which is zero");
}

static void test_msr(void)
{
	start();
	tap_is(call(GHCI_WRMSR, 0x6e0, 0x123456789abcdef0, 0, 0), 0, "WRMSR");
	tap_is(fake.msr_value, 0x123456789abcdef0, "... has all 64 bits");
	tap_is(call(GHCI_RDMSR, 0x6e0, 0, 0, 0), 0, "RDMSR");
	tap_is(r[TD_R11], 0x123456789abcdef0, "... in R11");
	tap_is(call(GHCI_RDMSR, 0x8b, 0, 0, 0), INVALID, "one that the VMM refuses");
	tap_is(call(GHCI_RDMSR, UINT32_MAX, 0, 0, 0), 0, "the highest number");
	tap_is(call(GHCI_WRMSR, 1ull << 32 | 0x6e0, 1, 0, 0), 0, "of a number of more than 32 bits those count");
	tap_is(fake.msr_value, 1, "... and it is written");
}

static void test_others(void)
{
	start();
	tap_is(call(GHCI_CPUID, 0x40000000, 3, 0, 0), 0, "CPUID");
	tap_ok(r[TD_R12] == 0x40000003 && r[TD_R13] == 0x40000004 && r[TD_R14] == 0x40000005 && r[TD_R15] == 0x40000006,
	       "... in R12 to R15");
	tap_is(call(GHCI_GET_TDVMCALL_INFO, 2, 9, 9, 9), INVALID, "GetTdVmCallInfo of leaf 2");
	tap_is(call(GHCI_GET_TDVMCALL_INFO, 1, 9, 9, 9), 0, "... of leaf 1");
	tap_ok(r[TD_R11] == 2 && r[TD_R12] == 0 && r[TD_R13] == 0 && r[TD_R14] == 0, "... SetupEventNotifyInterrupt");
	tap_is(call(GHCI_GET_TDVMCALL_INFO, 0, 9, 9, 9), 0, "GetTdVmCallInfo");
	tap_ok((r[TD_R11] | r[TD_R12] | r[TD_R13] | r[TD_R14]) == 0, "... R11 to R14 are 0");
	tap_is(r[TD_R15], 9, "... R15 is as it was");
	tap_is(call(GHCI_SETUP_EVENT_NOTIFY, 31, 0, 0, 0), INVALID, "SetupEventNotifyInterrupt: vector 31");
	tap_ok(call(GHCI_SETUP_EVENT_NOTIFY, 32, 0, 0, 0) == 0 && call(GHCI_SETUP_EVENT_NOTIFY, 255, 0, 0, 0) == 0,
	       "... 32 and 255");
	tap_ok(call(GHCI_SETUP_EVENT_NOTIFY, 256, 0, 0, 0) == INVALID &&
	       call(GHCI_SETUP_EVENT_NOTIFY, 1ull << 32 | 64, 0, 0, 0) == INVALID, "... 256, and all 64 bits count");
	call(GHCI_HLT, 0, 0, 0, 0);
	tap_is(fake_tdcall(0, TDG_VP_VMCALL, MASK, &(struct td_regs){ .gpr = { [TD_R11] = GHCI_HLT } }), TD_HALT,
	       "HLT waits for an interrupt");
	tap_is(fake_tdcall(0, TDG_VP_VMCALL, MASK, &(struct td_regs){ .gpr = { [TD_R11] = GHCI_HLT, [TD_R12] = 1 } }),
	       TD_PARK, "HLT with interrupts blocked waits for an NMI");
}

static void test_unserved(void)
{
	static const uint64_t subfns[] = { 0, 1, 13, GHCI_WBINVD, 65, 0x10008, GHCI_SERVICE,
					   GHCI_MIGTD, 0x10007, ~0ull };
	const struct td_event *e;
	char name[48];

	start();
	for (size_t i = 0; i < sizeof(subfns) / sizeof(subfns[0]); i++) {
		snprintf(name, sizeof(name), "sub-function 0x%llx is unsupported", (unsigned long long)subfns[i]);
		tap_is(call(subfns[i], 1, 2, 3, 4), TDVMCALL_SUBFUNC_UNSUPPORTED, name);
		e = fake_last(TD_EV_HYPERCALL);
		tap_ok(e->hypercall.subfn == subfns[i] && e->hypercall.r10 == 0 && e->hypercall.r12 == 1 &&
		       e->hypercall.r13 == 2 && e->hypercall.status == TDVMCALL_SUBFUNC_UNSUPPORTED, "... and in the journal");
	}
	memset(&regs, 0, sizeof(regs));
	r[TD_R10] = 12;
	r[TD_R11] = GHCI_MAP_GPA;
	r[TD_R12] = FAKE_RAM | S;
	r[TD_R13] = TDX_PAGE_SIZE;
	tap_is(fake_tdcall(0, TDG_VP_VMCALL, MASK, &regs), TD_NEXT, "a vendor's hypercall");
	tap_is(r[TD_R10], -1000ull, "... is -KVM_ENOSYS");
	tap_is(fake_real_pages(TD_REAL_MAPPED), 16, "... and not taken for MapGPA");
	memset(&regs, 0, sizeof(regs));
	r[TD_R10] = 1;
	fake_tdcall(0, TDG_VP_VMCALL, MASK, &regs);
	tap_is(r[TD_R10], 0, "KVM's VAPIC_POLL_IRQ is done");
}

static void quote(uint64_t gpa, uint64_t size, uint64_t want, const char *name)
{
	tap_is(call(GHCI_GET_QUOTE, gpa, size, 0, 0), want, name);
}

/* In QEMU's order ([qemu:tdx_handle_get_quote]), after KVM's one check. */
static void test_quote(void)
{
	uint64_t status;

	start();
	fake_share(2, 2);
	memset(fake.shared_page, 0, sizeof(fake.shared_page));
	quote(FAKE_PAGE(2), 4096, INVALID, "GetQuote in private memory");
	quote(FAKE_PAGE(2) | S, 0, INVALID, "... in nothing");
	quote(FAKE_PAGE(2) | S | 8, 4096, TDVMCALL_ALIGN_ERROR, "... not aligned");
	quote(FAKE_PAGE(2) | S, 4097, TDVMCALL_ALIGN_ERROR, "... nor its size");
	quote(FAKE_PAGE(2) | S, 8192, INVALID, "... of version 0");
	fake.shared_page[0] = 1;
	quote(FAKE_PAGE(5) | S, 8192, INVALID, "... in a page that is not shared");
	quote(FAKE_PAGE(2) | S, 132 * 1024, INVALID, "... larger than 128 KiB");
	fake.shared_page[17] = 0x20;	/* 8 KiB to be quoted, and no room for the header */
	quote(FAKE_PAGE(2) | S, 8192, INVALID, "... with more in it than there is");
	fake.shared_page[17] = 0x1f;
	quote(FAKE_PAGE(2) | S, 8192, 0, "... as it should be");
	memcpy(&status, fake.shared_page + 8, sizeof(status));
	tap_is(status, 0x8000000000000001ull, "... there is no service: the header says so");
}

static void test_fatal_error(void)
{
	char text[65] = "TD misconfiguration: SEPT #VE has to be disabled. Ends here: 1234";
	static const int order[] = { TD_R14, TD_R15, TD_RBX, TD_RDI, TD_RSI, TD_R8, TD_R9, TD_RDX };
	char got[81] = "";
	uint32_t n = 0;

	start();
	memset(&regs, 0, sizeof(regs));
	r[TD_R11] = GHCI_REPORT_FATAL_ERROR;
	r[TD_R12] = 0xf00;
	for (unsigned int i = 0; i < 8; i++)
		memcpy(&r[order[i]], text + 8 * i, 8);
	tap_is(fake_tdcall(0, TDG_VP_VMCALL, MASK, &regs), TD_STOP, "ReportFatalError ends the TD");
	tap_is(td_stopped(fake.td), TD_STOP_FATAL_ERROR, "... for that reason");
	for (uint32_t i = 0; i < fake.nevents; i++)
		if (fake.events[i].type == TD_EV_FATAL)
			memcpy(got + 40 * n++, fake.events[i].fatal.text, 40);
	got[64] = '\0';
	tap_is(n, 2, "two records");
	tap_ok(strncmp(got, text, 64) == 0, "... with the text in the order of the registers");
	tap_is(fake_last(TD_EV_STOP)->stop.detail, 0xf00, "... and the code");
	tap_is(call(GHCI_WBINVD, 0, 0, 0, 0), ~0ull, "after which nothing is served");
}

int main(void)
{
	test_io();
	test_mmio();
	test_mmio_on_ram();
	test_mmio_across_pages();
	test_msr();
	test_others();
	test_unserved();
	test_quote();
	test_fatal_error();
	return tap_done();
}
