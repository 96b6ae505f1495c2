/* SPDX-License-Identifier: MIT */
/* What a freestanding program must bring itself. */
#ifndef MONITOR_LIB_H
#define MONITOR_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t max);

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

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
