// SPDX-License-Identifier: GPL-2.0
/*
 * @NAME@: uses the node only when reclaim is in trouble.
 *
 * Cost: one comparison for each chunk.
 */
#include "node_ext.bpf.h"

NODE_POLICY(@NAME@, "uses the node only when reclaim is in trouble");

NODE_TUNABLE(u32, highest_priority, 10, 0, 12, "",
	     "priority of reclaim: 12 is always, 0 is desperate");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	return ctx->priority <= highest_priority ? 0 : -1;
}

NODE_OPS(@NAME@, admit_batch);
