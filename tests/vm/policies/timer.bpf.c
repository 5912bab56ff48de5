// SPDX-License-Identifier: GPL-2.0
/*
 * A timer that sets the admission rate a thousand times a second, as reclaim
 * looks at it. A callback may call what the member may that has set it up.
 */
#include "clock.h"

NODE_POLICY(timer, "test: a timer sets the admission rate");

NODE_TUNABLE(u32, rate, 1 << 20, 0, 4294967295U, "pages/s",
	     "what the timer sets");

#define PERIOD_NS	1000000ULL

struct timer_counters {
	u64 ticks;
	u64 stale;	/* the node had another policy, or none */
};

NODE_COUNTERS(struct timer_counters);

static int tick(void *map, u32 *key, struct clock *clock)
{
	NODE_COUNT(ticks, 1);
	if (bpf_node_device_admit_rate(rate))
		NODE_COUNT(stale, 1);
	bpf_timer_start(&clock->timer, PERIOD_NS, 0);
	return 0;
}

/* A new policy is told at once; later the timer is there already. */
NODE_OP(void, pressure, struct node_press_ctx *ctx)
{
	clock_start(tick, PERIOD_NS);
}

NODE_OPS(timer, pressure);
