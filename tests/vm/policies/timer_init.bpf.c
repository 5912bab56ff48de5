// SPDX-License-Identifier: GPL-2.0
/*
 * A timer that init() starts, and that goes on by itself: user space has to
 * keep its map.
 */
#include "node_ext.bpf.h"

NODE_POLICY(timer_init, "test: init starts a timer");

#define CLOCK_MONOTONIC	1
#define PERIOD_NS	10000000ULL

struct timer_init_counters {
	u64 ticks;
};

NODE_COUNTERS(struct timer_init_counters);

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
	bpf_timer_start(&clock->timer, PERIOD_NS, 0);
	return 0;
}

NODE_OP(s32, init, struct node_policy_info *info)
{
	struct clock *clock;
	u32 key = 0;
	int err;

	clock = bpf_map_lookup_elem(&clocks, &key);
	if (!clock)
		return -EINVAL;
	/* When a swap to another policy is taken back, it is there already. */
	err = bpf_timer_init(&clock->timer, &clocks, CLOCK_MONOTONIC);
	if (err && err != -EBUSY)
		return err;
	bpf_timer_set_callback(&clock->timer, tick);
	return bpf_timer_start(&clock->timer, PERIOD_NS, 0) ? -EINVAL : 0;
}

NODE_OPS(timer_init, init);
