// SPDX-License-Identifier: GPL-2.0
/* A member that uses two maps with timers. */
#include "clock.h"

NODE_POLICY(two_clocks, "test: timers in two maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct clock);
} more_clocks SEC(".maps");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&clocks, &key) &&
	       bpf_map_lookup_elem(&more_clocks, &key) ? 0 : -1;
}

NODE_OPS(two_clocks, admit_batch);
