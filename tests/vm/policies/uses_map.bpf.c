// SPDX-License-Identifier: GPL-2.0
/* Looks into a map, which the test declares anew before it loads this. */
#include "node_ext.bpf.h"

NODE_POLICY(uses_map, "test: uses a map");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u64));
	__uint(value_size, sizeof(u64));
} probe SEC(".maps");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	/* More than the test lets a key have. */
	char key[264] = { };

	return bpf_map_lookup_elem(&probe, key) ? 0 : 1;
}

NODE_OPS(uses_map, admit_batch);
