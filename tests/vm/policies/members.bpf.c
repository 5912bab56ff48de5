// SPDX-License-Identifier: GPL-2.0
/*
 * The members that move pages out of the node, the state that a policy is told,
 * and verdicts given for a whole chunk: each answer is a tunable, and what the
 * policy was told is counted.
 */
#include "node_ext.bpf.h"

NODE_POLICY(members, "test: answers what its tunables say, all members");

NODE_TUNABLE(u32, promote, NODE_DEVICE_PROMOTE_DEFAULT, 0, 4294967295U, "",
	     "answer of promote_fault");
NODE_TUNABLE(u32, hot, NODE_DEVICE_PROMOTE_DEFAULT, 0, 4294967295U, "",
	     "answer of promote_hot");
NODE_TUNABLE(u32, victim, NODE_DEVICE_VICTIM_DEFAULT, 0, 4294967295U, "",
	     "answer of reclaim_folio");
NODE_TUNABLE(u32, set, 0, 0, 4294967295U, "",
	     "verdict that admit_batch sets for each folio, plus 1; 0 for none");
NODE_TUNABLE(u32, init_rate, NODE_DEVICE_RATE_UNLIMITED, 0,
	     NODE_DEVICE_RATE_UNLIMITED, "pages/s",
	     "admission rate that init sets");
NODE_TUNABLE(u64, request, 0, 0, 1000000, "pages",
	     "pages that pressure wants evicted");

struct members_counters {
	u64 chunks;
	u64 folios;		/* that the context announced, */
	u64 walked;		/* and that the iterator found */
	u64 asked;
	u64 hot_device;
	u64 hot_hint;
	u64 heat;
	u64 victims;
	u64 faults;
	u64 moved_hot;		/* pages that left, by the reason told */
	u64 moved_around;
	u64 moved_victim;
	u64 moved_requested;
	u64 pressures;
	u64 level;		/* the last that was told, plus 1 */
	u64 phys_total;		/* with it */
	u64 phys_stat;		/* what bpf_node_device_stat() said then */
	u64 returned;		/* faults on a page that was admitted before */
	u64 bad;		/* broken promises */
};

NODE_COUNTERS(struct members_counters);

/* Who was let in: area and index stay with the data. */
struct key {
	u64 area;
	u64 index;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(map_flags, BPF_F_NO_COMMON_LRU);
	__uint(max_entries, 4096);
	__type(key, struct key);
	__type(value, u64);
} admitted SEC(".maps");

s32 own_nid = -1;

#define EXPECT(_cond)				\
	do {					\
		if (!(_cond))			\
			NODE_COUNT(bad, 1);	\
	} while (0)

/*
 * The sum over all CPUs is what was stored last. One caller at a time: the node's
 * worker tells the pressure.
 */
#define STORE(_field, _value)						\
	do {								\
		static u64 ___last;					\
		u64 ___v = (_value);					\
									\
		NODE_COUNT(_field, ___v - ___last);			\
		___last = ___v;						\
	} while (0)

static __always_inline int key_of(struct folio *folio, struct key *key)
{
	struct node_folio_info info = {};

	if (bpf_node_device_folio_info(folio, &info, sizeof(info)))
		return -1;
	EXPECT(info.area);
	key->area = info.area;
	key->index = info.index;
	return 0;
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u32 verdict = set, found = 0;
	struct folio *folio;

	NODE_COUNT(chunks, 1);
	NODE_COUNT(folios, ctx->nr_folios);
	/* It may have risen since the node was found to be open. */
	EXPECT(ctx->pressure <= NODE_DEVICE_PRESSURE_CRITICAL);
	NODE_FOR_EACH_FOLIO(folio, ctx) {
		found++;
		if (verdict)
			EXPECT(!bpf_node_device_admit_set(ctx, folio,
							  verdict - 1));
	}
	NODE_COUNT(walked, found);
	return 0;
}

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	struct key key = {};
	u64 one = 1;

	NODE_COUNT(asked, 1);
	if (!key_of(folio, &key))
		bpf_map_update_elem(&admitted, &key, &one, BPF_ANY);
	return NODE_DEVICE_ADMIT_DEFAULT;
}

NODE_OP(u32, promote_fault, struct folio *folio, struct node_fault_ctx *ctx)
{
	struct key key = {};

	NODE_COUNT(faults, 1);
	EXPECT(ctx->nid == own_nid);
	EXPECT(ctx->max_around <= 16);
	if (!key_of(folio, &key) && bpf_map_lookup_elem(&admitted, &key))
		NODE_COUNT(returned, 1);
	return promote;
}

NODE_OP(u32, promote_hot, struct folio *folio, struct node_hot_ctx *ctx)
{
	struct key key = {};

	EXPECT(ctx->nid == own_nid && ctx->dst_nid != own_nid);
	EXPECT(!key_of(folio, &key));
	NODE_COUNT(heat, ctx->heat);
	if (ctx->source == NODE_DEVICE_HOT_DEVICE)
		NODE_COUNT(hot_device, 1);
	else
		NODE_COUNT(hot_hint, 1);
	return hot;
}

NODE_OP(u32, reclaim_folio, struct folio *folio, struct node_victim_ctx *ctx)
{
	struct key key = {};

	NODE_COUNT(victims, 1);
	EXPECT(ctx->nid == own_nid && ctx->nr_pages == 1);
	EXPECT(ctx->pressure <= NODE_DEVICE_PRESSURE_CRITICAL);
	EXPECT(!key_of(folio, &key));
	return victim;
}

NODE_OP(void, migrated, struct folio *folio, struct node_migrated_ctx *ctx)
{
	switch (ctx->reason) {
	case NODE_DEVICE_MOVE_PROMOTED_HOT:
		NODE_COUNT(moved_hot, ctx->nr_pages);
		break;
	case NODE_DEVICE_MOVE_PROMOTED_AROUND:
		NODE_COUNT(moved_around, ctx->nr_pages);
		break;
	case NODE_DEVICE_MOVE_PROMOTED_VICTIM:
		NODE_COUNT(moved_victim, ctx->nr_pages);
		break;
	case NODE_DEVICE_MOVE_REQUESTED:
		NODE_COUNT(moved_requested, ctx->nr_pages);
		break;
	}
}

NODE_OP(void, pressure, struct node_press_ctx *ctx)
{
	u64 pages = request;

	NODE_COUNT(pressures, 1);
	EXPECT(ctx->nid == own_nid);
	EXPECT(ctx->pressure <= NODE_DEVICE_PRESSURE_CRITICAL);
	EXPECT(ctx->logical_used <= ctx->logical_total);
	STORE(level, ctx->pressure + 1);
	/* They differ when it changes in between, until the next call. */
	STORE(phys_total, ctx->phys_total);
	STORE(phys_stat, bpf_node_device_stat(NODE_DEVICE_STAT_PHYS_TOTAL));
	if (pages)
		EXPECT(!bpf_node_device_request_reclaim(pages));
}

NODE_OP(s32, init, struct node_policy_info *info)
{
	own_nid = info->nid;
	return bpf_node_device_admit_rate(init_rate);
}

NODE_OPS(members, admit_batch, admit_folio, migrated, promote_fault,
	 promote_hot, reclaim_folio, pressure, init);
