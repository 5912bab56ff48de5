// SPDX-License-Identifier: GPL-2.0
/* The next version of learn_old.bpf.c: some maps as they were, some not. */
#include "node_ext.bpf.h"

NODE_POLICY(learn_new, "goes on from what was learned");

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
	u64 bytes;
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

MAP(only_new, HASH, 64, u64, u64);
MAP(same, HASH, 64, u64, struct history);
MAP(same_array, ARRAY, 4, u32, u64);
MAP(a_name_with_more_than_15_characters, HASH, 64, u64, u64);
MAP(other_type, LRU_HASH, 64, u64, u64);
MAP(other_key_size, HASH, 64, u32, u64);
MAP(other_size, HASH, 64, u64, u32);
MAP(other_entries, HASH, 128, u64, u64);
MAP(other_member, HASH, 64, u64, struct renamed);
MAP(other_key, HASH, 64, s64, u64);
MAP(timers, HASH, 64, u64, struct ticking);
MAP(twice_the_same_start_a, HASH, 64, u64, u64);
MAP(other_flags, HASH, 64, u64, u64);
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

NODE_OPS(learn_new, admit_folio);
