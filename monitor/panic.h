/* SPDX-License-Identifier: MIT */
/* How the monitor ends when it cannot go on, and whose fault that is. */
#ifndef MONITOR_PANIC_H
#define MONITOR_PANIC_H

/*
 * The monitor cannot go on: the text reaches the user through struct monitor_status, and QEMU ends. Formats: %s, %u,
 * %lu and %lx.
 */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/*
 * The guest did this to its machine, and nothing can go on after it: "the guest" and the text are what is said of the
 * run, as of any other end of a guest. With the lock.
 */
void blame(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
