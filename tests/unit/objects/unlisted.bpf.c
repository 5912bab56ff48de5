// SPDX-License-Identifier: GPL-2.0
/* A member that was forgotten in NODE_OPS(), and one that is not to be loaded. */
#include "node_ext.bpf.h"

NODE_POLICY(unlisted, "forgets a member");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_ACCEPT;
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	return 0;
}

SEC("?struct_ops/pressure")
void optional(unsigned long long *ctx)
{
}

NODE_OPS(unlisted, admit_folio);
