// SPDX-License-Identifier: GPL-2.0
/*
 * Loops with a bound that is far away. The program that has neither a lock nor a
 * timer is attached, the others of the same length are not.
 */
#include "clock.h"
#include "one_member.h"

NODE_POLICY(long_members, "test: a member that may run for long");

/* Nearly as much as a member may be: eight instructions per round. */
#define LONG	8000

struct locked {
	struct bpf_spin_lock lock;
	u64 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct locked);
} locks SEC(".maps");

static __always_inline int rounds(u32 nr)
{
	u32 i, sum = 0;

	for (i = 0; i < nr; i++)
		sum += bpf_get_prandom_u32();
	return sum & 1;
}

static int tick(void *map, u32 *key, struct clock *clock)
{
	return 0;
}

ONE_MEMBER(long_plain, admit_batch)
{
	return rounds(LONG);
}

ONE_MEMBER(long_locked, admit_batch)
{
	struct locked *l;
	u32 key = 0;

	l = bpf_map_lookup_elem(&locks, &key);
	if (l) {
		bpf_spin_lock(&l->lock);
		l->n++;
		bpf_spin_unlock(&l->lock);
	}
	return rounds(LONG);
}

ONE_MEMBER(long_timed, admit_batch)
{
	clock_start(tick, 1000000000ULL);
	return rounds(LONG);
}
