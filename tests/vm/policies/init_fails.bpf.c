// SPDX-License-Identifier: GPL-2.0
/* init() answers what the tunable says: -EPERM (-1) by default, 0 to attach. */
#include "node_ext.bpf.h"

NODE_POLICY(init_fails, "test: init refuses the attach");

NODE_TUNABLE(s32, answer, -EPERM, -4095, 2147483647, "",
	     "what init returns");

NODE_OP(s32, init, struct node_policy_info *info)
{
	return answer;
}

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return NODE_DEVICE_ADMIT_DENY;
}

NODE_OPS(init_fails, admit_folio, init);
