// SPDX-License-Identifier: GPL-2.0
/*
 * Every pair of a member and a kernel function, and contexts that are none.
 *
 * Each struct_ops map in here is a policy of its own with one member, which
 * calls one function: MEMBER__FUNCTION.  policy_kfuncs.c loads one at a time
 * and knows which of them the verifier must refuse.
 */
#include "node_ext.bpf.h"

NODE_POLICY(kfuncs, "test: which member may call what");

/*
 * Where the arguments of a member are.  A member without a folio, or without
 * the context of a chunk, passes off its first argument as one: that call must
 * be refused before anybody looks at the argument.
 */
#define FOLIO(_ctx)	((struct folio *)(_ctx)[0])
#define BATCH(_ctx, _n)	((struct node_admit_ctx *)(_ctx)[_n])

struct bytes {
	u64 value[4];
};

static __always_inline int call_sample(struct folio *folio,
				       struct node_admit_ctx *batch, bool walk)
{
	struct bytes bytes;

	if (!walk)
		return bpf_node_device_folio_sample(folio, 0, &bytes,
						    sizeof(bytes));
	NODE_FOR_EACH_FOLIO(folio, batch)
		bpf_node_device_folio_sample(folio, 0, &bytes, sizeof(bytes));
	return 0;
}

static __always_inline int call_estimate(struct folio *folio,
					 struct node_admit_ctx *batch,
					 bool walk)
{
	if (!walk)
		return bpf_node_device_folio_estimate(folio, 0);
	NODE_FOR_EACH_FOLIO(folio, batch)
		bpf_node_device_folio_estimate(folio, 0);
	return 0;
}

static __always_inline int call_info(struct folio *folio,
				     struct node_admit_ctx *batch, bool walk)
{
	struct node_folio_info info;

	if (!walk)
		return bpf_node_device_folio_info(folio, &info, sizeof(info));
	NODE_FOR_EACH_FOLIO(folio, batch)
		bpf_node_device_folio_info(folio, &info, sizeof(info));
	return 0;
}

static __always_inline int call_admit_set(struct folio *folio,
					  struct node_admit_ctx *batch,
					  bool walk)
{
	if (!walk)
		return bpf_node_device_admit_set(batch, folio,
						 NODE_DEVICE_ADMIT_DENY);
	NODE_FOR_EACH_FOLIO(folio, batch)
		bpf_node_device_admit_set(batch, folio, NODE_DEVICE_ADMIT_DENY);
	return 0;
}

static __always_inline int call_iter(struct folio *folio,
				     struct node_admit_ctx *batch, bool walk)
{
	int nr = 0;

	NODE_FOR_EACH_FOLIO(folio, batch)
		nr++;
	return nr;
}

static __always_inline int call_stat(struct folio *folio,
				     struct node_admit_ctx *batch, bool walk)
{
	return bpf_node_device_stat(NODE_DEVICE_STAT_PRESSURE);
}

static __always_inline int call_admit_rate(struct folio *folio,
					   struct node_admit_ctx *batch,
					   bool walk)
{
	return bpf_node_device_admit_rate(0);
}

static __always_inline int call_request(struct folio *folio,
					struct node_admit_ctx *batch,
					bool walk)
{
	return bpf_node_device_request_reclaim(0);
}

/* A policy with the one member @_member, which is @_prog. */
#define ONE_MEMBER(_name, _member, _prog)				\
	struct node_device_ops _name SEC(".struct_ops.link") = {	\
		._member = (void *)_prog,				\
		.nid = -1,						\
		.version = NODE_DEVICE_OPS_VERSION,			\
		.name = "kfuncs",					\
	}

#define PAIR(_member, _kfunc, _n, _walk)				\
	SEC("struct_ops/" #_member)					\
	int op_##_member##__##_kfunc(unsigned long long *ctx)		\
	{								\
		return call_##_kfunc(FOLIO(ctx), BATCH(ctx, _n), _walk); \
	}								\
	ONE_MEMBER(_member##__##_kfunc, _member, op_##_member##__##_kfunc)

#define MEMBER(_member, _n, _walk)					\
	PAIR(_member, sample, _n, _walk);				\
	PAIR(_member, estimate, _n, _walk);				\
	PAIR(_member, info, _n, _walk);					\
	PAIR(_member, stat, _n, _walk);					\
	PAIR(_member, iter, _n, _walk);					\
	PAIR(_member, admit_set, _n, _walk);				\
	PAIR(_member, admit_rate, _n, _walk);				\
	PAIR(_member, request, _n, _walk)

MEMBER(admit_batch, 0, true);
MEMBER(admit_folio, 1, false);
MEMBER(choose_class, 0, false);
MEMBER(migrated, 0, false);
MEMBER(promote_fault, 0, false);
MEMBER(promote_hot, 0, false);
MEMBER(reclaim_folio, 0, false);
MEMBER(pressure, 0, false);
MEMBER(init, 0, false);
MEMBER(exit, 0, false);

/* ---- what is no context of a chunk, and what is no folio of it ------------ */
#define FORGED(_what)							\
	SEC("struct_ops/admit_batch")					\
	int op_forged__##_what(unsigned long long *ctx);			\
	ONE_MEMBER(forged__##_what, admit_batch, op_forged__##_what);	\
	int op_forged__##_what(unsigned long long *ctx)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64[16]);
} forgery SEC(".maps");

/* The iterator walks memory of the program's own making. */
FORGED(walk_of_stack)
{
	struct node_admit_ctx fake = {};

	return call_iter(NULL, &fake, true);
}

FORGED(walk_of_map)
{
	u32 key = 0;
	void *fake = bpf_map_lookup_elem(&forgery, &key);

	return fake ? call_iter(NULL, fake, true) : 0;
}

FORGED(walk_of_cast)
{
	return call_iter(NULL, bpf_core_cast((void *)ctx,
					     struct node_admit_ctx), true);
}

FORGED(set_of_stack)
{
	struct node_admit_ctx fake = {};
	struct folio *folio;

	NODE_FOR_EACH_FOLIO(folio, BATCH(ctx, 0))
		bpf_node_device_admit_set(&fake, folio, NODE_DEVICE_ADMIT_DENY);
	return 0;
}

/* The batch that the kernel keeps behind the context is not for programs. */
FORGED(set_of_batch)
{
	struct node_admit_ctx *batch = BATCH(ctx, 0);

	return bpf_node_device_admit_set(batch, (void *)batch->batch,
					 NODE_DEVICE_ADMIT_DENY);
}

FORGED(folio_of_stack)
{
	struct bytes bytes = {};

	return bpf_node_device_admit_set(BATCH(ctx, 0), (void *)&bytes,
					 NODE_DEVICE_ADMIT_DENY);
}

/* The iterator may have returned NULL. */
FORGED(folio_unchecked)
{
	struct bpf_iter_node_device_folio it;
	struct folio *folio;

	bpf_iter_node_device_folio_new(&it, BATCH(ctx, 0));
	folio = bpf_iter_node_device_folio_next(&it);
	bpf_node_device_admit_set(BATCH(ctx, 0), folio, NODE_DEVICE_ADMIT_DENY);
	bpf_iter_node_device_folio_destroy(&it);
	return 0;
}
