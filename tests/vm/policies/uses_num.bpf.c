// SPDX-License-Identifier: GPL-2.0
/* Iterators over numbers: each ends, but two of them nest. */
#include "node_ext.bpf.h"

NODE_POLICY(uses_num, "test: nested iterators over numbers");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u32 i, j, n = 0;

	bpf_for(i, 0, 8000000)
		bpf_for(j, 0, 8000000)
			n++;
	return n;
}

NODE_OPS(uses_num, admit_batch);
