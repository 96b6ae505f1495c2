/* SPDX-License-Identifier: MIT */
/* What a TD is created with: KVM's, and whether there can be such a TD. */
#include "td/state.h"

/* cli/vmm/platform_test.c compares this with platforms/kvm.platform, which says why. */
struct td_platform td_platform_kvm(void)
{
	return (struct td_platform){
		.attributes = TDX_ATTR_SEPT_VE_DISABLE,
		.xfam = TD_XFAM,
		.config_flags = TDX_CONFIG_NO_RBP_MOD,
		.td_ctls = TDX_CTLS_PENDING_VE_DISABLE | TDX_CTLS_ENUM_TOPOLOGY | TDX_CTLS_VIRT_CPUID2,
		.features = TD_FEATURES_1_5_01 | TDX_FEATURE_TOPOLOGY_ENUM,
		.gpaw = 48,
		.topology = 1,
		.module = { 1, 5, 6 },
	};
}

uint64_t td_config_flags(const struct td *td)
{
	const struct td_platform *p = &td->mem->config.platform;

	return p->config_flags | (p->gpaw == 52 ? TDX_CONFIG_GPAW_52 : 0);
}

bool td_platform_ok(const struct td_platform *p)
{
	return p->gpaw >= 40 && p->gpaw <= 52 && p->topology <= 1 && !(p->config_flags & TDX_CONFIG_GPAW_52) &&
	       p->cores <= TD_MAX_VCPUS;
}
