/* SPDX-License-Identifier: MIT */
/*
 * The tiny TD that is many guests, one after the other and each in memory of its own:
 *
 *	tdlab boot --append guests=NAME:SEED,NAME:FIRST-LAST,... guests
 *
 * NAME is a defect of guests.h, none for sound guests.
 */
#include "payloads/guests.h"
#include "payloads/lib/payload.h"

#define WINDOW		0x2000000ull	/* as in violate.c */
#define STATUS_INPUT	2
#define STATUS_MACHINE	3

static struct guest guest;
static struct scene scenes[GUEST_CPUS];
static volatile unsigned int turn;	/* the vCPU that has the next step to do */

/* The second vCPU: a step when it is asked for one. */
static void follow(unsigned int cpu)
{
	for (;;) {
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != cpu)
			__builtin_ia32_pause();
		guest_step(&guest, &scenes[cpu]);
		__atomic_store_n(&turn, 0, __ATOMIC_RELEASE);
	}
}

static void run_guest(enum defect defect, uint64_t seed)
{
	static uint64_t base;
	int cpu;

	guest_init(&guest, seed, base, payload_info.vcpus < GUEST_CPUS ? 1 : GUEST_CPUS, defect);
	base += GUEST_PAGES;
	while ((cpu = guest_next(&guest)) >= 0) {
		if (cpu == 0) {
			guest_step(&guest, &scenes[0]);
			continue;
		}
		__atomic_store_n(&turn, (unsigned int)cpu, __ATOMIC_RELEASE);
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != 0)
			__builtin_ia32_pause();
	}
}

/* The defect whose name ends at a colon; DEFECT_KINDS: there is none. */
static unsigned int defect_named(const char **p)
{
	for (unsigned int d = 0; d < DEFECT_KINDS; d++) {
		const char *name = defect_names[d], *at = *p;

		while (*name != '\0' && *name == *at)
			name++, at++;
		if (*name == '\0' && *at == ':') {
			*p = at + 1;
			return d;
		}
	}
	return DEFECT_KINDS;
}

static uint64_t number(const char **p)
{
	uint64_t n = 0;

	for (; **p >= '0' && **p <= '9'; ++*p)
		n = n * 10 + (uint64_t)(**p - '0');
	return n;
}

/* Runs the list, or only counts its guests; 0: it cannot be read. */
static uint64_t guests(const char *p, bool only_count)
{
	uint64_t count = 0, first, last;
	unsigned int defect;

	for (;; p++) {
		defect = defect_named(&p);
		if (defect == DEFECT_KINDS)
			return 0;
		first = last = number(&p);
		if (*p == '-') {
			p++;
			last = number(&p);
		}
		if (last < first || (*p != ',' && *p != '\0'))
			return 0;
		count += last - first + 1;
		for (; !only_count && first <= last; first++)
			run_guest((enum defect)defect, first);
		if (*p == '\0')
			return count;
	}
}

int payload_main(void)
{
	static char list[1024];
	uint64_t count;

	if (!payload_argument("guests", list, sizeof(list)) || (count = guests(list, true)) == 0) {
		console_puts("guests: give guests=NAME:SEED,NAME:FIRST-LAST..., NAME as in payloads/guests.h\n");
		return STATUS_INPUT;
	}
	if (payload_ram_end(WINDOW) < WINDOW + count * GUEST_PAGES * TDX_PAGE_SIZE) {
		console_puts("guests: too many for this memory, each needs 8 MiB\n");
		return STATUS_MACHINE;
	}
	for (unsigned int cpu = 0; cpu < GUEST_CPUS; cpu++)
		scenes[cpu] = (struct scene){ .window = WINDOW, .shared = payload_info.shared, .cpu = cpu,
					      .cpus = payload_info.vcpus };
	if (payload_info.vcpus >= GUEST_CPUS && !payload_start_cpu(1, follow))
		return STATUS_MACHINE;
	guests(list, false);
	return 0;
}
