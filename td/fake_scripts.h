/* SPDX-License-Identifier: MIT */
/* VMMs that a guest's loop may meet, from honest to absurd, as rules. For tests of both ends. */
#ifndef TD_FAKE_SCRIPTS_H
#define TD_FAKE_SCRIPTS_H

#include "abi/tdx.h"
#include "td/behaviour.h"

#define FAKE_SCRIPT_RULES 3

struct fake_script {
	char name;
	const char *what;
	struct td_rule rules[FAKE_SCRIPT_RULES];
	uint32_t nrules;
};

#define FAKE_ONCE		.last = 1
#define FAKE_CLAIM(b, n)	.fail = TDVMCALL_RETRY, .claim_base = TD_CLAIM_##b, .claim_pages = (n)

static const struct fake_script fake_scripts[] = {
	{ 'A', "full success", { { .first = UINT32_MAX } }, 1 },
	{ 'B', "2 pages a call", { { .complete = 2 } }, 1 },
	{ 'C', "2 pages a call, S stripped", { { .complete = 2, .claim_s = TD_S_STRIP } }, 1 },
	{ 'D', "no progress, ever", { { .complete = 0 } }, 1 },
	{ 'E', "no progress twice", { { .stalls = 2, .complete = UINT64_MAX } }, 1 },
	{ 'F', "no progress three times", { { .stalls = 3, .complete = UINT64_MAX } }, 1 },
	{ 'G', "a page a call", { { .complete = 1 } }, 1 },
	{ 'H', "a byte a call; unaligned is an error here, as on KVM", { { .claim_bytes = 1 } }, 1 },
	{ 'I', "R11 = end, for ever", { { FAKE_CLAIM(END, 0) } }, 1 },
	{ 'J', "beyond the end once", { { FAKE_ONCE, FAKE_CLAIM(END, 4) } }, 1 },
	{ 'K', "backwards", { { FAKE_CLAIM(START, -1) } }, 1 },
	{ 'L', "zig-zag", { { FAKE_ONCE, FAKE_CLAIM(START, 2) }, { .first = 2, .step = 2, FAKE_CLAIM(START, -1) },
			    { .first = 3, .step = 2, FAKE_CLAIM(START, 1) } }, 3 },
	{ 'M', "4 pages, then an error", { { FAKE_ONCE, .complete = 4 },
					   { .complete = 0, .fail = TDVMCALL_INVALID_OPERAND } }, 2 },
	{ 'N', "R11 = 0 once", { { FAKE_ONCE, FAKE_CLAIM(ZERO, 0), .claim_s = TD_S_STRIP } }, 1 },
};

#define FAKE_SCRIPTS (sizeof(fake_scripts) / sizeof(fake_scripts[0]))

#endif
