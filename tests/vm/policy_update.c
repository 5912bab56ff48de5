// SPDX-License-Identifier: GPL-2.0
/*
 * Two policies take turns 10,000 times while pages are demoted and written
 * back all the time. No call may find the node without a policy, and every
 * call must have been answered by one of the two.
 *
 * Environment: VMTEST_UPDATES, how often (default 10000).
 */
#include <stdlib.h>
#include <string.h>

#include "lib/load.h"
#include "lib/pages.h"
#include "lib/policy.h"

static void take_turns(struct policy p[2], long updates)
{
	long i;
	int ret;

	for (i = 1; i <= updates; i++) {
		ret = bpf_link__update_map(p[0].link, p[i % 2].ops);
		CHECK(ret == 0, "update %ld: %s", i, strerror(-ret));
		CHECK(nd_counter("policy_id") == (long)policy_id(&p[i % 2]),
		      "update %ld is not seen", i);
	}
}

/* How often policies were asked; by the node, or by what they saw. */
struct asked {
	long batches;
	long faults;
};

static struct asked asked_by_node(void)
{
	return (struct asked){
		.batches = nd_counter("calls_admit_batch"),
		.faults = nd_counter("calls_promote_fault"),
	};
}

static struct asked seen_by_both(const struct policy p[2])
{
	return (struct asked){
		.batches = policy_count(&p[0], "chunks") +
			   policy_count(&p[1], "chunks"),
		.faults = policy_count(&p[0], "faults") +
			  policy_count(&p[1], "faults"),
	};
}

static void expect_within(const char *what, long least, long seen, long most)
{
	CHECK(least > 0 && least <= seen && seen <= most,
	      "the node counted %ld to %ld %s, the policies %ld", least, most,
	      what, seen);
}

/*
 * This process has pages on the node, too, and may write to one between two
 * readings: what the policies saw lies between what the node counted before and
 * after.
 */
static void expect_all_seen(const struct policy p[2], const struct asked *start)
{
	struct asked least = asked_by_node();
	struct asked seen = seen_by_both(p);
	struct asked most = asked_by_node();
	int i;

	expect_within("batches", least.batches - start->batches, seen.batches,
		      most.batches - start->batches);
	expect_within("faults", least.faults - start->faults, seen.faults,
		      most.faults - start->faults);
	for (i = 0; i < 2; i++)
		CHECK(policy_count(&p[i], "bad_ctx") == 0, "bad_ctx is %ld",
		      policy_count(&p[i], "bad_ctx"));
}

static void update_under_load(void)
{
	long no_policy = nd_counter("calls_no_policy");
	long before = nd_counter("policy_updates");
	const char *env = getenv("VMTEST_UPDATES");
	long updates = env ? atol(env) : 10000;
	struct asked start;
	struct policy p[2];
	struct load *load;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	policy_start(&p[0], "verdicts");
	policy_open(&p[1], "verdicts", device_nid());
	CHECK(policy_load(&p[1]) == 0, "load");
	start = asked_by_node();
	load = load_start();
	take_turns(p, updates);
	load_stop(load);
	CHECK(nd_counter("policy_updates") - before == updates,
	      "the node counted %ld updates",
	      nd_counter("policy_updates") - before);
	CHECK(nd_counter("calls_no_policy") == no_policy,
	      "%ld calls found no policy in %ld updates",
	      nd_counter("calls_no_policy") - no_policy, updates);
	expect_all_seen(p, &start);
	policy_close(&p[1]);
	policy_close(&p[0]);
}

static const struct vmtest tests[] = {
	VMTEST(update_under_load),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
