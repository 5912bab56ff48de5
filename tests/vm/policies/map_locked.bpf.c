// SPDX-License-Identifier: GPL-2.0
/* Values that are copied with interrupts off, under their lock. */
#include "node_ext.bpf.h"

NODE_POLICY(map_locked, "test: a map that is refused");

struct locked {
	struct bpf_spin_lock lock;
	char byte[8 << 10];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct locked);
} refused SEC(".maps");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&refused, &key) ? 0 : -1;
}

NODE_OPS(map_locked, admit_batch);
