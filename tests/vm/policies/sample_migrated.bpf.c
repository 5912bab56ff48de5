// SPDX-License-Identifier: GPL-2.0
/* Looks at the content in migrated: not allowed there. */
#include "node_ext.bpf.h"

NODE_POLICY(sample_migrated, "test: sample is not allowed in migrated");

long seen;

NODE_OP(void, migrated, struct folio *folio, struct node_migrated_ctx *ctx)
{
	char buf[64] = {};
	long got;

	got = bpf_node_device_folio_sample(folio, 0, buf, sizeof(buf));
	WRITE_ONCE(seen, got);
}

NODE_OPS(sample_migrated, migrated);
