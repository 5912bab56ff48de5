// SPDX-License-Identifier: GPL-2.0
/* Calls bpf_loop(), which can hold up reclaim for as long as it likes. */
#include "node_ext.bpf.h"

NODE_POLICY(uses_loop, "test: a helper that loops");

static int step(u64 i, void *data)
{
	return 0;
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	return bpf_loop(1 << 20, step, NULL, 0);
}

NODE_OPS(uses_loop, admit_batch);
