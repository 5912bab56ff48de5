// SPDX-License-Identifier: GPL-2.0
/* Two policies that share a program. */
#include "node_ext.bpf.h"

NODE_POLICY(shared_progs, "test: two policies that share a program");

struct shared_progs_counters {
	u64 asked;
	u64 known;	/* the kernel knew whose program it is */
	u64 shared;	/* it said that it does not */
};

NODE_COUNTERS(struct shared_progs_counters);

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	struct node_folio_info info = {};
	int ret = bpf_node_device_folio_info(folio, &info, sizeof(info));

	NODE_COUNT(asked, 1);
	if (!ret &&
	    bpf_node_device_stat(NODE_DEVICE_STAT_PHYS_TOTAL) != U64_MAX)
		NODE_COUNT(known, 1);
	if (ret == -EMLINK &&
	    bpf_node_device_stat(NODE_DEVICE_STAT_PHYS_TOTAL) == U64_MAX)
		NODE_COUNT(shared, 1);
	return NODE_DEVICE_ADMIT_DEFAULT;
}

NODE_OPS(shared_progs, admit_folio);
NODE_OPS(second, admit_folio);
