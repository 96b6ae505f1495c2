/* SPDX-License-Identifier: MIT */
#include "monitor/images.h"
#include "monitor/state.h"

#include "image/pe.h"
#include "monitor/journal.h"

#define SPAN			(32ull << 20)	/* of an image, at most: a unified kernel image */
#define UNKNOWN_BYTES		0x10000ull	/* what stands for code without an image */
#define REMEMBERED		64u

struct place {
	uint64_t base, bytes, hash, name;
	enum pe_kind kind;
};

static struct place last, noted[REMEMBERED];
static uint32_t nnoted;

static uint64_t sbat_name(const struct vcpu *vcpu, uint64_t base, const struct pe_image *image)
{
	uint8_t text[256];
	size_t bytes = image->sbat_bytes < sizeof(text) ? image->sbat_bytes : sizeof(text);

	return pe_sbat_name(text, vcpu_read(vcpu, base + image->sbat, text, bytes));
}

/* Images begin at a page, and nothing else in between looks like one that reaches to here. */
static struct place find(const struct vcpu *vcpu)
{
	static uint8_t head[PE_HEAD_BYTES];
	const struct machine_ram *rom = &config.machine.image;
	uint64_t rip = vcpu->regs.rip, page = rip / TDX_PAGE_SIZE * TDX_PAGE_SIZE, low = page > SPAN ? page - SPAN : 0;
	struct pe_image image;

	if (rip >= rom->gpa && rip - rom->gpa < rom->bytes)
		return (struct place){ .base = rom->gpa, .bytes = rom->bytes, .kind = PE_ROM };
	for (; page > low; page -= TDX_PAGE_SIZE) {
		if (vcpu_read(vcpu, page, head, 2) != 2 || head[0] != 'M' || head[1] != 'Z')
			continue;
		if (!pe_parse(head, vcpu_read(vcpu, page, head, sizeof(head)), &image) || rip - page >= image.bytes)
			continue;
		return (struct place){ .base = page, .bytes = image.bytes, .hash = image.hash, .kind = image.kind,
				       .name = image.kind == PE_LOADER ? sbat_name(vcpu, page, &image) : 0 };
	}
	return (struct place){ .base = rip / UNKNOWN_BYTES * UNKNOWN_BYTES, .bytes = UNKNOWN_BYTES };
}

static bool is_noted(const struct place *place)
{
	for (uint32_t i = 0; i < nnoted; i++)
		if (noted[i].base == place->base && noted[i].hash == place->hash && noted[i].kind == place->kind)
			return true;
	return false;
}

void images_note(const struct vcpu *vcpu)
{
	struct td_event event = td_event_new(TD_EV_IMAGE, vcpu->index, vcpu->regs.rip);

	if (config.machine.image.bytes == 0 || vcpu->regs.rip >= PHASE_KERNEL_HALF || vcpu->regs.rip - last.base < last.bytes)
		return;
	last = find(vcpu);
	if (is_noted(&last))
		return;
	if (nnoted < REMEMBERED)
		noted[nnoted++] = last;
	event.image = (struct td_record_image){ .base = last.base, .bytes = last.bytes, .kind = last.kind, .hash = last.hash };
	memcpy(event.image.name, &last.name, sizeof(event.image.name));
	journal_put(&event);
}

enum phase images_phase(const struct vcpu *vcpu)
{
	images_note(vcpu);
	return phase_of(vcpu->regs.rip, last.kind);
}
