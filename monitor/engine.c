/* SPDX-License-Identifier: MIT */
/* The monitor as td's engine: what td/td.h asks for. */
#include "image/bytes.h"
#include "monitor/ask.h"
#include "monitor/end.h"
#include "monitor/explore.h"
#include "monitor/guest_memory.h"
#include "monitor/io.h"
#include "monitor/journal.h"
#include "monitor/mem.h"
#include "monitor/npt.h"
#include "monitor/images.h"
#include "monitor/panic.h"
#include "monitor/persona/ioapic.h"
#include "monitor/qemu/pci.h"
#include "monitor/qemu/ports.h"
#include "monitor/qemu/disk_idle.h"
#include "monitor/qemu/virtio.h"
#include "monitor/state.h"
#include "wire/pattern.h"

/*
 * Writes here are interrupts, INITs and SMIs to any CPU: SDM volume 3A, "Message Signalled Interrupts". Devices send
 * them, and a TD has a local APIC of its own.
 */
#define MESSAGES	0xfee00000ull
#define MESSAGES_END	0xfef00000ull

/* td promises that a range lies within one slot; a broken promise must not become a machine address. */
static uint64_t address_of(const struct td *of, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	const struct td_slot *slot = td_slot_of(of, gpa);
	uint64_t first, last;

	if (pages == 0 || !guest_memory_address(slot, gpa, alias, &first) ||
	    !guest_memory_address(slot, gpa + (pages - 1) * TDX_PAGE_SIZE, alias, &last) ||
	    last - first != (pages - 1) * TDX_PAGE_SIZE)
		panic("td used GPA 0x%lx, %lu pages, which no memory stands behind", gpa, pages);
	return first;
}

static uint64_t guest_address(const struct td *of, uint64_t gpa, enum td_alias alias)
{
	return alias == TD_SHARED ? gpa | td_shared_bit(of) : gpa;
}

static void engine_map(struct td *of, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	npt_map(guest_address(of, gpa, alias), pages, address_of(of, gpa, pages, alias));
}

static void engine_unmap(struct td *of, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	npt_unmap(guest_address(of, gpa, alias), pages);
}

static void engine_fill(struct td *of, uint64_t gpa, uint64_t pages, enum td_alias alias, enum td_fill what)
{
	uint64_t address = address_of(of, gpa, pages, alias), *page = mem_machine(address);

	if (alias == TD_SHARED && explore_active())
		return;
	explore_change(gpa, pages, address);

	/* Another CPU's stale translation could still write there. */
	npt_sync();
	for (; pages > 0; pages--, page += PATTERN_WORDS, gpa += TDX_PAGE_SIZE) {
		if (what == TD_FILL_ZERO)
			memset(page, 0, TDX_PAGE_SIZE);
		else
			pattern_fill(page, gpa, what == TD_FILL_POISON ? PATTERN_POISON : PATTERN_SCRAMBLE);
	}
}

static uint64_t engine_poisoned(struct td *of, uint64_t gpa, uint64_t pages)
{
	return explore_began() ? pages : ask_untouched(address_of(of, gpa, pages, TD_SHARED), pages);
}

static void transfer(struct td *of, uint64_t gpa, enum td_alias alias, void *data, size_t bytes, bool write)
{
	uint64_t address = address_of(of, gpa, 1, alias);
	uint8_t *p = mem_machine(address);

	if (bytes > TDX_PAGE_SIZE - gpa % TDX_PAGE_SIZE)
		panic("td reached beyond a page at GPA 0x%lx", gpa);
	if (!write) {
		memcpy(data, p, bytes);
		return;
	}
	explore_change(gpa, 1, address / TDX_PAGE_SIZE * TDX_PAGE_SIZE);
	memcpy(p, data, bytes);
}

static void engine_private(struct td *of, uint64_t gpa, void *data, size_t bytes, bool write)
{
	transfer(of, gpa, TD_PRIVATE, data, bytes, write);
}

static void engine_shared(struct td *of, uint64_t gpa, void *data, size_t bytes, bool write)
{
	transfer(of, gpa, TD_SHARED, data, bytes, write);
}

static void begin_access(enum monitor_access_kind kind, uint64_t address, unsigned int size)
{
	*(volatile struct monitor_access *)&journal_status()->access = (struct monitor_access){ address, size, kind };
}

static void end_access(void)
{
	*(volatile uint32_t *)&journal_status()->access.kind = MONITOR_NO_ACCESS;
}

static bool engine_port(struct td *of, uint16_t port, unsigned int size, bool write, uint32_t *value)
{
	(void)of;
	begin_access(write ? MONITOR_PORT_WRITE : MONITOR_PORT_READ, port, size);
	if (write)
		ports_write(port, size, *value);
	else
		*value = ports_read(port, size);
	end_access();
	return true;
}

static bool engine_mmio(struct td *of, uint64_t gpa, unsigned int size, bool write, uint64_t *value)
{
	const struct td_slot *slot = td_slot_of(of, gpa);
	uint64_t address;

	if (slot == NULL || slot->kind != TD_SLOT_MMIO || gpa % TDX_PAGE_SIZE + size > TDX_PAGE_SIZE ||
	    !guest_memory_address(slot, gpa, TD_SHARED, &address))
		return false;
	if (address >= MESSAGES && address < MESSAGES_END)
		return false;
	if (address / TDX_PAGE_SIZE == IOAPIC_PAGE / TDX_PAGE_SIZE) {
		if (size != 4 || address % 4 != 0)	/* does nothing, and reads as zero ([qemu:ioapic.c]) */
			return true;
		if (write)
			*value = ioapic_filter((uint32_t)(address - IOAPIC_PAGE), (uint32_t)*value);
	}
	begin_access(write ? MONITOR_MMIO_WRITE : MONITOR_MMIO_READ, address, size);
	if (write) {
		pci_check_memory(address, size, *value);
		virtio_write(address, size, *value);
		mem_device_write(address, size, *value);
		disk_idle_wait();
	} else {
		*value = mem_device_read(address, size);
	}
	end_access();
	return true;
}

static bool engine_msr(struct td *of, unsigned int vcpu, uint32_t msr, bool write, uint64_t *value)
{
	struct persona_vcpu *p = &vcpus[vcpu].persona;

	(void)of;
	return write ? vmm_wrmsr(p, msr, *value) : vmm_rdmsr(p, msr, value);
}

static void engine_cpuid(struct td *of, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	(void)of;
	vmm_cpuid(&persona, current->index, leaf, subleaf, out);
}

/*
 * The guest's RIP of a hypercall is always the same stub, so what was asked for is followed by who may have asked. What
 * the guest's stack says is only as good as the guest.
 */
static void engine_emit(struct td *of, struct td_event *event)
{
	struct td_event callers = td_event_new(TD_EV_CALLERS, event->vcpu, 0);

	(void)of;
	if (current != NULL && (event->type == TD_EV_MAPGPA || event->type == TD_EV_ACCEPT || event->type == TD_EV_VERDICT))
		images_note(current);
	journal_put(event);
	if (current == NULL || explore_active() || (event->type != TD_EV_MAPGPA && event->type != TD_EV_VERDICT))
		return;
	callers.rip = current->regs.rip;
	vcpu_callers(current, callers.callers.address);
	if (callers.callers.address[0] != 0)
		journal_put(&callers);
}

const struct td_engine monitor_engine = {
	.map = engine_map,
	.unmap = engine_unmap,
	.fill = engine_fill,
	.poisoned = engine_poisoned,
	.private = engine_private,
	.shared = engine_shared,
	.port = engine_port,
	.mmio = engine_mmio,
	.msr = engine_msr,
	.cpuid = engine_cpuid,
	.emit = engine_emit,
};
