// SPDX-License-Identifier: GPL-2.0
/* Waits for the callback of a timer. */
#include "clock.h"

NODE_POLICY(uses_cancel, "test: waits for a timer");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	struct clock *clock;
	u32 key = 0;

	clock = bpf_map_lookup_elem(&clocks, &key);
	if (clock)
		bpf_timer_cancel(&clock->timer);
	return 0;
}

NODE_OPS(uses_cancel, admit_batch);
