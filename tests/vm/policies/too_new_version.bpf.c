// SPDX-License-Identifier: GPL-2.0
/* Written for a version of the interface that no kernel has yet. */
#include "node_ext.bpf.h"

NODE_POLICY(too_new_version, "test: version of the far future");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_ACCEPT;
}

struct node_device_ops too_new_version SEC(".struct_ops.link") = {
	.admit_folio = (void *)op_admit_folio,
	.nid = -1,
	.version = 1000,
	.name = "too_new_version",
};
