/* SPDX-License-Identifier: MIT */
/* The tiny TD that runs one scenario: `tdlab boot --append scenario=NAME violate`. See scenario.h. */
#include "payloads/lib/payload.h"
#include "payloads/scenario.h"

#define WINDOW		0x2000000ull	/* 32 MiB, behind the image (payload.lds) */
#define IOAPIC		0xfec00000ull	/* device registers that every PC has */
#define ROM_WINDOW	0xc0000ull
#define STATUS_NO_SUCH	2
#define STATUS_MACHINE	3

static const struct scenario *scenario;
static struct scene scenes[MAX_CPUS];
static struct scene_mail mail;
static int results[MAX_CPUS];
static volatile unsigned int done;

static void run_scenario(unsigned int cpu)
{
	results[cpu] = scenario->run(&scenes[cpu]);
	__atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
}

int payload_main(void)
{
	char name[40];

	if (!payload_argument("scenario", name, sizeof(name)) || (scenario = scenario_named(name)) == NULL) {
		console_puts("scenario: there is none of this name; give one of payloads/expect as scenario=NAME\n");
		return STATUS_NO_SUCH;
	}
	if (payload_ram_end(WINDOW) < WINDOW + SCENE_PAGES * TDX_PAGE_SIZE || payload_info.vcpus < scenario->cpus) {
		console_puts("scenario: needs more memory or vCPUs\n");
		return STATUS_MACHINE;
	}
	for (unsigned int cpu = 0; cpu < scenario->cpus; cpu++)
		scenes[cpu] = (struct scene){ .window = WINDOW, .shared = payload_info.shared, .mmio = IOAPIC,
					      .rom = ROM_WINDOW, .cpu = cpu, .cpus = scenario->cpus, .mail = &mail };
	for (unsigned int cpu = 1; cpu < scenario->cpus; cpu++)
		if (!payload_start_cpu(cpu, run_scenario))
			return STATUS_MACHINE;
	run_scenario(0);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < scenario->cpus)
		__builtin_ia32_pause();
	return results[0] | results[1];
}
