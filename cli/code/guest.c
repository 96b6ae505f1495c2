/* SPDX-License-Identifier: MIT */
/* Which guest code is meant, and that it can be had. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/code/code.h"
#include "cli/file.h"
#include "sim/child.h"
#include "sim/load.h"

#define MOST_PAGES	CODE_RUN_PAGES
#define LOWEST		0x08000000ull	/* room for what is before it, in the largest unit of a guest */
#define HIGHEST		0x4000000000ull	/* and behind it, within any GPAW */

static int load(void *arg)
{
	return code_load(arg);
}

/* A harness is loaded and no more, in a process of its own: that runs code of it. */
static int try_harness(struct code *c)
{
	const char *harness = c->options->harness;
	uint64_t beat = 0;
	int status = 0;

	switch (child_run(load, c, &beat, NULL, &status)) {
	case CHILD_BACK:
		break;
	case CHILD_NONE:
		return complain(STATUS_ENVIRONMENT, "no process for the guest code");
	case CHILD_INTERRUPTED:
		return STATUS_SIGNAL + child_signal();
	case CHILD_HUNG:
		return complain(STATUS_INPUT, "--harness %s: it does not come back from being loaded", harness);
	default:
		return complain(STATUS_INPUT, "--harness %s: it crashes when it is loaded", harness);
	}
	if (!status && c->guest->old_names)
		narrate("%s: convert() and accept() are names of tdlab 0.1: call them tdlab_convert() and tdlab_accept()",
			harness);
	return status;
}

static const struct sim_guest *named(const struct sim_guest *const *guests, const char *name)
{
	while (*guests && strcmp((*guests)->name, name) != 0)
		guests++;
	return *guests;
}

static int find(struct code *c)
{
	const struct explore_options *o = c->options;
	const struct sim_guest *guest;

	if (o->harness) {
		*c->guest = (struct sim_guest){ .name = o->harness, .what = "a harness" };
		return try_harness(c);
	}
	guest = named(sim_guests, o->guest);
	guest = guest ? guest : named(sim_broken, o->guest);
	if (!guest)
		return complain(STATUS_INPUT, "--guest %s: no such guest: see tdlab list guests", o->guest);
	*c->guest = *guest;
	return 0;
}

static int read_platform(struct code *c)
{
	struct platform platform;
	int status = platform_load(&platform, c->options->boot.platform, NULL);

	if (!status) {
		c->platform = platform.packed;
		platform_free(&platform);
	}
	return status;
}

int code_open(struct code *c, const struct explore_options *o, uint64_t pages)
{
	int status;

	pages = o->pages.given ? o->pages.value : pages;
	if (o->guest && o->harness)
		return complain(STATUS_INPUT, "--harness and --guest: one guest at a time");
	if (pages == 0 || pages > MOST_PAGES)
		return complain(STATUS_INPUT, "--pages %s: from 1 to %d", o->pages.text, MOST_PAGES);
	if (o->at.given && (o->at.value % TDX_PAGE_SIZE != 0 || o->at.value < LOWEST || o->at.value >= HIGHEST))
		return complain(STATUS_INPUT, "--at %s: a page from 0x%llx on, below 0x%llx", o->at.text, LOWEST, HIGHEST);
	*c = (struct code){
		.options = o,
		.guest = mmap(NULL, sizeof(*c->guest), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		.job = { .at = o->at.given ? o->at.value : SIM_AT, .pages = (uint32_t)pages, .to_shared = !o->to_private,
			 .stalls = o->stalls.given ? (uint32_t)o->stalls.value : TD_STALLS },
	};
	if (c->guest == MAP_FAILED)
		return complain(STATUS_ENVIRONMENT, "no memory for the guest code");
	c->job.guest = c->guest;
	status = read_platform(c);
	return status ? status : find(c);
}

int code_load(const struct code *c)
{
	const char *harness = c->options->harness, *wrong;
	uint64_t bytes;
	int fd;

	if (!harness)
		return 0;
	fd = file_open(harness, "--harness", &bytes);	/* dlopen() would wait for a pipe */
	if (fd < 0)
		return STATUS_INPUT;
	close(fd);
	wrong = harness_load(harness, c->guest);
	return wrong ? complain(STATUS_INPUT, "--harness %s: %s", harness, wrong) : 0;
}
