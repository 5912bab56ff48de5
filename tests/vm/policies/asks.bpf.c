// SPDX-License-Identifier: GPL-2.0
/* Asks once for reclaim of the node, when it is first told of the pressure. */
#include "node_ext.bpf.h"

NODE_POLICY(asks, "test: asks for reclaim soon after it is attached");

NODE_TUNABLE(u64, pages, 64, 1, 1048576, "pages", "how many to ask for");

bool asked;

NODE_OP(void, pressure, struct node_press_ctx *ctx)
{
	if (!asked && !bpf_node_device_request_reclaim(pages))
		asked = true;
}

NODE_OPS(asks, pressure);
