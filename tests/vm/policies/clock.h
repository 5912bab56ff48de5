/* SPDX-License-Identifier: GPL-2.0 */
/* A timer that goes on by itself, for policies that want one. */
#ifndef CLOCK_H
#define CLOCK_H

#include "node_ext.bpf.h"

#define CLOCK_MONOTONIC	1

struct clock {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct clock);
} clocks SEC(".maps");

/* -EBUSY when it is there already, and goes on. */
static __always_inline s64
clock_start(int (*tick)(void *map, u32 *key, struct clock *clock), u64 period_ns)
{
	struct clock *clock;
	u32 key = 0;
	s64 err;

	clock = bpf_map_lookup_elem(&clocks, &key);
	if (!clock)
		return -EINVAL;
	err = bpf_timer_init(&clock->timer, &clocks, CLOCK_MONOTONIC);
	if (err)
		return err;
	bpf_timer_set_callback(&clock->timer, tick);
	return bpf_timer_start(&clock->timer, period_ns, 0);
}

#endif
