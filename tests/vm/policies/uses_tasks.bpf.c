// SPDX-License-Identifier: GPL-2.0
/* Walks all tasks, with an iterator of BPF. */
#include "node_ext.bpf.h"

/* Not looked into, but not only declared: libbpf compares the types of arguments. */
struct task_struct {
};

NODE_POLICY(uses_tasks, "test: walks all tasks");

struct bpf_iter_task {
	u64 opaque[3];
} __attribute__((aligned(8)));

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpf_iter_task_new(struct bpf_iter_task *it,
			     struct task_struct *task, u32 flags) __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	struct task_struct *task;
	u32 n = 0;

	bpf_rcu_read_lock();
	bpf_for_each(task, task, NULL, 0)
		n++;
	bpf_rcu_read_unlock();
	return n;
}

NODE_OPS(uses_tasks, admit_batch);
