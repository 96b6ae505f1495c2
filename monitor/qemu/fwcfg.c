/* SPDX-License-Identifier: MIT */
/* Keys and byte order: [qemu:fw_cfg.rst]. */
#include "monitor/qemu/fwcfg.h"
#include "monitor/qemu/fwcfg_guest.h"
#include "monitor/qemu/fwcfg_ports.h"

#include "image/bytes.h"
#include "monitor/io.h"
#include "monitor/mem.h"
#include "monitor/panic.h"

#define KEY_FILE_DIR	0x19
#define NAME_BYTES	56

/* Big endian, all of it. */
struct dma {
	uint32_t control;
	uint32_t length;
	uint64_t address;
};

struct entry {
	uint32_t bytes;
	uint16_t key;
	uint16_t reserved;
	char name[NAME_BYTES];
};

bool fwcfg_transfer(uint32_t control, uint64_t to, uint32_t bytes)
{
	volatile struct dma request = {
		.control = __builtin_bswap32(control),
		.length = __builtin_bswap32(bytes),
		.address = __builtin_bswap64(to),
	};
	uint64_t address = mem_address((const void *)(uintptr_t)&request);

	out32(FWCFG_PORT_DMA_HIGH, __builtin_bswap32((uint32_t)(address >> 32)));
	out32(FWCFG_PORT_DMA_LOW, __builtin_bswap32((uint32_t)address));
	while (__builtin_bswap32(request.control) & ~FWCFG_DMA_ERROR)
		cpu_pause();
	__asm__ volatile("" : : : "memory");
	return request.control == 0;
}

static void dma(uint32_t control, void *data, uint32_t bytes)
{
	if (!fwcfg_transfer(control, data != NULL ? mem_address(data) : 0, bytes))
		panic("QEMU's fw_cfg device refused a transfer of %u bytes", bytes);
}

void fwcfg_select(uint16_t key)
{
	out16(FWCFG_PORT_SELECT, key);
}

uint8_t fwcfg_next(void)
{
	return in8(FWCFG_PORT_DATA);
}

bool fwcfg_find(const char *name, struct fwcfg_file *file)
{
	struct entry entry;
	uint32_t count = 0;

	dma(KEY_FILE_DIR << 16 | FWCFG_DMA_SELECT | FWCFG_DMA_READ, &count, sizeof(count));
	for (count = __builtin_bswap32(count); count > 0; count--) {
		dma(FWCFG_DMA_READ, &entry, sizeof(entry));
		if (strnlen(entry.name, NAME_BYTES) != strlen(name) || memcmp(entry.name, name, strlen(name)) != 0)
			continue;
		file->key = __builtin_bswap16(entry.key);
		file->bytes = __builtin_bswap32(entry.bytes);
		return true;
	}
	return false;
}

void fwcfg_read(const struct fwcfg_file *file, uint32_t offset, void *data, uint32_t bytes)
{
	if (offset > file->bytes || bytes > file->bytes - offset)
		panic("a read of %u bytes at %u passes the end of a fw_cfg file", bytes, offset);
	dma((uint32_t)file->key << 16 | FWCFG_DMA_SELECT | FWCFG_DMA_SKIP, NULL, offset);
	dma(FWCFG_DMA_READ, data, bytes);
}
