/* SPDX-License-Identifier: MIT */
/* Which guest code is meant, and that it can be had. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/code/code.h"
#include "cli/code/load.h"
#include "cli/file.h"
#include "sim/child.h"

#define TITLE		80	/* bytes, of what a harness calls itself */

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
		c->guest->name = o->harness;
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

/* As many as are asked for; a guest that takes no less at a time is given no part of that. */
static int choose_pages(struct code *c, uint64_t pages)
{
	const struct opt_number *wanted = &c->options->pages;

	c->job.pages = sim_pages_for(c->guest, wanted->given ? wanted->value : pages);
	if (wanted->given && wanted->value != c->job.pages)
		return complain(STATUS_INPUT, "--pages %s: %s takes a multiple of %u", wanted->text, c->guest->name,
				sim_pages_for(c->guest, 1));
	return 0;
}

int code_open(struct code *c, const struct explore_options *o, uint64_t pages)
{
	int status;

	if (o->guest && o->harness)
		return complain(STATUS_INPUT, "--harness and --guest: one guest at a time");
	if (o->pages.given && (o->pages.value == 0 || o->pages.value > SIM_MOST_PAGES))
		return complain(STATUS_INPUT, "--pages %s: from 1 to %d", o->pages.text, SIM_MOST_PAGES);
	if (o->at.given && (o->at.value % TDX_PAGE_SIZE != 0 || o->at.value < SIM_LOWEST || o->at.value >= SIM_HIGHEST))
		return complain(STATUS_INPUT, "--at %s: a page from 0x%llx on, below 0x%llx", o->at.text, SIM_LOWEST,
				SIM_HIGHEST);
	*c = (struct code){
		.options = o,
		.guest = mmap(NULL, sizeof(*c->guest) + TITLE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		.job = { .at = o->at.given ? o->at.value : SIM_AT, .to_shared = !o->to_private,
			 .stalls = o->stalls.given ? (uint32_t)o->stalls.value : TD_STALLS },
	};
	if (c->guest == MAP_FAILED)
		return complain(STATUS_ENVIRONMENT, "no memory for the guest code");
	c->title = (char *)(c->guest + 1);
	c->job.guest = c->guest;
	status = read_platform(c);
	if (!status)
		status = find(c);
	return status ? status : choose_pages(c, pages);
}

int code_load(const struct code *c)
{
	const char *harness = c->options->harness, *wrong;
	char text[400];
	uint64_t bytes;
	int fd;

	if (!harness)
		return 0;
	fd = file_open(harness, "--harness", &bytes);	/* dlopen() would wait for a pipe */
	if (fd < 0)
		return STATUS_INPUT;
	close(fd);
	wrong = harness_load(harness, c->title, c->guest, text);
	return wrong ? complain(STATUS_INPUT, "--harness %s: %s", harness, wrong) : 0;
}

int code_journal(const struct code *c, int *journal)
{
	const char *path = c->options->boot.journal;

	*journal = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	return path && *journal < 0 ? complain(STATUS_INPUT, "--journal %s: %s", path, strerror(errno)) : 0;
}
