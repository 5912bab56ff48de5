// SPDX-License-Identifier: GPL-2.0
/* A policy with a map that libbpf would pin. */
#include "node_ext.bpf.h"

NODE_POLICY(pinned, "has a map that is to be pinned");

/* So long that a test can put the name of a digest in its place. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, u32);
	__type(value, u64);
} fifteen_letters SEC(".maps");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	return 0;
}

NODE_OPS(pinned, admit_batch);
