/* SPDX-License-Identifier: MIT */
/*
 * A guest that starts with TDVF firmware: its sections and the TD HOB in private memory, and the registers with which
 * every vCPU comes out of TDH.VP.INIT (TDX module base specification 348549, "Initial State of TD Non-Root Operation";
 * TDVF Design Guide 344991, 3.2):
 *
 *	32-bit protected mode, flat, at 4 GiB - 16; EFER.LME already set; RBX = GPAW; RCX = R8 = GPA of the TD HOB;
 *	RDX = CPUID.1.EAX; RSI = number of the vCPU; the other general registers 0
 */
#ifndef MONITOR_LOAD_FIRMWARE_H
#define MONITOR_LOAD_FIRMWARE_H

#include "monitor/load/load.h"
#include "td/td.h"

/* As config.machine.firmware says. Panics if QEMU was not given the image. */
void firmware_load(struct load_result *result);

/* What was loaded enters MRTD, as QEMU and KVM build it ([qemu:tdx_finalize_vm]). */
void firmware_measure(struct td *measured);

#endif
