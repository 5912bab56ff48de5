// SPDX-License-Identifier: GPL-2.0
/* A global function is verified once, however often it is called. */
#include "node_ext.bpf.h"

NODE_POLICY(uses_global, "test: a global function in a loop");

/* Nested in a loop of its own, this could go on for ever. */
__attribute__((noinline)) int global(u32 n)
{
	u32 i, sum = 0;

	for (i = 0; i < 10000; i++)
		sum += bpf_get_prandom_u32();
	return sum + n;
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u32 i, sum = 0;

	for (i = 0; i < 10000; i++)
		sum += global(i);
	return sum;
}

NODE_OPS(uses_global, admit_batch);
