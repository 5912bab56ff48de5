// SPDX-License-Identifier: GPL-2.0
/*
 * The longest calls that are attached: as many calls of the slowest kernel
 * function as the limit of instructions lets through, alone and for each step of
 * the iterator. Counts how long they took.
 */
#include "node_ext.bpf.h"

NODE_POLICY(longest, "test: calls as long as they can be");

NODE_TUNABLE(bool, walk, false, false, true, "", "in admit_batch");

struct longest_counters {
	u64 calls;
	u64 ns;
};

NODE_COUNTERS(struct longest_counters);

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u64 start = bpf_ktime_get_ns();
	struct folio *folio;
	u32 i;

	if (!walk)
		return 0;
	NODE_FOR_EACH_FOLIO(folio, ctx)
		for (i = 0; i < 2000; i++)
			bpf_node_device_folio_estimate(folio, 64);
	NODE_COUNT(calls, 1);
	NODE_COUNT(ns, bpf_ktime_get_ns() - start);
	return 0;
}

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	u64 start = bpf_ktime_get_ns();
	u32 i;

	if (walk)
		return 0;
	for (i = 0; i < 8000; i++)
		bpf_node_device_folio_estimate(folio, 64);
	NODE_COUNT(calls, 1);
	NODE_COUNT(ns, bpf_ktime_get_ns() - start);
	return 0;
}

NODE_OPS(longest, admit_batch, admit_folio);
