// SPDX-License-Identifier: GPL-2.0
/* Formats millions of spaces into eight bytes. */
#include "node_ext.bpf.h"

NODE_POLICY(uses_snprintf, "test: formats a wide number");

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	static const char fmt[] = "%8388607d";
	u64 arg = ctx->priority;
	char text[8];

	bpf_snprintf(text, sizeof(text), fmt, &arg, sizeof(arg));
	return text[0] == 'x';
}

NODE_OPS(uses_snprintf, admit_batch);
