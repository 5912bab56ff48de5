// SPDX-License-Identifier: GPL-2.0
/* Two policies in one object. */
#include "node_ext.bpf.h"

NODE_POLICY(two_struct_ops, "test: two policies in one object");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_ACCEPT;
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	return -1;
}

NODE_OPS(two_struct_ops, admit_folio);
NODE_OPS(second, admit_batch);
