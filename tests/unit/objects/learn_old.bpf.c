// SPDX-License-Identifier: GPL-2.0
/*
 * A policy with maps to hand over, and with all the reasons not to. The maps of
 * learn_new.bpf.c have the same names.
 */
#include "node_ext.bpf.h"

NODE_POLICY(learn_old, "has learned something");

NODE_TUNABLE(u32, limit, 600, 0, 1000, "permille", "a share");

enum mood { CALM = 1, BUSY = 2 };

struct history {
	struct bpf_spin_lock lock;
	u32 flags : 3;
	u64 pages[4];
	enum mood mood;
	struct history *self;
	const volatile char name[8];
};

struct renamed {
	u64 pages;
};

struct ticking {
	struct bpf_timer timer;
};

#define MAP(_name, _type, _entries, _key, _value)	\
	struct {					\
		__uint(type, BPF_MAP_TYPE_##_type);	\
		__uint(max_entries, _entries);		\
		__type(key, _key);			\
		__type(value, _value);			\
	} _name SEC(".maps")

MAP(same, HASH, 64, u64, struct history);
MAP(same_array, ARRAY, 4, u32, u64);
MAP(a_name_with_more_than_15_characters, HASH, 64, u64, u64);
MAP(other_type, HASH, 64, u64, u64);
MAP(other_key_size, HASH, 64, u64, u64);
MAP(other_size, HASH, 64, u64, u64);
MAP(other_entries, HASH, 64, u64, u64);
MAP(other_member, HASH, 64, u64, struct renamed);
MAP(other_key, HASH, 64, u64, u64);
MAP(timers, HASH, 64, u64, struct ticking);
MAP(twice_the_same_start_a, HASH, 64, u64, u64);
MAP(twice_the_same_start_b, HASH, 64, u64, u64);
MAP(only_old, HASH, 64, u64, u64);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u64);
} other_flags SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(key_size, 8);
	__uint(value_size, 8);
} no_types SEC(".maps");

struct learn_counters {
	u64 seen;
};

NODE_COUNTERS(struct learn_counters);

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	NODE_COUNT(seen, limit);
	return NODE_DEVICE_ADMIT_DEFAULT;
}

NODE_OPS(learn_old, admit_folio);
