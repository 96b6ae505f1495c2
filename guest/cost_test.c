/* SPDX-License-Identifier: MIT */
/*
 * What a conversion of 1 GiB, swiotlb's largest pool, costs in TDCALLs. The other end answers from counters alone, so
 * that instructions counted under valgrind are the library's (guest/bench runs this with an argument: one case, no TAP).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "tests/tap.h"
#include "abi/tdx.h"
#include "tdconv_os.h"

#define BASE	0x100000000ull
#define GIB	0x40000000ull
#define S	(1ull << 47)

static struct {
	bool host_4k;
	uint64_t step;		/* bytes converted per MapGPA; 0: all */
	uint64_t map_calls, accepts;
} vmm;

void tdconv_os_tdcall(void *os, struct tdconv_regs *r)
{
	uint64_t leaf = r->rax;

	(void)os;
	r->rax = 0;
	if (leaf == TDG_VP_VMCALL) {
		vmm.map_calls++;
		r->r10 = vmm.step != 0 && vmm.step < r->r13 ? TDVMCALL_RETRY : TDVMCALL_SUCCESS;
		r->r11 = r->r12 + vmm.step;
	} else if (leaf == TDG_VP_INFO) {
		r->rcx = 48;
	} else if (leaf == TDG_MEM_PAGE_ACCEPT) {
		vmm.accepts++;
		if (vmm.host_4k && r->rcx % 2 == TDX_LEVEL_2M)
			r->rax = tdx_status(TDX_PAGE_SIZE_MISMATCH, 1);
	}
}

bool tdconv_os_pause(void *os, enum tdconv_wait why, uint64_t run)
{
	(void)os;
	(void)why;
	(void)run;
	return true;
}

enum tdconv_record tdconv_os_record(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os;
	(void)gpa;
	(void)bytes;
	return TDCONV_RECORD_NONE;
}

void tdconv_os_zero(void *os, uint64_t gpa, uint64_t bytes)
{
	(void)os;
	(void)gpa;
	(void)bytes;
}

static const struct row {
	const char *name;
	enum tdconv_to to;
	uint64_t bytes, step;
	bool host_4k;
	uint64_t most_calls;	/* TDCALLs of all kinds */
} rows[] = {
	{ "1 GiB to shared, a willing VMM", TDCONV_SHARED, GIB, 0, false, 1 },
	{ "1 GiB to shared, 2 MiB a call", TDCONV_SHARED, GIB, TDX_2M_SIZE, false, 512 },
	{ "1 GiB to shared, a page a call", TDCONV_SHARED, GIB, 4096, false, 262144 },
	{ "1 GiB to private, a 2 MiB host", TDCONV_PRIVATE, GIB, 0, false, 1 + 512 },
	{ "1 GiB to private, a 4 KiB host", TDCONV_PRIVATE, GIB, 0, true, 262144 + 8 },
	{ "one page to shared", TDCONV_SHARED, 4096, 0, false, 1 },
	{ "one page to private", TDCONV_PRIVATE, 4096, 0, false, 2 },
	{ "nothing but the start", TDCONV_SHARED, 0, 0, false, 0 },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static enum tdconv_status convert(const struct row *row)
{
	struct tdconv tdc;
	struct tdconv_result res;

	memset(&vmm, 0, sizeof(vmm));
	vmm.host_4k = row->host_4k;
	vmm.step = row->step;
	tdconv_init(&tdc, NULL);
	return tdconv_convert(&tdc, BASE, row->bytes, row->to, &res);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		const struct row *row = &rows[strtoul(argv[1], NULL, 0) % ROWS];

		convert(row);
		printf("%s\t%llu\t%llu\n", row->name, (unsigned long long)vmm.map_calls, (unsigned long long)vmm.accepts);
		return 0;
	}
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		char name[120];

		tap_is(convert(row), row->bytes ? TDCONV_OK : TDCONV_E_ARGUMENT, row->name);
		snprintf(name, sizeof(name), "... %llu MapGPA and %llu ACCEPT, at most %llu together",
			 (unsigned long long)vmm.map_calls, (unsigned long long)vmm.accepts,
			 (unsigned long long)row->most_calls);
		tap_ok(vmm.map_calls + vmm.accepts <= row->most_calls, name);
	}
	return tap_done();
}
