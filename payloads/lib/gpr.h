/* SPDX-License-Identifier: MIT */
/* The registers of abi/registers.h under the short names that payloads have for them. */
#ifndef PAYLOADS_GPR_H
#define PAYLOADS_GPR_H

#include "abi/registers.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, GPRS };

#endif
