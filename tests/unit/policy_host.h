/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stands in for include/node_ext.bpf.h where a policy is compiled for the host.
 *
 * A test includes this file and then the policy's own source; the guard below
 * keeps the real header out.  The test defines the kernel functions, the clock
 * and the map lookup, and calls the members through "policy".
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
enum { NADMIT_DEFAULT, NADMIT_ACCEPT, NADMIT_DENY, NADMIT_KEEP };

struct folio {
	int unused;
};

struct node_admit_ctx {
	s32 nid, src_nid;
	u32 nr_folios, nr_pages, priority, reclaimer;
	u64 memcg_id, phys_free, logical_free;
};

struct node_class_ctx {
	s32 nid;
	u32 nr_classes, default_class, pad;
};

struct node_folio_info {
	s32 nid;
	u32 order, nr_mappers, flags;
	u64 memcg_id, memcg_node_pages;
};

struct node_device_ops {
	s32 (*admit_batch)(struct node_admit_ctx *ctx);
	u32 (*admit_folio)(struct folio *folio, struct node_admit_ctx *ctx);
	s32 (*choose_class)(struct folio *folio, struct node_class_ctx *ctx);
};

struct bpf_spin_lock {
	pthread_mutex_t mutex;
};

/* What a test provides. */
int bpf_node_folio_info(struct folio *folio, struct node_folio_info *info,
			u32 info__sz);
s32 bpf_node_folio_estimate(struct folio *folio, u32 samples);
void *bpf_map_lookup_elem(void *map, const void *key);
u64 bpf_ktime_get_ns(void);

static inline void bpf_spin_lock(struct bpf_spin_lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
}

static inline void bpf_spin_unlock(struct bpf_spin_lock *lock)
{
	pthread_mutex_unlock(&lock->mutex);
}

#define READ_ONCE(_x)		(*(const volatile typeof(_x) *)&(_x))
#define SEC(_section)
#define BPF_MAP_TYPE_HASH	1
#define BPF_MAP_TYPE_ARRAY	2
#define __uint(_name, _value)	int (*_name)[_value]
#define __type(_name, _type)	typeof(_type) *_name

#define NODE_POLICY(_name, _summary)					\
	static const char policy_name[] __attribute__((unused)) = #_name
#define NODE_TUNABLE(_type, _name, _def, _min, _max, _unit, _desc)	\
	static volatile _type _name = (_def)
#define NODE_COUNTERS(_struct)	static _struct counters
#define NODE_COUNT(_field, _n)						\
	__atomic_fetch_add(&counters._field, (_n), __ATOMIC_RELAXED)
#define NODE_OP(_ret, _member, _args...)	static _ret op_##_member(_args)
#define NODE_OPS(_name, _members...)					\
	static const struct node_device_ops policy = {			\
		HOST_OPS(_members, HOST_OPS2, HOST_OPS1)(_members)	\
	}
#define HOST_OPS(_1, _2, _macro, ...)	_macro
#define HOST_OPS1(_m)		._m = op_##_m
#define HOST_OPS2(_m, _n)	HOST_OPS1(_m), HOST_OPS1(_n)

#endif
