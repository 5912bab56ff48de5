// SPDX-License-Identifier: GPL-2.0
/*
 * Tunables named like those of compressible, but one has a smaller range and one
 * another unit.
 */
#include "node_ext.bpf.h"

NODE_POLICY(narrow, "test: tunables that only look alike");

NODE_TUNABLE(u32, threshold, 100, 0, 300, "permille", "a smaller range");
NODE_TUNABLE(u32, samples, 8, 1, 64, "pages", "another unit");
NODE_TUNABLE(bool, pick_class, true, false, true, "", "the same");

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	if (pick_class && threshold + samples)
		return NODE_DEVICE_ADMIT_DENY;
	return NODE_DEVICE_ADMIT_DEFAULT;
}

NODE_OPS(narrow, admit_folio);
