// SPDX-License-Identifier: GPL-2.0
/* Looks at the content in promote_fault: not allowed there. */
#include "node_ext.bpf.h"

NODE_POLICY(sample_fault, "test: sample is not allowed in promote_fault");

long seen;

NODE_OP(u32, promote_fault, struct folio *folio, struct node_fault_ctx *ctx)
{
	char buf[64] = {};
	long got;

	got = bpf_node_device_folio_sample(folio, 0, buf, sizeof(buf));
	WRITE_ONCE(seen, got);
	return NODE_DEVICE_PROMOTE_DEFAULT;
}

NODE_OPS(sample_fault, promote_fault);
