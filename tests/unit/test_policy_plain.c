// SPDX-License-Identifier: GPL-2.0
/* bpf/admit_all and bpf/deny_all: verdicts that depend on nothing. */
#include "policy_host.h"

/* Two policies in one program: each gets its own names. */
#define policy		admit_all_policy
#define policy_name	admit_all_name
#define op_admit_folio	admit_all_folio
#include "../../bpf/admit_all.bpf.c"
#undef policy
#undef policy_name
#define policy		deny_all_policy
#define policy_name	deny_all_name
#include "../../bpf/deny_all.bpf.c"

static struct folio folio;
static struct node_admit_ctx busy = { .nr_folios = 32, .nr_pages = 32 };

static void admit_all_accepts_each_folio(void **state)
{
	assert_int_equal(admit_all_policy.admit_folio(&folio, &busy),
			 NODE_DEVICE_ADMIT_ACCEPT);
}

static void admit_all_leaves_the_rest_to_the_kernel(void **state)
{
	assert_null(admit_all_policy.admit_batch);
	assert_null(admit_all_policy.choose_class);
}

static void deny_all_refuses_the_chunk_before_its_folios(void **state)
{
	assert_true(deny_all_policy.admit_batch(&busy) < 0);
	assert_null(deny_all_policy.admit_folio);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(admit_all_accepts_each_folio),
		cmocka_unit_test(admit_all_leaves_the_rest_to_the_kernel),
		cmocka_unit_test(deny_all_refuses_the_chunk_before_its_folios),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
