// SPDX-License-Identifier: GPL-2.0
/* Describes itself as a policy and has none. */
#include "node_ext.bpf.h"

NODE_POLICY(no_struct_ops, "test: no policy in the object");

SEC("syscall")
int nothing(void *ctx)
{
	return 0;
}
