/* SPDX-License-Identifier: MIT */
/*
 * VMM behaviours: small text files, packed into td's rules. The format is in tdlab-behaviour(5).
 */
#ifndef CLI_BEHAVIOUR_H
#define CLI_BEHAVIOUR_H

#include "cli/tdlab.h"
#include "td/behaviour.h"

#define BEHAVIOUR_PARAMETERS	8
#define BEHAVIOUR_NAME		32

struct parameter {
	char name[BEHAVIOUR_NAME];
	char *help;
	char *value;		/* the default until the user sets it */
	char *choices;		/* words, or NULL: a number from min to max */
	uint64_t min, max;
	unsigned int line;
	bool used;		/* a rule refers to it */
	bool set;		/* by the user */
};

struct behaviour {
	char name[BEHAVIOUR_NAME];
	char *path;
	char *spec;		/* name and the parameters that were set, as the user would write them again */
	char *title;		/* with the parameters' values */
	char *who;		/* who does this */
	char *source;		/* where that is written */
	uint32_t basis;		/* what class rests on: of behaviour_bases */
	struct parameter parameters[BEHAVIOUR_PARAMETERS];
	unsigned int nparameters;
	struct td_behaviour packed;
};

extern const char *const behaviour_bases[];

/*
 * spec is NAME[:PARAMETER=VALUE[,...]], NAME being that of a file in folder without ".vmm", or a path; or it is
 * recorded:FILE. folder NULL: the behaviours that came with tdlab. Returns 0, or a status after a complaint.
 */
int behaviour_load(struct behaviour *behaviour, const char *spec, const char *folder);
void behaviour_free(struct behaviour *behaviour);

/* Names in folder, sorted; to be freed one by one. NULL and a complaint if it cannot be read. */
char **behaviour_names(const char *folder, size_t *count);

#endif
