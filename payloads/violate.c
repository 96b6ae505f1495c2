/* SPDX-License-Identifier: MIT */
/* The tiny TD that runs one scenario: `tdlab boot --append scenario=NAME violate`. See scenario.h. */
#include "payloads/lib/payload.h"
#include "payloads/lib/virtio_blk.h"
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
static volatile unsigned int arrived, done;
static uint8_t dma_page[4096] __attribute__((aligned(4096)));

void scene_tdcall(struct scene *s, uint64_t gpr[GPRS])
{
	(void)s;
	tdcall(gpr);
}

bool scene_load(struct scene *s, uint64_t gpa, uint64_t *value)
{
	(void)s;
	return guarded_load(paging_alias(gpa), value);
}

bool scene_store(struct scene *s, uint64_t gpa, uint64_t value)
{
	(void)s;
	return guarded_store(paging_alias(gpa), value);
}

bool scene_load_split(struct scene *s, uint64_t first, uint64_t second)
{
	uint64_t value;

	paging_patch_set(2 * s->cpu, first);
	paging_patch_set(2 * s->cpu + 1, second);
	return guarded_load((const char *)paging_patch(2 * s->cpu + 1) - 4, &value);
}

/* The disk, opened on first use: most scenarios need none, and its ring page is a conversion of its own. */
bool scene_device_write(struct scene *s, uint64_t gpa)
{
	static struct virtio_blk disk;
	static bool open;
	uint64_t ring = (uint64_t)(uintptr_t)dma_page;

	if (!open) {
		if (!scene_share(s, ring, 1))
			return false;
		open = virtio_blk_open(&disk, paging_alias(ring + s->shared), ring);
	}
	return open && virtio_blk_read(&disk, 0, gpa, VIRTIO_BLK_SECTOR);
}

void scene_meet(struct scene *s)
{
	unsigned int target = (__atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL) / s->cpus + 1) * s->cpus;

	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < target)
		__builtin_ia32_pause();
}

void scene_note(struct scene *s, const char *text)
{
	(void)s;
	console_puts("scenario: ");
	console_puts(text);
	console_puts("\n");
}

static void run(unsigned int cpu)
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
		if (!payload_start_cpu(cpu, run))
			return STATUS_MACHINE;
	run(0);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < scenario->cpus)
		__builtin_ia32_pause();
	return results[0] | results[1];
}
