// SPDX-License-Identifier: GPL-2.0
/* A loop that BPF ends after a quarter of a second, and that nests. */
#include "node_ext.bpf.h"

NODE_POLICY(uses_may_goto, "test: a loop without a bound of its own");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	/* may_goto +1; goto -2: not every compiler knows the former. */
	asm volatile(".byte 0xe5, 0, 1, 0, 0, 0, 0, 0;"
		     ".byte 0x05, 0, 0xfe, 0xff, 0, 0, 0, 0");
	return 0;
}

NODE_OPS(uses_may_goto, admit_batch);
