/* SPDX-License-Identifier: GPL-2.0 */
/* Keeps what exit() was told where a test can read it. */
#ifndef RECORD_H
#define RECORD_H

#include "node_ext.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct node_policy_exit);
} exits SEC(".maps");

static __always_inline void keep_record(const struct node_policy_exit *info)
{
	struct node_policy_exit *record;
	u32 key = 0;

	record = bpf_map_lookup_elem(&exits, &key);
	if (record)
		bpf_probe_read_kernel(record, sizeof(*record), info);
}

#endif
