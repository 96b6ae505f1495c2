/* SPDX-License-Identifier: MIT */
#include "abi/tdx.h"
#include "cli/testing.h"
#include "cli/vmm/platform.h"

static const char *complaint;	/* what the last load said on stderr */

static int load(struct platform *p, const char *spec)
{
	int status;

	listen();
	status = platform_load(p, spec, "platforms");
	complaint = said();
	return status;
}

static void refused(const char *spec, const char *says)
{
	struct platform p;
	int status = load(&p, spec);

	if (!tap_ok(status == STATUS_INPUT && strstr(complaint, says) && strchr(complaint, '\n')[1] == '\0', spec))
		tap_note(complaint);
	if (status == 0)
		platform_free(&p);
}

static struct td_platform packed(const char *spec)
{
	struct td_platform got = { 0 };
	struct platform p;

	if (tap_ok(load(&p, spec) == 0, spec ? spec : "the default")) {
		got = p.packed;
		platform_free(&p);
	}
	return got;
}

/* Engines that have no files, and those that have, run the same TDs. */
static void test_default(void)
{
	struct td_platform of_td = td_platform_kvm(), of_file = packed(NULL), named = packed("kvm");

	tap_ok(memcmp(&of_td, &of_file, sizeof(of_td)) == 0, "td_platform_kvm() is platforms/kvm.platform");
	tap_ok(memcmp(&named, &of_file, sizeof(named)) == 0, "... and the default");
	/* [kvm:setup_tdparams]: NO_RBP_MOD and no other flag, unless GPAW is 52; [kvm:tdx_td_vcpu_init]: an x2APIC ID each. */
	tap_is(of_file.config_flags, 1u << 2, "CONFIG_FLAGS under KVM");
	tap_is(of_file.attributes, 1u << 28, "ATTRIBUTES under KVM");
	tap_ok(of_file.topology == 1 && of_file.gpaw == 48, "topology and GPAW under KVM");
}

/* [mod:metadata_sys.c], [mod:config_flags_s], [mod:td_ctls_t]: what the public module has, and no more. */
static void test_public_module(void)
{
	struct td_platform p = packed("module-1.5.01");

	tap_is(p.features, 0xf0fbf, "TDX_FEATURES0 of module 1.5.01");
	tap_is(p.td_ctls, 1, "TD_CTLS of module 1.5.01");
	tap_ok(p.config_flags == 0 && p.topology == 0, "nothing that is newer");
	tap_ok(p.module[0] == 1 && p.module[1] == 5 && p.module[2] == 1, "its version");
}

static void test_settings(void)
{
	struct td_platform p = packed("tdx-2026:gpaw=52,attributes=debug+sept-ve-disable,module=2.0.07");

	tap_ok(p.gpaw == 52 && p.attributes == (TDX_ATTR_DEBUG | TDX_ATTR_SEPT_VE_DISABLE) && p.module[2] == 7,
	       "settings on top of a platform");
	tap_is(p.config_flags, TDX_CONFIG_NO_RBP_MOD | TDX_CONFIG_FLEXIBLE_PENDING_VE | TDX_CONFIG_PAGE_RELEASE,
	       "... which leave the rest alone");
	p = packed("config-flags=page-release");
	tap_ok(p.config_flags == TDX_CONFIG_PAGE_RELEASE && p.attributes == TDX_ATTR_SEPT_VE_DISABLE,
	       "settings alone are of the default, and replace");
	tap_is(packed("config-flags=none").config_flags, 0, "none");
	tap_ok(packed("cores=3").cores == 3 && packed("kvm:cores=0").cores == 0, "cores of a package; all in one");
}

static void test_refused(void)
{
	refused("kvn", "no platform \"kvn\": did you mean \"kvm\"?");
	refused("./none.platform", "none.platform: No such file");
	refused("kvm:gpaw", "\"gpaw\" is no KEY=VALUE");
	refused("gpaw=50", "gpaw: \"50\" is not 48 or 52");
	refused("gpav=48", "a platform has no \"gpav\": did you mean \"gpaw\"?");
	refused("topology=yes", "topology: \"yes\" is not configured or none");
	refused("cores=x", "cores: \"x\" is not a number from 0 to 16");
	refused("cores=17", "cores: \"17\" is not a number from 0 to 16");
	refused("module=1.5", "module: \"1.5\" is not a version");
	refused("module=1.5.1x", "module: \"1.5.1x\" is not a version");
	refused("xfam=0x1", "xfam: 0x1");
	refused("xfam=0x607", "xfam: 0x607");
	refused("attributes=perfmon", "attributes: \"perfmon\" is none of debug sept-ve-disable");
	refused("config-flags=gpaw-52", "config-flags: \"gpaw-52\" is none of flexible-pending-ve no-rbp-mod page-release");
	refused("features=none,topology=none,td-ctls=none", "config-flags: no-rbp-mod needs no-rbp-mod among the features");
	refused("module-1.5.01:topology=configured", "need topology-enum among the features");
}

int main(void)
{
	test_default();
	test_public_module();
	test_settings();
	test_refused();
	return tap_done();
}
