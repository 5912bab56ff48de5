// SPDX-License-Identifier: GPL-2.0
/*
 * A policy for nodes with another driver than that of the tests.
 */
#include "node_ext.bpf.h"

NODE_POLICY(for_others, "test: for nodes of another driver");

NODE_MATCH(.driver = "other*");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_DENY;
}

NODE_OPS(for_others, admit_folio);
