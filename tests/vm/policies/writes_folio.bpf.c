// SPDX-License-Identifier: GPL-2.0
/* Writes to the folio that it is asked about. */
#include "node_ext.bpf.h"

/* struct folio, as far as it is written to. */
struct folio___written {
	unsigned long index;
} __attribute__((preserve_access_index));

NODE_POLICY(writes_folio, "test: writes to a folio");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	((struct folio___written *)folio)->index = 0;
	return NODE_DEVICE_ADMIT_ACCEPT;
}

NODE_OPS(writes_folio, admit_folio);
