// SPDX-License-Identifier: GPL-2.0
/* A helper that calls a function for each element of a map. */
#include "node_ext.bpf.h"

NODE_POLICY(uses_callback, "test: a loop over a map");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1000000);
	__type(key, u32);
	__type(value, u32);
} many SEC(".maps");

static long each(void *map, u32 *key, u32 *value, void *data)
{
	return 0;
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	return bpf_for_each_map_elem(&many, each, NULL, 0);
}

NODE_OPS(uses_callback, admit_batch);
