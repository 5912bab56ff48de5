/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the objects of the unit tests are made of.  They must compile before
 * any kernel is built, so the few kernel types are declared here instead of
 * taken from vmlinux.h.
 */
#ifndef TEST_POLICY_H
#define TEST_POLICY_H

#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include "../../../include/node_ext_meta.h"

struct folio;
struct node_admit_ctx;

struct node_device_ops {
	__s32 (*admit_batch)(struct node_admit_ctx *ctx);
	__u32 (*admit_folio)(struct folio *folio, struct node_admit_ctx *ctx);
	__s32 nid;
	__u32 version;
	__u64 flags;
	char name[16];
} __attribute__((preserve_access_index));

#define TEST_POLICY(_name, _summary)					\
	const struct node_ext_policy __node_policy			\
	SEC(NODE_EXT_META_SECTION) __attribute__((used)) = {		\
		.meta_version = NODE_EXT_META_VERSION,			\
		.ops_version = 1,					\
		.name = _name,						\
		.summary = _summary,					\
	}

#define TEST_RECORD(_type, _name, _def, _min, _max, _unit, _desc)	\
	const struct node_ext_tunable __node_tunable_##_name		\
	SEC(NODE_EXT_META_SECTION) __attribute__((used)) = {		\
		.name = #_name,						\
		.type = #_type,						\
		.unit = _unit,						\
		.desc = _desc,						\
		.def = (__u64)(_def),					\
		.min = (__u64)(_min),					\
		.max = (__u64)(_max),					\
	}

#endif /* TEST_POLICY_H */
