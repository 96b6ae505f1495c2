/* SPDX-License-Identifier: MIT */
#include "monitor/load/firmware.h"

#include "image/bytes.h"
#include "image/tdhob.h"
#include "monitor/mem.h"
#include "monitor/panic.h"
#include "monitor/qemu/fwcfg.h"
#include "monitor/qemu/pci.h"
#include "monitor/state.h"

#define LOW_MIB		0x100000ull
#define MARK		0x6c6c206d61722073ull

/* Of QEMU's host bridge, device 0 (Intel 3 Series Express Chipset datasheet, 5.1.19: PAM0-6). */
#define MCH		0
#define MCH_PAM_0_3	0x90
#define MCH_PAM_4_6	0x94	/* fourth byte: not a PAM */
#define PAM_0_3_RAM	0x33333330u
#define PAM_4_6_RAM	0x00333333u

/*
 * A TD has RAM all through the first MiB. SeaBIOS leaves parts of QEMU's write-protected; whatever is shared there has
 * to be RAM too.
 */
static void open_low_memory(void)
{
	volatile uint64_t *word;

	pci_write(MCH, MCH_PAM_0_3, PAM_0_3_RAM);
	pci_write(MCH, MCH_PAM_4_6, (pci_read(MCH, MCH_PAM_4_6) & 0xff000000u) | PAM_4_6_RAM);
	for (uint64_t at = 0; at < LOW_MIB; at += TDX_PAGE_SIZE) {
		word = mem_machine(at);
		*word = MARK;
		if (*word != MARK)
			panic("QEMU has no RAM at 0x%lx", at);
	}
	memset(mem_machine(0), 0, LOW_MIB);
}

static void load_sections(const struct tdvf_image *image)
{
	struct fwcfg_file file;

	if (!fwcfg_find(MACHINE_FILE_FIRMWARE, &file) || file.bytes != image->bytes)
		panic("fw_cfg file " MACHINE_FILE_FIRMWARE " is missing or of another size");
	for (uint32_t i = 0; i < image->count; i++) {
		const struct tdvf_section *s = &image->sections[i];
		void *to = mem_private(s->gpa, s->bytes);

		memset(to, 0, s->bytes);
		if (s->file_bytes != 0)
			fwcfg_read(&file, s->offset, to, s->file_bytes);
	}
}

static void measure_section(struct td *measured, const struct tdvf_section *s)
{
	const uint8_t *contents = mem_private(s->gpa, s->bytes);

	for (uint64_t at = 0; at < s->bytes; at += TDX_PAGE_SIZE)
		td_build_page(measured, s->gpa + at, s->attributes & TDVF_EXTENDMR ? contents + at : NULL);
}

void firmware_measure(struct td *measured)
{
	const struct tdvf_image *image = &config.machine.firmware;

	for (uint32_t number = 0; number < image->count; number++)
		for (uint32_t i = 0; i < image->count; i++)
			if (image->sections[i].number == number)
				measure_section(measured, &image->sections[i]);
	td_build_finish(measured);
}

void firmware_load(struct load_result *result)
{
	const struct machine *m = &config.machine;
	const struct tdvf_image *image = &m->firmware;
	const struct tdvf_section *hob = &image->sections[image->hob];
	const struct persona_vcpu vcpu = { .persona = &persona };
	uint32_t cpuid[4];

	open_low_memory();
	load_sections(image);
	if (tdhob_build(image, m->ram[0].bytes, m->ram[1].bytes, mem_private(hob->gpa, hob->bytes), hob->bytes) > hob->bytes)
		panic("the firmware's TD HOB section is too small");
	persona_cpuid(&vcpu, 1, 0, cpuid);
	*result = (struct load_result){
		.start = {
			.rip = TDVF_RESET_VECTOR,
			.rbx = config.td.platform.gpaw,
			.rcx = hob->gpa,
			.rdx = cpuid[0],
			.r8 = hob->gpa,
			.rflags = 2,
			.cr0 = 0x21,	/* NE PE */
			.cr4 = 0x40,	/* MCE */
			.efer = 0x901,	/* NXE LME SCE */
		},
		.firmware = true,
	};
}
