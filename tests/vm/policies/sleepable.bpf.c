// SPDX-License-Identifier: GPL-2.0
/* A member that may sleep: no member may. */
#include "node_ext.bpf.h"

NODE_POLICY(sleepable, "test: a sleepable member");

SEC("struct_ops.s/admit_folio")
u32 op_admit_folio(unsigned long long *ctx)
{
	return NODE_DEVICE_ADMIT_ACCEPT;
}

NODE_OPS(sleepable, admit_folio);
