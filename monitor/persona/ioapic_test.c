/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#define tap_puts(text) fputs(text, stdout)
#include "monitor/persona/ioapic.h"
#include "wire/tap.h"

#define MASKED 0x10000u

static uint32_t entry(uint32_t reg, uint32_t value)
{
	ioapic_filter(0, reg);
	return ioapic_filter(0x10, value);
}

int main(void)
{
	tap_is(entry(0x14, 0x00030), 0x00030, "a fixed interrupt passes");
	tap_is(entry(0x14, 0x00400), 0x00400, "an NMI passes: the monitor takes it");
	tap_is(entry(0x14, 0x00700), 0x00700, "ExtINT passes");
	tap_is(entry(0x14, 0x0a200), 0x0a000 | MASKED, "an SMI becomes a masked entry");
	tap_is(entry(0x14, 0x00530), 0x00030 | MASKED, "so does an INIT");
	tap_is(entry(0x3e, 0x00500), MASKED, "in the last entry too");
	tap_is(entry(0x15, 0x01000500), 0x01000500, "the upper half holds a destination only");
	tap_is(entry(0x00, 0x02000500), 0x02000500, "what is no entry passes");
	ioapic_filter(0x100, 0x10);
	tap_is(ioapic_filter(0x510, 0x00500), MASKED, "the registers repeat all over the page");
	return tap_done();
}
