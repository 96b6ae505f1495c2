/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/guest.h"
#include "monitor/load.h"

static int read_payload(struct guest *g)
{
	size_t head = g->bytes < 4096 ? g->bytes : 4096;
	enum elf_error error = elf_parse(g->data, head, g->bytes, &g->elf);

	return error == ELF_OK ? 0 : complain(STATUS_INPUT, "payload %s: %s", g->path, elf_error_text(error));
}

static int read_bzimage(struct guest *g)
{
	size_t head = g->bytes < BZIMAGE_HEAD_MAX ? g->bytes : BZIMAGE_HEAD_MAX;
	enum bzimage_error error = bzimage_parse(g->data, head, g->bytes, &g->bzimage);
	char why[256];

	if (error != BZIMAGE_OK) {
		bzimage_explain(error, &g->bzimage, g->bytes, why, sizeof(why));
		return complain(STATUS_INPUT, "kernel %s: %s", g->path, why);
	}
	g->linux_kernel = true;
	g->detects_tdx = bzimage_detects_tdx(g->data, g->bytes, &g->bzimage);
	snprintf(g->version, sizeof(g->version), "%s", g->bzimage.release);
	return 0;
}

int guest_read(struct guest *g, const char *path)
{
	int status;

	*g = (struct guest){ .path = path };
	status = file_read(path, "kernel", &g->data, &g->bytes);
	if (status)
		return status;
	return elf_is(g->data, g->bytes) ? read_payload(g) : read_bzimage(g);
}

int guest_fits(const struct guest *g, uint64_t initrd_bytes, size_t cmdline_bytes, uint64_t low_bytes)
{
	struct load_plan plan;
	enum load_error error = g->linux_kernel
		? load_plan_linux(&g->bzimage, initrd_bytes, cmdline_bytes, low_bytes, &plan)
		: load_plan_payload(&g->elf, low_bytes, &plan);

	if (error == LOAD_OK)
		return 0;
	if (error == LOAD_CMDLINE_TOO_LONG)
		return complain(STATUS_INPUT, "--append: %s: %zu bytes, %u are allowed", load_error_text(error),
				cmdline_bytes, g->linux_kernel ? g->bzimage.cmdline_max : 0);
	return complain(STATUS_INPUT, "--memory: %s: at least %lluM", load_error_text(error),
			(unsigned long long)(plan.needed + (2u << 20) - 1) >> 21 << 1);
}
