/* SPDX-License-Identifier: MIT */
/*
 * What is in the guest's private memory before its first instruction, and with which registers that runs.
 *
 * Two kinds of file, told apart by the first bytes: a Linux bzImage, started at its 64-bit entry ([linux:boot.rst],
 * "64-bit BOOT PROTOCOL"), and a payload, a static ELF64 executable. Firmware starts as firmware.h says.
 *
 * START STATE, the same for both (struct load_start):
 *
 *	RIP	bzImage: load address + 0x200; payload: e_entry
 *	RSI	GPA of the zero page (struct boot_params: cmd_line_ptr at 0x228, e820 count at 0x1e8, e820 table of
 *		packed {u64 gpa, u64 bytes, u32 type} at 0x2d0, acpi_rsdp_addr at 0x70; bzImage only: the initrd's
 *		address and size at 0x218 and 0x21c)
 *	RDI	GPA of the mailbox page (ACPI 6.4, 5.2.12.19, "Multiprocessor Wakeup Structure"), private
 *	RDX	number of vCPUs
 *	RSP	payload: top of 16 KiB of private stack, 16-byte aligned; bzImage: 0
 *	others	0; RFLAGS 2
 *	CR0	PG WP NE ET MP PE; CR4 MCE PAE (a TD's MCE is fixed); EFER SCE LME LMA NXE
 *	CR3	identity map of the low 4 GiB in 2 MiB pages, all private (S clear), writable, executable
 *	CS	0x10 64-bit code; DS ES SS 0x18 flat data; FS GS 0x18, base 0; GDT with these two; IDT limit 0, so that
 *		an exception before the guest has its own IDT is a triple fault
 *
 * A payload is linked to physical addresses at or above 1 MiB; its stack, zero page and command line lie below. Page
 * tables, GDT, mailbox and ACPI tables lie at the top of the low RAM, in a range that the e820 table lists as type 3.
 *
 * MAILBOX. The other vCPUs wait in the monitor. To start one, write its APIC id (= vCPU index) at offset 4 (u32), the
 * address of its first instruction at offset 8 (u64), then 1 at offset 0 (u16). The monitor clears offset 0 and starts
 * the vCPU in the state above, except: RIP as asked, RSI, RDI, RDX and RSP as the one who asked will have to arrange
 * them himself: RSI = its vCPU index, the others 0.
 */
#ifndef MONITOR_LOAD_LOAD_H
#define MONITOR_LOAD_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/mem_window.h"
#include "wire/plan.h"

enum load_file { LOAD_KERNEL, LOAD_INITRD };

struct load_input {
	/* Bytes of a file from offset on; the range is inside the file. */
	void (*read)(const struct load_input *in, enum load_file file, uint64_t offset, void *to, uint64_t bytes);
	struct mem_windows ram;		/* the guest's private RAM by GPA; banks[0] from 0 on, with the ROM window */
	struct mem_windows firmware;	/* machine memory by machine address: the low MiB, and where the BIOS left its
					 * tables (the top of the RAM below 4 GiB); only read */
	uint64_t kernel_bytes;
	uint64_t initrd_bytes;		/* 0: none */
	const char *cmdline;
	uint32_t vcpus, cores;		/* cores of each package; 0: there is one package */
	uint8_t last_bus;		/* highest PCI bus number in use */
};

struct load_start {
	uint64_t rip, rbx, rcx, rdx, rsi, rdi, rsp, r8, rflags;
	uint64_t cr0, cr3, cr4, efer;
	uint64_t gdt;			/* GPA */
	uint16_t gdt_limit;
	uint16_t cs, ds;		/* selectors */
	bool code64;			/* CS: 64-bit code; else 32-bit code. All segments are flat */
};

struct load_result {
	struct load_start start;
	uint64_t mailbox;		/* GPA */
	uint64_t area;			/* GPA of the type 3 range at the top of low RAM that holds all of the above */
	uint64_t area_bytes;
	bool payload;
	bool firmware;			/* has its own mailbox: every vCPU starts with it, RSI is its number */
};

/* Everything: firmware window, ACPI tables, e820, page tables, kernel, initrd, command line. */
enum load_error load_guest(const struct load_input *in, struct load_result *result);

#endif
