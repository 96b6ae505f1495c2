/* SPDX-License-Identifier: MIT */
/* Where a guest without firmware is loaded: decided by the monitor, and by the command before QEMU starts. */
#ifndef WIRE_PLAN_H
#define WIRE_PLAN_H

#include "image/bzimage.h"
#include "image/elf.h"

#define LOAD_AREA_BYTES		0x40000ull	/* mailbox, page tables and ACPI tables, at the top of low RAM */
#define LOAD_CMDLINE_BYTES	0x1000u

/* LOAD_ERROR(identifier, one sentence) */
#define LOAD_ERRORS(LOAD_ERROR) \
	LOAD_ERROR(OK, "loaded") \
	LOAD_ERROR(BAD_KERNEL, "the kernel file cannot be used") \
	LOAD_ERROR(NO_ROOM_KERNEL, "guest memory is too small for the kernel") \
	LOAD_ERROR(NO_ROOM_INITRD, "guest memory is too small for the kernel and the initrd together") \
	LOAD_ERROR(CMDLINE_TOO_LONG, "the kernel command line is too long for this kernel") \
	LOAD_ERROR(ACPI, "the machine's ACPI tables cannot be used") \
	LOAD_ERROR(MEMORY, "guest memory is not laid out as the loader needs it")

enum load_error {
#define LOAD_ERROR(id, sentence) LOAD_##id,
	LOAD_ERRORS(LOAD_ERROR)
#undef LOAD_ERROR
	LOAD_ERROR_KINDS
};

const char *load_error_text(enum load_error error);

/*
 * Where things go, decided from sizes alone, so that the command can say before QEMU starts that memory is too small.
 * low_bytes: RAM below 4 GiB (struct machine, ram[0].bytes).
 */
struct load_plan {
	uint64_t kernel;	/* GPA of the protected-mode kernel */
	uint64_t kernel_end;	/* end of what it needs there */
	uint64_t initrd;
	uint64_t area;		/* end of usable low RAM */
	uint64_t needed;	/* bytes of low RAM that would do */
};

enum load_error load_plan_linux(const struct bzimage *image, uint64_t initrd_bytes, size_t cmdline_bytes,
				uint64_t low_bytes, struct load_plan *plan);
enum load_error load_plan_payload(const struct elf_image *image, uint64_t low_bytes, struct load_plan *plan);

#endif
