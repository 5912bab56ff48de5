// SPDX-License-Identifier: GPL-2.0
/* A correct policy with a tunable of every type. */
#include "policy.h"

TEST_POLICY("good", "Every type of tunable once");

volatile __u32 limit SEC(NODE_EXT_TUNABLES_SECTION) = 600;
TEST_RECORD(u32, limit, 600, 0, 1000, "permille", "Limit");

volatile __s32 bias SEC(NODE_EXT_TUNABLES_SECTION) = -5;
TEST_RECORD(s32, bias, -5, -100, 100, "", "Bias");

volatile __u64 budget SEC(NODE_EXT_TUNABLES_SECTION) = 1ULL << 40;
TEST_RECORD(u64, budget, 1ULL << 40, 4096, ~0ULL, "bytes", "Budget");

volatile __s64 offset SEC(NODE_EXT_TUNABLES_SECTION) = -1;
TEST_RECORD(s64, offset, -1, -(1LL << 62), 1LL << 62, "ns", "Offset");

volatile bool enabled SEC(NODE_EXT_TUNABLES_SECTION) = true;
TEST_RECORD(bool, enabled, 1, 0, 1, "", "Enabled");

SEC("struct_ops/admit_folio")
int admit(unsigned long long *ctx)
{
	return enabled && limit + bias + budget + offset ? 1 : 2;
}

SEC(".struct_ops.link")
struct node_device_ops good = {
	.admit_folio = (void *)admit,
	.version = 1,
	.name = "good",
};

char LICENSE[] SEC("license") = "GPL";
