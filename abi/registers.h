/* SPDX-License-Identifier: MIT */
/* General registers as TDX counts them, and what a guest puts into them. libtdconv has a structure of its own. */
#ifndef ABI_REGISTERS_H
#define ABI_REGISTERS_H

#include "abi/tdx.h"

/*
 * General registers in the order of their numbers: in a TDVMCALL mask (bit n of RCX is gpr[n]), and in the detail of
 * OPERAND_INVALID and OPERAND_BUSY ([mod:tdx_error_codes_defs.h], OPERAND_ID_RAX ...).
 */
enum tdx_register {
	TD_RAX, TD_RCX, TD_RDX, TD_RBX, TD_RSP, TD_RBP, TD_RSI, TD_RDI, TD_R8, TD_R9, TD_R10, TD_R11, TD_R12, TD_R13,
	TD_R14, TD_R15, TD_GPRS
};

/* Registers that the VMM may see and change: all that MapGPA needs, and all that any sub-function needs. */
#define TDX_MASK_R10_R13	0x3c00ull
#define TDX_MASK_R10_R15	0xfc00ull

/* MapGPA of [gpa, gpa + bytes), gpa with S if they are to be shared. */
static inline void tdx_map_gpa(uint64_t gpr[TD_GPRS], uint64_t gpa, uint64_t bytes)
{
	gpr[TD_RAX] = TDG_VP_VMCALL;
	gpr[TD_RCX] = TDX_MASK_R10_R13;
	gpr[TD_R10] = 0;
	gpr[TD_R11] = GHCI_MAP_GPA;
	gpr[TD_R12] = gpa;
	gpr[TD_R13] = bytes;
}

#endif
