// SPDX-License-Identifier: GPL-2.0
/* Looks at the content in migrated: not allowed there. */
#include "node_ext.bpf.h"

NODE_POLICY(estim_migrated, "test: estimate is not allowed in migrated");

long seen;

NODE_OP(void, migrated, struct folio *folio, struct node_migrated_ctx *ctx)
{
	long got;

	got = bpf_node_device_folio_estimate(folio, 16);
	WRITE_ONCE(seen, got);
}

NODE_OPS(estim_migrated, migrated);
