/* SPDX-License-Identifier: MIT */
/* A list of answers that a VMM has given, as a behaviour. The format is in tdlab-behaviour(5). */
#ifndef CLI_RECORDED_H
#define CLI_RECORDED_H

#include "cli/vmm/behaviour.h"

#define RECORDED_PREFIX "recorded:"

/* Fills in what behaviour->path has. Returns 0, or a status after a complaint. */
int recorded_load(struct behaviour *behaviour);

#endif
