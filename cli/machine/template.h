/* SPDX-License-Identifier: MIT */
/*
 * One guest, booted once, and continued under many behaviours. It is saved where the first behaviour could first have
 * answered (monitor/template.h): until there every behaviour is the same; or later, where the user wants them to begin.
 * A continued run has its own RAM, console, disk and QEMU; its VMM is written into td's storage before it goes on.
 */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

#include "cli/boot.h"

struct template;

/* Where: at this MapGPA of all, from 1; or at the first request of this phase or a later one. */
struct template_at {
	uint64_t mapgpa;
	enum phase phase;
};

/* A number, or the word for a phase of a guest with firmware; NULL is 1. Returns 0, or a status after a complaint. */
int template_at_read(struct template_at *at, const char *text, bool firmware);

/* It is where the first behaviour could first have answered. */
bool template_at_start(const struct template_at *at);

/* The guest is b, which the runs continue. Returns 0, or a status after a complaint. */
int template_make(struct template **made, struct boot *b, const struct template_at *at);
void template_free(struct template *template);

/* In a process of its own: b under b->behaviour, run to its end and judged. Returns 0, or a status. */
int template_run(const struct template *template, struct boot *b);

/* One line about it. */
void template_describe(const struct template *template);

#endif
