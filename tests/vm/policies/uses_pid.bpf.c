// SPDX-License-Identifier: GPL-2.0
/* Looks a task up, with a kernel function that policies may not call. */
#include "node_ext.bpf.h"

/* Not looked into, but not only declared: libbpf compares the types of arguments. */
struct task_struct {
};

NODE_POLICY(uses_pid, "test: looks up a task");

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (task)
		bpf_task_release(task);
	return 0;
}

NODE_OPS(uses_pid, admit_batch);
