// SPDX-License-Identifier: GPL-2.0
/*
 * Two maps named like those of memcg_budget: "budgets" with another value, and
 * "accounts" that is none of its kind. Nothing may be handed over.
 */
#include "node_ext.bpf.h"

NODE_POLICY(budgets_differ, "test: maps that only look alike");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u64);
} budgets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
} accounts SEC(".maps");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	u64 key = ctx->memcg_id;
	u32 slot = 0;

	if (bpf_map_lookup_elem(&budgets, &key) ||
	    bpf_map_lookup_elem(&accounts, &slot))
		return NODE_DEVICE_ADMIT_ACCEPT;
	return NODE_DEVICE_ADMIT_DEFAULT;
}

NODE_OPS(budgets_differ, admit_folio);
