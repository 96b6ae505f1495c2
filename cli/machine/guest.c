/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/machine/guest.h"
#include "image/tdhob.h"
#include "wire/plan.h"

#define FIRMWARE_ROOM	(136ull << 20)	/* EDK2 (2026.08) hangs without a word if there is less behind its sections */

static int read_payload(struct guest *g)
{
	size_t head = g->bytes < 4096 ? g->bytes : 4096;
	enum elf_error error = elf_parse(g->data, head, g->bytes, &g->elf);

	g->kind = GUEST_PAYLOAD;
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
	g->kind = GUEST_LINUX;
	g->detects_tdx = bzimage_detects_tdx(g->data, g->bytes, &g->bzimage);
	snprintf(g->version, sizeof(g->version), "%s", g->bzimage.release);
	return 0;
}

/* Files that are taken for kernels, by what is in them. */
static int refuse_other(const struct guest *g)
{
	static const struct {
		const char magic[7];
		const char *program;
	} packed[] = { { "\x1f\x8b", "gzip" }, { "\xfd" "7zXZ", "xz" }, { "\x28\xb5\x2f\xfd", "zstd" } };

	for (size_t i = 0; i < ARRAY_SIZE(packed); i++)
		if (g->bytes > 8 && memcmp(g->data, packed[i].magic, strlen(packed[i].magic)) == 0)
			return complain(STATUS_INPUT, "kernel %s: compressed: unpack it with %s -d, a kernel is a bzImage",
					g->path, packed[i].program);

	/* The section of exported symbols has no payload. */
	if (elf_is(g->data, g->bytes) && memmem(g->data, g->bytes, "__ksymtab", 9) &&
	    memmem(g->data, g->bytes, "Linux version ", 14))
		return complain(STATUS_INPUT, "kernel %s: this is vmlinux, which nothing boots from: give the bzImage that is "
				"made of it, arch/x86/boot/bzImage of its build tree, or /boot/vmlinuz-VERSION", g->path);
	return 0;
}

int guest_read(struct guest *g, const char *path)
{
	int status;

	g->path = path;
	status = file_read(path, "kernel", &g->data, &g->bytes);
	if (!status)
		status = refuse_other(g);
	if (status)
		return status;
	return elf_is(g->data, g->bytes) ? read_payload(g) : read_bzimage(g);
}

int guest_read_firmware(struct guest *g, const char *path)
{
	enum tdvf_error error;
	char why[256];
	int status;

	g->firmware = path;
	status = file_read(path, "firmware", &g->firmware_data, &g->firmware_bytes);
	if (status)
		return status;
	error = tdvf_parse(g->firmware_data, g->firmware_bytes, &g->tdvf);
	if (error == TDVF_OK)
		return 0;
	tdvf_explain(error, &g->tdvf, why, sizeof(why));
	return complain(STATUS_INPUT, "firmware %s: %s", path, why);
}

int guest_firmware_fits(const struct guest *g, const struct machine *machine)
{
	uint64_t least = (tdvf_ram_end(&g->tdvf) + FIRMWARE_ROOM + TDX_2M_SIZE - 1) / TDX_2M_SIZE * TDX_2M_SIZE;
	const struct tdvf_section *hob = &g->tdvf.sections[g->tdvf.hob];
	size_t bytes = tdhob_build(&g->tdvf, machine->ram[0].bytes, machine->ram[1].bytes, NULL, 0);

	if (bytes > hob->bytes)
		return complain(STATUS_INPUT, "firmware %s: its TD HOB section has %" PRIu64 " bytes, %zu are needed", g->firmware,
				hob->bytes, bytes);
	if (machine->ram[0].bytes >= least)
		return 0;
	return complain(STATUS_INPUT, "--memory: too little below 4 GiB for the firmware: at least %" PRIu64 "M", least >> 20);
}

int guest_fits(const struct guest *g, uint64_t initrd_bytes, size_t cmdline_bytes, uint64_t low_bytes)
{
	struct load_plan plan;
	enum load_error error = g->kind == GUEST_LINUX
		? load_plan_linux(&g->bzimage, initrd_bytes, cmdline_bytes, low_bytes, &plan)
		: load_plan_payload(&g->elf, low_bytes, &plan);

	if (error == LOAD_OK)
		return 0;
	if (error == LOAD_CMDLINE_TOO_LONG)
		return complain(STATUS_INPUT, "--append: %s: %zu bytes, %u are allowed", load_error_text(error),
				cmdline_bytes, g->kind == GUEST_LINUX ? g->bzimage.cmdline_max : 0);
	return complain(STATUS_INPUT, "--memory: %s: at least %lluM below 4 GiB", load_error_text(error),
			(unsigned long long)(plan.needed + (2u << 20) - 1) >> 21 << 1);
}
