/* SPDX-License-Identifier: MIT */
/* Numbers that start.S and C share. */
#ifndef PAYLOADS_LIB_LAYOUT_H
#define PAYLOADS_LIB_LAYOUT_H

#define MAX_CPUS	4
#define STACK_BYTES	16384
#define TRAP_VECTORS	64	/* 32 and up are interrupts */
#define TRAP_STUB_BYTES	16

#endif
