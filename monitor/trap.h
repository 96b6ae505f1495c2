/* SPDX-License-Identifier: MIT */
/* Exceptions of the monitor's own: all of them are bugs, but NMIs, which the vendor's code lets in. */
#ifndef MONITOR_TRAP_H
#define MONITOR_TRAP_H

/* Each CPU once, before anything can go wrong. */
void trap_init(void);

#endif
