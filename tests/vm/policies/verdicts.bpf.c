// SPDX-License-Identifier: GPL-2.0
/*
 * Every verdict of every member, chosen by tunables, out of range included;
 * and a witness: it counts what it was called for and every argument that
 * breaks a promise of docs/abi.md.
 *
 * The last exit record is kept in the map "exits", which a test pins before it
 * detaches the policy.
 */
#include "record.h"

NODE_POLICY(verdicts, "test: answers what its tunables say");

NODE_TUNABLE(s32, batch, 0, -2147483648LL, 2147483647, "pages",
	     "answer of admit_batch");
NODE_TUNABLE(u32, admit, NODE_DEVICE_ADMIT_DEFAULT, 0, 4294967295U, "",
	     "answer of admit_folio");
NODE_TUNABLE(s32, class, 0, -2147483648LL, 2147483647, "",
	     "answer of choose_class");
NODE_TUNABLE(u32, promote, NODE_DEVICE_PROMOTE_DEFAULT, 0, 4294967295U, "",
	     "answer of promote_fault");
NODE_TUNABLE(bool, look, true, false, true, "",
	     "call every kernel function that the member may call");

#define PAGE_SIZE	4096
#define HOUR_MS		3600000ULL
#define AGE_UNKNOWN	(~0ULL)
#define MAX_CHUNK	32
#define MAX_PRIORITY	12
#define WORDS		4	/* of a sample */

struct verdicts_counters {
	u64 chunks;		/* admit_batch: calls, */
	u64 folios;		/* folios and */
	u64 pages;		/* pages that they announced */
	u64 by_kswapd;		/* and for whom */
	u64 by_direct;
	u64 by_memcg;
	u64 by_proactive;
	u64 asked;		/* admit_folio */
	u64 classes;		/* choose_class */
	u64 moved_in;		/* migrated: pages */
	u64 moved_out;
	u64 moved_within;
	u64 offlined;		/* of those that moved out: with the node, */
	u64 demoted_on;		/* to another device node */
	u64 stored_bytes;
	u64 faults;		/* promote_fault */
	u64 shared_faults;	/* mapped more than once */
	u64 aged;		/* time on the node is known */
	u64 inits;
	u64 bad_ctx;		/* broken promises: of a context, */
	u64 bad_info;		/* of bpf_node_device_folio_info(), */
	u64 bad_estimate;	/* of bpf_node_device_folio_estimate(), */
	u64 bad_sample;		/* of bpf_node_device_folio_sample() */
};

NODE_COUNTERS(struct verdicts_counters);

/* The node that init() was told of. */
s32 own_nid = -1;

#define EXPECT(_counter, _cond)				\
	do {						\
		if (!(_cond))				\
			NODE_COUNT(_counter, 1);	\
	} while (0)

static __always_inline void check_admit_ctx(struct node_admit_ctx *ctx)
{
	EXPECT(bad_ctx, ctx->nid == own_nid);
	EXPECT(bad_ctx, ctx->src_nid >= 0 && ctx->src_nid != own_nid);
	EXPECT(bad_ctx, ctx->nr_folios >= 1 && ctx->nr_folios <= MAX_CHUNK);
	EXPECT(bad_ctx, ctx->nr_pages >= ctx->nr_folios);
	EXPECT(bad_ctx, ctx->priority <= MAX_PRIORITY);
	EXPECT(bad_ctx, ctx->reclaimer <= NODE_DEVICE_RECLAIMER_PROACTIVE);
}

static __always_inline void check_info(struct folio *folio, s32 nid)
{
	struct node_folio_info info = {};

	if (bpf_node_device_folio_info(folio, &info, sizeof(info))) {
		NODE_COUNT(bad_info, 1);
		return;
	}
	EXPECT(bad_info, info.nid == nid);
	EXPECT(bad_info, info.order == 0);
	EXPECT(bad_info,
	       !(info.flags & ~(NODE_DEVICE_FOLIO_DIRTY |
				NODE_DEVICE_FOLIO_WORKINGSET |
					  NODE_DEVICE_FOLIO_SHARED)));
	if (nid == own_nid && info.age_ms < HOUR_MS)
		NODE_COUNT(aged, 1);
	else
		EXPECT(bad_info, info.age_ms == AGE_UNKNOWN);
}

static __always_inline int sample(struct folio *folio, u32 off, u64 *words)
{
	return bpf_node_device_folio_sample(folio, off, words,
					    WORDS * sizeof(*words));
}

static __always_inline void check_content(struct folio *folio)
{
	s32 estimate = bpf_node_device_folio_estimate(folio, 0);
	u64 words[WORDS] = {};

	EXPECT(bad_estimate, estimate >= 0 && estimate <= 1000);
	EXPECT(bad_estimate,
	       bpf_node_device_folio_estimate(folio, 65) == -EINVAL);
	EXPECT(bad_sample, sample(folio, PAGE_SIZE - sizeof(words), words) == 0);
	EXPECT(bad_sample, sample(folio, PAGE_SIZE - 8, words) == -EINVAL);
	EXPECT(bad_sample, sample(folio, 0xfffffff8, words) == -EINVAL);
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	NODE_COUNT(chunks, 1);
	NODE_COUNT(folios, ctx->nr_folios);
	NODE_COUNT(pages, ctx->nr_pages);
	switch (ctx->reclaimer) {
	case NODE_DEVICE_RECLAIMER_KSWAPD:
		NODE_COUNT(by_kswapd, 1);
		break;
	case NODE_DEVICE_RECLAIMER_DIRECT:
		NODE_COUNT(by_direct, 1);
		break;
	case NODE_DEVICE_RECLAIMER_MEMCG:
		NODE_COUNT(by_memcg, 1);
		break;
	case NODE_DEVICE_RECLAIMER_PROACTIVE:
		NODE_COUNT(by_proactive, 1);
		break;
	}
	check_admit_ctx(ctx);
	return batch;
}

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	NODE_COUNT(asked, 1);
	check_admit_ctx(ctx);
	if (look) {
		check_info(folio, ctx->src_nid);
		check_content(folio);
	}
	return admit;
}

NODE_OP(s32, choose_class, struct folio *folio, struct node_class_ctx *ctx)
{
	NODE_COUNT(classes, 1);
	EXPECT(bad_ctx, ctx->nid == own_nid);
	EXPECT(bad_ctx, ctx->default_class >= 1 &&
			ctx->default_class <= ctx->nr_classes);
	EXPECT(bad_ctx, ctx->pressure < __NODE_DEVICE_PRESSURE_MAX);
	if (look)
		check_content(folio);
	return class;
}

NODE_OP(void, migrated, struct folio *folio, struct node_migrated_ctx *ctx)
{
	bool from = ctx->src_nid == own_nid, to = ctx->dst_nid == own_nid;
	bool demoted = ctx->reason == NODE_DEVICE_MOVE_DEMOTED;

	if (from && to) {
		NODE_COUNT(moved_within, ctx->nr_pages);
	} else if (to) {
		NODE_COUNT(moved_in, ctx->nr_pages);
	} else if (from) {
		NODE_COUNT(moved_out, ctx->nr_pages);
		EXPECT(bad_ctx, ctx->class == 0 && ctx->stored_bytes == 0);
		if (ctx->reason == NODE_DEVICE_MOVE_OFFLINE)
			NODE_COUNT(offlined, ctx->nr_pages);
		if (demoted)
			NODE_COUNT(demoted_on, ctx->nr_pages);
	} else {
		NODE_COUNT(bad_ctx, 1);
	}
	if (to) {
		NODE_COUNT(stored_bytes, ctx->stored_bytes);
		EXPECT(bad_ctx, ctx->class >= 1);
		EXPECT(bad_ctx, ctx->stored_bytes <= ctx->nr_pages * PAGE_SIZE);
	}
	EXPECT(bad_ctx, ctx->nr_pages >= 1);
	EXPECT(bad_ctx, ctx->reason < __NODE_DEVICE_MOVE_MAX);
	/* Nothing else enters; a demoted folio may also leave, for a lower tier. */
	if (to && !from)
		EXPECT(bad_ctx, demoted);
	if (demoted)
		EXPECT(bad_ctx, to != from);
	if (look)
		check_info(folio, ctx->dst_nid);
}

NODE_OP(u32, promote_fault, struct folio *folio, struct node_fault_ctx *ctx)
{
	NODE_COUNT(faults, 1);
	if (ctx->nr_mappers > 1)
		NODE_COUNT(shared_faults, 1);
	EXPECT(bad_ctx, ctx->nid == own_nid);
	EXPECT(bad_ctx, ctx->address % PAGE_SIZE == 0);
	if (look)
		check_info(folio, own_nid);
	return promote;
}

NODE_OP(s32, init, struct node_policy_info *info)
{
	NODE_COUNT(inits, 1);
	own_nid = info->nid;
	EXPECT(bad_ctx, info->nr_classes >= 1);
	EXPECT(bad_ctx, info->phys_used <= info->phys_total);
	EXPECT(bad_ctx, info->logical_used <= info->logical_total);
	return 0;
}

NODE_OP(void, exit, struct node_policy_exit *info)
{
	keep_record(info);
}

NODE_OPS(verdicts, admit_batch, admit_folio, choose_class, migrated,
	 promote_fault, init, exit);
