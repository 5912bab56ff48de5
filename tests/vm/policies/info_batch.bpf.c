// SPDX-License-Identifier: GPL-2.0
/* Passes off the context of admit_batch as a folio. */
#include "node_ext.bpf.h"

NODE_POLICY(info_batch, "test: a context is no folio");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	struct node_folio_info info = {};

	return bpf_node_device_folio_info((struct folio *)ctx, &info,
					  sizeof(info));
}

NODE_OPS(info_batch, admit_batch);
