// SPDX-License-Identifier: GPL-2.0
/* Prints: the width in a format is a loop, of up to eight million rounds. */
#include "node_ext.bpf.h"

NODE_POLICY(uses_printk, "test: prints");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	bpf_printk("%8388607d", ctx->nid);
	return 0;
}

NODE_OPS(uses_printk, admit_batch);
