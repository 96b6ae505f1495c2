/* SPDX-License-Identifier: MIT */
/* The initrd that a kernel gets: ours or the user's, with the program that speaks for it. */
#include <stdlib.h>
#include <string.h>

#include "cli/boot.h"
#include "cli/file.h"
#include "cli/machine/modules.h"
#include "wire/evidence.h"

/* The program that speaks for an initrd that does not know us. */
static int add_first(struct boot *b, struct cpio *archive)
{
	char *path = installed_needed(EVIDENCE_FIRST);
	uint8_t *data = NULL;
	size_t bytes;
	int status;

	if (!path)
		return STATUS_ENVIRONMENT;
	status = file_read(path, "program", &data, &bytes);
	if (!status) {
		cpio_file(archive, EVIDENCE_FIRST, 0755, data, bytes);
		cpio_end(archive);
		b->first = true;
	}
	free(data);
	free(path);
	return status;
}

/* Linux takes several archives in a row, compressed or not, each at a multiple of 4 bytes. */
static void join(uint8_t **data, size_t *bytes, struct cpio *archive)
{
	size_t padded = (*bytes + 3) & ~(size_t)3;

	if (!archive->bytes)
		return;
	*data = xrealloc(*data, padded + archive->bytes);
	memset(*data + *bytes, 0, padded - *bytes);
	memcpy(*data + padded, archive->data, archive->bytes);
	*bytes = padded + archive->bytes;
	free(archive->data);
	*archive = (struct cpio){ 0 };
}

static int add_modules(struct boot *b, struct cpio *archive)
{
	const struct boot_options *o = &b->options;
	const char *wanted[7] = { "virtio_pci", "virtio_blk" };
	unsigned int n = 2;

	if (o->net)
		wanted[n++] = "virtio_net";
	if (o->share.count) {
		wanted[n++] = "9pnet_virtio";
		wanted[n++] = "9p";
	}
	if (b->program)
		wanted[n++] = "tdx_guest";
	if (!b->program && !o->module.count &&
	    !((b->device.attached || o->net || o->share.count) && (!o->initrd || o->modules)))
		return 0;
	return modules_collect(o->kernel, b->guest.version, o->modules, wanted, &o->module, archive);
}

/* The command, behind our initrd. */
static int add_program(const struct boot *b, const uint8_t *data, size_t bytes, struct cpio *archive)
{
	return b->program ? program_archive(b->program, data, bytes, archive) : 0;
}

int boot_initrd(struct boot *b, size_t *bytes)
{
	const struct boot_options *o = &b->options;
	char *own = o->initrd ? NULL : installed_needed("initrd.cpio");
	const char *path = o->initrd ? o->initrd : own;
	struct cpio archive = { 0 };
	uint8_t *data = NULL;
	int status;

	if (!path)
		return STATUS_ENVIRONMENT;
	status = file_read(path, "initrd", &data, bytes);
	if (!status && *bytes == 0)
		status = complain(STATUS_INPUT, "initrd %s: the file is empty", path);
	if (!status)
		status = add_program(b, data, *bytes, &archive);
	if (!status) {
		join(&data, bytes, &archive);
		status = add_modules(b, &archive);
	}
	if (!status) {
		join(&data, bytes, &archive);
		if (o->initrd && !initrd_other(b))
			status = add_first(b, &archive);
	}
	if (!status) {
		join(&data, bytes, &archive);
		b->initrd_fd = file_from("tdlab-initrd", data, *bytes);
		status = b->initrd_fd < 0 ? STATUS_ENVIRONMENT : 0;
	}
	free(archive.data);
	free(data);
	free(own);
	return status;
}
