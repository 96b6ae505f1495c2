/* SPDX-License-Identifier: MIT */
/* The monitor's life before the guest's. How QEMU must be started: qemu_arguments() in cli/machine/qemu.c. */
#include "monitor/end.h"
#include "monitor/io.h"
#include "monitor/journal.h"
#include "monitor/load/firmware.h"
#include "monitor/load/load.h"
#include "monitor/mem.h"
#include "monitor/npt.h"
#include "monitor/panic.h"
#include "monitor/qemu/fwcfg.h"
#include "monitor/qemu/fwcfg_guest.h"
#include "monitor/qemu/memory_map.h"
#include "monitor/qemu/pci.h"
#include "monitor/qemu/disk_idle.h"
#include "monitor/qemu/virtio.h"
#include "monitor/run.h"
#include "monitor/smp.h"
#include "monitor/state.h"
#include "monitor/trap.h"
#include "monitor/vendor.h"
#include "wire/pattern.h"

#define PM_TIMER_PORT	0x608	/* [qemu:acpi_pm_tmr_init]: PMBASE + 8, where SeaBIOS puts it */
#define PORT_PIC1_MASK	0x21	/* 8259A, OCW1 */
#define PORT_PIC2_MASK	0xa1
#define PORT_CMOS_INDEX	0x70
#define PORT_CMOS_DATA	0x71
#define MIB		0x100000ull
#define LOW_RAM_END	0xa0000ull

static struct fwcfg_file kernel_file, initrd_file;

void monitor_main(void) __attribute__((noreturn));

static void read_config(void)
{
	struct fwcfg_file file;

	if (!fwcfg_find(MACHINE_FILE_CONFIG, &file) || file.bytes != sizeof(config))
		panic("fw_cfg file " MACHINE_FILE_CONFIG " is missing or of another version");
	fwcfg_read(&file, 0, &config, sizeof(config));
	if (config.magic != MONITOR_CONFIG_MAGIC || config.bytes != sizeof(config))
		panic("fw_cfg file " MACHINE_FILE_CONFIG " is of another version");
	config.cmdline[MONITOR_CMDLINE_BYTES - 1] = '\0';
}

static void read_file(const struct load_input *in, enum load_file file, uint64_t offset, void *to, uint64_t bytes)
{
	(void)in;
	fwcfg_read(file == LOAD_KERNEL ? &kernel_file : &initrd_file, (uint32_t)offset, to, (uint32_t)bytes);
}

static void add_bank(struct mem_windows *memory, uint64_t address, uint64_t bytes, uint64_t machine)
{
	memory->banks[memory->nbanks++] = (struct mem_window){ address, bytes, mem_machine(machine) };
}

/* Firmware: the low MiB, and behind the reserve what SeaBIOS keeps at the top of the RAM below 4 GiB. */
static void load(struct load_result *loaded)
{
	const struct machine *m = &config.machine;
	struct load_input in = { .read = read_file, .cmdline = config.cmdline, .vcpus = config.td.vcpus,
				 .cores = config.td.platform.cores };
	uint64_t bios = m->reserve + MACHINE_RESERVE;
	enum load_error error;

	if (!fwcfg_find(MACHINE_FILE_KERNEL, &kernel_file))
		panic("fw_cfg file " MACHINE_FILE_KERNEL " is missing");
	in.kernel_bytes = kernel_file.bytes;
	if (fwcfg_find(MACHINE_FILE_INITRD, &initrd_file))
		in.initrd_bytes = initrd_file.bytes;
	for (uint32_t i = 0; i < m->nram; i++)
		add_bank(&in.ram, m->ram[i].gpa, m->ram[i].bytes, m->ram[i].bank);
	in.last_bus = pci_last_bus();
	add_bank(&in.firmware, 0, MIB, 0);
	add_bank(&in.firmware, bios, m->low_bytes - bios, bios);
	error = load_guest(&in, loaded);
	if (error != LOAD_OK)
		panic("%s", load_error_text(error));
}

static void start_td(void)
{
	static struct td handle = { .engine = &monitor_engine };
	size_t bytes = td_size(&config.td);
	void *mem;

	if (config.td.platform.gpaw > NPT_GPAW && !mem_five_levels())
		panic("a GPAW of %u needs five-level page tables, and the CPU has no LA57", config.td.platform.gpaw);
	if (bytes == 0)
		panic("td refuses the configuration");
	mem = mem_alloc(bytes);
	npt_init(mem_five_levels());
	if (!td_init(&handle, mem, bytes, &config.td))
		panic("td refuses the configuration");
	td = &handle;
	journal_status()->td = mem_address(mem);
	journal_status()->td_bytes = bytes;
	journal_status()->tsc_hz = config.td.tsc_hz;
}

/*
 * The firmware's timer ticks on. Masked while LINT0 still listens: a request that LINT0 was masked under stays with the
 * CPU, and comes without a vector as soon as the guest takes interrupts ([qemu:apic_get_interrupt]).
 */
static void mask_pics(void)
{
	out8(PORT_PIC2_MASK, 0xff);
	out8(PORT_PIC1_MASK, 0xff);
}

/* QEMU's devices know the machine's memory; CMOS is itself a memory and needs no help once it is right. */
static void tell_memory(bool firmware)
{
	uint64_t low = config.machine.ram[0].bytes, high = config.machine.ram[1].bytes;
	struct memory_map_cmos cmos[MEMORY_MAP_REGISTERS];

	memory_map_cmos(low, high, cmos);
	for (unsigned int i = 0; i < MEMORY_MAP_REGISTERS; i++) {
		out8(PORT_CMOS_INDEX, cmos[i].index);
		out8(PORT_CMOS_DATA, cmos[i].value);
	}
	fwcfg_guest_init(firmware, config.cmdline, low, high);
}

/*
 * The shared twin of a private page is a hole in the file that is QEMU's memory, until a device reads or writes it
 * (cli/machine/engine.c), or poison. What the firmware and this program were in before is poison.
 */
static void poison_leftovers(void)
{
	uint64_t low = config.machine.image.bytes != 0 ? MIB : LOW_RAM_END, end;

	for (uint64_t at = 0; at < low; at += TDX_PAGE_SIZE)
		pattern_fill(mem_machine(at), at, PATTERN_POISON);
	for (uint64_t at = mem_image(&end); at < end; at += TDX_PAGE_SIZE)
		pattern_fill(mem_machine(at), at, PATTERN_POISON);
}

void monitor_main(void)
{
	struct load_result loaded;

	mem_init();
	trap_init();
	read_config();
	mem_move();
	journal_init();
	config.td.tsc_hz = persona_measure_tsc(PM_TIMER_PORT);
	persona_init(&persona, &(struct persona){
		.tsc_hz = config.td.tsc_hz,
		.vcpus = config.td.vcpus,
		.cores = config.td.platform.cores,
		.xfam = config.td.platform.xfam,
		.hide_cx16 = config.flags & MONITOR_HIDE_CX16,
		.nmi = smp_nmi,
	});
	vendor_cpu_init();
	vcpus = mem_alloc(config.td.vcpus * sizeof(*vcpus));
	for (uint32_t i = 0; i < config.td.vcpus; i++)
		vcpus[i].index = i;
	if (config.machine.image.bytes != 0)
		firmware_load(&loaded);
	else
		load(&loaded);
	start_td();
	if (loaded.firmware)
		firmware_measure(td);
	tell_memory(loaded.firmware);
	mask_pics();
	disk_idle_init();
	virtio_init();
	smp_start(&loaded);
	poison_leftovers();
	vendor_vcpu_init(&vcpus[0]);
	vendor_vcpu_start(&vcpus[0], &loaded.start);
	persona_vcpu_init(&vcpus[0].persona, &persona, 0);
	vcpus[0].started = 1;
	journal_status()->magic = MONITOR_STATUS_MAGIC;
	journal_status()->tsc_start = rdtsc();
	run(&vcpus[0]);
}
