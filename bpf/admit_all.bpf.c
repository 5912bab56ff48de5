// SPDX-License-Identifier: GPL-2.0
/*
 * admit_all - admits every folio that reclaim offers
 *
 * The shortest complete policy, and the one that docs/write-a-policy.md starts
 * from.  Use it as a starting point of your own, and to compare other policies
 * with: it fills the node with whatever gets cold first, also with data that
 * do not shrink, until the device has no room.
 *
 * It differs from having no policy in one thing: it says so.
 * NODE_DEVICE_ADMIT_ACCEPT is an answer of the policy,
 * NODE_DEVICE_ADMIT_DEFAULT leaves it to the kernel, whose native default may
 * grow more careful in a later version.
 *
 * Cost: one call per folio; no helper, no kernel function, no map.
 */
#include "node_ext.bpf.h"

NODE_POLICY(admit_all, "admits every folio that reclaim offers");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_ACCEPT;
}

NODE_OPS(admit_all, admit_folio);
