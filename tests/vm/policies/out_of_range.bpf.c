// SPDX-License-Identifier: GPL-2.0
/* Answers out of range in every member that has a range. */
#include "node_ext.bpf.h"

NODE_POLICY(out_of_range, "test: every verdict is out of range");

/* Zero to two billion: added to the first invalid value, it stays invalid. */
static __always_inline u32 any(void)
{
	return bpf_get_prandom_u32() >> 1;
}

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return __NODE_DEVICE_ADMIT_MAX + any();
}

NODE_OP(s32, choose_class, struct folio *folio, struct node_class_ctx *ctx)
{
	return ctx->nr_classes + 1 + (any() >> 1);
}

NODE_OP(u32, promote_fault, struct folio *folio, struct node_fault_ctx *ctx)
{
	return __NODE_DEVICE_PROMOTE_MAX + any();
}

NODE_OPS(out_of_range, admit_folio, choose_class, promote_fault);
