// SPDX-License-Identifier: GPL-2.0
/*
 * Was built with a struct node_folio_info that has more fields than the kernel's,
 * and with one that has fewer.
 */
#include "node_ext.bpf.h"

NODE_POLICY(info_sizes, "test: struct node_folio_info of other sizes");

struct info_sizes_counters {
	u64 asked;
	u64 larger;	/* of those, filled in right */
	u64 smaller;
};

NODE_COUNTERS(struct info_sizes_counters);

#define GUARD	0x5a5a5a5a5a5a5a5aULL

struct larger {
	struct node_folio_info info;
	u64 more[4];
};

struct smaller {
	s32 nid;
	u32 order;
	u64 guard;
};

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	struct node_folio_info info = {};
	struct smaller smaller;
	struct larger larger;

	NODE_COUNT(asked, 1);
	if (bpf_node_device_folio_info(folio, &info, sizeof(info)))
		return NODE_DEVICE_ADMIT_DEFAULT;

	__builtin_memset(&larger, 0xff, sizeof(larger));
	if (!bpf_node_device_folio_info(folio, &larger.info, sizeof(larger)) &&
	    larger.info.nid == info.nid && larger.info.area == info.area &&
	    larger.info.index == info.index &&
	    !(larger.more[0] | larger.more[1] | larger.more[2] |
	      larger.more[3]))
		NODE_COUNT(larger, 1);

	__builtin_memset(&smaller, 0xff, sizeof(smaller));
	smaller.guard = GUARD;
	if (!bpf_node_device_folio_info(folio,
					(struct node_folio_info *)&smaller,
					offsetof(struct smaller, guard)) &&
	    smaller.nid == info.nid && smaller.order == info.order &&
	    smaller.guard == GUARD)
		NODE_COUNT(smaller, 1);
	return NODE_DEVICE_ADMIT_DEFAULT;
}

NODE_OPS(info_sizes, admit_folio);
