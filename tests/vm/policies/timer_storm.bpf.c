// SPDX-License-Identifier: GPL-2.0
/* A timer that is due at once whenever it runs, in the past if it can be. */
#include "clock.h"

#define BPF_F_TIMER_ABS	1

NODE_POLICY(timer_storm, "test: a timer that wants to run all the time");

struct timer_storm_counters {
	u64 ticks;
	u64 refused;	/* bpf_timer_start() with an absolute time */
};

NODE_COUNTERS(struct timer_storm_counters);

static int tick(void *map, u32 *key, struct clock *clock)
{
	NODE_COUNT(ticks, 1);
	if (bpf_timer_start(&clock->timer, 1, BPF_F_TIMER_ABS) == -EINVAL)
		NODE_COUNT(refused, 1);
	bpf_timer_start(&clock->timer, 0, 0);
	return 0;
}

NODE_OP(s32, init, struct node_policy_info *info)
{
	return clock_start(tick, 0);
}

NODE_OPS(timer_storm, init);
