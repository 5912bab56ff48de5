// SPDX-License-Identifier: GPL-2.0
/* Calls bpf_node_folio_estimate() from promote_fault: not allowed there. */
#include "node_ext.bpf.h"

NODE_POLICY(estim_fault, "test: estimate is not allowed in promote_fault");

long seen;

NODE_OP(u32, promote_fault, struct folio *folio, struct node_fault_ctx *ctx)
{
	long got;

	got = bpf_node_folio_estimate(folio, 16);
	WRITE_ONCE(seen, got);
	return NPROMO_DEFAULT;
}

NODE_OPS(estim_fault, promote_fault);
