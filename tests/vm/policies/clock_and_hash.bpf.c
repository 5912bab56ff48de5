// SPDX-License-Identifier: GPL-2.0
/* A member that uses a map with a timer, and a hash. */
#include "clock.h"

NODE_POLICY(clock_and_hash, "test: a hash beside a timer");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u64);
	__type(value, u64);
} table SEC(".maps");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u64 place = 0;
	u32 key = 0;

	return bpf_map_lookup_elem(&clocks, &key) &&
	       bpf_map_lookup_elem(&table, &place) ? -1 : 0;
}

NODE_OPS(clock_and_hash, admit_batch);
