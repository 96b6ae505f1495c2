/* SPDX-License-Identifier: MIT */
#include "monitor/qemu/ports.h"

#include <stdbool.h>

#include "image/bytes.h"
#include "monitor/end.h"
#include "monitor/io.h"
#include "monitor/journal.h"
#include "monitor/qemu/fwcfg_guest.h"
#include "monitor/qemu/pci.h"
#include "monitor/qemu/virtio.h"
#include "monitor/state.h"

#define PORT_KEYBOARD	0x64	/* command FE..FF pulses the reset line (IBM PC AT) */
#define PORT_SYSTEM	0x92	/* bit 0 resets (IBM PS/2) */
#define PORT_DEBUG_EXIT	0xf4
#define PORT_PCI_DATA	0xcfc	/* PCI Local Bus 3.0, 3.2.2.3.2 */
#define PORT_RESET	0xcf9	/* ICH9 reset control: bit 2 resets */
#define PORT_PM1_CNT	0x604	/* where SeaBIOS puts ICH9's PM1a control register: PMBASE 0x600 + 4 */
#define PM1_SLEEP	(1u << 13)
#define PM1_TYPE(value)	((value) >> 10 & 7)

/* SLP_TYP: [qemu:acpi_pm_cnt_write], and \_S3, \_S4, \_S5 of its DSDT ([qemu:acpi-build.c]). */
enum { TYPE_S5, TYPE_S3, TYPE_S4 };

/* The monitor's own way out, and its own way to ask. */
static bool hidden(uint16_t port, unsigned int size)
{
	return port <= MACHINE_ASK_PORT && port + size > PORT_DEBUG_EXIT;
}

static uint32_t all_ones(unsigned int size)
{
	return size == 4 ? ~0u : (1u << 8 * size) - 1;
}

uint32_t ports_read(uint16_t port, unsigned int size)
{
	uint32_t value;

	if (hidden(port, size))
		return all_ones(size);
	if (fwcfg_guest_access(port, size, false, &value))
		return value;
	return size == 1 ? in8(port) : size == 2 ? in16(port) : in32(port);
}

/* A guest that sleeps has not come to its end: nobody wakes it. Other types do nothing. */
static void check_sleep(uint32_t pm1)
{
	if (!(pm1 & PM1_SLEEP))
		return;
	if (PM1_TYPE(pm1) == TYPE_S5)
		end_run_mark(TD_MARK_POWER_OFF, pm1);
	if (PM1_TYPE(pm1) == TYPE_S3 || PM1_TYPE(pm1) == TYPE_S4)
		end_run_mark(TD_MARK_SUSPENDED, PM1_TYPE(pm1) == TYPE_S3 ? 3 : 4);
}

/* Ends the run if that is what the guest asks for. */
static void check_end(uint16_t port, uint32_t value)
{
	if (port == PORT_DEBUG_EXIT)
		end_run_mark(TD_MARK_SHUTDOWN, value);
	if (port == PORT_PM1_CNT)
		check_sleep(value);
	if (port == PORT_PM1_CNT + 1)
		check_sleep(value << 8);
	if ((port == PORT_RESET && (value & 4)) || (port == PORT_SYSTEM && (value & 1)) ||
	    (port == PORT_KEYBOARD && (value & 0xfe) == 0xfe))
		end_run_mark(TD_MARK_RESET, 0);
}

/* Registers and their fields: National Semiconductor PC16550D, 8.0. */
enum { UART_DATA = MACHINE_UART, UART_LINE_CONTROL = MACHINE_UART + 3, LINE_CONTROL_DIVISOR = 0x80 };

/* What the guest says there, in the order in which everything else happened: a line, or as much as a record holds. */
static void listen(uint16_t port, unsigned int size, uint32_t value)
{
	static struct td_event event = { .type = TD_EV_TEXT };
	static unsigned int used;
	static bool divisor;

	if (port == UART_LINE_CONTROL)
		divisor = value & LINE_CONTROL_DIVISOR;
	if (port != UART_DATA || divisor || size != 1)
		return;
	event.text.text[used++] = (char)value;
	if (used < sizeof(event.text.text) && value != '\n')
		return;
	event.vcpu = (uint16_t)current->index;
	event.rip = current->regs.rip;
	journal_put(&event);
	memset(&event.text, 0, sizeof(event.text));
	used = 0;
}

void ports_write(uint16_t port, unsigned int size, uint32_t value)
{
	check_end(port, value);
	listen(port, size, value);
	if (port <= PORT_PCI_DATA + 3 && port + size > PORT_PCI_DATA)
		virtio_moved();
	if (hidden(port, size) || fwcfg_guest_access(port, size, true, &value))
		return;
	pci_check_port(port, size, value);
	if (size == 1)
		out8(port, (uint8_t)value);
	else if (size == 2)
		out16(port, (uint16_t)value);
	else
		out32(port, value);
}
