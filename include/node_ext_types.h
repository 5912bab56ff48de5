/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's types, as far as a policy uses them.  Made by scripts/types.pl
 * (make types): do not edit.
 *
 * A policy is compiled with these and loaded by any kernel that has the
 * interface: when it is loaded, libbpf takes the offset of each member from that
 * kernel.  A policy that looks into other types of the kernel declares what it
 * reads of them in the same way (of struct folio, as struct folio___mine), or
 * includes a whole vmlinux.h before node_ext.bpf.h, and these types are left out.
 */
#ifndef __NODE_EXT_TYPES_H
#define __NODE_EXT_TYPES_H

#ifdef __clang__
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

struct folio {
};
struct node_admit_batch;

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
	BPF_F_LOCK = 4,
	BPF_F_CPU = 8,
	BPF_F_ALL_CPUS = 16,
};

enum {
	BPF_F_INDEX_MASK = 4294967295ULL,
	BPF_F_CURRENT_CPU = 4294967295ULL,
	BPF_F_CTXLEN_MASK = 4503595332403200ULL,
};

enum {
	BPF_F_NO_PREALLOC = 1,
	BPF_F_NO_COMMON_LRU = 2,
	BPF_F_NUMA_NODE = 4,
	BPF_F_RDONLY = 8,
	BPF_F_WRONLY = 16,
	BPF_F_STACK_BUILD_ID = 32,
	BPF_F_ZERO_SEED = 64,
	BPF_F_RDONLY_PROG = 128,
	BPF_F_WRONLY_PROG = 256,
	BPF_F_CLONE = 512,
	BPF_F_MMAPABLE = 1024,
	BPF_F_PRESERVE_ELEMS = 2048,
	BPF_F_INNER_MAP = 4096,
	BPF_F_LINK = 8192,
	BPF_F_PATH_FD = 16384,
	BPF_F_VTYPE_BTF_OBJ_FD = 32768,
	BPF_F_TOKEN_FD = 65536,
	BPF_F_SEGV_ON_FAULT = 131072,
	BPF_F_NO_USER_CONV = 262144,
	BPF_F_RB_OVERWRITE = 524288,
};

enum {
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_SK_STORAGE_GET_F_CREATE = 1,
};

enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

enum {
	false = 0,
	true = 1,
};

enum bpf_map_type {
	BPF_MAP_TYPE_UNSPEC = 0,
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_HASH_OF_MAPS = 13,
	BPF_MAP_TYPE_DEVMAP = 14,
	BPF_MAP_TYPE_SOCKMAP = 15,
	BPF_MAP_TYPE_CPUMAP = 16,
	BPF_MAP_TYPE_XSKMAP = 17,
	BPF_MAP_TYPE_SOCKHASH = 18,
	BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED = 19,
	BPF_MAP_TYPE_CGROUP_STORAGE = 19,
	BPF_MAP_TYPE_REUSEPORT_SOCKARRAY = 20,
	BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE_DEPRECATED = 21,
	BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE = 21,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_STACK = 23,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_DEVMAP_HASH = 25,
	BPF_MAP_TYPE_STRUCT_OPS = 26,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_INODE_STORAGE = 28,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_MAP_TYPE_BLOOM_FILTER = 30,
	BPF_MAP_TYPE_USER_RINGBUF = 31,
	BPF_MAP_TYPE_CGRP_STORAGE = 32,
	BPF_MAP_TYPE_ARENA = 33,
	BPF_MAP_TYPE_INSN_ARRAY = 34,
	BPF_MAP_TYPE_RHASH = 35,
	__MAX_BPF_MAP_TYPE = 36,
};

enum node_admit {
	NODE_DEVICE_ADMIT_DEFAULT = 0,
	NODE_DEVICE_ADMIT_ACCEPT = 1,
	NODE_DEVICE_ADMIT_DENY = 2,
	NODE_DEVICE_ADMIT_KEEP = 3,
	__NODE_DEVICE_ADMIT_MAX = 4,
};

enum node_device_abi {
	NODE_DEVICE_OPS_VERSION = 1,
	NODE_DEVICE_SAMPLE_MAX = 256,
	NODE_DEVICE_WINDOWS_MAX = 64,
	NODE_DEVICE_STEPS_MAX = 128,
	NODE_DEVICE_INSNS_MAX = 65536,
	NODE_DEVICE_INSNS_ATOMIC_MAX = 4096,
	NODE_DEVICE_TIMERS_MAX = 16,
	NODE_DEVICE_ENTRIES_MAX = 65536,
	NODE_DEVICE_ENTRIES_TIMER_MAX = 4096,
	NODE_DEVICE_KEY_MAX = 256,
	NODE_DEVICE_READ_MAX = 4096,
	NODE_DEVICE_RATE_UNLIMITED = 4294967295,
};

enum node_device_move {
	NODE_DEVICE_MOVE_OTHER = 0,
	NODE_DEVICE_MOVE_DEMOTED = 1,
	NODE_DEVICE_MOVE_PROMOTED_HOT = 2,
	NODE_DEVICE_MOVE_PROMOTED_AROUND = 3,
	NODE_DEVICE_MOVE_PROMOTED_VICTIM = 4,
	NODE_DEVICE_MOVE_EVACUATED = 5,
	NODE_DEVICE_MOVE_OFFLINE = 6,
	NODE_DEVICE_MOVE_REQUESTED = 7,
	__NODE_DEVICE_MOVE_MAX = 8,
};

enum node_folio_flags {
	NODE_DEVICE_FOLIO_DIRTY = 1,
	NODE_DEVICE_FOLIO_WORKINGSET = 2,
	NODE_DEVICE_FOLIO_SHARED = 4,
};

enum node_hot_source {
	NODE_DEVICE_HOT_DEVICE = 0,
	NODE_DEVICE_HOT_HINT_FAULT = 1,
};

enum node_policy_exit_kind {
	NODE_DEVICE_EXIT_NONE = 0,
	NODE_DEVICE_EXIT_UNREG = 1,
	NODE_DEVICE_EXIT_UPDATED = 2,
	NODE_DEVICE_EXIT_UNREG_KERN = 3,
	NODE_DEVICE_EXIT_ANSWER = 4,
	NODE_DEVICE_EXIT_SLOW = 5,
	NODE_DEVICE_EXIT_ITSELF = 6,
	NODE_DEVICE_EXIT_OPERATOR = 7,
	__NODE_DEVICE_EXIT_MAX = 8,
};

enum node_pressure {
	NODE_DEVICE_PRESSURE_OK = 0,
	NODE_DEVICE_PRESSURE_LOW = 1,
	NODE_DEVICE_PRESSURE_HIGH = 2,
	NODE_DEVICE_PRESSURE_CRITICAL = 3,
	__NODE_DEVICE_PRESSURE_MAX = 4,
};

enum node_promote {
	NODE_DEVICE_PROMOTE_DEFAULT = 0,
	NODE_DEVICE_PROMOTE_ONE = 1,
	NODE_DEVICE_PROMOTE_AROUND = 2,
	NODE_DEVICE_PROMOTE_SKIP = 3,
	__NODE_DEVICE_PROMOTE_MAX = 4,
};

enum node_reclaimer {
	NODE_DEVICE_RECLAIMER_KSWAPD = 0,
	NODE_DEVICE_RECLAIMER_DIRECT = 1,
	NODE_DEVICE_RECLAIMER_MEMCG = 2,
	NODE_DEVICE_RECLAIMER_PROACTIVE = 3,
};

enum node_stat {
	NODE_DEVICE_STAT_PHYS_TOTAL = 0,
	NODE_DEVICE_STAT_PHYS_USED = 1,
	NODE_DEVICE_STAT_LOGICAL_TOTAL = 2,
	NODE_DEVICE_STAT_LOGICAL_USED = 3,
	NODE_DEVICE_STAT_BALLOON = 4,
	NODE_DEVICE_STAT_PRESSURE = 5,
	NODE_DEVICE_STAT_DRAM_FREE = 6,
};

enum node_victim {
	NODE_DEVICE_VICTIM_DEFAULT = 0,
	NODE_DEVICE_VICTIM_EVICT = 1,
	NODE_DEVICE_VICTIM_KEEP = 2,
	NODE_DEVICE_VICTIM_PROMOTE = 3,
	__NODE_DEVICE_VICTIM_MAX = 4,
};

typedef _Bool bool;

typedef int __s32;

typedef __s32 s32;

typedef long long int __s64;

typedef __s64 s64;

typedef long long unsigned int __u64;

typedef __u64 u64;

typedef __u64 __be64;

typedef __u64 __le64;

typedef long unsigned int __kernel_ulong_t;

typedef __kernel_ulong_t __kernel_size_t;

typedef __kernel_size_t size_t;

typedef short int __s16;

typedef __s16 s16;

typedef short unsigned int __u16;

typedef __u16 u16;

typedef __u16 __be16;

typedef __u16 __le16;

typedef __u16 __sum16;

typedef signed char __s8;

typedef __s8 s8;

typedef unsigned char __u8;

typedef __u8 u8;

typedef unsigned int __u32;

typedef __u32 u32;

typedef __u32 __be32;

typedef __u32 __le32;

typedef __u32 __wsum;

struct bpf_dynptr {
	__u64 __opaque[2];
};

struct bpf_iter_node_device_folio {
	__u64 __opaque[3];
};

struct bpf_iter_num {
	__u64 __opaque[1];
};

struct bpf_list_head {
	__u64 __opaque[2];
};

struct bpf_list_node {
	__u64 __opaque[3];
};

struct bpf_rb_node {
	__u64 __opaque[4];
};

struct bpf_rb_root {
	__u64 __opaque[2];
};

struct bpf_refcount {
	__u32 __opaque[1];
};

struct bpf_res_spin_lock {
	u32 val;
};

struct bpf_spin_lock {
	__u32 val;
};

struct node_admit_ctx;
struct node_class_ctx;
struct node_migrated_ctx;
struct node_fault_ctx;
struct node_hot_ctx;
struct node_victim_ctx;
struct node_press_ctx;
struct node_policy_info;
struct node_policy_exit;

struct node_device_ops {
	s32 (*admit_batch)(struct node_admit_ctx *);
	u32 (*admit_folio)(struct folio *, struct node_admit_ctx *);
	s32 (*choose_class)(struct folio *, struct node_class_ctx *);
	void (*migrated)(struct folio *, struct node_migrated_ctx *);
	u32 (*promote_fault)(struct folio *, struct node_fault_ctx *);
	u32 (*promote_hot)(struct folio *, struct node_hot_ctx *);
	u32 (*reclaim_folio)(struct folio *, struct node_victim_ctx *);
	void (*pressure)(struct node_press_ctx *);
	s32 (*init)(struct node_policy_info *);
	void (*exit)(struct node_policy_exit *);
	s32 nid;
	u32 version;
	u64 flags;
	char name[16];
};

struct bpf_timer {
	__u64 __opaque[2];
};

struct bpf_wq {
	__u64 __opaque[2];
};

struct node_admit_ctx {
	s32 nid;
	s32 src_nid;
	u32 nr_folios;
	u32 nr_pages;
	u32 priority;
	u32 reclaimer;
	u64 memcg_id;
	u64 phys_free;
	u64 logical_free;
	u32 pressure;
	u32 pad;
	struct node_admit_batch *batch;
};

struct node_class_ctx {
	s32 nid;
	u32 nr_classes;
	u32 default_class;
	u32 pressure;
};

struct node_policy_exit {
	u32 kind;
	u32 map_id;
	u32 prog_id;
	u32 pad;
	s64 code;
	u64 when_ns;
	u64 runtime_ns;
	u64 nr_calls;
	char name[16];
	char member[16];
	char text[64];
};

struct node_fault_ctx {
	s32 nid;
	u32 nr_mappers;
	u64 address;
	u32 max_around;
	u32 pad;
};

struct node_folio_info {
	s32 nid;
	u32 order;
	u32 nr_mappers;
	u32 flags;
	u64 memcg_id;
	u64 memcg_node_pages;
	u64 area;
	u64 index;
	u64 age_ms;
};

struct node_hot_ctx {
	s32 nid;
	s32 dst_nid;
	u32 source;
	u32 heat;
	u32 pressure;
	u32 pad;
};

struct node_migrated_ctx {
	s32 src_nid;
	s32 dst_nid;
	u32 reason;
	u32 class;
	u32 stored_bytes;
	u32 nr_pages;
};

struct node_victim_ctx {
	s32 nid;
	u32 priority;
	u32 reclaimer;
	u32 pressure;
	u64 memcg_id;
	u32 nr_pages;
	u32 pad;
};

struct node_policy_info {
	s32 nid;
	u32 nr_classes;
	u64 phys_total;
	u64 phys_used;
	u64 logical_total;
	u64 logical_used;
};

struct node_press_ctx {
	s32 nid;
	u32 pressure;
	u32 old_pressure;
	u32 pad;
	u64 phys_total;
	u64 phys_used;
	u64 logical_total;
	u64 logical_used;
	u64 balloon;
};

#ifdef __clang__
#pragma clang attribute pop
#endif

#endif /* __NODE_EXT_TYPES_H */
