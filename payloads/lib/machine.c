/* SPDX-License-Identifier: MIT */
/* The zero page, the MADT and the start of vCPUs. What the loader promises is in monitor/load/load.h. */
#include "payloads/lib/payload.h"
#include "wire/evidence.h"

/* [linux:zero-page.rst] */
enum { ZERO_RSDP = 0x70, ZERO_E820_COUNT = 0x1e8, ZERO_CMDLINE = 0x228, ZERO_E820 = 0x2d0, E820_BYTES = 20,
       E820_RAM = 1 };
/* ACPI 6.4, 5.2.5.3 (RSDP), 5.2.6 (table header), 5.2.12 (MADT), 5.2.12.2 (local APIC), 5.2.12.19 (wakeup) */
enum { RSDP_XSDT = 24, TABLE_LENGTH = 4, TABLE_ENTRIES = 36, MADT_ENTRIES = 44, MADT_LOCAL_APIC = 0,
       LOCAL_APIC_ID = 3, MADT_WAKEUP = 0x10, WAKEUP_MAILBOX = 8 };
enum { MAILBOX_WAKE = 1 };

#define DESCRIPTORS	16

struct mailbox {
	volatile uint16_t command;
	uint16_t reserved;
	volatile uint32_t apic_id;
	volatile uint64_t vector;
};

struct payload_info payload_info;
uint8_t stacks[MAX_CPUS][STACK_BYTES] __attribute__((aligned(16)));

static const uint8_t *zero_page;
static void (*volatile ap_run)(unsigned int cpu);

extern const char payload_ap_entry[];
void payload_start(const uint8_t *page) __attribute__((noreturn));
void payload_ap_start(unsigned int cpu) __attribute__((noreturn));

static uint64_t read_le(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	return value;
}

static const uint8_t *pointer_at(const uint8_t *at, unsigned int bytes)
{
	return (const uint8_t *)(uintptr_t)read_le(at, bytes);
}

unsigned int payload_cpu(void)
{
	return (unsigned int)(((uintptr_t)__builtin_frame_address(0) - (uintptr_t)stacks) / STACK_BYTES);
}

/* The text after NAME= of the word that begins at *p, or NULL; *p goes to the next word. */
static const char *next_word(const char **p, const char *name)
{
	const char *word = *p;

	while (*word == ' ')
		word++;
	for (*p = word; **p != '\0' && **p != ' '; ++*p)
		;
	for (; *name != '\0'; name++, word++)
		if (*word != *name)
			return NULL;
	return *word == '=' ? word + 1 : NULL;
}

bool payload_argument(const char *name, char *value, size_t bytes)
{
	const char *p = (const char *)pointer_at(zero_page + ZERO_CMDLINE, 4);

	while (*p != '\0') {
		const char *found = next_word(&p, name);
		size_t n = 0;

		if (found == NULL)
			continue;
		while (n + 1 < bytes && found + n < p) {
			value[n] = found[n];
			n++;
		}
		value[n] = '\0';
		return true;
	}
	return false;
}

bool payload_e820(unsigned int number, uint64_t *start, uint64_t *bytes, uint32_t *type)
{
	const uint8_t *entry = zero_page + ZERO_E820 + number * E820_BYTES;

	if (number >= zero_page[ZERO_E820_COUNT])
		return false;
	*start = read_le(entry, 8);
	*bytes = read_le(entry + 8, 8);
	*type = (uint32_t)read_le(entry + 16, 4);
	return true;
}

uint64_t payload_ram_end(uint64_t gpa)
{
	uint64_t start, bytes;
	uint32_t type;

	for (unsigned int i = 0; payload_e820(i, &start, &bytes, &type); i++)
		if (type == E820_RAM && gpa >= start && gpa - start < bytes)
			return start + bytes;
	return 0;
}

/* Of the vCPU with that index, in whose order they are listed; 0, that of the first, if there are not so many. */
static uint32_t apic_id_in(const uint8_t *madt, unsigned int cpu)
{
	const uint8_t *end = madt + read_le(madt + TABLE_LENGTH, 4), *entry = madt + MADT_ENTRIES;

	for (; entry + 2 <= end && entry[1] >= 2; entry += entry[1])
		if (entry[0] == MADT_LOCAL_APIC && cpu-- == 0)
			return entry[LOCAL_APIC_ID];
	return 0;
}

static struct mailbox *mailbox_in(const uint8_t *madt)
{
	const uint8_t *end = madt + read_le(madt + TABLE_LENGTH, 4), *entry = madt + MADT_ENTRIES;

	for (; entry + 2 <= end && entry[1] >= 2; entry += entry[1])
		if (entry[0] == MADT_WAKEUP)
			return (struct mailbox *)(uintptr_t)read_le(entry + WAKEUP_MAILBOX, 8);
	return NULL;
}

const uint8_t *payload_acpi_table(const char *signature)
{
	const uint8_t *rsdp = pointer_at(zero_page + ZERO_RSDP, 8), *root, *table;
	uint64_t length, at, size;

	if (rsdp == NULL)
		return NULL;
	root = pointer_at(rsdp + RSDP_XSDT, 8);
	size = 8;
	if (rsdp[15] < 2 || root == NULL) {	/* revision 0 has no XSDT */
		root = pointer_at(rsdp + 16, 4);
		size = 4;
	}
	length = read_le(root + TABLE_LENGTH, 4);
	for (at = TABLE_ENTRIES; at + size <= length; at += size) {
		table = pointer_at(root + at, (unsigned int)size);
		if (memcmp(table, signature, 4) == 0)
			return table;
	}
	return NULL;
}

bool payload_start_cpu(unsigned int cpu, void (*run)(unsigned int cpu))
{
	const uint8_t *madt = payload_acpi_table("APIC");
	struct mailbox *mailbox = madt != NULL ? mailbox_in(madt) : NULL;

	if (mailbox == NULL || cpu == 0 || cpu >= MAX_CPUS || apic_id_in(madt, cpu) == 0)
		return false;
	ap_run = run;
	mailbox->apic_id = apic_id_in(madt, cpu);
	mailbox->vector = (uint64_t)(uintptr_t)payload_ap_entry;
	__atomic_store_n(&mailbox->command, MAILBOX_WAKE, __ATOMIC_RELEASE);
	while (__atomic_load_n(&mailbox->command, __ATOMIC_ACQUIRE) != 0)
		__builtin_ia32_pause();
	return true;
}

void payload_ap_start(unsigned int cpu)
{
	trap_load();
	paging_load();
	ap_run(cpu);
	for (;;)
		vmcall_halt(true);
}

static void read_td_info(void)
{
	uint64_t gpr[16] = { TDG_VP_INFO };

	tdcall(gpr);
	if (gpr[0] != 0)
		payload_panic("TDG.VP.INFO failed, status", gpr[0]);
	payload_info = (struct payload_info){ gpr[1] & 0x3f, gpr[2], tdx_shared_bit(gpr[1] & 0x3f), (uint32_t)gpr[8],
					      (uint32_t)(gpr[8] >> 32) };
}

/* The nonce of this run, back on the console: wire/evidence.h. */
static void print_nonce(void)
{
	char nonce[17];

	if (!payload_argument("tdlab.nonce", nonce, sizeof(nonce)))
		return;
	console_puts(EVIDENCE_PREFIX EVIDENCE_INIT);
	console_puts(nonce);
	console_puts("\n");
}

void payload_start(const uint8_t *page)
{
	zero_page = page;
	trap_init();
	trap_load();
	read_td_info();
	paging_init();
	paging_load();
	print_nonce();
	payload_end((unsigned int)payload_main());
}

uint16_t payload_segment(uint64_t descriptor)
{
	static uint64_t gdt[DESCRIPTORS];
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) gdtr;

	__asm__ volatile("sgdt %0" : "=m"(gdtr));
	for (unsigned int i = 0; i < DESCRIPTORS - 1 && i * 8u < gdtr.limit; i++)
		gdt[i] = ((const uint64_t *)(uintptr_t)gdtr.base)[i];
	gdt[DESCRIPTORS - 1] = descriptor;
	gdtr.base = (uint64_t)(uintptr_t)gdt;
	gdtr.limit = sizeof(gdt) - 1;
	__asm__ volatile("lgdt %0" : : "m"(gdtr));
	return (DESCRIPTORS - 1) * 8;
}
