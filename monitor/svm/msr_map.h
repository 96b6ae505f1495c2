/* SPDX-License-Identifier: MIT */
/* The MSR permission map (AMD APM volume 2, 15.11): two bits per MSR, set means exit. */
#ifndef MONITOR_SVM_MSR_MAP_H
#define MONITOR_SVM_MSR_MAP_H

#include <stdint.h>

#define MSR_MAP_BYTES 8192

/* Nothing passes but what the persona leaves to the CPU. */
void msr_map_fill(uint8_t map[MSR_MAP_BYTES]);

#endif
