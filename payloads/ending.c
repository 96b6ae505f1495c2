/* SPDX-License-Identifier: MIT */
/*
 * `tdlab boot --append ending=NAME ending`: one conversion, and then an end of the kind that a test of the command
 * wants to see. What the command must say of each is in expect-endings.
 */
#include "payloads/lib/payload.h"
#include "payloads/lib/virtio_blk.h"
#include "payloads/scenario.h"
#include "payloads/wild.h"

#define WINDOW	0x2000000ull
#define IOAPIC	0xfec00000ull

enum { PORT_RESET = 0xcf9, RESET_NOW = 6 };			/* Intel ICH9 datasheet 13.7.5, RST_CNT */
enum { PORT_COM1_IER = 0x3f9, IER_RECEIVED = 1 };		/* [qemu:serial.c] */
/* [qemu:acpi_pm_cnt_write] */
enum { PORT_PM1_CONTROL = 0x604, SLEEP_ENABLE = 0x2000, SLEEP_S3 = 0x400, SLEEP_NONE = 0x1c00 };

void scene_tdcall(struct scene *s, uint64_t gpr[GPRS])
{
	(void)s;
	tdcall(gpr);
}

static void park(struct scene *s)
{
	(void)s;
	for (;;)
		vmcall_halt(true);
}

static void spin(struct scene *s)
{
	(void)s;
	for (;;)
		__builtin_ia32_pause();
}

static void no_handlers(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none;

	__asm__ volatile("lidt %0" : : "m"(none));
}

static void triple_fault(struct scene *s)
{
	(void)s;
	no_handlers();
	__asm__ volatile("ud2");
}

/* GHCI: the text is in R14, R15, RBX, RDI, RSI, R8, R9, RDX. */
static void fatal_error(struct scene *s)
{
	static const char text[64] = "the payload was told to fail";
	static const int in[8] = { R14, R15, RBX, RDI, RSI, R8, R9, RDX };
	uint64_t gpr[GPRS] = { [RAX] = TDG_VP_VMCALL, [R11] = GHCI_REPORT_FATAL_ERROR };

	(void)s;
	gpr[RCX] = 0xffcc;
	for (unsigned int i = 0; i < 8; i++)
		memcpy(&gpr[in[i]], text + 8 * i, 8);
	tdcall(gpr);
}

static void write_port(uint16_t port, unsigned int size, uint32_t value)
{
	vmcall_port(port, size, true, &value);
}

static void reset(struct scene *s)
{
	(void)s;
	write_port(PORT_RESET, 1, RESET_NOW);
}

static void power_off(struct scene *s)
{
	(void)s;
	write_port(PORT_PM1_CONTROL, 2, SLEEP_ENABLE);
}

/* As Linux's S3 does; the byte alone is as good (ACPI 6.4, 4.8.3.2: the register may be written so). */
static void suspend(struct scene *s)
{
	(void)s;
	write_port(PORT_PM1_CONTROL, 2, SLEEP_ENABLE | SLEEP_S3);
}

static void suspend_byte(struct scene *s)
{
	(void)s;
	write_port(PORT_PM1_CONTROL + 1, 1, (SLEEP_ENABLE | SLEEP_S3) >> 8);
}

/* A sleep type that the machine does not have is no sleep, and no end. */
static void sleep_none(struct scene *s)
{
	(void)s;
	write_port(PORT_PM1_CONTROL, 2, SLEEP_ENABLE | SLEEP_NONE);
	payload_end(0);
}

static void status_3(struct scene *s)
{
	(void)s;
	payload_end(3);
}

/* Hangs in the middle of a conversion: the violation must be seen although nothing ever happens again. */
static void park_halfway(struct scene *s)
{
	scene_map(s, scene_page(s, 0), 1024, TO_SHARED);
	park(s);
}

static void spin_halfway(struct scene *s)
{
	scene_map(s, scene_page(s, 0), 1024, TO_SHARED);
	spin(s);
}

static void ask(struct scene *s)
{
	uint64_t gpr[GPRS];

	for (;;) {
		gpr[RAX] = TDG_VP_INFO;
		scene_tdcall(s, gpr);
	}
}

/* Guests that can only take a conversion done at once. */
static void at_once(struct scene *s, void (*end)(struct scene *s))
{
	if (scene_map(s, scene_page(s, 0), 1024, TO_SHARED).r10 == TDVMCALL_RETRY)
		end(s);
	payload_end(0);
}

static void fault_if_partial(struct scene *s)
{
	at_once(s, triple_fault);
}

static void fatal_if_partial(struct scene *s)
{
	at_once(s, fatal_error);
}

static void park_if_partial(struct scene *s)
{
	at_once(s, park);
}

static void ask_if_partial(struct scene *s)
{
	at_once(s, ask);
}

/* One that goes on when it is asked to, and ends itself, rightly, when it is refused. */
static void fatal_if_refused(struct scene *s)
{
	if (!scene_request(s, scene_page(s, 0), 1024, TO_SHARED))
		fatal_error(s);
	payload_end(0);
}

static void status_77(struct scene *s)
{
	(void)s;
	payload_end(77);
}

/*
 * kvm-unit-tests-tdx's lib/x86/tdx.c, handle_halt(): the handler's own RFLAGS.IF, which is always clear, goes to R12.
 */
static void halt_blocked(struct scene *s)
{
	(void)s;
	__asm__ volatile("sti; nop; hlt; cli");
	payload_end(0);
}

/* The same with interrupts off: that they are blocked is true. */
static void halt_off(struct scene *s)
{
	(void)s;
	__asm__ volatile("hlt");
	payload_end(0);
}

/* A load from a device by a kernel that has no handler of #VE. */
static void unserved_ve(struct scene *s)
{
	no_handlers();
	*(volatile uint64_t *)paging_alias(IOAPIC + s->shared);
}

/* An installer's "press any key": the UART is to interrupt, which never comes. */
static void await_key(struct scene *s)
{
	(void)s;
	write_port(PORT_COM1_IER, 1, IER_RECEIVED);
	__asm__ volatile("sti");
	for (;;)
		vmcall_halt(false);
}

static uint64_t seed(void)
{
	char text[8];
	uint64_t number = 0;

	if (payload_argument("seed", text, sizeof(text)))
		for (const char *c = text; *c >= '0' && *c <= '9'; c++)
			number = number * 10 + (uint64_t)(*c - '0');
	return number;
}

/* What the guest does to its CPU is its own affair: 3000 writes and not one that ends the run. */
static void wild(struct scene *s)
{
	(void)s;
	payload_end(wild_registers(seed(), 3000) > 500 ? 0 : 1);
}

static void clock_jumps(struct scene *s)
{
	(void)s;
	payload_end(wild_clocks(seed(), 300) ? 0 : 1);
}

static void code_segment(struct scene *s)
{
	(void)s;
	wild_code_segment();
	payload_end(0);
}

static void debug_loop(struct scene *s)
{
	(void)s;
	wild_debug_loop();
	payload_end(0);
}

static void debug_frame(struct scene *s)
{
	(void)s;
	wild_debug_frame();
	payload_end(0);
}

/* PCI Local Bus 3.0, 3.2.2.3.2. */
static void write_config(uint32_t function, uint32_t offset, uint32_t value)
{
	write_port(0xcf8, 4, 0x80000000u | function << 8 | offset);
	write_port(0xcfc, 4, value);
}

/*
 * Over the low 256 MiB, and over what is at 2 GiB: RAM, the guest's or the monitor's. Intel 3 Series datasheet,
 * 5.1.16.
 */
static void ecam_over_ram(struct scene *s)
{
	(void)s;
	write_config(0, 0x60, 0x80000001);
	write_config(0, 0x60, 1);
	payload_end(0);
}

/* Where there is nothing: as firmware may do. */
static void ecam_moved(struct scene *s)
{
	(void)s;
	write_config(0, 0x60, 0);
	write_config(0, 0x64, 0);
	write_config(0, 0x60, 0xe0000001);
	write_config(0, 0x60, 0xb0000001);
	payload_end(0);
}

/* Intel ICH9 datasheet, 13.1.35 "RCBA". */
static void root_complex_over_ram(struct scene *s)
{
	(void)s;
	for (uint32_t at = 0x80000000; at < 0x90000000; at += 0x4000)
		write_config(0xf8, 0xf0, at | 1);
	payload_end(0);
}

/* Any register of any device at which there is something, but for those that end a run, or QEMU. */
static void wild_devices(struct scene *s)
{
	payload_end(wild_device_registers(seed(), 20000, s->shared) > 10000 ? 0 : 1);
}

/* The power management registers elsewhere, and S5 there. Intel ICH9 datasheet, 13.1.13 "PMBASE", 13.1.14. */
static void moved_power(struct scene *s)
{
	write_config(0xf8, 0x40, 0x801);
	write_config(0xf8, 0x44, 0x80);
	write_port(0x804, 2, SLEEP_ENABLE);
	spin(s);
}

/* Four bytes from the last register of a serial port on: QEMU 7.2 to 10 die of it. */
static void beyond_uart(struct scene *s)
{
	(void)s;
	write_port(0x3ff, 4, 0);
	payload_end(0);
}

/* The disk writes this to where a CPU's local APIC takes messages: SDM volume 3A, "Message Signalled Interrupts". */
static void send_message(struct scene *s, uint32_t message)
{
	static uint8_t ring[VIRTIO_BLK_DMA_BYTES] __attribute__((aligned(4096)));
	static struct virtio_blk disk;
	uint64_t at = (uint64_t)(uintptr_t)ring, data = scene_page(s, 0);

	if (!scene_request(s, at, 1, TO_SHARED) || !scene_request(s, data, 1, TO_SHARED) ||
	    !virtio_blk_open(&disk, paging_alias(at + s->shared), at))
		payload_end(2);
	for (unsigned int i = 0; i < VIRTIO_BLK_SECTOR / sizeof(message); i++)
		((volatile uint32_t *)paging_alias(data + s->shared))[i] = message;
	virtio_blk_start(&disk, VIRTIO_BLK_OUT, 0, data, VIRTIO_BLK_SECTOR);
	if (!virtio_blk_wait(&disk) || !virtio_blk_read(&disk, 0, 0xfee00000, VIRTIO_BLK_SECTOR))
		payload_end(2);
	payload_end(0);
}

static void device_init(struct scene *s)
{
	send_message(s, 5u << 8);
}

static void device_smi(struct scene *s)
{
	send_message(s, 2u << 8);
}

/* A start-up message is for a CPU that waits for one. */
static void device_startup(struct scene *s)
{
	send_message(s, 6u << 8);
}

static const struct {
	const char *name;
	void (*end)(struct scene *s);
} endings[] = {
	{ "status-77", status_77 }, { "halt-blocked", halt_blocked }, { "halt-off", halt_off },
	{ "unserved-ve", unserved_ve }, { "wild", wild }, { "clock-jumps", clock_jumps }, { "code-segment", code_segment },
	{ "ecam-over-ram", ecam_over_ram },
	{ "debug-loop", debug_loop }, { "debug-frame", debug_frame }, { "ecam-moved", ecam_moved },
	{ "root-complex-over-ram", root_complex_over_ram },
	{ "wild-devices", wild_devices }, { "moved-power", moved_power }, { "beyond-uart", beyond_uart },
	{ "device-init", device_init }, { "device-smi", device_smi }, { "device-startup", device_startup },
	{ "park", park }, { "spin", spin }, { "triple-fault", triple_fault }, { "fatal-error", fatal_error },
	{ "reset", reset }, { "power-off", power_off }, { "suspend", suspend },
	{ "suspend-byte", suspend_byte }, { "sleep-none", sleep_none }, { "status-3", status_3 },
	{ "park-halfway", park_halfway }, { "await-key", await_key },
	{ "spin-halfway", spin_halfway }, { "fault-if-partial", fault_if_partial },
	{ "fatal-if-partial", fatal_if_partial }, { "park-if-partial", park_if_partial },
	{ "ask-if-partial", ask_if_partial }, { "fatal-if-refused", fatal_if_refused },
};

int payload_main(void)
{
	struct scene scene = { .window = WINDOW, .shared = payload_info.shared, .cpus = 1 };
	char name[32];

	if (!payload_argument("ending", name, sizeof(name)) || text_equal(name, "none"))
		return 0;	/* without a conversion: the command can say nothing */
	if (!scene_request(&scene, scene_page(&scene, 4096), 1, TO_SHARED))
		return 2;
	for (unsigned int i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (text_equal(name, endings[i].name))
			endings[i].end(&scene);
	return 2;
}
