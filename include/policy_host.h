/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stands in for include/node_ext.bpf.h where a policy is compiled for the host.
 *
 * A test includes this file and then the policy's own source; the guard below
 * keeps the real header out.  The test defines the kernel functions, the clock
 * and the map lookup that the policy uses, or includes policy_kernel.h, which
 * has simple ones, and calls the members through "policy".
 */
#ifndef __NODE_EXT_BPF_H
#define __NODE_EXT_BPF_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"

typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;

/* The kernel's types, as far as policies look into them. */
enum { NODE_DEVICE_ADMIT_DEFAULT, NODE_DEVICE_ADMIT_ACCEPT,
	NODE_DEVICE_ADMIT_DENY, NODE_DEVICE_ADMIT_KEEP };
enum { NODE_DEVICE_PROMOTE_DEFAULT, NODE_DEVICE_PROMOTE_ONE,
	NODE_DEVICE_PROMOTE_AROUND, NODE_DEVICE_PROMOTE_SKIP };
enum { NODE_DEVICE_VICTIM_DEFAULT, NODE_DEVICE_VICTIM_EVICT,
	NODE_DEVICE_VICTIM_KEEP, NODE_DEVICE_VICTIM_PROMOTE };
enum { NODE_DEVICE_PRESSURE_OK, NODE_DEVICE_PRESSURE_LOW,
	NODE_DEVICE_PRESSURE_HIGH, NODE_DEVICE_PRESSURE_CRITICAL };
enum { NODE_DEVICE_HOT_DEVICE, NODE_DEVICE_HOT_HINT_FAULT };
enum {
	NODE_DEVICE_RECLAIMER_KSWAPD, NODE_DEVICE_RECLAIMER_DIRECT,
	NODE_DEVICE_RECLAIMER_MEMCG,
	NODE_DEVICE_RECLAIMER_PROACTIVE,
};
enum {
	NODE_DEVICE_STAT_PHYS_TOTAL, NODE_DEVICE_STAT_PHYS_USED,
	NODE_DEVICE_STAT_LOGICAL_TOTAL,
	NODE_DEVICE_STAT_LOGICAL_USED, NODE_DEVICE_STAT_BALLOON,
	NODE_DEVICE_STAT_PRESSURE, NODE_DEVICE_STAT_DRAM_FREE,
	HOST_NR_STATS,
};
enum {
	NODE_DEVICE_MOVE_OTHER, NODE_DEVICE_MOVE_DEMOTED,
	NODE_DEVICE_MOVE_PROMOTED_HOT, NODE_DEVICE_MOVE_PROMOTED_AROUND,
	NODE_DEVICE_MOVE_PROMOTED_VICTIM, NODE_DEVICE_MOVE_EVACUATED,
	NODE_DEVICE_MOVE_OFFLINE, NODE_DEVICE_MOVE_REQUESTED,
};
enum {
	NODE_DEVICE_RATE_UNLIMITED = UINT32_MAX,
};

struct node_folio_info {
	s32 nid;
	u32 order, nr_mappers, flags;
	u64 memcg_id, memcg_node_pages, area, index, age_ms;
};

/* A test says what the kernel would find, and finds what a policy decided. */
struct folio {
	struct node_folio_info info;
	s32 estimate;
	u32 verdict;
};

struct node_admit_ctx {
	s32 nid, src_nid;
	u32 nr_folios, nr_pages, priority, reclaimer;
	u64 memcg_id, phys_free, logical_free;
	u32 pressure, pad;
	struct folio *batch;
};

struct node_class_ctx {
	s32 nid;
	u32 nr_classes, default_class, pressure;
};

struct node_migrated_ctx {
	s32 src_nid, dst_nid;
	u32 reason, class, stored_bytes, nr_pages;
};

struct node_fault_ctx {
	s32 nid;
	u32 nr_mappers;
	u64 address;
	u32 max_around, pad;
};

struct node_hot_ctx {
	s32 nid, dst_nid;
	u32 source, heat, pressure, pad;
};

struct node_victim_ctx {
	s32 nid;
	u32 priority, reclaimer, pressure;
	u64 memcg_id;
	u32 nr_pages, pad;
};

struct node_press_ctx {
	s32 nid;
	u32 pressure, old_pressure, pad;
	u64 phys_total, phys_used, logical_total, logical_used, balloon;
};

struct node_policy_info {
	s32 nid;
	u32 nr_classes;
	u64 phys_total, phys_used, logical_total, logical_used;
};

struct node_device_ops {
	s32 (*admit_batch)(struct node_admit_ctx *ctx);
	u32 (*admit_folio)(struct folio *folio, struct node_admit_ctx *ctx);
	s32 (*choose_class)(struct folio *folio, struct node_class_ctx *ctx);
	void (*migrated)(struct folio *folio, struct node_migrated_ctx *ctx);
	u32 (*promote_fault)(struct folio *folio, struct node_fault_ctx *ctx);
	u32 (*promote_hot)(struct folio *folio, struct node_hot_ctx *ctx);
	u32 (*reclaim_folio)(struct folio *folio, struct node_victim_ctx *ctx);
	void (*pressure)(struct node_press_ctx *ctx);
	s32 (*init)(struct node_policy_info *info);
};

struct bpf_spin_lock {
	pthread_mutex_t mutex;
};

/* What a test provides. */
int bpf_node_device_folio_info(struct folio *folio,
			       struct node_folio_info *info,
			       u32 info__sz);
s32 bpf_node_device_folio_estimate(struct folio *folio, u32 samples);
u64 bpf_node_device_stat(u32 item);
int bpf_node_device_admit_set(struct node_admit_ctx *ctx, struct folio *folio,
			      u32 verdict);
int bpf_node_device_admit_rate(u32 pages_per_sec);
int bpf_node_device_request_reclaim(u64 nr_pages);
int bpf_node_device_policy_exit(s64 code, const char *text__str);
void *bpf_map_lookup_elem(void *map, const void *key);
u64 bpf_ktime_get_ns(void);
u32 bpf_get_prandom_u32(void);

static inline void bpf_spin_lock(struct bpf_spin_lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
}

static inline void bpf_spin_unlock(struct bpf_spin_lock *lock)
{
	pthread_mutex_unlock(&lock->mutex);
}

#define NODE_FOR_EACH_FOLIO(_folio, _ctx)				\
	for ((_folio) = (_ctx)->batch;					\
	     (_folio) < (_ctx)->batch + (_ctx)->nr_folios; (_folio)++)

#define READ_ONCE(_x)		(*(const volatile typeof(_x) *)&(_x))
#define WRITE_ONCE(_x, _val)	(*(volatile typeof(_x) *)&(_x) = (_val))
#define SEC(_section)
#define BPF_MAP_TYPE_HASH	1
#define BPF_MAP_TYPE_ARRAY	2
#define BPF_MAP_TYPE_LRU_HASH	9
#define BPF_F_NO_COMMON_LRU	2
#define BPF_ANY			0
#define __uint(_name, _value)	int (*_name)[_value]
#define __type(_name, _type)	typeof(_type) *_name

#define NODE_POLICY(_name, _summary)					\
	static const char policy_name[] __attribute__((unused)) = #_name
/* There are no nodes here. */
#define NODE_MATCH(_conditions...)	_Static_assert(1, "")
#define NODE_TUNABLE(_type, _name, _def, _min, _max, _unit, _desc)	\
	static volatile _type _name = (_def)
#define NODE_COUNTERS(_struct)	static _struct counters
#define NODE_COUNT(_field, _n)						\
	__atomic_fetch_add(&counters._field, (_n), __ATOMIC_RELAXED)
#define NODE_OP(_ret, _member, _args...)	static _ret op_##_member(_args)
#define NODE_OPS(_name, _members...)					\
	static const struct node_device_ops policy = {			\
		HOST_OPS(_members, HOST_OPS5, HOST_OPS4, HOST_OPS3,	\
			 HOST_OPS2, HOST_OPS1)(_members)		\
	}
#define HOST_OPS(_1, _2, _3, _4, _5, _macro, ...)	_macro
#define HOST_OPS1(_m)		._m = op_##_m
#define HOST_OPS2(_m, _n...)	HOST_OPS1(_m), HOST_OPS1(_n)
#define HOST_OPS3(_m, _n...)	HOST_OPS1(_m), HOST_OPS2(_n)
#define HOST_OPS4(_m, _n...)	HOST_OPS1(_m), HOST_OPS3(_n)
#define HOST_OPS5(_m, _n...)	HOST_OPS1(_m), HOST_OPS4(_n)

#endif
