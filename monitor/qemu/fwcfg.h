/* SPDX-License-Identifier: MIT */
/* QEMU's fw_cfg device by its DMA interface ([qemu:fw_cfg.rst]). */
#ifndef MONITOR_QEMU_FWCFG_H
#define MONITOR_QEMU_FWCFG_H

#include <stdbool.h>
#include <stdint.h>

struct fwcfg_file {
	uint16_t key;
	uint32_t bytes;
};

/* False if there is no such file, or no DMA interface. */
bool fwcfg_find(const char *name, struct fwcfg_file *file);

/* Reads bytes from offset on into memory that mem_machine() reaches. Panics beyond the end of the file. */
void fwcfg_read(const struct fwcfg_file *file, uint32_t offset, void *data, uint32_t bytes);

#endif
