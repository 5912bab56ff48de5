// SPDX-License-Identifier: GPL-2.0
/* @NAME@ on the host: no kernel is asked. */
#include "policy_host.h"
#include "policy_kernel.h"
#include "@NAME@.bpf.c"

static void refuses_while_reclaim_is_at_ease(void **state)
{
	struct node_admit_ctx ctx = { .priority = 11 };

	host_reset();
	assert_true(policy.admit_batch(&ctx) < 0);
}

static void sets_no_limit_in_trouble(void **state)
{
	struct node_admit_ctx ctx = { .priority = 10 };

	host_reset();
	assert_int_equal(policy.admit_batch(&ctx), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_while_reclaim_is_at_ease),
		cmocka_unit_test(sets_no_limit_in_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
