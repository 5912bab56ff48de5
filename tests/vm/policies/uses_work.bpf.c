// SPDX-License-Identifier: GPL-2.0
/* Work that starts itself again stands in front of everybody else's. */
#include "node_ext.bpf.h"

NODE_POLICY(uses_work, "test: starts work");

struct work {
	struct bpf_wq wq;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct work);
} works SEC(".maps");

extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __ksym;
extern int bpf_wq_set_callback(struct bpf_wq *wq, int (*fn)(void *, int *, void *),
			       unsigned int flags) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;

static int again(void *map, int *key, void *value)
{
	return 0;
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	struct work *work;
	u32 key = 0;

	work = bpf_map_lookup_elem(&works, &key);
	if (work && !bpf_wq_init(&work->wq, &works, 0)) {
		bpf_wq_set_callback(&work->wq, again, 0);
		bpf_wq_start(&work->wq, 0);
	}
	return 0;
}

NODE_OPS(uses_work, admit_batch);
