// SPDX-License-Identifier: GPL-2.0
/* Has no name. */
#include "node_ext.bpf.h"

NODE_POLICY(no_name, "test: no name");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_ACCEPT;
}

struct node_device_ops no_name SEC(".struct_ops.link") = {
	.admit_folio = (void *)op_admit_folio,
	.nid = -1,
	.version = NODE_DEVICE_OPS_VERSION,
};
