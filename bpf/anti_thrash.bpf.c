// SPDX-License-Identifier: GPL-2.0
/*
 * anti_thrash - keeps out pages that have bounced
 *
 * For a node with a write fence and data that are written now and then.
 * Reclaim sees that a page was not used for a while; the next write copies it
 * back to DRAM, and a moment later reclaim finds it cold again.  Each such
 * bounce costs a compression, a fault and a copy.  Use this policy where
 * pages_promoted_write is more than a few percent of pages_demoted.
 *
 * A page that comes back is remembered, with the time.  It gets a penalty,
 * "first" milliseconds, during which it is not admitted again; each further
 * bounce doubles it, up to "longest".  Each "forgive" milliseconds without a
 * bounce take one bounce back, so that a page which was written often in the
 * past gets its chance again.
 *
 * Pages under a penalty stay in DRAM ("keep"), which they would come back to
 * anyway; since the kernel lets a policy keep half of a chunk at most, the
 * others go to swap.  Without "keep" all of them go to swap, which is right
 * where DRAM is so short that even pages in use must go.
 *
 * What counts as a bounce: a write to a page of the node, and a move out of it
 * that user space or a policy wanted.  What leaves because of pressure, or
 * because memory is removed, did nothing to deserve a penalty.
 *
 * What is inexact, and why that is fine:
 *
 *  - Each CPU has its share of the 61440 records, those that it made.  When the
 *    share is full, the oldest are forgotten.  Pages that bounce often are
 *    looked up often and stay.
 *  - Two CPUs that record the same page at once count one bounce or two.  So
 *    does a write that the kernel has to begin anew.
 *  - After a fork a page may be known by another number: one bounce more until
 *    it is known again.
 *  - Two mappings can get the same number, though hardly ever do, and a number
 *    may be used again.  Then a page is kept out for another's bounces, until
 *    the penalty is over.
 *
 * Cost per folio: bpf_node_device_folio_info(), one hash lookup, one
 * bpf_node_device_admit_set(), one array lookup for the counters; the clock
 * once per chunk.  Per bounce: bpf_node_device_folio_info(), the clock, one
 * hash lookup or update.  The records take about 6 MiB of kernel memory.
 */
#include "node_ext.bpf.h"

NODE_POLICY(anti_thrash, "keeps out pages that have bounced");

/* What cannot bounce needs no policy against it. */
NODE_MATCH(.features = "fence");

#define NSEC_PER_MSEC	1000000ULL
#define MOST_BOUNCES	32
/* The kernel rounds this up to a multiple of the CPUs, and takes 65536 at most. */
#define RECORDS		61440

NODE_TUNABLE(u32, first, 2000, 1, 3600000, "ms",
	     "how long a page is kept out after its first bounce");
NODE_TUNABLE(u32, longest, 300000, 1, 86400000, "ms",
	     "how long a page is kept out at most");
NODE_TUNABLE(u32, forgive, 60000, 1, 86400000, "ms",
	     "time without a bounce that takes one bounce back");
NODE_TUNABLE(bool, keep, true, false, true, "",
	     "leave such pages in DRAM, as far as possible; false: to swap");

/* A page of an anonymous mapping. */
struct page_key {
	u64 area;
	u64 index;
};

struct bounces {
	u64 last;		/* ns */
	u32 nr;			/* as of then */
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(map_flags, BPF_F_NO_COMMON_LRU);
	__uint(max_entries, RECORDS);
	__type(key, struct page_key);
	__type(value, struct bounces);
} bounced SEC(".maps");

struct thrash_counters {
	u64 bounces;		/* pages that came back */
	u64 again;		/* of those, pages that had done so before */
	u64 admitted;		/* folios without a penalty */
	u64 served;		/* admitted: the penalty is over */
	u64 kept;		/* kept in DRAM under a penalty */
	u64 denied;		/* sent to swap under a penalty */
	u64 unknown;		/* admitted: the kernel did not say who it is */
};

NODE_COUNTERS(struct thrash_counters);

/* How many bounces still count at this time.  CPUs' clocks may differ a bit. */
static __always_inline u32 bounces_left(const struct bounces *b, u64 now)
{
	u64 last = READ_ONCE(b->last), period = (u64)forgive * NSEC_PER_MSEC;
	u64 forgiven, nr = READ_ONCE(b->nr);

	if (now <= last || !period)
		return nr;
	forgiven = (now - last) / period;
	return forgiven < nr ? nr - forgiven : 0;
}

/* What so many bounces cost, in ns. */
static __always_inline u64 penalty(u32 nr)
{
	u64 most = (u64)longest * NSEC_PER_MSEC, ns;

	if (!nr)
		return 0;
	if (nr > MOST_BOUNCES)
		nr = MOST_BOUNCES;
	/* At most 2^32 ms doubled 31 times: does not fit into ns. */
	ns = (u64)first << ((nr - 1) & 31);
	if (ns > longest)
		return most;
	return ns * NSEC_PER_MSEC;
}

/* ---- who comes back ------------------------------------------------------ */

static __always_inline void record(struct folio *folio)
{
	struct node_folio_info info = {};
	struct page_key key;
	struct bounces *b, new = {};
	u64 now;
	u32 nr;

	if (bpf_node_device_folio_info(folio, &info, sizeof(info)) ||
	    !info.area)
		return;
	key.area = info.area;
	key.index = info.index;
	now = bpf_ktime_get_ns();

	NODE_COUNT(bounces, 1);
	b = bpf_map_lookup_elem(&bounced, &key);
	if (!b) {
		new.last = now;
		new.nr = 1;
		/* No room, at worst: then it is not remembered. */
		bpf_map_update_elem(&bounced, &key, &new, BPF_ANY);
		return;
	}
	NODE_COUNT(again, 1);
	nr = bounces_left(b, now);
	WRITE_ONCE(b->nr, nr < MOST_BOUNCES ? nr + 1 : MOST_BOUNCES);
	WRITE_ONCE(b->last, now);
}

NODE_OP(u32, promote_fault, struct folio *folio, struct node_fault_ctx *ctx)
{
	record(folio);
	return NODE_DEVICE_PROMOTE_DEFAULT;
}

NODE_OP(void, migrated, struct folio *folio, struct node_migrated_ctx *ctx)
{
	switch (ctx->reason) {
	case NODE_DEVICE_MOVE_PROMOTED_HOT:
	case NODE_DEVICE_MOVE_PROMOTED_AROUND:
	case NODE_DEVICE_MOVE_PROMOTED_VICTIM:
	case NODE_DEVICE_MOVE_REQUESTED:
		/* Moves between two pages of the node are no bounce. */
		if (!ctx->class)
			record(folio);
	}
}

/* ---- who comes in -------------------------------------------------------- */

/* Is this folio under a penalty? */
static __always_inline bool is_kept_out(struct folio *folio, u64 now)
{
	struct node_folio_info info = {};
	struct page_key key;
	struct bounces *b;
	u64 last;

	if (bpf_node_device_folio_info(folio, &info, sizeof(info)) ||
	    !info.area) {
		NODE_COUNT(unknown, 1);
		return false;
	}
	/*
	 * Pages bounce one by one.  A large folio is asked about as a whole and
	 * then again by its pages.
	 */
	key.area = info.area;
	key.index = info.index;
	b = info.order ? NULL : bpf_map_lookup_elem(&bounced, &key);
	if (!b) {
		NODE_COUNT(admitted, 1);
		return false;
	}
	last = READ_ONCE(b->last);
	if (now <= last || now - last < penalty(READ_ONCE(b->nr)))
		return true;
	NODE_COUNT(served, 1);
	return false;
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u32 room = keep ? ctx->nr_folios / 2 : 0;
	u64 now = bpf_ktime_get_ns();
	struct folio *folio;

	NODE_FOR_EACH_FOLIO(folio, ctx) {
		if (!is_kept_out(folio, now)) {
			bpf_node_device_admit_set(ctx, folio,
						  NODE_DEVICE_ADMIT_ACCEPT);
		} else if (room) {
			room--;
			NODE_COUNT(kept, 1);
			bpf_node_device_admit_set(ctx, folio,
						  NODE_DEVICE_ADMIT_KEEP);
		} else {
			NODE_COUNT(denied, 1);
			bpf_node_device_admit_set(ctx, folio,
						  NODE_DEVICE_ADMIT_DENY);
		}
	}
	return 0;
}

NODE_OPS(anti_thrash, admit_batch, migrated, promote_fault);
