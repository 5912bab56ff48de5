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

/**
 * struct load - processes that move pages all the time; they share it
 * @stop: they are to end
 * @rounds: how often each has gone around
 * @pid: each of them
 */
struct load {
	int stop;
	unsigned long rounds[WORKERS];
	pid_t pid[WORKERS];
};

/* Demote, read, write, over and over; the data must stay right. */
static void worker(struct load *load, int self)
{
	unsigned char value = 0;
	struct area a;
	size_t i;

	area_map(&a, WORKER_PAGES, FILL_TEXT);
	while (!__atomic_load_n(&load->stop, __ATOMIC_RELAXED)) {
		forget_references(getpid());
		cgroup_reclaim(2 * WORKER_PAGES * PAGE);
		value++;
		for (i = 0; i < WORKER_PAGES; i += 2) {
			*(volatile unsigned char *)area_page(&a, i) = value;
			area_set(&a, i, 0, value);
		}
		area_verify(&a);
		__atomic_fetch_add(&load->rounds[self], 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

static struct load *load_start(void)
{
	struct load *load;
	pid_t pid;
	int w;

	load = mmap(NULL, sizeof(*load), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(load != MAP_FAILED, "mmap");
	for (w = 0; w < WORKERS; w++) {
		pid = vmtest_fork();
		if (!pid)
			worker(load, w);
		/* Not by the worker, which shares it. */
		load->pid[w] = pid;
	}
	return load;
}

/* On a fast machine, too, each worker is to have its share. */
static void load_stop(struct load *load)
{
	int w;

	for (w = 0; w < WORKERS; w++)
		wait_for(__atomic_load_n(&load->rounds[w], __ATOMIC_RELAXED),
			 "worker %d has not gone around once", w);
	__atomic_store_n(&load->stop, 1, __ATOMIC_RELAXED);
	for (w = 0; w < WORKERS; w++)
		vmtest_join(load->pid[w]);
}

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
