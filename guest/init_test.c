/* SPDX-License-Identifier: MIT */
/* What the module says of the TD, statistics, and the words for a status. */
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "guest/fake.h"
#include "wire/tap.h"

static void test_widths(void)
{
	struct tdconv tdc;

	fake_start();
	for (unsigned int gpaw = 0; gpaw < 64; gpaw++) {
		bool good = gpaw >= 22 && gpaw <= 52;
		enum tdconv_status status;
		char name[40];

		fake.gpaw = gpaw;
		status = tdconv_init(&tdc, &fake);
		snprintf(name, sizeof(name), "GPAW %u", gpaw);
		tap_ok(good ? status == TDCONV_OK && tdc.td.shared_bit == 1ull << (gpaw - 1) && tdc.td.gpaw == gpaw
			    : status == TDCONV_E_NO_TD && tdc.td.shared_bit == 0, name);
	}
	fake.gpaw = 48 | 0xabcd00;
	tap_is(tdconv_init(&tdc, &fake), TDCONV_OK, "bits of RCX above the width are not part of it");
	tap_is(tdc.td.gpaw, 48, "... width");
}

static void test_td(void)
{
	struct tdconv tdc;
	struct tdconv_result res;

	fake_start();
	tap_is(tdconv_init(&tdc, &fake), TDCONV_OK, "a TD");
	tap_ok(!tdc.td.can_release && tdc.td.attributes == TDX_ATTR_SEPT_VE_DISABLE, "... that cannot release pages");
	fake.config_flags = TDX_CONFIG_PAGE_RELEASE | TDX_CONFIG_FLEXIBLE_PENDING_VE;
	tdconv_init(&tdc, &fake);
	tap_ok(tdc.td.can_release, "... and one that can");
	fake.config_flags = ~TDX_CONFIG_PAGE_RELEASE;
	tdconv_init(&tdc, &fake);
	tap_ok(!tdc.td.can_release, "... by that bit alone");
	fake.info_rax = 0xc000010000000000;
	tap_is(tdconv_init(&tdc, &fake), TDCONV_E_NO_TD, "no TD");
	tap_is(tdc.td.rax, 0xc000010000000000, "... raw status");
	tap_is(tdconv_convert(&tdc, GPA(0), 4096, TDCONV_SHARED, &res), TDCONV_E_ARGUMENT, "... and nothing can be converted");
}

static void test_stats(void)
{
	struct tdconv *tdc = fake_start();
	struct tdconv_result res;
	struct tdconv_stats sum, high;

	fake.script[0] = (struct fake_answer){ 2, TDVMCALL_RETRY, 0, FROM_START, 0, 0, S_ECHO, 0 };
	fake.script[1] = (struct fake_answer){ 1, TDVMCALL_RETRY, 1, FROM_START, 1, 0, S_ECHO, 0 };
	fake.script[2] = (struct fake_answer){ 1, TDVMCALL_RETRY, 512, FROM_START, 512, 0, S_ECHO, 0 };
	tdconv_convert(tdc, GPA(0), BYTES(600), TDCONV_SHARED, &res);
	tdconv_convert(tdc, GPA(0), BYTES(600), TDCONV_PRIVATE, &res);
	tdconv_convert(tdc, GPA(0), 1, TDCONV_PRIVATE, &res);
	tap_ok(tdc->stats.conversions == 3 && tdc->stats.failed == 1 && tdc->stats.by_status[TDCONV_E_ARGUMENT] == 1 &&
	       tdc->stats.by_status[TDCONV_OK] == 2, "conversions by status");
	tap_ok(tdc->stats.calls == 6 && tdc->stats.retries == 4 && tdc->stats.stalls == 2 && tdc->stats.longest_stall == 2,
	       "calls");
	tap_ok(tdc->stats.steps[0] == 2 && tdc->stats.steps[1] == 1 && tdc->stats.steps[5] == 1 && tdc->stats.steps[4] == 1 &&
	       tdc->stats.steps[6] == 1, "pages per answer");
	tap_ok(tdc->stats.accepts == 89 && tdc->stats.accepted_pages == 600, "accepts");
	tap_ok(tdc->stats.shared_pages == 600 && tdc->stats.unshared_pages == 600, "shared and back");
	tdconv_stats_clear(&sum);
	tdconv_stats_add(&sum, &tdc->stats);
	tap_ok(memcmp(&sum, &tdc->stats, sizeof(sum)) == 0, "the sum of one is the same");
	memset(&high, 0xff, sizeof(high));
	tdconv_stats_add(&sum, &high);
	tap_ok(memcmp(&sum, &high, sizeof(sum)) == 0, "counters stop at their maximum");
	memset(&sum, 0xff, sizeof(sum));
	tdconv_stats_clear(&sum);
	memset(&high, 0, sizeof(high));
	tap_ok(memcmp(&sum, &high, sizeof(sum)) == 0, "clear clears all");
	sum.unshared_pages = 5;
	tap_is(tdconv_stats_shared_now(&sum), 0, "never less than nothing is shared");
}

static void test_words(void)
{
	for (int i = 0; i < TDCONV_STATUSES; i++) {
		for (int j = 0; j < i; j++)
			if (strcmp(tdconv_strstatus((enum tdconv_status)i), tdconv_strstatus((enum tdconv_status)j)) == 0)
				tap_ok(false, tdconv_strstatus((enum tdconv_status)i));
		if (strcmp(tdconv_strstatus((enum tdconv_status)i), "unknown status") == 0)
			tap_ok(false, "a status without a sentence");
	}
	tap_ok(strcmp(tdconv_strstatus((enum tdconv_status)1000), "unknown status") == 0, "a sentence for each status");
	tap_ok(tdconv_class(TDCONV_OK) == TDCONV_CLASS_OK && tdconv_class(TDCONV_E_STALLED) == TDCONV_CLASS_SLOW &&
	       tdconv_class(TDCONV_E_CALLS) == TDCONV_CLASS_SLOW && tdconv_class(TDCONV_E_GIVEN_UP) == TDCONV_CLASS_SLOW &&
	       tdconv_class(TDCONV_E_BUSY) == TDCONV_CLASS_SLOW, "slow is not hostile");
	tap_ok(tdconv_class(TDCONV_E_R11_BEYOND) == TDCONV_CLASS_HOSTILE &&
	       tdconv_class(TDCONV_E_R11_BEHIND) == TDCONV_CLASS_HOSTILE &&
	       tdconv_class(TDCONV_E_R11_UNALIGNED) == TDCONV_CLASS_HOSTILE &&
	       tdconv_class(TDCONV_E_R11_SHARED_BIT) == TDCONV_CLASS_HOSTILE &&
	       tdconv_class(TDCONV_E_VMM_UNKNOWN) == TDCONV_CLASS_HOSTILE, "hostile is hostile");
	tap_ok(tdconv_class(TDCONV_E_VMM_INVALID) == TDCONV_CLASS_REFUSED &&
	       tdconv_class(TDCONV_E_VMM_UNSUPPORTED) == TDCONV_CLASS_REFUSED &&
	       tdconv_class(TDCONV_E_ACCEPT) == TDCONV_CLASS_MODULE &&
	       tdconv_class(TDCONV_E_QUARANTINE) == TDCONV_CLASS_LOST &&
	       tdconv_class(TDCONV_E_STOPPED) == TDCONV_CLASS_CALLER, "and the others");
}

int main(void)
{
	test_widths();
	test_td();
	test_stats();
	test_words();
	return tap_done();
}
