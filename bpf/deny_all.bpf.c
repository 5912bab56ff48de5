// SPDX-License-Identifier: GPL-2.0
/*
 * deny_all - lets nothing enter the node
 *
 * For an administrator who wants a node to take no more data without taking
 * it offline: what is there can be read in place, and leaves by itself when it
 * is freed, reclaimed, or, behind a write fence, written.  Cold pages go where
 * they went before there was a device node, to swap.
 *
 * It answers for whole chunks, so no folio of them is looked at.
 *
 * Cost: one call per chunk of up to 32 folios; no helper, no kernel function,
 * no map.
 */
#include "node_ext.bpf.h"

NODE_POLICY(deny_all, "lets nothing enter the node");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	return -1;
}

NODE_OPS(deny_all, admit_batch);
