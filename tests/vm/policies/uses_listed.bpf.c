// SPDX-License-Identifier: GPL-2.0
/* What a policy may call besides the functions of the interface. */
#include "node_ext.bpf.h"

/* Not looked into, but not only declared: libbpf compares the types of arguments. */
struct cgroup {
};

NODE_POLICY(uses_listed, "test: what policies may call");

struct locked {
	struct bpf_spin_lock lock;
	u64 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u64);
	__type(value, struct locked);
} locked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} cgroups SEC(".maps");

extern struct cgroup *bpf_cgroup_from_id(u64 id) __ksym;
extern void bpf_cgroup_release(struct cgroup *cgrp) __ksym;
NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	u64 id = bpf_get_current_pid_tgid() ^ bpf_get_prandom_u32();
	static const struct locked fresh;
	struct locked *l;
	struct cgroup *cgrp;
	u64 *n, now;

	bpf_map_update_elem(&locked, &id, &fresh, BPF_ANY);
	l = bpf_map_lookup_elem(&locked, &id);
	if (l) {
		bpf_spin_lock(&l->lock);
		l->n++;
		bpf_spin_unlock(&l->lock);
	}
	bpf_map_delete_elem(&locked, &id);
	now = bpf_ktime_get_boot_ns() + bpf_jiffies64();
	bpf_ringbuf_output(&events, &now, sizeof(now), 0);
	n = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL,
				 BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (n)
		*n = bpf_get_smp_processor_id();
	cgrp = bpf_cgroup_from_id(ctx->memcg_id);
	if (cgrp) {
		n = bpf_cgrp_storage_get(&cgroups, cgrp, NULL,
					 BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (n)
			*n = now;
		bpf_cgroup_release(cgrp);
	}
	return 0;
}

NODE_OPS(uses_listed, admit_batch);
