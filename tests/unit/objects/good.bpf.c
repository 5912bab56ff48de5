// SPDX-License-Identifier: GPL-2.0
/*
 * A correct policy with a tunable of every type. The unit tests of nodectl
 * read it as it is, and make from its bytes the objects that must be refused.
 */
#include "node_ext.bpf.h"

NODE_POLICY(good, "every type of tunable once");

NODE_TUNABLE(u32, limit, 600, 0, 1000, "permille", "a share");
NODE_TUNABLE(s32, bias, -5, -100, 100, "", "a signed number");
NODE_TUNABLE(u64, budget, 1ULL << 40, 4096, ~0ULL, "bytes", "a size");
NODE_TUNABLE(s64, delay, -1, -(1LL << 62), 1LL << 62, "ns", "a time");
NODE_TUNABLE(bool, enabled, true, false, true, "", "a switch");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	if (enabled && limit + bias + budget + delay)
		return NODE_DEVICE_ADMIT_ACCEPT;
	return NODE_DEVICE_ADMIT_DENY;
}

NODE_OPS(good, admit_folio);
