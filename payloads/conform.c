/* SPDX-License-Identifier: MIT */
/*
 * `tdlab boot build/payloads/conform`: the TDX module and the VMM as a guest meets them, checked by a guest that is
 * strict about it. Expectations are those of the public module source and of GHCI; abi/abi.def names the places.
 */
#include "payloads/conform.h"
#include "payloads/lib/payload.h"

static void tap_puts(const char *text)
{
	console_puts(text);
}

#include "wire/tap.h"

void conform_ok(bool good, const char *name)
{
	tap_ok(good, name);
}

void conform_is(uint64_t got, uint64_t want, const char *name)
{
	tap_is(got, want, name);
}

void conform_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	__asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(subleaf));
}

int payload_main(void)
{
	conform_tdcalls();
	conform_leaves();
	conform_platform();
	conform_exceptions();
	conform_debug();
	conform_cpu();
	conform_control_registers();
	conform_interrupts();
	conform_memory();
	if (payload_info.vcpus > 1) {
		conform_second_cpu();
		conform_topology();
	}
	return tap_done();
}
