/* SPDX-License-Identifier: MIT */
/* AMD's virtualisation (APM: AMD64 Architecture Programmer's Manual, volume 2, chapter 15): what its files share. */
#ifndef MONITOR_SVM_SVM_H
#define MONITOR_SVM_SVM_H

#include "monitor/svm/vmcb.h"
#include "monitor/vendor.h"

#define EFER_SVME	(1ull << 12)

struct vendor_vcpu {
	struct vmcb *vmcb;
	struct vmcb *halt;		/* that runs the monitor's own code, to wait in */
	uint64_t host_cr0, host_cr4;
	uint64_t event;			/* to be delivered at the next entry, as EVENTINJ has it; 0: none */
	bool nmi_blocked;		/* the guest is in its NMI handler */
	bool unpaged;			/* its paging is off: unpaged.h; vcpu's control registers are the guest's own */
	struct svm_saved {		/* vendor_save() */
		struct vmcb vmcb;
		uint64_t event, fs_base, gs_base, kernel_gs_base;
		bool nmi_blocked;
	} saved;
};

#endif
