/* SPDX-License-Identifier: MIT */
/* QEMU's RAM, a memory file that the command holds too: the monitor's status, the journal ring, and td itself. */
#ifndef CLI_RAM_H
#define CLI_RAM_H

#include "cli/verdict/records.h"
#include "wire/status.h"

struct ram {
	const struct machine *machine;
	int fd;
	uint8_t *data;
	uint64_t bytes;
	bool rebooted;		/* the machine's firmware may have been everywhere since the guest's end */
};

/* Returns 0, or STATUS_ENVIRONMENT after a complaint. */
int ram_create(struct ram *ram, const struct machine *machine);
void ram_close(struct ram *ram);

/* Another's contents, of a machine that does not run. Returns 0, or STATUS_ENVIRONMENT after a complaint. */
int ram_copy(struct ram *to, const struct ram *from);

/* The TD in there, to be read: no engine comes with it. False if there is none. */
bool ram_td(const struct ram *ram, const struct td_config *config, struct td *td);

/* Of private memory; false where there is none. What was never touched reads as zeros, and stays a hole. */
bool ram_read_private(const struct ram *ram, uint64_t gpa, void *data, size_t bytes);

/* NULL until the monitor is up. */
volatile struct monitor_status *ram_status(const struct ram *ram);

/* Why the monitor could not go on; empty if it did not say. */
void ram_message(const struct ram *ram, char *text, size_t bytes);

/* Moves what the monitor has written meanwhile to records. */
void ram_drain(const struct ram *ram, struct records *records);

/*
 * After QEMU has gone: lets td judge what was still open, and adds that to records. Nothing to do if the TD never ran,
 * or if QEMU was killed while td was changing its state. Returns 0, or STATUS_ENVIRONMENT after a complaint.
 */
int ram_finish(const struct ram *ram, const struct td_config *config, bool killed, uint64_t hung_ms,
	       struct records *records);

/*
 * Whether that much memory can be had. Returns 0, or STATUS_ENVIRONMENT after a complaint. Memory is only taken as
 * the guest touches it, so this is what a boot needs, not the size of the file.
 */
int memory_available(uint64_t guest_bytes);
/* What a control group leaves: its limit less what is used and could not be dropped. Pages of files could. */
uint64_t memory_left_in(const char *folder, const char *limit, const char *usage);
uint64_t memory_needed(uint64_t guest_bytes);
uint64_t memory_free(void);	/* what the kernel and the control group leave us; UINT64_MAX if they do not say */

#endif
