// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * libtdconv in an unmodified Linux: on every CPU at once, memory of the kernel's is shared and taken back, again and
 * again, beside the kernel's own conversions and under the same VMM. What is in it is checked each time. Memory that
 * the VMM did not give back is never used again.
 *
 *	insmod tdconv_demo.ko [rounds=100]
 *
 * All of it happens while the module is loaded. Its last line in the kernel's log says what came out:
 *
 *	tdconv: done: 100 conversions each way on 1 CPU; 200 MapGPA, 0 RETRY, 0 stalls; 10682368 bytes proven private
 *
 * or "tdconv: contained: ..." with the reason and the pages in quarantine, where the VMM refused or broke the rules.
 * Loading fails if this is no TD, and with EIO if memory did not hold what it had to.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "demo.h"

#define LARGE_BYTES	(4u << 20)	/* of each CPU: two steps of a VMM that works in 2 MiB */
#define SMALL_BYTES	(16u * PAGE_SIZE)

static unsigned int rounds = 100;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "conversions each way, on each CPU");

/* What one CPU did. */
struct work {
	struct tdconv tdc;
	struct completion finished;
	unsigned int done;		/* conversions each way */
	enum tdconv_status failed;	/* the first conversion that did, or TDCONV_OK */
	bool wrong;			/* memory did not hold what it had to */
	u64 proven;
	u64 quarantined;		/* bytes */
};

static bool holds(const struct buffer *b, u8 byte)
{
	return memchr_inv(b->va, byte, b->bytes) == NULL;
}

/* tdconv_set_memory() with room for the worst case, that every page is an extent of its own. */
static enum tdconv_status convert(struct work *w, const struct buffer *b, enum tdconv_to to, u64 *lost)
{
	u32 pages = b->bytes / PAGE_SIZE;
	struct tdconv_set set = { .room = pages, .lost = { .room = pages } };
	enum tdconv_status status = TDCONV_E_EXTENTS;

	set.extents = kvcalloc(pages, sizeof(*set.extents), GFP_KERNEL);
	set.lost.list = kvcalloc(pages, sizeof(*set.lost.list), GFP_KERNEL);
	if (set.extents != NULL && set.lost.list != NULL)
		status = tdconv_set_memory(&w->tdc, (u64)b->va, b->bytes, to, 0, &set);
	for (u32 i = 0; i < set.lost.count; i++)
		*lost += set.lost.list[i].lost_bytes;
	kvfree(set.extents);
	kvfree(set.lost.list);
	return status;
}

/* There and back. False: no further round with this memory. */
static bool one_round(struct work *w, const struct buffer *b, u64 *lost)
{
	memset(b->va, 0x5a, b->bytes);
	w->failed = convert(w, b, TDCONV_SHARED, lost);
	if (w->failed != TDCONV_OK)
		return false;
	memset(b->va, 0xa5, b->bytes);
	if (!holds(b, 0xa5))
		w->wrong = true;
	w->failed = convert(w, b, TDCONV_PRIVATE, lost);
	if (w->failed != TDCONV_OK) {
		*lost = b->bytes;	/* it was shared again, or lost: private it is not */
		return false;
	}
	w->proven += b->bytes;
	if (!holds(b, 0))	/* the module zeroes what is accepted */
		w->wrong = true;
	w->done++;
	return !w->wrong;
}

/* Memory of which anything is lost stays away from the allocator, and from us, for good. */
static void use(struct work *w, u64 bytes, bool scattered, unsigned int times)
{
	struct buffer b;
	u64 lost = 0;

	if (!buffer_get(&b, bytes, scattered)) {
		pr_alert("tdconv: no memory for %llu bytes\n", bytes);
		return;
	}
	while (times-- > 0 && one_round(w, &b, &lost))
		cond_resched();
	if (lost == 0)
		buffer_put(&b);
	w->quarantined += lost != 0 ? bytes : 0;
}

static int convert_on_cpu(void *argument)
{
	struct work *w = argument;
	unsigned int half = (rounds - 1) / 2;

	use(w, LARGE_BYTES, false, rounds != 0);
	if (w->failed == TDCONV_OK && !w->wrong && rounds > 1)
		use(w, SMALL_BYTES, true, half);
	if (w->failed == TDCONV_OK && !w->wrong && rounds > 1)
		use(w, SMALL_BYTES, false, rounds - 1 - half);
	complete(&w->finished);
	return 0;
}

static void start(struct work *w, unsigned int cpu)
{
	struct task_struct *task;

	init_completion(&w->finished);
	w->failed = tdconv_init(&w->tdc, &w->tdc);
	task = w->failed == TDCONV_OK ? kthread_create(convert_on_cpu, w, "tdconv/%u", cpu) : NULL;
	if (IS_ERR_OR_NULL(task)) {
		complete(&w->finished);
		return;
	}
	kthread_bind(task, cpu);
	wake_up_process(task);
}

/* One line for all of them. Returns what loading the module comes to. */
static int report(const struct work *work, unsigned int cpus)
{
	enum tdconv_status failed = TDCONV_OK;
	u64 quarantined = 0, proven = 0;
	struct tdconv_stats sum;
	unsigned int done = 0;
	bool wrong = false;

	tdconv_stats_clear(&sum);
	for (unsigned int i = 0; i < cpus; i++) {
		tdconv_stats_add(&sum, &work[i].tdc.stats);
		failed = failed != TDCONV_OK ? failed : work[i].failed;
		wrong |= work[i].wrong;
		quarantined += work[i].quarantined / PAGE_SIZE;
		proven += work[i].proven;
		done += work[i].done;
	}
	if (failed == TDCONV_E_NO_TD)
		return -ENODEV;
	pr_alert("tdconv: %s: %u conversions each way on %u CPU%s; %llu MapGPA, %llu RETRY, %llu stalls; "
		 "%llu bytes proven private\n", wrong ? "wrong contents" : failed != TDCONV_OK ? "contained" : "done",
		 done, cpus, cpus > 1 ? "s" : "",
		 sum.calls, sum.retries, sum.stalls, proven);
	if (failed != TDCONV_OK)
		pr_alert("tdconv: first failure: %s; %llu pages in quarantine\n", tdconv_strstatus(failed), quarantined);
	return wrong ? -EIO : 0;
}

static int __init demo_init(void)
{
	unsigned int cpu, started = 0;
	struct work *work = kvcalloc(num_online_cpus(), sizeof(*work), GFP_KERNEL);
	int result;

	if (work == NULL)
		return -ENOMEM;
	cpus_read_lock();
	for_each_online_cpu(cpu)
		start(&work[started++], cpu);
	for (unsigned int i = 0; i < started; i++)
		wait_for_completion(&work[i].finished);
	cpus_read_unlock();
	result = report(work, started);
	kvfree(work);
	return result;
}

static void __exit demo_exit(void)
{
}

module_init(demo_init);
module_exit(demo_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("libtdconv beside the kernel's own page conversions");
