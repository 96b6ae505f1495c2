/* SPDX-License-Identifier: MIT */
/*
 * Scenarios: short sequences of TDCALLs and memory accesses. Each breaks one rule of page conversion, or looks as if
 * it did and does not. The same source runs twice: as a tiny TD on the monitor (violate.c, scene_td.c) and in a process
 * against the TD core (scenarios_test.c). Both must come to the verdict that the file `expect` states, so neither the
 * engine nor the core can drift alone. Scenarios therefore know nothing but the ABI and the hooks below.
 */
#ifndef PAYLOADS_SCENARIO_H
#define PAYLOADS_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "payloads/lib/gpr.h"

#define SCENE_PAGES	16384ull	/* of the window: 64 MiB, Linux's smallest swiotlb */
#define SCENE_CHUNK	512ull		/* pages per call of behaviour hyperv */

/* General registers in the order of their numbers, as in the mask of TDG.VP.VMCALL. */
/* What vCPUs of one scenario tell each other. */
struct scene_mail {
	volatile uint64_t value;
};

struct scene {
	uint64_t window;	/* GPA of SCENE_PAGES pages of private RAM, 2 MiB aligned, used by nobody else */
	uint64_t shared;	/* the shared bit S */
	uint64_t mmio;		/* GPA of a page of device registers */
	uint64_t rom;		/* GPA of a page in the ROM window */
	unsigned int cpu;	/* of cpus */
	unsigned int cpus;
	struct scene_mail *mail;
	void *engine;		/* the hooks' own */
};

/*
 * Hooks. An access names its alias by S in gpa.
 *
 * scene_tdcall(): every register but RSP goes in and comes out.
 * scene_load(), scene_store(): eight bytes; false: a #VE was raised, its information was taken, nothing was accessed.
 * scene_load_split(): eight bytes that begin four before the end of page `first` and end in page `second`.
 * scene_device(): the device uses the page at this GPA, of which S says how the guest writes there; false: there is
 * none. scene_meet(): returns when every vCPU has called it.
 * scene_note(): one line for the human.
 */
void scene_tdcall(struct scene *s, uint64_t gpr[GPRS]);
bool scene_load(struct scene *s, uint64_t gpa, uint64_t *value);
bool scene_store(struct scene *s, uint64_t gpa, uint64_t value);
bool scene_load_split(struct scene *s, uint64_t first, uint64_t second);
enum device_use {
	DEVICE_WRITES,		/* its data into the page */
	DEVICE_READS,		/* data from the page */
	DEVICE_HEADER,		/* the request that it is to carry out stands there */
	DEVICE_RING,		/* its rings do */
	DEVICE_UNSEEN,		/* data from the page, told by a way that the monitor does not look at */
};

bool scene_device(struct scene *s, uint64_t gpa, enum device_use use);
void scene_meet(struct scene *s);
void scene_note(struct scene *s, const char *text);

/* 0: the sequence ran to its end and every answer was the one that it is about. It says nothing about the verdict. */
struct scenario {
	const char *name;
	int (*run)(struct scene *s);
	unsigned int cpus;	/* every one of them calls run() */
};

/* The end is an entry without a name. */
extern const struct scenario scenarios_broken[];	/* scenarios_broken.c: commit a violation */
extern const struct scenario scenarios_hosts[];		/* scenarios_hosts.c: either, by the host's conduct */
extern const struct scenario scenarios_sound[];		/* scenarios_sound.c: look like one, and are none */
extern const struct scenario scenarios_vcpus[];		/* scenarios_vcpus.c: the same of two vCPUs */

const struct scenario *scenario_named(const char *name);

/* Ends a scenario that did not go as its author meant. */
#define SCENE_NEEDS(s, condition)				\
	do {							\
		if (!(condition)) {				\
			scene_note(s, "failed: " #condition);	\
			return 1;				\
		}						\
	} while (0)

/* The few things that most scenarios do (scenario.c). */
struct map_answer {
	uint64_t r10;
	uint64_t r11;
};

enum alias { TO_PRIVATE, TO_SHARED };

struct map_answer scene_map(struct scene *s, uint64_t gpa, uint64_t pages, enum alias to);
uint64_t scene_accept(struct scene *s, uint64_t gpa, uint64_t level);
uint64_t scene_release(struct scene *s, uint64_t gpa, uint64_t level);

/*
 * scene_share(), scene_unshare(): as a careful guest does it: whole range, goes on where RETRY says, a few patient
 * stalls; unsharing accepts every page. False if the VMM would not.
 */
bool scene_share(struct scene *s, uint64_t gpa, uint64_t pages);
bool scene_unshare(struct scene *s, uint64_t gpa, uint64_t pages);
bool scene_request(struct scene *s, uint64_t gpa, uint64_t pages, enum alias to);	/* without the ACCEPTs */

/* Begins to share so many pages of the window, and comes as far as the first SCENE_CHUNK of them; else false. */
bool scene_begin(struct scene *s, uint64_t pages);

static inline uint64_t scene_page(const struct scene *s, uint64_t n)
{
	return s->window + n * TDX_PAGE_SIZE;
}

#endif
