/* SPDX-License-Identifier: MIT */
#include "image/tdhob.h"
#include "image/bytes.h"

/* PI specification 1.8, volume 3, 5.3 to 5.5; [edk2:PiHob.h]. */
#define TYPE_HANDOFF		1
#define TYPE_RESOURCE		3
#define TYPE_END		0xffff
#define HANDOFF_BYTES		56u
#define RESOURCE_BYTES		48u
#define END_BYTES		8u
#define HANDOFF_VERSION		9
#define HANDOFF_END_OF_LIST	48
#define RESOURCE_TYPE		24
#define RESOURCE_ATTRIBUTES	28
#define RESOURCE_START		32
#define RESOURCE_LENGTH		40

#define SYSTEM_MEMORY		0
#define MEMORY_UNACCEPTED	7
#define PRESENT_INITIALIZED_TESTED 7

/* data is NULL as long as only the size is wanted. */
struct list {
	uint8_t *data;
	size_t used;
};

static uint8_t *add(struct list *list, uint16_t type, uint16_t bytes)
{
	uint8_t *hob = list->data != NULL ? list->data + list->used : NULL;

	list->used += bytes;
	if (hob == NULL)
		return NULL;
	memset(hob, 0, bytes);
	put16(hob, type);
	put16(hob + 2, bytes);
	return hob;
}

static void add_memory(struct list *list, uint64_t start, uint64_t end, uint32_t type)
{
	uint8_t *hob = start < end ? add(list, TYPE_RESOURCE, RESOURCE_BYTES) : NULL;

	if (hob == NULL)
		return;
	put32(hob + RESOURCE_TYPE, type);
	put32(hob + RESOURCE_ATTRIBUTES, PRESENT_INITIALIZED_TESTED);
	put64(hob + RESOURCE_START, start);
	put64(hob + RESOURCE_LENGTH, end - start);
}

static void add_low(struct list *list, const struct tdvf_image *image, uint64_t end)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < image->count; i++) {
		const struct tdvf_section *s = &image->sections[i];

		if (tdvf_in_image(s))
			continue;
		add_memory(list, at, s->gpa, MEMORY_UNACCEPTED);
		at = s->gpa + s->bytes;
		add_memory(list, s->gpa, at, SYSTEM_MEMORY);
	}
	add_memory(list, at, end, MEMORY_UNACCEPTED);
}

static void write_list(struct list *list, const struct tdvf_image *image, uint64_t low_bytes, uint64_t high_bytes)
{
	uint8_t *handoff = add(list, TYPE_HANDOFF, HANDOFF_BYTES);

	add_low(list, image, low_bytes);
	add_memory(list, TDVF_TOP, TDVF_TOP + high_bytes, MEMORY_UNACCEPTED);
	add(list, TYPE_END, END_BYTES);
	if (handoff == NULL)
		return;
	put32(handoff + 8, HANDOFF_VERSION);
	put64(handoff + HANDOFF_END_OF_LIST, image->sections[image->hob].gpa + list->used);
}

size_t tdhob_build(const struct tdvf_image *image, uint64_t low_bytes, uint64_t high_bytes, uint8_t *data, size_t room)
{
	struct list list = { 0 };

	write_list(&list, image, low_bytes, high_bytes);
	if (list.used > room)
		return list.used;
	list = (struct list){ .data = data };
	write_list(&list, image, low_bytes, high_bytes);
	return list.used;
}
