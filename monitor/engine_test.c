/* SPDX-License-Identifier: MIT */
/* td in the monitor's hands: which memory of the guest a device's transfer may touch. */
#include <stdio.h>
#include <stdlib.h>

#define tap_puts(text) fputs(text, stdout)
#include "wire/tap.h"

static unsigned char machine[64 << 20] __attribute__((aligned(4096)));
#define MEM_DIRECT ((uint64_t)(uintptr_t)machine)

/* The code under test is included, so that machine memory is ours there too. */
#include "monitor/engine.c"
#include "monitor/guest_memory.c"

#define RAM_PAGES	1024u
#define PAGE		0x100000ull	/* GPA of the page that is converted */
#define S		(1ull << 47)

struct monitor_config config;
static struct td handle = { .engine = &monitor_engine };
struct td *td = &handle;
struct persona persona;
struct vcpu *vcpus, *current;

void npt_map(uint64_t gpa, uint64_t pages, uint64_t address) { (void)gpa, (void)pages, (void)address; }
void npt_unmap(uint64_t gpa, uint64_t pages) { (void)gpa, (void)pages; }
void npt_sync(void) { }
bool explore_active(void) { return false; }
bool explore_began(void) { return false; }
uint64_t ask_untouched(uint64_t gpa, uint64_t pages) { (void)gpa; return pages; }
void explore_change(uint64_t gpa, uint64_t count, uint64_t address) { (void)gpa, (void)count, (void)address; }
void journal_put(struct td_event *event) { (void)event; }
void images_note(const struct vcpu *vcpu) { (void)vcpu; }
void disk_idle_wait(void) { }
void virtio_write(uint64_t address, unsigned int size, uint64_t value) { (void)address, (void)size, (void)value; }
void pci_check_memory(uint64_t address, unsigned int size, uint64_t value) { (void)address, (void)size, (void)value; }
uint32_t ioapic_filter(uint32_t offset, uint32_t value) { (void)offset; return value; }
uint32_t ports_read(uint16_t port, unsigned int size) { (void)port, (void)size; return 0; }
void ports_write(uint16_t port, unsigned int size, uint32_t value) { (void)port, (void)size, (void)value; }
uint64_t mem_device_read(uint64_t address, unsigned int size) { (void)address, (void)size; return 0; }
static unsigned int device_writes;
static struct monitor_status status;

struct monitor_status *journal_status(void) { return &status; }

/* What is under way when the device is reached, in case that it is QEMU's end. */
void mem_device_write(uint64_t address, unsigned int size, uint64_t value)
{
	(void)value;
	device_writes += status.access.kind == MONITOR_MMIO_WRITE && status.access.address == address &&
			 status.access.bytes == size;
}

bool vmm_rdmsr(struct persona_vcpu *v, uint32_t msr, uint64_t *value) { (void)v, (void)msr, (void)value; return false; }
bool vmm_wrmsr(struct persona_vcpu *v, uint32_t msr, uint64_t value) { (void)v, (void)msr, (void)value; return false; }

void vmm_cpuid(const struct persona *of, uint32_t index, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	(void)of, (void)index, (void)leaf, (void)subleaf, (void)out;
}

void vcpu_callers(const struct vcpu *vcpu, uint64_t callers[VCPU_CALLERS])
{
	(void)vcpu, (void)callers;
}

void panic(const char *format, ...)
{
	puts(format);
	abort();
}

static void start(void)
{
	size_t bytes;

	config.td = (struct td_config){ .nslots = 2, .vcpus = 1, .platform.gpaw = 48, .tsc_hz = 1000000 };
	config.td.slots[0] = (struct td_slot){ 0, RAM_PAGES, TD_SLOT_RAM, 0 };
	config.td.slots[1] = (struct td_slot){ 0xfee00000, 0x200, TD_SLOT_MMIO, 0 };
	config.machine.nram = 1;
	config.machine.ram[0] = (struct machine_ram){ 0, RAM_PAGES * TDX_PAGE_SIZE, RAM_PAGES * TDX_PAGE_SIZE };
	bytes = td_size(&config.td);
	if (!td_init(&handle, aligned_alloc(16, (bytes + 15) / 16 * 16), bytes, &config.td))
		abort();
}

static void convert(uint64_t gpa_with_s, uint64_t pages)
{
	struct td_regs regs = { .long_mode = true };

	tdx_map_gpa(regs.gpr, gpa_with_s, pages * TDX_PAGE_SIZE);
	td_tdcall(td, 0, &regs);
}

int main(void)
{
	uint64_t value;

	start();
	tap_ok(guest_memory_shared(PAGE, 16) == NULL, "no device transfer to private memory");
	convert(PAGE | S, 2);
	tap_ok(guest_memory_shared(PAGE, 16) == machine + PAGE, "one to shared memory goes to its page");
	tap_ok(guest_memory_shared(PAGE + 8, 2 * TDX_PAGE_SIZE - 8) == machine + PAGE + 8, "over all of two pages");
	tap_ok(guest_memory_shared(PAGE + TDX_PAGE_SIZE, TDX_PAGE_SIZE + 1) == NULL, "not a byte of the private page behind");
	tap_ok(guest_memory_shared(PAGE - 1, 2) == NULL, "nor in front");
	convert(PAGE + TDX_PAGE_SIZE, 1);
	tap_ok(guest_memory_shared(PAGE, TDX_PAGE_SIZE + 1) == NULL, "nor into a page that was given back");
	tap_ok(guest_memory_shared(PAGE, 0) == NULL, "nothing is nowhere");
	tap_ok(guest_memory_shared(PAGE, UINT64_MAX) == NULL, "a length that wraps around");
	tap_ok(guest_memory_shared(PAGE | S, 16) == NULL, "a device's address has no S");
	tap_ok(guest_memory_shared(RAM_PAGES * TDX_PAGE_SIZE, 16) == NULL, "no memory there");
	value = 0x500;
	tap_ok(!engine_mmio(td, 0xfee00000, 4, true, &value) && !engine_mmio(td, 0xfeeff000, 4, true, &value) &&
	       device_writes == 0, "no message to a CPU");
	tap_ok(engine_mmio(td, 0xfef00000, 4, true, &value) && device_writes == 1, "a device behind; it is under way");
	tap_is(status.access.kind, MONITOR_NO_ACCESS, "nothing is afterwards");
	return tap_done();
}
