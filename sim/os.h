/* SPDX-License-Identifier: MIT */
/*
 * libtdconv has one embedder in a program, library.c. It is told by os whose TDCALLs are made: those of the guest in a
 * process, or of somebody who answers them himself.
 */
#ifndef SIM_OS_H
#define SIM_OS_H

#include "guest/include/tdconv_os.h"

struct sim_os {
	void (*tdcall)(struct sim_os *os, struct tdconv_regs *regs);	/* NULL: they are the guest's, and go to td */
};

#endif
