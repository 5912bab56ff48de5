// SPDX-License-Identifier: GPL-2.0
/* bpf/compressible: verdict and class as the estimate and the tunables say. */
#include "policy_host.h"
#include "../../bpf/compressible.bpf.c"

#define ARRAY_SIZE(_a)	(sizeof(_a) / sizeof((_a)[0]))

static s32 estimate;
static u32 asked_samples, asked;

s32 bpf_node_device_folio_estimate(struct folio *folio, u32 nr)
{
	asked++;
	asked_samples = nr;
	return estimate;
}

struct admit_case {
	const char *name;
	s32 estimate;
	u32 threshold;
	u32 verdict;
};

static struct admit_case admit_cases[] = {
	{ "a zero page is admitted", 0, 700, NODE_DEVICE_ADMIT_ACCEPT },
	{ "an estimate at the threshold is admitted", 700, 700,
		NODE_DEVICE_ADMIT_ACCEPT },
	{ "an estimate above the threshold is denied", 701, 700,
		NODE_DEVICE_ADMIT_DENY },
	{ "threshold 0 admits zero pages", 0, 0, NODE_DEVICE_ADMIT_ACCEPT },
	{ "threshold 0 denies all others", 1, 0, NODE_DEVICE_ADMIT_DENY },
	{ "threshold 1000 admits what does not shrink", 1000, 1000,
	  NODE_DEVICE_ADMIT_ACCEPT },
	{ "no estimate: the native default", -EINVAL, 700,
		NODE_DEVICE_ADMIT_DEFAULT },
	{ "a threshold out of range denies nothing", 1000, UINT32_MAX,
	  NODE_DEVICE_ADMIT_ACCEPT },
};

static void admit(void **state)
{
	const struct admit_case *c = *state;
	struct node_admit_ctx ctx = {};
	struct folio folio;

	counters = (struct compressible_counters){};
	threshold = c->threshold;
	estimate = c->estimate;
	assert_int_equal(policy.admit_folio(&folio, &ctx), c->verdict);
	assert_int_equal(counters.shrinks,
			 c->verdict == NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(counters.incompressible,
			 c->verdict == NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(counters.unknown,
			 c->verdict == NODE_DEVICE_ADMIT_DEFAULT);
}

struct class_case {
	const char *name;
	s32 estimate;
	u32 nr_classes;
	bool pick;
	s32 class;
};

/* With fast_below 250 and strong_above 550. */
static struct class_case class_cases[] = {
	{ "very compressible data get the fastest class", 249, 3, true, 1 },
	{ "data at fast_below get the default class", 250, 3, true, 0 },
	{ "data at strong_above get the default class", 550, 3, true, 0 },
	{ "data that shrink only just get the strongest class", 551, 3, true,
	  3 },
	{ "the strongest class is the device's last one", 1000, 9, true, 9 },
	{ "no estimate: the default class", -EINVAL, 3, true, 0 },
	{ "a device with one class is not asked for more", 0, 1, true, 0 },
	{ "pick_class=false leaves the class to the device", 0, 3, false, 0 },
};

static void choose(void **state)
{
	const struct class_case *c = *state;
	struct node_class_ctx ctx = { .nr_classes = c->nr_classes,
				      .default_class = 1 };
	struct folio folio;

	fast_below = 250;
	strong_above = 550;
	pick_class = c->pick;
	estimate = c->estimate;
	assert_int_equal(policy.choose_class(&folio, &ctx), c->class);
}

static void samples_are_passed_on(void **state)
{
	struct node_admit_ctx admit_ctx = {};
	struct node_class_ctx class_ctx = { .nr_classes = 3 };
	struct folio folio;

	samples = 33;
	class_samples = 7;
	pick_class = true;
	estimate = 300;
	policy.admit_folio(&folio, &admit_ctx);
	assert_int_equal(asked_samples, 33);
	policy.choose_class(&folio, &class_ctx);
	assert_int_equal(asked_samples, 7);
}

static void no_second_look_without_pick_class(void **state)
{
	struct node_class_ctx ctx = { .nr_classes = 3 };
	struct folio folio;

	pick_class = false;
	asked = 0;
	policy.choose_class(&folio, &ctx);
	assert_int_equal(asked, 0);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(admit_cases) +
				ARRAY_SIZE(class_cases) + 2] = {
		cmocka_unit_test(samples_are_passed_on),
		cmocka_unit_test(no_second_look_without_pick_class),
	};
	size_t i, n = 2;

	for (i = 0; i < ARRAY_SIZE(admit_cases); i++)
		tests[n++] = (struct CMUnitTest){
			.name = admit_cases[i].name,
			.test_func = admit,
			.initial_state = &admit_cases[i],
		};
	for (i = 0; i < ARRAY_SIZE(class_cases); i++)
		tests[n++] = (struct CMUnitTest){
			.name = class_cases[i].name,
			.test_func = choose,
			.initial_state = &class_cases[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
