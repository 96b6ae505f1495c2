/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer harness of what is read from a firmware's file and from the guest's images: TDX metadata and the TD HOB
 * that is made of it, and EFI headers. The input is the end of a firmware image, where all of its tables are.
 */
#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"
#include "image/pe.h"
#include "image/tdhob.h"
#include "wire/machine.h"

#define IMAGE_BYTES	0x10000u
#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check_sections(const struct tdvf_image *image)
{
	uint64_t end = 0;

	CHECK(image->count > 0 && image->count <= TDVF_MAX_SECTIONS && image->hob < image->count);
	for (uint32_t i = 0; i < image->count; i++) {
		const struct tdvf_section *s = &image->sections[i];

		CHECK(range_within(s->offset, s->file_bytes, image->bytes) && s->file_bytes <= s->bytes);
		CHECK(s->gpa >= end && s->bytes != 0 && range_within(s->gpa, s->bytes, TDVF_TOP));
		end = s->gpa + s->bytes;
	}
	CHECK(end == TDVF_TOP);
}

/* Whatever is accepted must make a machine that td accepts, and a list that keeps to its room. */
static void build(const struct tdvf_image *image, size_t room)
{
	struct td_config config = { .platform.gpaw = 48, .vcpus = 1 };
	uint8_t *list = malloc(room + 1);
	struct machine machine;
	size_t need;

	CHECK(list != NULL && machine_layout(&machine, MACHINE_MIN_GUEST, 0, image));
	list[room] = 0xa5;
	need = tdhob_build(image, machine.ram[0].bytes, machine.ram[1].bytes, list, room);
	CHECK(need > room || get16(list) == 1);
	CHECK(list[room] == 0xa5);
	free(list);
	if (tdvf_ram_end(image) > machine.ram[0].bytes)
		return;
	machine_slots(&machine, &config);
	for (uint32_t i = 0; i < config.nslots; i++)
		CHECK(config.slots[i].pages != 0 && (i == 0 || config.slots[i].gpa >= config.slots[i - 1].gpa +
						     config.slots[i - 1].pages * TDX_PAGE_SIZE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct tdvf_image image;
	struct pe_image pe;
	uint8_t *file;
	char text[256];
	enum tdvf_error error;

	if (pe_parse(data, bytes, &pe) && pe.kind == PE_LOADER)
		CHECK(range_within(pe.sbat, pe.sbat_bytes, pe.bytes));
	pe_sbat_name(data, bytes);
	if (bytes > IMAGE_BYTES)
		return 0;
	file = calloc(1, IMAGE_BYTES);
	CHECK(file != NULL);
	memcpy(file + IMAGE_BYTES - bytes, data, bytes);
	error = tdvf_parse(file, IMAGE_BYTES, &image);
	tdvf_explain(error, &image, text, sizeof(text));
	CHECK(strlen(text) < sizeof(text) - 1);
	free(file);
	if (error == TDVF_OK) {
		check_sections(&image);
		build(&image, bytes);
	}
	return 0;
}
