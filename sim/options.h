/* SPDX-License-Identifier: MIT */
/* What the user asked for, and the two ways to answer it. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "cli/opt.h"
#include "sim/sequence.h"

struct options {
	const char *guest, *harness, *replay, *vmm, *behaviours, *shard, *state, *journal, *minimise, *finding;
	const char *known, *write_known;
	struct opt_number pages, depth, random, seed, stalls;
	bool to_private, json, guests, match;
	struct opt_list inject;
};

/*
 * A harness is loaded in the process that is to run it, as loading runs code of it. guest is complete afterwards.
 * Returns 0, or a status after a complaint.
 */
int options_load(const struct options *options, struct sim_guest *guest);

/* search.c: every sequence of answers. states.c: every state. vmm.c: one run under a behaviour. Exit statuses. */
int run_search(const struct options *options, struct sim_job *job, struct sim_guest *guest);
int run_states(const struct options *options, struct sim_job *job, struct sim_guest *guest);
int run_minimise(const struct options *options, struct sim_job *job, struct sim_guest *guest);	/* minimise.c */
int run_vmm(const struct options *options, struct sim_job *job, struct sim_guest *guest);

#endif
