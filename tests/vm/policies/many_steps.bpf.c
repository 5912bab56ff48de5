// SPDX-License-Identifier: GPL-2.0
/* Nested walks of the chunk: the kernel limits their steps. */
#include "node_ext.bpf.h"

NODE_POLICY(many_steps, "test: nested walks of the chunk");

struct many_steps_counters {
	u64 calls;
	u64 steps;
};

NODE_COUNTERS(struct many_steps_counters);

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	struct folio *a, *b;

	NODE_COUNT(calls, 1);
	NODE_FOR_EACH_FOLIO(a, ctx) {
		NODE_COUNT(steps, 1);
		NODE_FOR_EACH_FOLIO(b, ctx)
			NODE_COUNT(steps, 1);
	}
	return 0;
}

NODE_OPS(many_steps, admit_batch);
