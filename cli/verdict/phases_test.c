/* SPDX-License-Identifier: MIT */
/* Journals made by hand: who asked for what. */
#include "abi/tdx.h"
#include "cli/testing.h"
#include "cli/verdict/phases.h"

#define S		(1ull << 47)
#define HZ		1000000ull
#define ROM		0xffc00000ull
#define DRIVER		0x1e676000ull
#define SHIM		0x1a000000ull
#define LINUX		0x18000000ull
#define KERNEL		0xffffffff81000000ull
#define RAM		0x10000000ull
#define MMIO		0xc0000000ull

static struct records records;
static struct judgement judgement;
static struct phases phases;
static struct symbols symbols;
static struct td_config config;
static struct volume_name known = { 77, "IoMmuDxe" };
static struct volume volume = { .all = &known, .count = 1 };
static struct conversion conversions[4];

static void event(unsigned int type, uint64_t rip, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	struct td_event e = { .time = (records.count + 1) * HZ, .type = (uint16_t)type, .rip = rip,
			      .a = { a0, a1, a2, a3, a4 } };

	records_add(&records, &e, 1);
	records.tsc_hz = HZ;
}

static void image(uint64_t base, uint64_t bytes, enum pe_kind kind, uint64_t hash, const char *name)
{
	uint64_t word = 0;

	memcpy(&word, name, strlen(name));
	event(TD_EV_IMAGE, base + 1, base, bytes, kind, hash, word);
}

static void convert(uint64_t rip, uint64_t gpa, bool to_shared, uint64_t pages)
{
	event(TD_EV_MAPGPA, rip, gpa | (to_shared ? S : 0), pages * TDX_PAGE_SIZE, 0, 0, 0);
	conversions[judgement.nconversions++] = (struct conversion){
		.gpa = gpa, .to_shared = to_shared, .pages = pages, .done = pages, .calls = 3, .retries = 2, .stalls = 1,
		.record = records.count,
	};
	judgement.conversions = conversions;
}

static void accept(uint64_t rip, uint64_t gpa_and_level, uint64_t status)
{
	event(TD_EV_ACCEPT, rip, gpa_and_level, status, 0, 0, 0);
}

static bool called(uint64_t address, const char *want)
{
	char text[160];

	symbols_name(&symbols, address, text, sizeof(text));
	return strcmp(text, want) == 0;
}

static void fill(void)
{
	config.nslots = 2;
	config.slots[0] = (struct td_slot){ 0, 0x20000, TD_SLOT_RAM, 1 };
	config.slots[1] = (struct td_slot){ MMIO, 0x1000, TD_SLOT_MMIO, 0 };
	image(ROM, 0x400000, PE_ROM, 0, "");
	accept(ROM + 0x10, RAM | TDX_LEVEL_2M, 0);
	image(DRIVER, 0x6000, PE_DRIVER, 77, "");
	convert(DRIVER + 0x300, 0x20000000 - 2 * TDX_PAGE_SIZE, true, 5);	/* the last two pages of RAM */
	accept(DRIVER + 0x300, RAM, 0);
	image(SHIM, 0x1000, PE_LOADER, 5, "shim");
	accept(SHIM, RAM, tdx_status(TDX_PAGE_SIZE_MISMATCH, 1));
	image(0x5000000, 0x10000, PE_UNKNOWN, 0, "");
	convert(0x5000100, RAM, false, 4);
	accept(DRIVER + 0x300, RAM + TDX_PAGE_SIZE, 0);		/* told of before */
	image(LINUX, 0x1000, PE_LINUX, 6, "");
	accept(LINUX + 0x20, RAM, 0);
	image(DRIVER, 0x1000, PE_LINUX, 6, "");			/* the driver is gone */
	accept(DRIVER + 0x300, RAM, 0);
	convert(KERNEL, RAM, true, 16);
}

int main(void)
{
	const struct phase_totals *firmware = &phases.all[PHASE_FIRMWARE], *loader = &phases.all[PHASE_LOADER],
				  *kernel = &phases.all[PHASE_KERNEL];

	phases_read(&phases, &judgement, &records, &config, &volume, &symbols);
	tap_ok(firmware->last < 0 && loader->last < 0 && kernel->last < 0, "nothing happened");
	fill();
	phases_read(&phases, &judgement, &records, &config, &volume, &symbols);
	tap_ok(firmware->accepts_2m == 1 && firmware->accepts_4k == 2, "its own image and its drivers are the firmware");
	tap_ok(firmware->to_shared == 2 && firmware->device == 3, "pages of RAM, and pages without");
	tap_ok(firmware->calls == 3 && firmware->retries == 2 && firmware->stalls == 1 && firmware->conversions == 1, "calls");
	tap_ok(loader->mismatches == 1 && loader->to_private == 4 && loader->accepts_4k == 0,
	       "images with SBAT, and code in no image, are boot loaders");
	tap_ok(kernel->accepts_4k == 2 && kernel->to_shared == 16, "Linux's own loader and its half are the kernel");
	tap_ok(firmware->last > 0 && firmware->last < kernel->last, "when it was heard of last");
	tap_ok(called(ROM + 0x10, "firmware+0x10") && called(SHIM + 1, "shim+0x1"), "names");
	tap_ok(called(DRIVER + 0x2000, "IoMmuDxe+0x2000"), "a driver's is from the firmware's file");
	tap_ok(called(DRIVER + 0x300, "linux+0x300"), "the later image counts");
	tap_ok(called(0x5000100, "0x5000100"), "no image, no name");
	symbols_free(&symbols);
	records_free(&records);
	return tap_done();
}
