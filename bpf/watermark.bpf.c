// SPDX-License-Identifier: GPL-2.0
/*
 * watermark - slows admission down before the device gets full
 *
 * For a device whose capacity may shrink, or whose pages may come to take more,
 * and for whoever wants room left for that.  The kernel lets pages in until a
 * tenth of the physical space is left.  A device that loses more than that is
 * at NODE_DEVICE_PRESSURE_CRITICAL at once, and pages have to leave in a hurry.
 * With this policy admission ends earlier, slows down before it ends, and
 * begins again only when there is some distance:
 *
 *	OK		full speed, "rate_ok"
 *	LOW		"rate_low"; on the way in, "age" of the pages are
 *			reclaimed, the coldest, to make room for colder ones
 *	below "stop"	nothing more comes in, until "resume" is free again and
 *			"settle" is over
 *	HIGH		nothing, natively; the rate is 0, so that no burst
 *			follows
 *
 * What is inexact, and why that is fine:
 *
 *  - Other CPUs admit against the same free space.  Together they can go below
 *    "stop" by one chunk each, 128 KiB.  Keep "stop" so far from the kernel's
 *    own limit of 100 permille.
 *  - The gate is one word that is written without a lock.  When one CPU opens
 *    it as another one closes it, one chunk for each CPU passes before it is
 *    closed again.
 *  - Rates are set when the pressure changes.  A new value of "rate_ok" or
 *    "rate_low" holds from the next change on.
 *  - The kernel ignores the rate for reclaim at priority 4 or below, unless that
 *    is proactive.  "stop" holds for that, too.
 *
 * Cost per chunk: one bpf_node_device_stat(), the clock when the gate is or
 * gets closed, one array lookup for the counters; nothing per folio.
 */
#include "node_ext.bpf.h"

NODE_POLICY(watermark, "slows admission down before the device gets full");

#define PAGE_SIZE	4096ULL
#define NSEC_PER_MSEC	1000000ULL

NODE_TUNABLE(u32, rate_ok, NODE_DEVICE_RATE_UNLIMITED, 0,
	     NODE_DEVICE_RATE_UNLIMITED, "pages/s",
	     "admission while there is enough space; 4294967295 is no limit");
NODE_TUNABLE(u32, rate_low, 2048, 0, NODE_DEVICE_RATE_UNLIMITED, "pages/s",
	     "admission while space is low; 0 is none");
NODE_TUNABLE(u32, stop, 180, 0, 1000, "permille",
	     "free physical space below which nothing comes in");
NODE_TUNABLE(u32, resume, 220, 0, 1000, "permille",
	     "free physical space from which on pages come in again");
NODE_TUNABLE(u32, settle, 1000, 0, 600000, "ms",
	     "how long nothing comes in at least, once it was stopped");
NODE_TUNABLE(u32, age, 100, 0, 500, "permille",
	     "share of the node to reclaim when space gets low; 0 is none");

struct watermark_counters {
	u64 open;		/* chunks that passed */
	u64 cut;		/* chunks that passed in part */
	u64 refused;		/* chunks that did not pass */
	u64 stops;		/* times that the gate was closed */
	u64 resumes;		/* and opened again */
	u64 slowdowns;		/* times that the pressure rose */
	u64 speedups;		/* and fell */
	u64 agings;		/* times that reclaim was asked for */
};

NODE_COUNTERS(struct watermark_counters);

/* When there was too little space the last time, in ns; 0: the gate is open. */
static u64 closed_at;

static __always_inline u64 at_most(u64 value, u64 limit)
{
	return value < limit ? value : limit;
}

/* What of @total is meant by so many permille. */
static __always_inline u64 share(u64 total, u64 permille)
{
	return total / 1000 * at_most(permille, 1000);
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u64 total = bpf_node_device_stat(NODE_DEVICE_STAT_PHYS_TOTAL);
	u64 since = READ_ONCE(closed_at), low, high, now, room;

	if (total == ~0ULL)
		return -1;
	low = share(total, stop);
	high = share(total, resume);

	if (ctx->pressure >= NODE_DEVICE_PRESSURE_HIGH ||
	    ctx->phys_free < low + PAGE_SIZE) {
		now = bpf_ktime_get_ns();
		WRITE_ONCE(closed_at, now ? now : 1);
		if (!since)
			NODE_COUNT(stops, 1);
		goto refuse;
	}
	if (since) {
		now = bpf_ktime_get_ns();
		/* Another CPU may have closed it a moment later than now. */
		if (ctx->phys_free < high || now < since ||
		    now - since < (u64)settle * NSEC_PER_MSEC)
			goto refuse;
		WRITE_ONCE(closed_at, 0);
		NODE_COUNT(resumes, 1);
	}

	/* Each page may turn out incompressible. */
	room = (ctx->phys_free - low) / PAGE_SIZE;
	if (room < ctx->nr_pages) {
		NODE_COUNT(cut, 1);
		return room;
	}
	NODE_COUNT(open, 1);
	return 0;

refuse:
	NODE_COUNT(refused, 1);
	return -1;
}

static __always_inline u32 rate_at(u32 level)
{
	if (level >= NODE_DEVICE_PRESSURE_HIGH)
		return 0;
	return level == NODE_DEVICE_PRESSURE_LOW ? rate_low : rate_ok;
}

NODE_OP(void, pressure, struct node_press_ctx *ctx)
{
	u64 pages = ctx->logical_used / PAGE_SIZE * at_most(age, 1000) / 1000;

	/* On an error the policy is about to leave. */
	if (bpf_node_device_admit_rate(rate_at(ctx->pressure)))
		return;
	if (ctx->pressure < ctx->old_pressure)
		NODE_COUNT(speedups, 1);
	if (ctx->pressure <= ctx->old_pressure)
		return;
	NODE_COUNT(slowdowns, 1);
	/* From HIGH on the kernel does it by itself. */
	if (ctx->pressure == NODE_DEVICE_PRESSURE_LOW && pages &&
	    !bpf_node_device_request_reclaim(pages))
		NODE_COUNT(agings, 1);
}

/* Chunks may come before the first call of pressure. */
NODE_OP(s32, init, struct node_policy_info *info)
{
	u64 level = bpf_node_device_stat(NODE_DEVICE_STAT_PRESSURE);

	if (level > NODE_DEVICE_PRESSURE_CRITICAL)
		level = NODE_DEVICE_PRESSURE_OK;
	return bpf_node_device_admit_rate(rate_at(level));
}

NODE_OPS(watermark, admit_batch, pressure, init);
