// SPDX-License-Identifier: GPL-2.0
/*
 * Two policies take turns 10,000 times while pages are demoted and written
 * back all the time. No call may find the node without a policy, and every
 * call must have been answered by one of the two.
 *
 * Environment: VMTEST_UPDATES, how often (default 10000).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/pages.h"
#include "lib/policy.h"

#define WORKERS		2
#define WORKER_PAGES	128

struct shared {
	int stop;
	unsigned long rounds[WORKERS];
};

/* Demote, read, write, over and over; the data must stay right. */
static void worker(struct shared *s, int self)
{
	unsigned char value = 0;
	struct area a;
	size_t i;

	area_map(&a, WORKER_PAGES, FILL_TEXT);
	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		forget_references(getpid());
		cgroup_reclaim(2 * WORKER_PAGES * PAGE);
		value++;
		for (i = 0; i < WORKER_PAGES; i += 2) {
			*(volatile unsigned char *)area_page(&a, i) = value;
			area_set(&a, i, 0, value);
		}
		area_verify(&a);
		__atomic_fetch_add(&s->rounds[self], 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

static void update_under_load(void)
{
	const char *env = getenv("VMTEST_UPDATES");
	long updates = env ? atol(env) : 10000;
	long faults[2], batches[2], node_faults, node_batches;
	long least_faults, least_batches;
	long before, start, nodes_updates, i;
	struct policy p[2];
	struct shared *s;
	pid_t pid[WORKERS];
	int ret, w;

	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(s != MAP_FAILED, "mmap");
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	before = nd_counter("calls_no_policy");
	nodes_updates = nd_counter("policy_updates");
	policy_start(&p[0], "verdicts");
	policy_open(&p[1], "verdicts", device_nid());
	CHECK(policy_load(&p[1]) == 0, "load");
	node_batches = nd_counter("calls_admit_batch");
	node_faults = nd_counter("calls_promote_fault");

	for (w = 0; w < WORKERS; w++) {
		pid[w] = vmtest_fork();
		if (!pid[w])
			worker(s, w);
	}
	for (i = 1; i <= updates; i++) {
		ret = bpf_link__update_map(p[0].link, p[i % 2].ops);
		CHECK(ret == 0, "update %ld: %s", i, strerror(-ret));
		CHECK(nd_counter("policy_id") == (long)policy_id(&p[i % 2]),
		      "update %ld is not seen", i);
	}
	/* on a fast machine, so that the load had its share, too */
	for (i = 0; i < 3000 && (!s->rounds[0] || !s->rounds[1]); i++)
		usleep(10000);
	start = s->rounds[0] + s->rounds[1];
	__atomic_store_n(&s->stop, 1, __ATOMIC_RELAXED);
	for (w = 0; w < WORKERS; w++)
		vmtest_join(pid[w]);

	CHECK(nd_counter("policy_updates") - nodes_updates == updates,
	      "the node counted %ld updates",
	      nd_counter("policy_updates") - nodes_updates);
	CHECK(nd_counter("calls_no_policy") == before,
	      "%ld calls found no policy in %ld updates",
	      nd_counter("calls_no_policy") - before, updates);
	/*
	 * This process has pages on the node, too, and may write to one between
	 * two readings: what the policies saw lies between what the node
	 * counted before and after.
	 */
	least_batches = nd_counter("calls_admit_batch") - node_batches;
	least_faults = nd_counter("calls_promote_fault") - node_faults;
	for (w = 0; w < 2; w++) {
		batches[w] = policy_count(&p[w], "chunks");
		faults[w] = policy_count(&p[w], "faults");
		CHECK(policy_count(&p[w], "bad_ctx") == 0, "bad_ctx is %ld",
		      policy_count(&p[w], "bad_ctx"));
	}
	node_batches = nd_counter("calls_admit_batch") - node_batches;
	node_faults = nd_counter("calls_promote_fault") - node_faults;
	CHECK(least_batches > 0 && least_batches <= batches[0] + batches[1] &&
	      batches[0] + batches[1] <= node_batches,
	      "the node counted %ld to %ld batches, the policies %ld and %ld",
	      least_batches, node_batches, batches[0], batches[1]);
	CHECK(least_faults > 0 && least_faults <= faults[0] + faults[1] &&
	      faults[0] + faults[1] <= node_faults,
	      "the node counted %ld to %ld faults, the policies %ld and %ld (%ld rounds)",
	      least_faults, node_faults, faults[0], faults[1], start);
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
