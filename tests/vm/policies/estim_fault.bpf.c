// SPDX-License-Identifier: GPL-2.0
/* Looks at the content in promote_fault: not allowed there. */
#include "node_ext.bpf.h"

NODE_POLICY(estim_fault, "test: estimate is not allowed in promote_fault");

long seen;

NODE_OP(u32, promote_fault, struct folio *folio, struct node_fault_ctx *ctx)
{
	long got;

	got = bpf_node_device_folio_estimate(folio, 16);
	WRITE_ONCE(seen, got);
	return NODE_DEVICE_PROMOTE_DEFAULT;
}

NODE_OPS(estim_fault, promote_fault);
