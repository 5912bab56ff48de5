// SPDX-License-Identifier: GPL-2.0
/* Keeps every folio in DRAM: the kernel must cap that at half a chunk. */
#include "node_ext.bpf.h"

NODE_POLICY(keep_all, "test: keeps every folio in DRAM");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_KEEP;
}

NODE_OPS(keep_all, admit_folio);
