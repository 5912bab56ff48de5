// SPDX-License-Identifier: GPL-2.0
/*
 * A policy that says which nodes it is for, with every condition.
 */
#include "node_ext.bpf.h"

NODE_POLICY(matched, "for some nodes only");

NODE_MATCH(.driver = "cram*", .features = "fence", .min_size = 1ULL << 30,
	   .max_size = 1ULL << 40, .min_classes = 2);

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_DEFAULT;
}

NODE_OPS(matched, admit_folio);
