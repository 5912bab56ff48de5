// SPDX-License-Identifier: GPL-2.0
/* Sets a flag that does not exist. */
#include "node_ext.bpf.h"

NODE_POLICY(unknown_flag, "test: a flag that does not exist");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_ACCEPT;
}

struct node_device_ops unknown_flag SEC(".struct_ops.link") = {
	.admit_folio = (void *)op_admit_folio,
	.nid = -1,
	.version = NODE_DEVICE_OPS_VERSION,
	.flags = 1,
	.name = "unknown_flag",
};
