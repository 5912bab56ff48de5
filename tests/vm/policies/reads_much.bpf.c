// SPDX-License-Identifier: GPL-2.0
/*
 * Reads as much of the kernel's memory at once as it may, and a byte more. Both
 * blocks are longer and have no end of a string in them.
 */
#include "node_ext.bpf.h"

NODE_POLICY(reads_much, "test: reads more than 4 KiB at once");

#define MOST	4096

struct reads_much_counters {
	u64 calls;
	u64 granted;		/* reads of so much, three in a call */
	u64 refused;		/* of more */
	u64 cleared;		/* buffers after those that read into one */
};

NODE_COUNTERS(struct reads_much_counters);

char from[MOST + 8] = { [0 ... MOST + 7] = 'a' };
char to[MOST + 8];
static const char same[MOST + 8] = { [0 ... MOST + 6] = 'a' };

static __always_inline void fill(void)
{
	to[0] = to[MOST / 2] = to[MOST] = 'b';
}

static __always_inline void expect_cleared(void)
{
	barrier();
	if (!to[0] && !to[MOST / 2] && !to[MOST])
		NODE_COUNT(cleared, 1);
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	NODE_COUNT(calls, 1);
	if (!bpf_probe_read_kernel(to, MOST, from))
		NODE_COUNT(granted, 1);
	if (bpf_probe_read_kernel_str(to, MOST, from) == MOST)
		NODE_COUNT(granted, 1);
	if (!bpf_strncmp(from, MOST, same))
		NODE_COUNT(granted, 1);

	fill();
	if (bpf_probe_read_kernel(to, MOST + 1, from) == -E2BIG)
		NODE_COUNT(refused, 1);
	expect_cleared();
	fill();
	if (bpf_probe_read_kernel_str(to, MOST + 1, from) == -E2BIG)
		NODE_COUNT(refused, 1);
	expect_cleared();
	if (bpf_strncmp(from, MOST + 1, same) == -E2BIG)
		NODE_COUNT(refused, 1);
	return 0;
}

NODE_OPS(reads_much, admit_batch);
