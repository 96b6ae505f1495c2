/* SPDX-License-Identifier: MIT */
/*
 * The machine as the command sets it up and the monitor finds it: its memory, its fw_cfg files, its devices. Both
 * compile this and machine.c.
 *
 * QEMU's RAM is one file that the command holds too (a memfd), so the journal and td's storage are read straight from
 * it, also after QEMU has died. Three parts:
 *
 *   shared bank    machine address = GPA, so that QEMU's devices do DMA unaided
 *   private bank   the same pages again, at a fixed distance per RAM slot
 *   reserve        the monitor, its page tables, td's storage, the journal ring
 *
 * QEMU's q35 puts all RAM below 4 GiB if it is less than 2.75 GiB, else 2 GiB there and the rest from 4 GiB on
 * ([qemu:pc_q35_init]). Up to 1.3 GiB of guest memory everything is contiguous; beyond, both private banks lie above
 * 4 GiB, behind a second slot of the guest if it has one.
 *
 * A guest that starts with firmware has it always so, and its own memory is split as q35 would split it, or as the user
 * says: TDVF accepts all that lies below 4 GiB and leaves the rest to the kernel. More than 1886 MiB there is no room
 * for below, next to the reserve. The firmware's image, which ends at 4 GiB, has a private bank only.
 */
#ifndef WIRE_MACHINE_H
#define WIRE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "image/tdvf.h"
#include "td/td.h"

#define MACHINE_4G		0x100000000ull
#define MACHINE_RESERVE		(160ull << 20)	/* 2 MiB aligned in place */
#define MACHINE_STATUS_BYTES	4096ull
#define MACHINE_JOURNAL_BYTES	(64ull << 20)
#define MACHINE_MIN_GUEST	(128ull << 20)
#define MACHINE_MAX_GUEST	(8ull << 30)
#define MACHINE_MIN_SPLIT	(64ull << 20)
#define MACHINE_MAX_SPLIT	(1886ull << 20)

/* A RAM slot of the guest and where its two banks are. */
struct machine_ram {
	uint64_t gpa;		/* also the machine address of the shared bank */
	uint64_t bytes;
	uint64_t bank;		/* machine address of the private bank */
};

struct machine {
	uint64_t ram_bytes;	/* of QEMU: -m */
	uint64_t low_bytes;	/* of those, below 4 GiB */
	uint64_t reserve;	/* machine address; MACHINE_RESERVE bytes; struct monitor_status, then the journal ring, then
				 * what the monitor likes. The topmost MiB below 4 GiB is left to SeaBIOS, behind the reserve. */
	struct machine_ram ram[2];
	uint32_t nram;		/* 1 or 2 */
	uint32_t pad;
	struct machine_ram image;	/* of firmware: bytes is 0 without */
	struct tdvf_image firmware;	/* its sections; nothing without */
};

/*
 * split: how much of it lies below 4 GiB; 0: what is usual. firmware: that it starts with; NULL: none. False if sizes
 * are not whole MiB, guest_bytes not within MACHINE_MIN_GUEST .. MACHINE_MAX_GUEST, or split not within
 * MACHINE_MIN_SPLIT .. MACHINE_MAX_SPLIT.
 */
bool machine_layout(struct machine *machine, uint64_t guest_bytes, uint64_t split, const struct tdvf_image *firmware);

/* Offset in the RAM file of a machine address that is RAM. */
uint64_t machine_file_offset(const struct machine *machine, uint64_t address);

/* fw_cfg files that the command adds to QEMU's. */
#define MACHINE_FILE_CONFIG	"opt/tdlab/config"
#define MACHINE_FILE_FIRMWARE	"opt/tdlab/firmware"
#define MACHINE_FILE_KERNEL	"opt/tdlab/kernel"
#define MACHINE_FILE_INITRD	"opt/tdlab/initrd"

/*
 * A second serial port that leads nowhere: what the guest writes there is in the journal (TD_EV_TEXT). COM4, because
 * firmware talks on COM1 and COM2 ([edk2:PlatformBootManagerLib]), and because Linux looks for it by itself
 * ([linux:asm/serial.h]).
 */
#define MACHINE_UART		0x2e8
#define MACHINE_UART_INDEX	3	/* from 0, as QEMU and Linux count: /dev/ttyS3 */

/*
 * COM2, in tdlab run alone: what the user's command prints, and nobody else. Firmware talks there too, before.
 */
#define MACHINE_OUTPUT_INDEX	1

/*
 * Detail of a finding about what the guest told a virtio device to use: the function on PCI's bus 0, what it was to be,
 * the queue, and the descriptor that the available ring named. Never 0.
 */
enum { MACHINE_DMA_DESC, MACHINE_DMA_AVAIL, MACHINE_DMA_USED, MACHINE_DMA_INDIRECT, MACHINE_DMA_BUFFER,
       MACHINE_DMA_KINDS };
#define MACHINE_DMA(function, what, queue, descriptor)	(1ull << 63 | (uint64_t)(function) << 40 | \
							 (uint64_t)(what) << 32 | (uint64_t)(queue) << 16 | (descriptor))

/*
 * Whether a page of QEMU's memory was touched, the command can tell and nobody within the machine. The monitor asks by
 * monitor_question (wire/status.h) and MACHINE_ASK_BYTES to this port, which is a socket that holds fewer: the last of
 * them is not taken before the command has answered. So no instruction is run meanwhile, and a run that is repeated is
 * the same.
 */
#define MACHINE_ASK_PORT	0xf8
#define MACHINE_ASK_BYTES	16

/* Where the command puts the second user of the disk in a run that is to be repeated (monitor/qemu/settle.h). */
#define MACHINE_SETTLE_DEVICE	0x1e
#define MACHINE_SETTLE_FUNCTION	7

/* RAM, ROM and MMIO slots of the guest on this machine. */
void machine_slots(const struct machine *machine, struct td_config *td);	/* reads td->platform.gpaw */

#endif
