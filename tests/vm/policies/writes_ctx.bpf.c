// SPDX-License-Identifier: GPL-2.0
/* Writes to its context, which it may only read. */
#include "node_ext.bpf.h"

NODE_POLICY(writes_ctx, "test: writes to its context");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	ctx->nr_folios = 0;
	return NODE_DEVICE_ADMIT_ACCEPT;
}

NODE_OPS(writes_ctx, admit_folio);
