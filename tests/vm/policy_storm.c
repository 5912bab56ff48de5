// SPDX-License-Identifier: GPL-2.0
/*
 * All that ends a policy at once, under load: what it does itself, the operator,
 * updates, the end of its link, and the node that goes away.
 *
 * Environment: STORM_ROUNDS, how many policies are attached (default 100).
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/load.h"
#include "lib/pages.h"
#include "lib/policy.h"

#define NODE		"/sys/devices/system/node/node%d/device/%s"
#define PAGES		64
#define NR_POLICIES	4

/* As tests/vm/policies/hostile.bpf.c numbers them. */
enum { AT_ADMIT_FOLIO = 1, AT_PROMOTE_FAULT = 4 };
enum { ACT_NONE, ACT_BAD_ANSWER, ACT_EXIT };

/* Two that do no harm, and two that do. */
static const struct {
	int at, act;
} kinds[NR_POLICIES] = {
	{ 0, ACT_NONE },
	{ AT_ADMIT_FOLIO, ACT_BAD_ANSWER },
	{ 0, ACT_NONE },
	{ AT_PROMOTE_FAULT, ACT_EXIT },
};

/*
 * What the threads share.
 * @link: the link of the policy, -1 when there is none
 * @stop: they are to end
 * @came: policies that attach or update said are attached
 * @attached, @updated, @ejected, @removed: what has happened, and how often
 */
static struct policy policies[NR_POLICIES];
static int link_fd = -1;
static int stop;
static long came, attached, updated, ejected, removed;

static int shared(int *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static long seen(long *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void count(long *p)
{
	__atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST);
}

/* Some time, up to @us microseconds; each thread has its own row of numbers. */
static void pause_up_to(unsigned int *row, unsigned int us)
{
	usleep(rand_r(row) % us);
}

static long sum(const char *counter)
{
	long all = 0;
	int i;

	for (i = 0; i < NR_POLICIES; i++)
		all += policy_count(&policies[i], counter);
	return all;
}

static int any_map(unsigned int *row)
{
	return bpf_map__fd(policies[rand_r(row) % NR_POLICIES].ops);
}

/* ---- the threads ------------------------------------------------------------- */

static void *update(void *unused)
{
	unsigned int row = 1;
	int fd, ret;

	while (!shared(&stop)) {
		pause_up_to(&row, 2000);
		fd = shared(&link_fd);
		if (fd < 0)
			continue;
		/* Meanwhile the number may be that of another file, or of none. */
		ret = bpf_link_update(fd, any_map(&row), NULL);
		if (!ret) {
			count(&came);
			count(&updated);
		}
		CHECK(!ret || ret == -ENOLINK || ret == -EEXIST ||
		      ret == -ECANCELED || ret == -EBADF || ret == -EINVAL,
		      "update: %s", strerror(-ret));
	}
	return unused;
}

static void *eject(void *unused)
{
	unsigned int row = 2;
	char path[128];
	int ret;

	snprintf(path, sizeof(path), NODE, device_nid(), "policy_eject");
	while (!shared(&stop)) {
		pause_up_to(&row, 10000);
		ret = write_text(path, "storm");
		if (!ret)
			count(&ejected);
		/* Nobody is there, or not even the node. */
		CHECK(!ret || ret == -ENOENT || ret == -ENODEV,
		      "policy_eject: %s", strerror(-ret));
	}
	return unused;
}

/* The node is there for most of the time, also where memory leaves slowly. */
static void *remove_node(void *unused)
{
	unsigned int row = 3;
	uint64_t began, took = 0;

	while (!shared(&stop)) {
		pause_up_to(&row, 500000 + 4 * took / 1000);
		began = clock_ns(CLOCK_MONOTONIC);
		emu_online(false);
		count(&removed);
		pause_up_to(&row, 20000);
		emu_online(true);
		took = clock_ns(CLOCK_MONOTONIC) - began;
	}
	return unused;
}

/* After a detach no member is called until the next policy comes. */
static void detach(int fd, unsigned int *row)
{
	int ret = bpf_link_detach(fd);
	long calls = sum("calls");

	CHECK(ret == 0, "detach: %s", strerror(-ret));
	pause_up_to(row, 5000);
	CHECK(sum("calls") == calls,
	      "members were called %ld times after a detach",
	      sum("calls") - calls);
}

static bool attach_and_leave(unsigned int *row)
{
	int fd = bpf_link_create(any_map(row), 0, BPF_STRUCT_OPS, NULL);

	CHECK(fd >= 0 || fd == -EBUSY || fd == -ENODEV || fd == -ECANCELED,
	      "attach: %s", strerror(-fd));
	if (fd < 0) {
		pause_up_to(row, 2000);
		return false;
	}
	count(&came);
	__atomic_store_n(&link_fd, fd, __ATOMIC_SEQ_CST);
	pause_up_to(row, 20000);
	__atomic_store_n(&link_fd, -1, __ATOMIC_SEQ_CST);
	if (rand_r(row) % 2)
		detach(fd, row);
	close(fd);
	return true;
}

static bool all_has_happened(long rounds)
{
	return attached >= rounds && seen(&updated) && seen(&ejected) &&
	       seen(&removed) && sum("calls");
}

/* ---- the test ---------------------------------------------------------------- */

/* Loaded and registered, so that links can be made. */
static void prepare(struct policy *p, int at, int act)
{
	int ret;

	policy_open(p, "hostile", device_nid());
	policy_tune(p, "at", at);
	policy_tune(p, "act", act);
	CHECK(policy_load(p) == 0, "load");
	ret = policy_attach(p);
	CHECK(ret == 0, "attach: %s", strerror(-ret));
	came++;
	CHECK(bpf_link__detach(p->link) == 0, "bpf_link__detach");
	bpf_link__destroy(p->link);
	p->link = NULL;
}

static void storm(long rounds)
{
	static void *(* const others[])(void *) = {
		update, eject, remove_node,
	};
	pthread_t thread[ARRAY_SIZE(others)];
	unsigned int row = 4;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		CHECK(!pthread_create(&thread[i], NULL, others[i], NULL),
		      "pthread_create");
	while (!all_has_happened(rounds))
		attached += attach_and_leave(&row);
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		CHECK(!pthread_join(thread[i], NULL), "pthread_join");
	fprintf(stderr, "# %ld attached, %ld updated, %ld ejected by hand, %ld times without the node, %ld calls\n",
		attached, updated, ejected, removed, sum("calls"));
}

/*
 * Each policy that came has left, once. Breaks if two of those that end it both
 * do, or neither.
 */
static void each_policy_leaves_once(void)
{
	const char *env = getenv("STORM_ROUNDS");
	struct load *load;
	int i;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	for (i = 0; i < NR_POLICIES; i++)
		prepare(&policies[i], kinds[i].at, kinds[i].act);
	load = load_start();
	storm(env ? atol(env) : 100);
	load_stop(load);

	wait_for(nd_counter("policy_id") == 0, "policy %ld is left",
		 nd_counter("policy_id"));
	wait_for(sum("exits") >= came, "%ld policies came, exit() was called %ld times",
		 came, sum("exits"));
	CHECK(sum("exits") == came, "%ld policies came, exit() was called %ld times",
	      came, sum("exits"));
	CHECK(nd_counter("policy_attaches") == nd_counter("policy_detaches"),
	      "the node counted %ld policies that came and %ld that left",
	      nd_counter("policy_attaches"), nd_counter("policy_detaches"));
	policy_expect_successor();
	for (i = 0; i < NR_POLICIES; i++)
		policy_close(&policies[i]);
}

static const struct vmtest tests[] = {
	VMTEST(each_policy_leaves_once),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
