// SPDX-License-Identifier: GPL-2.0
/*
 * A timer that init() starts, and that goes on by itself: user space has to
 * keep its map.
 */
#include "clock.h"

NODE_POLICY(timer_init, "test: init starts a timer");

#define PERIOD_NS	10000000ULL

struct timer_init_counters {
	u64 ticks;
};

NODE_COUNTERS(struct timer_init_counters);

static int tick(void *map, u32 *key, struct clock *clock)
{
	NODE_COUNT(ticks, 1);
	bpf_timer_start(&clock->timer, PERIOD_NS, 0);
	return 0;
}

NODE_OP(s32, init, struct node_policy_info *info)
{
	s64 err = clock_start(tick, PERIOD_NS);

	/* When a swap to another policy is taken back, it is there already. */
	return err == -EBUSY ? 0 : err;
}

NODE_OPS(timer_init, init);
