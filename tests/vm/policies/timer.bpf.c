// SPDX-License-Identifier: GPL-2.0
/*
 * A timer that sets the admission rate a thousand times a second, as reclaim
 * looks at it. A callback may call what the member may that has set it up.
 */
#include "node_ext.bpf.h"

NODE_POLICY(timer, "test: a timer sets the admission rate");

NODE_TUNABLE(u32, rate, 1 << 20, 0, 4294967295U, "pages/s",
	     "what the timer sets");

#define CLOCK_MONOTONIC	1
#define PERIOD_NS	1000000ULL

struct timer_counters {
	u64 ticks;
	u64 stale;	/* the node had another policy, or none */
};

NODE_COUNTERS(struct timer_counters);

struct clock {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct clock);
} clocks SEC(".maps");

static int tick(void *map, u32 *key, struct clock *clock)
{
	NODE_COUNT(ticks, 1);
	if (bpf_node_admit_rate(rate))
		NODE_COUNT(stale, 1);
	bpf_timer_start(&clock->timer, PERIOD_NS, 0);
	return 0;
}

/* A new policy is told at once; later the timer is there already. */
NODE_OP(void, pressure, struct node_press_ctx *ctx)
{
	struct clock *clock;
	u32 key = 0;

	clock = bpf_map_lookup_elem(&clocks, &key);
	if (!clock || bpf_timer_init(&clock->timer, &clocks, CLOCK_MONOTONIC))
		return;
	bpf_timer_set_callback(&clock->timer, tick);
	bpf_timer_start(&clock->timer, PERIOD_NS, 0);
}

NODE_OPS(timer, pressure);
