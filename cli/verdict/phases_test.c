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
static struct volume_name known = { 77, "IoMmuDxe" };
static struct volume volume = { .all = &known, .count = 1 };
static struct conversion conversions[8];

static void put(uint64_t rip, struct td_event e)
{
	e.time = (records.count + 1) * HZ;
	e.rip = rip;
	records_add(&records, &e, 1);
	records.tsc_hz = HZ;
}

static void image(uint64_t base, uint64_t bytes, enum pe_kind kind, uint64_t hash, const char *name)
{
	struct td_event e = EVENT(IMAGE, image, .base = base, .bytes = bytes, .kind = kind, .hash = hash);

	memcpy(e.image.name, name, strlen(name));
	put(base + 1, e);
}

static void convert(uint64_t rip, uint64_t gpa, bool to_shared, uint64_t pages, uint64_t device)
{
	put(rip, EVENT(MAPGPA, mapgpa, .gpa = gpa | (to_shared ? S : 0), .bytes = pages * TDX_PAGE_SIZE));
	conversions[judgement.nconversions++] = (struct conversion){
		.gpa = gpa, .to_shared = to_shared, .pages = pages, .done = pages, .device = device, .stalls = 1,
		.record = records.count,
	};
	judgement.conversions = conversions;
}

static void accept(uint64_t rip, uint64_t gpa_and_level, uint64_t status)
{
	put(rip, EVENT(ACCEPT, accept, .rcx = gpa_and_level, .status = status));
}

static bool called(uint64_t address, const char *want)
{
	char text[160];

	symbols_name(&symbols, address, text, sizeof(text));
	return strcmp(text, want) == 0;
}

static double heard;	/* of the firmware, the last time */

static void fill(void)
{
	struct td_event no_image = EVENT(IMAGE, image, .base = 0x8000000, .bytes = 0x1000, .kind = PE_ROM);

	no_image.type = TD_EV_OPEN;
	put(0, no_image);
	image(ROM, 0x400000, PE_ROM, 0, "");
	accept(ROM + 0x10, RAM | TDX_LEVEL_2M, 0);
	image(DRIVER, 0x6000, PE_DRIVER, 77, "");
	convert(DRIVER + 0x300, 0x20000000 - 2 * TDX_PAGE_SIZE, true, 5, 3);	/* the last two pages of RAM */
	accept(DRIVER + 0x300, RAM, 0);
	accept(DRIVER + 0x300, RAM, tdx_status(TDX_PAGE_SIZE_MISMATCH, 1));
	accept(DRIVER + 0x300, RAM, 0);
	image(SHIM, 0x1000, PE_LOADER, 5, "shim");
	accept(SHIM, RAM, tdx_status(TDX_PAGE_SIZE_MISMATCH, 1));
	image(0x5000000, 0x10000, PE_UNKNOWN, 0, "");
	convert(0x5000100, RAM, false, 4, 0);
	accept(DRIVER + 0x300, RAM + TDX_PAGE_SIZE, 0);		/* told of before */
	heard = (double)records.count;
	image(LINUX, 0x1000, PE_LINUX, 6, "");
	accept(LINUX + 0x20, RAM, 0);
	image(DRIVER, 0x1000, PE_LINUX, 6, "");			/* the driver is gone */
	accept(DRIVER + 0x300, RAM, 0);
	accept(LINUX + 0x30, RAM, 0);				/* told of before */
	image(0x7000000, 0x1000, PE_LOADER, 0, "");
	image(0x7001000, 0x1000, (enum pe_kind)(PE_LINUX + 1), 0, "");
	convert(KERNEL, RAM, true, 16, 0);
	convert(0x6000100, RAM, false, 2, 0);
	image(0x6000000, 0x10000, PE_DRIVER, 0, "");		/* told of afterwards */
	accept(0x6010000, RAM, 0);				/* behind its end */
	image(PHASE_KERNEL_HALF - 0x1000, 0x2000, PE_DRIVER, 0, "");
	convert(PHASE_KERNEL_HALF, RAM, true, 32, 0);
	conversions[judgement.nconversions++] = (struct conversion){ .done = 7 };	/* no call of it was seen */
}

/* A conversion in two calls, by two hands. */
static void in_two(uint32_t id, uint64_t gpa, uint32_t pages, enum td_close how, uint32_t done)
{
	put(0, EVENT(OPEN, open, id, gpa, pages));
	put(DRIVER + 8, EVENT(MAPGPA, mapgpa, .gpa = gpa, .bytes = pages * TDX_PAGE_SIZE, .r10 = TDVMCALL_RETRY, .r11 = gpa,
			      .conversion = id));
	put(KERNEL + id, EVENT(MAPGPA, mapgpa, .gpa = gpa, .bytes = pages * TDX_PAGE_SIZE, .done = pages, .conversion = id));
	put(0, EVENT(CLOSE, close, .how = how, .conversion = id, .gpa = gpa, .done = done, .pages = pages, .retries = 1,
		     .calls = 2, .longest = 1, .stalls = 1));
}

static bool adds_up(void)
{
	struct totals sum = { 0 };

	for (unsigned int i = 0; i < PHASES; i++) {
#define TOTAL(name, text, meaning) sum.name += phases.all[i].of.name;
		TOTALS(TOTAL)
#undef TOTAL
	}
	return memcmp(&sum, &judgement.totals, sizeof(sum)) == 0;
}

/* Both directions, a part without RAM, one merged, one undone, one refused at once: each is counted once. */
static void test_sums(void)
{
	static const struct td_config config = { .platform.gpaw = 48, .nslots = 1,
						 .slots = { { 0, 0x20000, TD_SLOT_RAM, 1 } } };
	static const struct td_behaviour behaviour;
	static const struct device_facts device;
	static const struct run_end end;
	static struct console console;

	console_begin(&console, "n");
	judgement = (struct judgement){ 0 };
	put(0, EVENT(START, start, 48, 1, 0x20000, 1, HZ));
	image(DRIVER, 0x6000, PE_DRIVER, 77, "");
	in_two(1, RAM | S, 16, TD_CLOSE_COMPLETE, 16);
	in_two(2, 0x1fffe000 | S, 5, TD_CLOSE_COMPLETE, 5);	/* two pages of RAM, three behind it */
	in_two(3, RAM, 8, TD_CLOSE_COMPLETE, 8);
	in_two(4, (RAM + 0x100000) | S, 8, TD_CLOSE_MERGED, 4);
	in_two(5, (RAM + 0x200000) | S, 8, TD_CLOSE_UNDONE, 2);
	put(DRIVER, EVENT(MAPGPA, mapgpa, .gpa = RAM, .r10 = TDVMCALL_INVALID_OPERAND, .r11 = RAM));
	accept(DRIVER, RAM | TDX_LEVEL_2M, 0);
	accept(KERNEL, RAM, 0);
	judge(&judgement, &records, &console, &behaviour, &config, &device, &end);
	phases_read(&phases, &judgement, &records, &volume, &symbols);
	tap_ok(judgement.totals.mapgpa_calls == 11 && judgement.totals.retries == 5 && judgement.totals.stalls == 5,
	       "calls in both directions, and what was refused");
	tap_ok(judgement.totals.to_shared_pages == 20 && judgement.totals.to_private_pages == 8 &&
		       judgement.totals.device_pages == 3, "pages of RAM and without; what was merged is another's");
	tap_ok(phases.all[PHASE_FIRMWARE].of.mapgpa_calls == 6 && phases.all[PHASE_KERNEL].of.mapgpa_calls == 5,
	       "each call is of who made it");
	tap_ok(adds_up(), "the phases add up to the totals");
	judge_free(&judgement);
}

int main(void)
{
	const struct phase_totals *firmware = &phases.all[PHASE_FIRMWARE], *loader = &phases.all[PHASE_LOADER],
				  *kernel = &phases.all[PHASE_KERNEL];

	phases_read(&phases, &judgement, &records, &volume, &symbols);
	tap_ok(firmware->last < 0 && loader->last < 0 && kernel->last < 0, "nothing happened");
	fill();
	phases_read(&phases, &judgement, &records, &volume, &symbols);
	tap_ok(firmware->of.accepts_2m == 1 && firmware->of.accepts_4k == 3 &&
	       firmware->of.size_mismatches == 1, "its own image and its drivers are the firmware");
	tap_ok(firmware->of.to_shared_pages == 2 && firmware->of.device_pages == 3, "pages of RAM, and pages without");
	tap_ok(firmware->of.mapgpa_calls == 1 && firmware->of.retries == 0 && firmware->of.stalls == 1 &&
	       firmware->of.conversions == 1, "calls");
	tap_ok(loader->of.size_mismatches == 1 && loader->of.to_private_pages == 6 && loader->of.accepts_4k == 1,
	       "images with SBAT, and code in no image, are boot loaders");
	tap_ok(kernel->of.accepts_4k == 3 && kernel->of.to_shared_pages == 48,
	       "Linux's own loader and its half are the kernel");
	tap_ok(firmware->last == heard && heard < kernel->last, "when it was heard of last");
	tap_ok(called(ROM + 0x10, "firmware+0x10") && called(SHIM + 1, "shim+0x1"), "names");
	tap_ok(called(DRIVER + 0x2000, "IoMmuDxe+0x2000"), "a driver's is from the firmware's file");
	tap_ok(called(DRIVER + 0x300, "linux+0x300"), "the later image counts");
	tap_ok(called(0x7000000, "loader+0x0"), "a loader that does not say its name");
	tap_ok(called(0x7001000, "0x7001000"), "a kind that there is not");
	tap_ok(called(0x8000000, "0x8000000"), "a record of another kind");
	tap_ok(called(0x5000100, "0x5000100"), "no image, no name");
	symbols_free(&symbols);
	records_free(&records);
	test_sums();
	return tap_done();
}
