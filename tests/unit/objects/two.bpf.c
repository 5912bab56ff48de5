// SPDX-License-Identifier: GPL-2.0
/* Two policies in one object: nodectl must not choose one of them. */
#include "node_ext.bpf.h"

NODE_POLICY(first, "the first of two");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_ACCEPT;
}

NODE_OPS(first, admit_folio);
NODE_OPS(second, admit_folio);
