// SPDX-License-Identifier: GPL-2.0
/*
 * tpp - second-touch promotion and headroom, for a slow tier
 *
 * For plain slow memory without a write fence (CXL, persistent memory), where
 * pages can be read and written in place and are worth moving back to DRAM when
 * they are in use again.  It follows TPP, transparent page placement (ASPLOS
 * 2023): demote early, promote late.
 *
 * Promotion.  A NUMA hint fault says that a page was touched once.  That alone
 * means little: the next one may be hours away.  So the first touch is only
 * remembered, with the time; the second one within "window" promotes the page.
 * Touches closer together than "gap" are one: threads that use a page at the
 * same time fault at the same time.  A device that counts accesses says more: a
 * page that it saw "heat" times is promoted at once.  While less than
 * "dram_reserve" of DRAM is free nothing is promoted, since each promotion
 * would only push another page out.
 *
 * Hint faults come with NUMA balancing: sysctl kernel.numa_balancing=2.  With 1
 * or 3 the kernel skips tasks that may use one ordinary node only.
 *
 * Demotion.  kswapd and proactive reclaim leave "headroom" of the node's pages
 * free.  Then a task that has to reclaim by itself, and waits for it, finds
 * room on the node and does not wait for swap.  What was promoted in the last
 * "stay" milliseconds stays in DRAM, up to the half of a chunk that the kernel
 * allows.
 *
 * Reclaim of the node moves a page that was touched twice to DRAM and not to
 * swap, if there is room, and keeps one that was touched once within the
 * window.  When the node shrinks, reclaim is asked for headroom.
 *
 * On a node with a write fence it works, too, for pages that are only read;
 * what is written leaves anyway.
 *
 * What is inexact, and why that is fine:
 *
 *  - Each CPU has its share of the 61440 records, those that it made.  When the
 *    share is full, the oldest are forgotten.  Then a touch counts as the first
 *    one: a promotion comes later.
 *  - Two CPUs may record a page at once; one touch gets lost.
 *  - Other CPUs demote at the same time: each can take one chunk, 32 pages, of
 *    the headroom.
 *  - Two mappings can get the same number, though hardly ever do, and a number
 *    may be used again.  Then one page too many is promoted.
 *
 * Cost per report: bpf_node_device_folio_info(), bpf_node_device_stat(), the
 * clock, one hash lookup or update.  Per chunk: one bpf_node_device_stat().
 * Per folio that is offered, or looked at by reclaim of the node:
 * bpf_node_device_folio_info(), the clock, one hash lookup.  The records take about
 * 6 MiB of kernel memory.
 */
#include "node_ext.bpf.h"

NODE_POLICY(tpp, "promotes at the second touch, for slow memory without fence");

#define PAGE_SIZE	4096ULL
#define NSEC_PER_MSEC	1000000ULL
/* The kernel rounds this up to a multiple of the CPUs, and takes 65536 at most. */
#define RECORDS		61440

NODE_TUNABLE(u32, window, 60000, 1, 86400000, "ms",
	     "a second touch within this time promotes");
NODE_TUNABLE(u32, gap, 50, 0, 60000, "ms",
	     "hint faults closer together than this are one touch");
NODE_TUNABLE(u32, heat, 16, 1, 1000000000, "accesses",
	     "in one report of the device, promote at once");
NODE_TUNABLE(u64, dram_reserve, 16384, 0, 1ULL << 40, "pages",
	     "free DRAM that promotion leaves alone");
NODE_TUNABLE(u32, stay, 10000, 0, 3600000, "ms",
	     "how long a promoted page is not demoted again");
NODE_TUNABLE(u32, headroom, 20, 0, 1000, "permille",
	     "pages of the node that background reclaim leaves free");

/* A page of an anonymous mapping. */
struct page_key {
	u64 area;
	u64 index;
};

struct touches {
	u64 last;		/* ns */
	u64 wanted;		/* ns, when it was worth promoting; 0: never */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(map_flags, BPF_F_NO_COMMON_LRU);
	__uint(max_entries, RECORDS);
	__type(key, struct page_key);
	__type(value, struct touches);
} touched SEC(".maps");

struct tpp_counters {
	u64 first_touch;	/* reports: remembered, not promoted */
	u64 same_touch;		/* reports: too close to the last one */
	u64 second_touch;	/* reports: promoted */
	u64 device_hot;		/* reports: promoted, the device says so */
	u64 no_dram;		/* reports: not promoted, DRAM is short */
	u64 unknown;		/* reports: of nobody, not promoted */
	u64 kept_in_dram;	/* folios not demoted: just promoted */
	u64 demoted;		/* folios admitted */
	u64 no_headroom;	/* chunks refused: room for those who wait */
	u64 victim_promoted;	/* victims to DRAM: touched twice */
	u64 victim_kept;	/* victims kept: touched once */
	u64 purges;		/* times that reclaim was asked for */
};

NODE_COUNTERS(struct tpp_counters);

/* Was that less than so many ms ago?  CPUs' clocks may differ a bit. */
static __always_inline bool within(u64 then, u64 now, u32 ms)
{
	return then && (now <= then || now - then < (u64)ms * NSEC_PER_MSEC);
}

static __always_inline bool page_of(struct folio *folio, struct page_key *key)
{
	struct node_folio_info info = {};

	if (bpf_node_device_folio_info(folio, &info, sizeof(info)) ||
	    !info.area)
		return false;
	key->area = info.area;
	key->index = info.index;
	return true;
}

/* ---- promotion ----------------------------------------------------------- */

/* DRAM that cannot be asked about is not there. */
static __always_inline bool dram_is_short(void)
{
	u64 bytes = bpf_node_device_stat(NODE_DEVICE_STAT_DRAM_FREE);

	return bytes == ~0ULL || bytes / PAGE_SIZE < dram_reserve;
}

NODE_OP(u32, promote_hot, struct folio *folio, struct node_hot_ctx *ctx)
{
	bool device = ctx->source == NODE_DEVICE_HOT_DEVICE;
	struct touches *t, new = {};
	struct page_key key = {};
	u64 now, last;
	bool hot;

	if (!page_of(folio, &key)) {
		NODE_COUNT(unknown, 1);
		return NODE_DEVICE_PROMOTE_SKIP;
	}
	now = bpf_ktime_get_ns();
	hot = device && ctx->heat >= heat;

	t = bpf_map_lookup_elem(&touched, &key);
	if (!t) {
		new.last = now;
		new.wanted = hot ? now : 0;
		bpf_map_update_elem(&touched, &key, &new, BPF_ANY);
	} else {
		last = READ_ONCE(t->last);
		if (!device && within(last, now, gap)) {
			NODE_COUNT(same_touch, 1);
			return NODE_DEVICE_PROMOTE_SKIP;
		}
		WRITE_ONCE(t->last, now);
		if (hot || within(last, now, window))
			WRITE_ONCE(t->wanted, now);
		else
			WRITE_ONCE(t->wanted, 0);
	}
	if (!hot && (!t || !READ_ONCE(t->wanted))) {
		NODE_COUNT(first_touch, 1);
		return NODE_DEVICE_PROMOTE_SKIP;
	}

	/* It stays marked: reclaim of the node may still promote it. */
	if (dram_is_short()) {
		NODE_COUNT(no_dram, 1);
		return NODE_DEVICE_PROMOTE_SKIP;
	}
	if (hot)
		NODE_COUNT(device_hot, 1);
	else
		NODE_COUNT(second_touch, 1);
	return NODE_DEVICE_PROMOTE_ONE;
}

/* ---- demotion ------------------------------------------------------------ */

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u64 total, leave, share = headroom, pages;

	/* Somebody waits for this.  Today a cgroup's limit offers nothing. */
	if (ctx->reclaimer == NODE_DEVICE_RECLAIMER_DIRECT ||
	    ctx->reclaimer == NODE_DEVICE_RECLAIMER_MEMCG)
		return 0;
	total = bpf_node_device_stat(NODE_DEVICE_STAT_LOGICAL_TOTAL);
	if (total == ~0ULL)
		return -1;
	if (share > 1000)
		share = 1000;
	leave = total / 1000 * share;
	if (ctx->logical_free < leave + PAGE_SIZE) {
		NODE_COUNT(no_headroom, 1);
		return -1;
	}
	pages = (ctx->logical_free - leave) / PAGE_SIZE;
	return pages < ctx->nr_pages ? pages : 0;
}

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	struct page_key key = {};
	struct touches *t;

	if (page_of(folio, &key)) {
		t = bpf_map_lookup_elem(&touched, &key);
		if (t && within(READ_ONCE(t->wanted), bpf_ktime_get_ns(),
				stay)) {
			NODE_COUNT(kept_in_dram, 1);
			return NODE_DEVICE_ADMIT_KEEP;
		}
	}
	NODE_COUNT(demoted, 1);
	return NODE_DEVICE_ADMIT_ACCEPT;
}

/* ---- what is there ------------------------------------------------------- */

NODE_OP(u32, reclaim_folio, struct folio *folio, struct node_victim_ctx *ctx)
{
	struct page_key key = {};
	struct touches *t;
	u64 now;

	if (!page_of(folio, &key))
		return NODE_DEVICE_VICTIM_DEFAULT;
	t = bpf_map_lookup_elem(&touched, &key);
	if (!t)
		return NODE_DEVICE_VICTIM_DEFAULT;
	now = bpf_ktime_get_ns();
	if (within(READ_ONCE(t->wanted), now, window)) {
		NODE_COUNT(victim_promoted, 1);
		return NODE_DEVICE_VICTIM_PROMOTE;
	}
	if (within(READ_ONCE(t->last), now, window)) {
		NODE_COUNT(victim_kept, 1);
		return NODE_DEVICE_VICTIM_KEEP;
	}
	return NODE_DEVICE_VICTIM_DEFAULT;
}

/*
 * A tier whose pages all have their own space is at NODE_DEVICE_PRESSURE_OK
 * unless its driver says otherwise: this is for one that shrinks.
 */
NODE_OP(void, pressure, struct node_press_ctx *ctx)
{
	u64 share = headroom, leave, unused;

	if (share > 1000)
		share = 1000;
	leave = ctx->phys_total / 1000 * share;
	unused = ctx->phys_total > ctx->phys_used ?
		 ctx->phys_total - ctx->phys_used : 0;
	if (ctx->pressure < NODE_DEVICE_PRESSURE_LOW || unused >= leave)
		return;
	if (!bpf_node_device_request_reclaim((leave - unused) / PAGE_SIZE + 1))
		NODE_COUNT(purges, 1);
}

NODE_OPS(tpp, admit_batch, admit_folio, promote_hot, reclaim_folio, pressure);
