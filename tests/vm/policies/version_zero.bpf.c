// SPDX-License-Identifier: GPL-2.0
/* Does not say which version it was written for. */
#include "node_ext.bpf.h"

NODE_POLICY(version_zero, "test: no version");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_ACCEPT;
}

struct node_device_ops version_zero SEC(".struct_ops.link") = {
	.admit_folio = (void *)op_admit_folio,
	.nid = -1,
	.name = "version_zero",
};
