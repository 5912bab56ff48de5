// SPDX-License-Identifier: GPL-2.0
/* Calls a kernel function of the interface outside of any policy. */
#include "node_ext.bpf.h"

NODE_POLICY(kfunc_elsewhere, "test: a kfunc in a program that is no policy");

SEC("syscall")
int kfunc_elsewhere(void *ctx)
{
	return bpf_node_device_folio_estimate(ctx, 16);
}
