/* SPDX-License-Identifier: MIT */
/*
 * `tdlab boot --append ending=NAME ending`: one conversion, and then an end of the kind that a test of the command
 * wants to see. What the command must say of each is in expect-endings.
 */
#include "payloads/lib/payload.h"
#include "payloads/scenario.h"

#define WINDOW	0x2000000ull

enum { PORT_RESET = 0xcf9, RESET_NOW = 6 };			/* Intel ICH9 datasheet 13.7.5, RST_CNT */
enum { PORT_PM1_CONTROL = 0x604, SLEEP_ENABLE = 0x2000, SLEEP_S3 = 0x400, SLEEP_NONE = 0x1c00 };	/* qemu hw/acpi/core.c */

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

static void triple_fault(struct scene *s)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none;

	(void)s;
	__asm__ volatile("lidt %0; ud2" : : "m"(none));
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

/* Guests that can only take a conversion done at once, and one that ends itself, rightly, when it is refused. */
static void unless(struct scene *s, bool partial, void (*end)(struct scene *s))
{
	struct map_answer a = scene_map(s, scene_page(s, 0), 1024, TO_SHARED);

	if (a.r10 != TDVMCALL_SUCCESS && (a.r10 == TDVMCALL_RETRY) == partial)
		end(s);
	payload_end(0);
}

static void fault_if_partial(struct scene *s)
{
	unless(s, true, triple_fault);
}

static void fatal_if_partial(struct scene *s)
{
	unless(s, true, fatal_error);
}

static void park_if_partial(struct scene *s)
{
	unless(s, true, park);
}

static void ask_if_partial(struct scene *s)
{
	unless(s, true, ask);
}

static void fatal_if_refused(struct scene *s)
{
	unless(s, false, fatal_error);
}

static const struct {
	const char *name;
	void (*end)(struct scene *s);
} endings[] = {
	{ "park", park }, { "spin", spin }, { "triple-fault", triple_fault }, { "fatal-error", fatal_error },
	{ "reset", reset }, { "power-off", power_off }, { "suspend", suspend },
	{ "suspend-byte", suspend_byte }, { "sleep-none", sleep_none }, { "status-3", status_3 },
	{ "park-halfway", park_halfway },
	{ "spin-halfway", spin_halfway }, { "fault-if-partial", fault_if_partial },
	{ "fatal-if-partial", fatal_if_partial }, { "park-if-partial", park_if_partial },
	{ "ask-if-partial", ask_if_partial }, { "fatal-if-refused", fatal_if_refused },
};

int payload_main(void)
{
	struct scene scene = { .window = WINDOW, .shared = payload_info.shared, .cpus = 1 };
	char name[32];

	if (!payload_argument("ending", name, sizeof(name)))
		return 0;	/* without a conversion: the command can say nothing */
	if (!scene_request(&scene, scene_page(&scene, 4096), 1, TO_SHARED))
		return 2;
	for (unsigned int i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (text_equal(name, endings[i].name))
			endings[i].end(&scene);
	return 2;
}
