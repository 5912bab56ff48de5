// SPDX-License-Identifier: GPL-2.0
/* Acts on a task, with a helper. */
#include "node_ext.bpf.h"

NODE_POLICY(uses_signal, "test: sends a signal");

NODE_OP(u32, promote_fault, struct folio *folio, struct node_fault_ctx *ctx)
{
	bpf_send_signal(9);
	return 0;
}

NODE_OPS(uses_signal, promote_fault);
