/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/machine/engine.h"
#include "cli/machine/ram.h"
#include "image/bytes.h"
#include "td/td.h"

int ram_create(struct ram *ram, const struct machine *machine)
{
	*ram = (struct ram){ .machine = machine, .bytes = machine->ram_bytes, .data = MAP_FAILED };
	ram->fd = file_memory("tdlab-ram", ram->bytes);
	if (ram->fd < 0)
		return STATUS_ENVIRONMENT;
	ram->data = mmap(NULL, ram->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ram->fd, 0);
	if (ram->data == MAP_FAILED)
		return complain(STATUS_ENVIRONMENT, "cannot map the guest's memory, %llu MiB: %s",
				(unsigned long long)ram->bytes >> 20, strerror(errno));
	return 0;
}

void ram_close(struct ram *ram)
{
	if (ram->data != MAP_FAILED && ram->data)
		munmap(ram->data, ram->bytes);
	if (ram->fd > 0)
		close(ram->fd);
	*ram = (struct ram){ .fd = -1 };
}

/*
 * Copied and not mapped copy-on-write: QEMU could have a private mapping of the template's file, but this command
 * reads the journal and td's state from the run's RAM, and a private mapping is nobody else's to read. It would save
 * 0.13 s of the 2.4 s of CPU that a run of Debian's 6.12 takes from its first MapGPA (180 MiB that are no hole).
 * pwrite() is a quarter cheaper than a copy through a mapping, which faults in every page.
 */
int ram_copy(struct ram *to, const struct ram *from)
{
	off_t start = 0, end;
	ssize_t put;

	while ((start = lseek(from->fd, start, SEEK_DATA)) >= 0) {
		end = lseek(from->fd, start, SEEK_HOLE);
		for (; start < end; start += put) {
			put = pwrite(to->fd, from->data + start, (size_t)(end - start), start);
			if (put <= 0)
				return complain(STATUS_ENVIRONMENT, "cannot copy the guest's memory: %s", strerror(errno));
		}
	}
	return 0;
}

/* [address, address + bytes) of the machine, or NULL if it is not all in the file: the guest may have broken anything.
 */
static void *at(const struct ram *ram, uint64_t address, uint64_t bytes)
{
	uint64_t offset = machine_file_offset(ram->machine, address);

	return bytes <= ram->bytes && offset <= ram->bytes - bytes ? ram->data + offset : NULL;
}

bool ram_read_private(const struct ram *ram, uint64_t gpa, void *data, size_t bytes)
{
	for (uint32_t i = 0; i < ram->machine->nram; i++) {
		const struct machine_ram *r = &ram->machine->ram[i];
		uint64_t offset = machine_file_offset(ram->machine, r->bank);

		if (gpa >= r->gpa && range_within(gpa - r->gpa, bytes, r->bytes))
			return pread(ram->fd, data, bytes, (off_t)(offset + gpa - r->gpa)) == (ssize_t)bytes;
	}
	return false;
}

volatile struct monitor_status *ram_status(const struct ram *ram)
{
	volatile struct monitor_status *status = at(ram, ram->machine->reserve, sizeof(*status));

	return status && __atomic_load_n(&status->magic, __ATOMIC_ACQUIRE) == MONITOR_STATUS_MAGIC ? status : NULL;
}

void ram_message(const struct ram *ram, char *text, size_t bytes)
{
	const struct monitor_status *status = at(ram, ram->machine->reserve, sizeof(*status));

	snprintf(text, bytes, "%.*s", (int)strnlen(status->message, sizeof(status->message)), status->message);
}

void ram_drain(const struct ram *ram, struct records *records)
{
	volatile struct monitor_status *status = at(ram, ram->machine->reserve, sizeof(*status));
	uint64_t bytes, head, tail, part;
	const uint8_t *ring;

	bytes = status->journal_bytes;
	ring = bytes % sizeof(struct td_event) == 0 && bytes ? at(ram, status->journal, bytes) : NULL;
	if (!ring)
		return;
	tail = status->journal_tail;
	head = __atomic_load_n(&status->journal_head, __ATOMIC_ACQUIRE);
	if (head < tail || head - tail > bytes)
		return;
	head -= (head - tail) % sizeof(struct td_event);
	while (tail != head) {
		part = bytes - tail % bytes < head - tail ? bytes - tail % bytes : head - tail;
		records_add(records, (const struct td_event *)(const void *)(ring + tail % bytes),
			    part / sizeof(struct td_event));
		tail += part;
	}
	__atomic_store_n(&status->journal_tail, tail, __ATOMIC_RELEASE);
}

bool ram_td(const struct ram *ram, const struct td_config *config, struct td *td)
{
	volatile struct monitor_status *status = ram_status(ram);

	*td = (struct td){ 0 };
	if (status && status->td && status->td_bytes == td_size(config))
		td->mem = at(ram, status->td, status->td_bytes);
	return td->mem;
}

int ram_finish(const struct ram *ram, const struct td_config *config, bool killed, uint64_t hung_ms,
	       struct records *records)
{
	volatile struct monitor_status *status = ram_status(ram);
	struct td td = { .mem = status ? at(ram, status->td, status->td_bytes) : NULL };

	if (!td.mem || !status->td)
		return 0;
	if (status->td_bytes != td_size(config))
		return complain(STATUS_ENVIRONMENT, "monitor.elf is of another build than tdlab: run make");
	if (td_bytes(&td) != td_size(config) || !td_sane(&td))
		return killed ? 0 : complain(STATUS_ENVIRONMENT, "the monitor left td's state damaged");
	engine_finish(td.mem, ram, hung_ms, records);
	return 0;
}
