/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the author of a node_ext policy includes: this header and nothing else.
 *
 * It brings in the kernel's types, libbpf's helpers and the kernel functions
 * that a policy may call, and it defines the few macros that a policy is
 * written with:
 *
 *	NODE_POLICY()	name and summary, once per object
 *	NODE_MATCH()	which nodes it is for, if not for all
 *	NODE_TUNABLE()	a value that the administrator may change
 *	NODE_COUNTERS()	what the policy reports about itself
 *	NODE_OP()	a member of struct node_device_ops
 *	NODE_OPS()	the policy itself, from its members
 *
 * docs/write-a-policy.md is the tutorial, docs/abi.md the reference.
 */
#ifndef __NODE_EXT_BPF_H
#define __NODE_EXT_BPF_H

/* A policy that needs more of the kernel includes a vmlinux.h before this. */
#ifndef __VMLINUX_H__
#include "node_ext_types.h"
#endif
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "node_ext_meta.h"

/* A member seldom needs every argument that it is given. */
#pragma clang diagnostic ignored "-Wunused-parameter"

/*
 * The constants of the interface are enumerators, so node_ext_types.h has them.
 * What follows are macros in the kernel, which it has not.
 */

/* Errors that init() may answer with, and that kernel functions return. */
#ifndef EPERM
#define EPERM		1
#define ENOENT		2
#define EIO		5
#define E2BIG		7
#define ENOMEM		12
#define EBUSY		16
#define ENODEV		19
#define EINVAL		22
#define ENOSPC		28
#define EMLINK		31
#define EOPNOTSUPP	95
#define ESTALE		116
#endif

/* What bpf_node_device_stat() says when there is nothing to tell. */
#ifndef U64_MAX
#define U64_MAX		(~0ULL)
#endif

/*
 * A value that somebody else may be writing: read or write it once, as a
 * whole.  For anything of 8 bytes or less.
 */
#ifndef READ_ONCE
#define READ_ONCE(_x)		(*(const volatile typeof(_x) *)&(_x))
#define WRITE_ONCE(_x, _val)	(*(volatile typeof(_x) *)&(_x) = (_val))
#endif

/*
 * Kernel functions of the interface.  A vmlinux.h made with a recent pahole
 * declares them, too; the same declaration twice is no error.  Version 1 has all
 * of them: where one is missing, the load fails and names it.  One that comes
 * later is declared __weak, so that a policy can ask with bpf_ksym_exists().
 */

/**
 * bpf_node_device_folio_sample - copy a piece of a folio's content
 * @folio: the folio that the member was given, or one of the chunk
 * @off: where in the folio to start, in bytes
 * @buf: where to copy to
 * @buf__sz: how much to copy, 1 to NODE_DEVICE_SAMPLE_MAX bytes
 *
 * The owner may be writing to the folio meanwhile: the copy need not be
 * consistent in itself, and the content may differ by the time it is stored.
 *
 * Allowed in admit_batch, admit_folio, choose_class and reclaim_folio.
 * Return: 0, -EINVAL when the piece is not inside the folio, -EIO when the
 * memory is bad.
 */
extern int bpf_node_device_folio_sample(struct folio *folio, u32 off, void *buf,
					u32 buf__sz) __ksym;

/**
 * bpf_node_device_folio_estimate - estimate how well a folio's content
 * compresses
 * @folio: the folio that the member was given, or one of the chunk
 * @samples: windows of 64 bytes to look at, 1 to NODE_DEVICE_WINDOWS_MAX (64), all
 *	over the folio; 0 means 16
 *
 * It measures how evenly the values of the bytes are distributed: 0 is one byte
 * repeated, English text is near 600, compressed data near 980.  It does not see
 * repetition, which compresses better, nor that hexadecimal digits in random
 * order (near 500) hardly compress.  docs/policies.md has more of such values.
 * Of a large folio it sees so many windows as well, of pages that are spread over
 * it.
 *
 * Allowed in admit_batch, admit_folio, choose_class and reclaim_folio.
 * Return: 0 to 1000, -EINVAL for too many windows, -EIO when the memory is bad.
 */
extern s32 bpf_node_device_folio_estimate(struct folio *folio,
					  u32 samples) __ksym;

/**
 * bpf_node_device_folio_info - what the kernel knows about a folio
 * @folio: the folio that the member was given, or one of the chunk
 * @info: filled in; fields that the kernel does not have are 0
 * @info__sz: sizeof(*info)
 *
 * Allowed in admit_batch, admit_folio, choose_class, migrated, promote_fault,
 * promote_hot and reclaim_folio.
 * Return: 0, -ENODEV when the node is going away, -EMLINK when a second
 * struct_ops map has been made of the policy's programs.  After an error all of
 * @info is 0.
 */
extern int bpf_node_device_folio_info(struct folio *folio,
				      struct node_folio_info *info,
			       u32 info__sz) __ksym;

/**
 * bpf_node_device_stat - how the policy's node is
 * @item: enum node_stat: NODE_DEVICE_STAT_PHYS_TOTAL,
 *	NODE_DEVICE_STAT_PHYS_USED, NODE_DEVICE_STAT_LOGICAL_TOTAL,
 *	NODE_DEVICE_STAT_LOGICAL_USED, NODE_DEVICE_STAT_BALLOON and
 *	NODE_DEVICE_STAT_DRAM_FREE in bytes, NODE_DEVICE_STAT_PRESSURE as enum
 *	node_pressure
 *
 * As of now, and each item for itself: two of them need not fit together.
 * NODE_DEVICE_STAT_LOGICAL_USED visits all CPUs.  Ask once per chunk, not per
 * folio.
 *
 * Allowed in all members.
 * Return: the value.  U64_MAX for an item that the kernel does not know, when the
 * node is going away, and where bpf_node_device_folio_info() says -EMLINK.
 */
extern u64 bpf_node_device_stat(u32 item) __ksym;

struct bpf_iter_node_device_folio;

/**
 * bpf_iter_node_device_folio_new - begin to walk the folios of a chunk
 * @it: the iterator
 * @ctx: what admit_batch was given, nothing else
 *
 * Policies write NODE_FOR_EACH_FOLIO(), which calls this and the next two.
 *
 * Allowed in admit_batch.
 * Return: 0, -EINVAL when there is no folio to walk.
 */
extern int bpf_iter_node_device_folio_new(struct bpf_iter_node_device_folio *it,
					  struct node_admit_ctx *ctx) __ksym;

/**
 * bpf_iter_node_device_folio_next - the next folio of a chunk
 * @it: the iterator
 *
 * Allowed in admit_batch.
 * Return: the folio, valid until the member returns, or NULL after the last.
 */
extern struct folio *
bpf_iter_node_device_folio_next(struct bpf_iter_node_device_folio *it) __ksym;

/**
 * bpf_iter_node_device_folio_destroy - end a walk
 * @it: the iterator
 *
 * Allowed in admit_batch.
 */
extern void
bpf_iter_node_device_folio_destroy(
				  struct bpf_iter_node_device_folio *it) __ksym;

/**
 * bpf_node_device_admit_set - decide about a folio of the chunk in advance
 * @ctx: what admit_batch was given, nothing else
 * @folio: a folio of the chunk
 * @verdict: enum node_admit
 *
 * Takes the place of an answer of admit_folio, which is not called for this
 * folio.  Of two verdicts on a folio the later one holds.
 *
 * Allowed in admit_batch.
 * Return: 0, -ENOENT when the folio is not in the chunk.
 */
extern int bpf_node_device_admit_set(struct node_admit_ctx *ctx,
				     struct folio *folio,
				     u32 verdict) __ksym;

/**
 * bpf_node_device_admit_rate - limit how much comes into the node
 * @pages_per_sec: pages per second; 0 for none, NODE_DEVICE_RATE_UNLIMITED for
 *	no limit
 *
 * Holds until the next call and ends with the policy.  Called in init, it takes
 * effect when the policy is attached, and not if init refuses.
 *
 * It does not hold for reclaim at priority 4 or below, unless that is
 * proactive.  What was not used can come later, up to a second's worth.  A call
 * adds nothing to that: it can be repeated at will.
 *
 * Allowed in admit_batch, promote_hot, pressure and init.
 * Return: 0, -ENODEV when the node is going away, -ESTALE when another policy
 * has just taken the place of this one, -EMLINK as
 * bpf_node_device_folio_info().
 */
extern int bpf_node_device_admit_rate(u32 pages_per_sec) __ksym;

/**
 * bpf_node_device_request_reclaim - have pages of the node reclaimed
 * @nr_pages: how many, in addition to what was requested before
 *
 * kswapd of the node reclaims them soon, and as many as it can.  Requests that
 * wait are cut to the size of the node.  They end with the policy, and when
 * nothing could be reclaimed for three seconds.
 *
 * Allowed in admit_batch, promote_hot and pressure, and in init, where it is too
 * early.
 * Return: 0, -ENODEV when the node is going away, -ESTALE when this is not the
 * policy of the node, not yet or not any more, -EMLINK as
 * bpf_node_device_folio_info().
 */
extern int bpf_node_device_request_reclaim(u64 nr_pages) __ksym;

/**
 * bpf_node_device_policy_exit - leave the node
 * @code: any number, for the record
 * @text__str: why: one line of at most 63 characters
 *
 * The policy is not asked any more, from the next call on, and is detached
 * soon.  In init it makes the attach fail with ECANCELED.
 *
 * Allowed in all members.
 * Return: 0, -ENODEV when the node is going away, -ESTALE when this is not the
 * policy of the node, not any more, -EMLINK as bpf_node_device_folio_info().
 */
extern int bpf_node_device_policy_exit(s64 code, const char *text__str) __ksym;

/**
 * NODE_FOR_EACH_FOLIO - walk the folios of a chunk, in admit_batch
 * @_folio: variable of type struct folio *, the folio at hand in the body
 * @_ctx: what admit_batch was given
 *
 * Like a for statement: the body may break and continue.  All walks of one call
 * together end after NODE_DEVICE_STEPS_MAX folios, which is four walks.
 */
#define NODE_FOR_EACH_FOLIO(_folio, _ctx)				\
	bpf_for_each(node_device_folio, _folio, _ctx)

/**
 * NODE_POLICY - name the policy of this object
 * @_name: identifier, at most 15 characters; the same as in NODE_OPS()
 * @_summary: one sentence that says what it does, shown in lists
 */
#define NODE_POLICY(_name, _summary)					\
	char _license[] SEC("license") = "GPL";				\
	_Static_assert(sizeof(#_name) <= NODE_EXT_POLICY_NAME_LEN,	\
		       "name of the policy " #_name " is too long");	\
	_Static_assert(sizeof(_summary) <= NODE_EXT_TEXT_LEN,		\
		       "summary of " #_name " is too long");		\
	const struct node_ext_policy __node_ext_policy			\
		SEC(NODE_EXT_META_SECTION) = {				\
		.meta_version = NODE_EXT_META_VERSION,			\
		.ops_version = NODE_DEVICE_OPS_VERSION,			\
		.name = #_name,						\
		.summary = _summary,					\
	}

/**
 * NODE_MATCH - say which nodes the policy is for
 * @_conditions: members of struct node_ext_match, as in an initializer:
 *	NODE_MATCH(.features = "fence", .min_classes = 2);
 *
 * nodectl attaches the policy to no other node, unless it is forced to.
 */
#define NODE_MATCH(_conditions...)					\
	const struct node_ext_match __node_ext_match			\
		SEC(NODE_EXT_META_SECTION) = { _conditions }

/**
 * NODE_TUNABLE - a value that can be set at load and changed while it runs
 * @_type: u32, s32, u64, s64 or bool
 * @_name: name of the global variable that is defined, and of the tunable
 * @_def: default
 * @_min: smallest value that nodectl accepts
 * @_max: largest value that nodectl accepts
 * @_unit: what the value counts ("pages"), "" for a plain number
 * @_desc: one sentence
 *
 * The value may change at any moment: read it once into a local variable and
 * decide on that.  nodectl keeps it inside the range, other tools need not:
 * no value may make the policy misbehave.
 */
#define NODE_TUNABLE(_type, _name, _def, _min, _max, _unit, _desc)	\
	_Static_assert(_Generic((_type)0, u32: 1, s32: 1, u64: 1,	\
				s64: 1, bool: 1, default: 0),		\
		       #_name " must be a u32, s32, u64, s64 or bool");	\
	_Static_assert((_type)(_min) <= (_type)(_def) &&		\
		       (_type)(_def) <= (_type)(_max),			\
		       "default of " #_name " is out of range");	\
	_Static_assert(sizeof(#_name) <= NODE_EXT_NAME_LEN,		\
		       "name of the tunable " #_name " is too long");	\
	_Static_assert(sizeof(_unit) <= NODE_EXT_UNIT_LEN,		\
		       "unit of " #_name " is too long");		\
	_Static_assert(sizeof(_desc) <= NODE_EXT_TEXT_LEN,		\
		       "description of " #_name " is too long");	\
	volatile _type _name SEC(NODE_EXT_TUNABLES_SECTION) = (_def);	\
	const struct node_ext_tunable __node_ext_tunable_##_name	\
		SEC(NODE_EXT_META_SECTION) = {				\
		.name = #_name,						\
		.type = #_type,						\
		.unit = _unit,						\
		.desc = _desc,						\
		.def = (__u64)(_type)(_def),				\
		.min = (__u64)(_type)(_min),				\
		.max = (__u64)(_type)(_max),				\
	}

/**
 * NODE_COUNTERS - declare the counters of the policy
 * @_struct: a struct of u64 members, one per counter
 *
 * One set per CPU in a map called "counters"; the struct's BTF names them, so
 * "bpftool map dump name counters" shows them as they are called here.
 */
#define NODE_COUNTERS(_struct)						\
	struct {							\
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);		\
		__uint(max_entries, 1);					\
		__type(key, u32);					\
		__type(value, _struct);					\
	} counters SEC(".maps")

/**
 * NODE_COUNT - add to a counter
 * @_field: member of the struct given to NODE_COUNTERS()
 * @_n: how much
 *
 * Atomic: a member may be preempted by another one on the same CPU.
 */
#define NODE_COUNT(_field, _n)						\
	do {								\
		typeof(counters.value) ___counters;			\
		u32 ___key = 0;						\
									\
		___counters = bpf_map_lookup_elem(&counters, &___key);	\
		if (___counters)					\
			__sync_fetch_and_add(&___counters->_field, (_n)); \
	} while (0)

/**
 * NODE_OP - define a member of the policy
 * @_ret: what it returns
 * @_member: member of struct node_device_ops
 * @_args: its arguments
 *
 * Followed by the body.  The compiler checks @_ret and @_args against the
 * kernel's struct node_device_ops.  The program is called op_MEMBER: there is
 * a member exit, and no C compiler lets a function of that name return.
 */
#define NODE_OP(_ret, _member, _args...)				\
	_Static_assert(__builtin_types_compatible_p(			\
		typeof(((struct node_device_ops *)0)->_member),		\
		typeof(_ret (*)(_args))),				\
		#_member " is declared otherwise in node_device_ops");	\
	static __always_inline _ret					\
	____op_##_member(unsigned long long *___regs, ##_args);		\
	SEC("struct_ops/" #_member)					\
	_ret op_##_member(unsigned long long *ctx)			\
	{								\
		_Pragma("GCC diagnostic push")				\
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")	\
		return ____op_##_member(___bpf_ctx_cast(_args));	\
		_Pragma("GCC diagnostic pop")				\
	}								\
	static __always_inline _ret					\
	____op_##_member(unsigned long long *___regs, ##_args)

/**
 * NODE_OPS - define the policy
 * @_name: the name given to NODE_POLICY()
 * @_members: the members defined with NODE_OP(); others get the native default
 *
 * The node is chosen when the policy is loaded.  Until then it is -1, which
 * the kernel refuses: a loader that forgets to choose attaches to no node.
 */
#define NODE_OPS(_name, _members...)					\
	struct node_device_ops _name SEC(".struct_ops.link") = {	\
		___bpf_apply(___node_ops,				\
			     ___bpf_narg(_members))(_members),		\
		.nid = -1,						\
		.version = NODE_DEVICE_OPS_VERSION,			\
		.name = #_name,						\
	}

#define ___node_ops1(_m)	._m = (void *)op_##_m
#define ___node_ops2(_m, _x...)	___node_ops1(_m), ___node_ops1(_x)
#define ___node_ops3(_m, _x...)	___node_ops1(_m), ___node_ops2(_x)
#define ___node_ops4(_m, _x...)	___node_ops1(_m), ___node_ops3(_x)
#define ___node_ops5(_m, _x...)	___node_ops1(_m), ___node_ops4(_x)
#define ___node_ops6(_m, _x...)	___node_ops1(_m), ___node_ops5(_x)
#define ___node_ops7(_m, _x...)	___node_ops1(_m), ___node_ops6(_x)
#define ___node_ops8(_m, _x...)	___node_ops1(_m), ___node_ops7(_x)
#define ___node_ops9(_m, _x...)	___node_ops1(_m), ___node_ops8(_x)
#define ___node_ops10(_m, _x...) ___node_ops1(_m), ___node_ops9(_x)

#endif /* __NODE_EXT_BPF_H */
