// SPDX-License-Identifier: GPL-2.0
/* A loop with a bound that is far away: it loads, and is not attached. */
#include "node_ext.bpf.h"

NODE_POLICY(too_long, "test: a member that may run for long");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u32 i, sum = 0;

	for (i = 0; i < 30000; i++)
		sum += bpf_get_prandom_u32();
	return sum & 1;
}

NODE_OPS(too_long, admit_batch);
