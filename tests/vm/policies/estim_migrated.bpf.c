// SPDX-License-Identifier: GPL-2.0
/* Calls bpf_node_folio_estimate() from migrated, where it is not allowed. */
#include "node_ext.bpf.h"

NODE_POLICY(estim_migrated, "test: estimate is not allowed in migrated");

long seen;

NODE_OP(void, migrated, struct folio *folio, struct node_migrated_ctx *ctx)
{
	long got;

	got = bpf_node_folio_estimate(folio, 16);
	WRITE_ONCE(seen, got);
}

NODE_OPS(estim_migrated, migrated);
