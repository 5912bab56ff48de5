// SPDX-License-Identifier: GPL-2.0
/* Memory whose pages may not be there: each load of it is a page fault. */
#include "node_ext.bpf.h"

NODE_POLICY(map_arena, "test: a map that is refused");

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, 1024 /* BPF_F_MMAPABLE */);
	__uint(max_entries, 16);
} refused SEC(".maps");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	void *arena = &refused;

	/* A program that only names a map uses it. */
	asm volatile("" : "+r"(arena));
	return arena ? 0 : -1;
}

NODE_OPS(map_arena, admit_batch);
