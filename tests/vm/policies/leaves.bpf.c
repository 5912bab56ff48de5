// SPDX-License-Identifier: GPL-2.0
/*
 * Ends itself a moment after it was attached, each time.
 */
#include "clock.h"

NODE_POLICY(leaves, "test: does not stay");

NODE_TUNABLE(u32, after, 200, 1, 60000, "ms", "how long it stays");

static int leave(void *map, u32 *key, struct clock *clock)
{
	bpf_node_device_policy_exit(5, "does not like it here");
	return 0;
}

NODE_OP(s32, init, struct node_policy_info *info)
{
	return clock_start(leave, after * 1000000ULL);
}

NODE_OPS(leaves, init);
