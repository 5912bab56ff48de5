// SPDX-License-Identifier: GPL-2.0
/* Maps in a map: nobody knows how large they will be. */
#include "node_ext.bpf.h"

NODE_POLICY(map_in_map, "test: a map that is refused");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 1);
		__type(key, u32);
		__type(value, u64);
	});
} refused SEC(".maps");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&refused, &key) ? 0 : -1;
}

NODE_OPS(map_in_map, admit_batch);
