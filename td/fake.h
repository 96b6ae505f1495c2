/* SPDX-License-Identifier: MIT */
/*
 * The engine of the unit tests: a guest that is nothing but calls. It keeps what a real engine would put into page
 * tables and memory, in arrays, and lets a test look at them. Host only.
 */
#ifndef TD_FAKE_H
#define TD_FAKE_H

#include "td/td.h"

#define FAKE_RAM	0x1000000ull	/* the RAM slot that fake_config() makes, 2 MiB aligned */
#define FAKE_MMIO	0xc0000000ull
#define FAKE_S		(1ull << 47)	/* its shared bit */
#define FAKE_PAGE(n)	(FAKE_RAM + (uint64_t)(n) * TDX_PAGE_SIZE)
#define FAKE_MAX_PAGES	(64 * 512)
#define FAKE_EVENTS	65536

struct fake_page {
	bool mapped[2];		/* by enum td_alias */
	uint8_t fill[2];	/* enum td_fill + 1 of the last fill, 0: none */
	bool dirty;		/* a device wrote to the shared twin since its last fill */
};

struct fake {
	struct td *td;		/* &handle, NULL if td_init() refused */
	struct td handle;
	struct td_config config;
	void *storage;
	size_t bytes;
	struct fake_page pages[FAKE_MAX_PAGES];
	struct td_event events[FAKE_EVENTS];
	uint32_t nevents;
	uint64_t port_value, mmio_value, msr_value;	/* last written, or what a read returns */
	uint64_t mmio_gpa;				/* of the last access; as many were made */
	unsigned int mmio_calls;
	uint8_t private_page[4096];			/* all of private memory that MR.REPORT sees */
	uint8_t shared_page[4096];			/* all of shared memory that MR.REPORT and GetQuote see */
};

extern struct fake fake;

/* A TD with `pages` of mapped RAM at FAKE_RAM, 1 GiB of MMIO at FAKE_MMIO, GPAW 48, one vCPU; change it as you like. */
struct td_config fake_config(uint64_t pages);

/* Starts over with this configuration, or with fake_config() and one rule; returns NULL as td_init() does. */
struct td *fake_start(const struct td_config *config);
struct td *fake_start_rule(uint64_t pages, const struct td_rule *rule);

/* What the engine keeps of a page of RAM or ROM (gpa without S), NULL elsewhere. */
struct fake_page *fake_page(uint64_t gpa);

/* TDCALLs as a guest makes them. Results are in regs. */
enum td_action fake_tdcall(unsigned int vcpu, uint64_t leaf, uint64_t rcx, struct td_regs *regs);
struct fake_answer { uint64_t r10, r11; enum td_action action; } fake_map_gpa(uint64_t gpa, uint64_t bytes);
struct fake_answer fake_share(uint64_t first, uint64_t pages);	/* from FAKE_PAGE(first) on */
struct fake_answer fake_unshare(uint64_t first, uint64_t pages);
uint64_t fake_accept(uint64_t gpa, uint64_t level);
enum td_action fake_touch(uint64_t gpa_with_s, uint32_t flags);

/* Events of one type; violations of one kind (TD_CLASS_VIOLATION only). */
uint32_t fake_count(enum td_event_type type);
uint32_t fake_violations(enum td_violation v);
uint32_t fake_all_violations(void);
uint32_t fake_class(enum td_class class);
uint32_t fake_closed(enum td_close how);
void fake_power_off(void);	/* the guest ends in peace, and is judged */
const struct td_event *fake_last(enum td_event_type type);	/* one of type TD_EV_TYPES, all zero, if there is none */

/* How many pages of RAM are in this state. */
uint64_t fake_real_pages(enum td_real real);
uint64_t fake_known_pages(enum td_known known);

/* The page tables agree with the page states everywhere, and td_sane() holds. */
bool fake_consistent(void);

#endif
