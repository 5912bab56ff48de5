// SPDX-License-Identifier: GPL-2.0
/*
 * ratio_keeper - keeps the achieved ratio of the node above a target
 *
 * For a compressed node whose data are mixed, and whose owner counts on a
 * ratio: logical bytes that it holds for each physical byte used.  The policy
 * learns what pages really take when they are stored, and lets in what the
 * target can afford; the rest goes to swap.  Use it where the estimate of
 * "compressible" is not good enough, or where the ratio matters more than that
 * everything gets in.
 *
 * What it learns is kept for each MiB of an anonymous mapping, for the whole
 * mapping and for the cgroup: mean and spread of the stored size, each a moving
 * average.  The most specific history that has seen enough pages tells what to
 * expect of a folio.  When there is none, or when the pages of that history
 * differ too much to say anything about a single one, the content is looked at.
 *
 * A folio that is expected to take no more than its fair share, a page divided
 * by the target, is admitted.  One that takes more is admitted as long as the
 * node has credit: what it could use and still be at the target, minus what it
 * uses.  So pages that shrink well pay for pages that shrink less.  A folio
 * that hardly shrinks ("worst") is denied whatever the credit: swap takes it at
 * the same price.  Credit is spent down to "reserve" of the physical space.
 * What is left after that is for pages that take their fair share, and for a
 * device whose capacity shrinks.
 *
 * Data change.  So one in "explore" of the folios that would be denied is
 * admitted all the same, if a look at its content says that it shrinks, and the
 * history learns from it.  That can take the node below the target by no more
 * than 1/128 of its physical space, the debt.  When nothing shrinks well enough
 * for the target, nothing but that debt comes in: choose a target that the data
 * can reach.
 *
 * The ratio also falls when good pages leave, by writes.  Then reclaim of the
 * node keeps the good ones and evicts the others, and when the device gets full
 * besides, that reclaim is asked for.
 *
 * What is inexact, and why that is fine:
 *
 *  - Averages are updated without a lock.  What two CPUs learn at the same time
 *    can get lost, one page each time.
 *  - Other CPUs spend the same credit at the same time: each up to the folios
 *    of one chunk, 32 pages.  The next chunk sees what they have stored.
 *  - Reservations of chunks that are being moved count as used.  That makes the
 *    credit look smaller, by 4 KiB less what the page will take, for each page
 *    under way.
 *  - Histories that were not used for long are forgotten: each CPU has its share
 *    of the maps, for those that it made.
 *
 * Cost per chunk: three bpf_node_device_stat(), one of which visits all CPUs.
 * Per folio: bpf_node_device_folio_info(), one to three hash lookups, the
 * counters' array lookup, one bpf_node_device_admit_set(); without a usable
 * history also one bpf_node_device_folio_estimate().  Per admitted folio:
 * bpf_node_device_folio_info() and three hash updates.
 */
#include "node_ext.bpf.h"

NODE_POLICY(ratio_keeper, "keeps the node's achieved ratio above a target");

#define PAGE_SIZE	4096ULL
#define BLOCK_SHIFT	8	/* pages of a block: 1 MiB */
#define ENOUGH		8	/* pages that make a history */
#define FRACTION	8	/* binary digits of averages after the point */
#define DEBT_SHIFT	7	/* the debt is 1/128 of the physical space */

NODE_TUNABLE(u32, target, 2500, 1000, 64000, "permille",
	     "ratio to keep: logical bytes for each physical byte");
NODE_TUNABLE(u32, margin, 50, 0, 1000, "permille",
	     "aim so much above the target");
NODE_TUNABLE(u32, worst, 850, 0, 1000, "permille",
	     "largest stored size, of a page, that is ever admitted");
NODE_TUNABLE(u32, reserve, 250, 0, 1000, "permille",
	     "free physical space that only pages with a fair share may use");
NODE_TUNABLE(u32, explore, 16, 0, 1000000, "folios",
	     "one of so many that would be denied is looked at again; 0: none");
NODE_TUNABLE(u32, spread, 512, 0, 4096, "bytes",
	     "a history whose pages differ by more does not tell of a page");
NODE_TUNABLE(u32, memory, 16, 1, 1024, "pages",
	     "how many pages an average goes back");
NODE_TUNABLE(u32, samples, 16, 1, 64, "windows",
	     "windows of 64 bytes to look at in a folio");
NODE_TUNABLE(bool, pick_class, true, false, true, "",
	     "use the strongest compression class while there is no credit");
NODE_TUNABLE(u32, purge, 50, 0, 500, "permille",
	     "share of the node to reclaim when it gets full below the target");

/* One MiB of an anonymous mapping. */
struct block {
	u64 area;
	u64 nr;
};

/* What pages took when they were stored. */
struct history {
	u32 mean;		/* bytes of a page, with FRACTION digits */
	u32 spread;		/* mean distance from that, likewise */
	u32 pages;		/* seen so far, no longer counted when enough */
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(map_flags, BPF_F_NO_COMMON_LRU);
	__uint(max_entries, 16384);
	__type(key, struct block);
	__type(value, struct history);
} blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(map_flags, BPF_F_NO_COMMON_LRU);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct history);
} areas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(map_flags, BPF_F_NO_COMMON_LRU);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct history);
} cgroups SEC(".maps");

struct keeper_counters {
	u64 fair;		/* admitted: takes no more than its share */
	u64 on_credit;		/* admitted: others make up for it */
	u64 explored;		/* admitted: to learn whether data changed */
	u64 too_large;		/* denied: takes more than there is credit */
	u64 hopeless;		/* denied: hardly shrinks */
	u64 unknown;		/* denied: the kernel did not say whose it is */
	u64 by_history;		/* judged by what its neighbours took */
	u64 by_content;		/* judged by a look at the content */
	u64 learned;		/* pages learned from */
	u64 kept_on_node;	/* victims kept: fair, and the ratio is low */
	u64 evicted;		/* victims let go: not fair, and it is low */
	u64 purges;		/* times that reclaim was asked for */
};

NODE_COUNTERS(struct keeper_counters);

/* No credit at the last look: one word, written and read as a whole. */
static u32 short_of_credit;

/* The target with its margin, in permille.  Sane for any value of both. */
static __always_inline u64 aim(void)
{
	u64 want = target, more = margin;

	if (more > 1000)
		more = 1000;
	want = want * (1000 + more) / 1000;
	return want < 1000 ? 1000 : want;
}

/* ---- what was learned ---------------------------------------------------- */

static __always_inline u32 move_towards(u32 average, u32 value, u32 weight)
{
	if (value > average)
		return average + (value - average) / weight;
	return average - (average - value) / weight;
}

static __always_inline void learn(struct history *h, u32 bytes)
{
	u32 value = bytes << FRACTION, weight = memory;
	u32 mean = READ_ONCE(h->mean), pages = READ_ONCE(h->pages);
	u32 distance = value > mean ? value - mean : mean - value;

	/* The first pages make an arithmetic mean. */
	if (pages < weight)
		weight = pages + 1;
	if (!weight)
		weight = 1;
	/* Before there is a mean nothing is far from it. */
	if (!pages)
		distance = 0;
	WRITE_ONCE(h->spread, move_towards(READ_ONCE(h->spread), distance,
					   weight));
	WRITE_ONCE(h->mean, move_towards(mean, value, weight));
	if (pages < 1 << 16)
		WRITE_ONCE(h->pages, pages + 1);
}

/* Two CPUs that both find none: the first page of one is forgotten. */
#define LEARN(_map, _key, _bytes)					\
	do {								\
		struct history *___h = bpf_map_lookup_elem(_map, _key);	\
		struct history ___first = {				\
			.mean = (_bytes) << FRACTION,			\
			.pages = 1,					\
		};							\
									\
		if (___h)						\
			learn(___h, _bytes);				\
		else							\
			bpf_map_update_elem(_map, _key, &___first,	\
					    BPF_ANY);			\
	} while (0)

NODE_OP(void, migrated, struct folio *folio, struct node_migrated_ctx *ctx)
{
	struct node_folio_info info = {};
	struct block block;
	u32 bytes;

	/* It left the node, or just moved within. */
	if (!ctx->class || ctx->src_nid == ctx->dst_nid || !ctx->nr_pages)
		return;
	if (bpf_node_device_folio_info(folio, &info, sizeof(info)))
		return;

	bytes = ctx->stored_bytes / ctx->nr_pages;
	if (bytes > PAGE_SIZE)
		bytes = PAGE_SIZE;
	if (info.area) {
		block.area = info.area;
		block.nr = info.index >> BLOCK_SHIFT;
		LEARN(&blocks, &block, bytes);
		LEARN(&areas, &info.area, bytes);
	}
	LEARN(&cgroups, &info.memcg_id, bytes);
	NODE_COUNT(learned, 1);
}

static __always_inline bool usable(const struct history *h)
{
	return h && READ_ONCE(h->pages) >= ENOUGH;
}

/*
 * Bytes that a page of this folio is expected to take by what is known of its
 * neighbours; -1 when they tell nothing.
 */
static __always_inline s64 expected(const struct node_folio_info *info)
{
	struct block block = {
		.area = info->area,
		.nr = info->index >> BLOCK_SHIFT,
	};
	u64 area = info->area, memcg_id = info->memcg_id;
	struct history *h = NULL;

	if (area) {
		h = bpf_map_lookup_elem(&blocks, &block);
		if (!usable(h))
			h = bpf_map_lookup_elem(&areas, &area);
	}
	if (!usable(h))
		h = bpf_map_lookup_elem(&cgroups, &memcg_id);
	if (!usable(h) || READ_ONCE(h->spread) >> FRACTION > spread)
		return -1;
	return READ_ONCE(h->mean) >> FRACTION;
}

/* The same by its content.  What cannot be looked at does not shrink. */
static __always_inline s64 estimated(struct folio *folio)
{
	s32 permille = bpf_node_device_folio_estimate(folio, samples);

	return permille < 0 ? PAGE_SIZE : permille * PAGE_SIZE / 1000;
}

/* ---- admission ----------------------------------------------------------- */

/**
 * struct purse - what a chunk may spend
 * @fair: bytes that a page takes at the target
 * @worst: bytes that a page may take at most
 * @credit: bytes that could be used more, negative below the target and where
 *	the reserve has been touched
 * @debt: bytes that exploration may be below that
 */
struct purse {
	s64 fair;
	s64 worst;
	s64 credit;
	s64 debt;
};

/* False when the node does not tell: it is going away. */
static __always_inline bool open_purse(struct purse *purse)
{
	u64 total = bpf_node_device_stat(NODE_DEVICE_STAT_PHYS_TOTAL);
	u64 used = bpf_node_device_stat(NODE_DEVICE_STAT_PHYS_USED);
	u64 logical = bpf_node_device_stat(NODE_DEVICE_STAT_LOGICAL_USED);
	u64 permille = aim(), limit = worst, keep = reserve;
	s64 room;

	if (total == ~0ULL || used == ~0ULL || logical == ~0ULL)
		return false;
	if (limit > 1000)
		limit = 1000;
	purse->fair = PAGE_SIZE * 1000 / permille;
	purse->worst = limit * PAGE_SIZE / 1000;
	purse->credit = (s64)(logical * 1000 / permille) - (s64)used;
	if (keep > 1000)
		keep = 1000;
	room = (s64)(total / 1000 * (1000 - keep)) - (s64)used;
	if (purse->credit > room)
		purse->credit = room;
	purse->debt = total >> DEBT_SHIFT;
	return true;
}

static __always_inline u32 verdict_on(struct folio *folio, struct purse *purse)
{
	struct node_folio_info info = {};
	s64 bytes, excess;
	u32 every;

	if (bpf_node_device_folio_info(folio, &info, sizeof(info))) {
		NODE_COUNT(unknown, 1);
		return NODE_DEVICE_ADMIT_DENY;
	}

	bytes = expected(&info);
	if (bytes >= 0) {
		NODE_COUNT(by_history, 1);
	} else {
		bytes = estimated(folio);
		NODE_COUNT(by_content, 1);
	}

	excess = bytes - purse->fair;
	if (excess <= 0) {
		NODE_COUNT(fair, 1);
		goto accept;
	}
	if (bytes <= purse->worst && purse->credit >= excess) {
		NODE_COUNT(on_credit, 1);
		goto accept;
	}

	every = explore;
	if (every && !(bpf_get_prandom_u32() % every) &&
	    purse->credit - excess >= -purse->debt &&
	    estimated(folio) <= purse->worst) {
		NODE_COUNT(explored, 1);
		goto accept;
	}
	if (bytes > purse->worst)
		NODE_COUNT(hopeless, 1);
	else
		NODE_COUNT(too_large, 1);
	return NODE_DEVICE_ADMIT_DENY;

accept:
	/* A large folio comes again, page by page, and pays then. */
	if (!info.order)
		purse->credit -= excess;
	return NODE_DEVICE_ADMIT_ACCEPT;
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	struct folio *folio;
	struct purse purse;

	if (!open_purse(&purse))
		return -1;
	WRITE_ONCE(short_of_credit, purse.credit < purse.debt);
	NODE_FOR_EACH_FOLIO(folio, ctx)
		bpf_node_device_admit_set(ctx, folio,
					  verdict_on(folio, &purse));
	return 0;
}

/* Effort is worth its time when there is no credit to spend. */
NODE_OP(s32, choose_class, struct folio *folio, struct node_class_ctx *ctx)
{
	return pick_class && READ_ONCE(short_of_credit) ? ctx->nr_classes : 0;
}

/* ---- what is there ------------------------------------------------------- */

/*
 * While the ratio is short those go that make it so.  The kernel lets a policy
 * keep half of what it looks at, so reclaim makes progress also where all are
 * good.
 */
NODE_OP(u32, reclaim_folio, struct folio *folio, struct node_victim_ctx *ctx)
{
	struct node_folio_info info = {};
	s64 bytes;

	if (!READ_ONCE(short_of_credit) ||
	    bpf_node_device_folio_info(folio, &info, sizeof(info)))
		return NODE_DEVICE_VICTIM_DEFAULT;
	bytes = expected(&info);
	if (bytes < 0)
		return NODE_DEVICE_VICTIM_DEFAULT;
	if ((u64)bytes <= PAGE_SIZE * 1000 / aim()) {
		NODE_COUNT(kept_on_node, 1);
		return NODE_DEVICE_VICTIM_KEEP;
	}
	NODE_COUNT(evicted, 1);
	return NODE_DEVICE_VICTIM_EVICT;
}

NODE_OP(void, pressure, struct node_press_ctx *ctx)
{
	u64 share = purge;

	if (ctx->pressure < NODE_DEVICE_PRESSURE_LOW ||
	    ctx->logical_used * 1000 / aim() >= ctx->phys_used)
		return;
	WRITE_ONCE(short_of_credit, 1);
	if (share > 1000)
		share = 1000;
	if (!share)
		return;
	if (!bpf_node_device_request_reclaim(ctx->logical_used / PAGE_SIZE *
					     share /
					     1000))
		NODE_COUNT(purges, 1);
}

NODE_OPS(ratio_keeper, admit_batch, choose_class, migrated, reclaim_folio,
	 pressure);
