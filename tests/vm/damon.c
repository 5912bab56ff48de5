// SPDX-License-Identifier: GPL-2.0
/*
 * DAMON sees who uses the pages of the device node, as elsewhere, and its schemes
 * leave them where they are.
 *
 * Environment: VMTEST_SWAPDEV, a swap device that is on (the schemes).
 */
#include <dirent.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/pages.h"

#define KDAMONDS	"/sys/kernel/mm/damon/admin/kdamonds/"
#define KDAMOND		KDAMONDS "0/"
#define CONTEXT		KDAMOND "contexts/0/"
#define SCHEME		CONTEXT "schemes/0/"
#define PAGES		2048
#define FLUSH_PAGES	64	/* more than the kernel flushes one by one */
#define SAMPLES		20	/* in each aggregation */
#define IDLE		2	/* of these: noise */
#define USED		10
#define LOOKS		200	/* each waits for an aggregation */
#define ROUNDS		10	/* regions a scheme is to be tried on */

/* Where to look: addresses of this process, or physical ones. */
struct range {
	const char *ops;
	uint64_t start;
	uint64_t end;
};

/* What was seen of it: the most samples in which a region was used, the mean. */
struct seen {
	uint64_t most;
	uint64_t mean;
};

__attribute__((format(printf, 2, 3)))
static void put(const char *file, const char *fmt, ...);

static void put(const char *file, const char *fmt, ...)
{
	char buf[64];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	ret = write_text(file, "%s", buf);
	CHECK(ret == 0, "%s to %s: %s", buf, file, strerror(-ret));
}

static void damon_stop(void)
{
	write_text(KDAMOND "state", "off");
	write_text(KDAMONDS "nr_kdamonds", "0");
}

/* Everything in @range is to @action. */
static void damon_start(const struct range *range, const char *action, int nid)
{
	if (access(KDAMONDS, R_OK))
		vmtest_skip("the kernel has no DAMON");
	damon_stop();
	put(KDAMONDS "nr_kdamonds", "1");
	put(KDAMOND "contexts/nr_contexts", "1");
	put(CONTEXT "operations", "%s", range->ops);
	put(CONTEXT "monitoring_attrs/intervals/sample_us", "5000");
	put(CONTEXT "monitoring_attrs/intervals/aggr_us", "%d", SAMPLES * 5000);
	put(CONTEXT "monitoring_attrs/intervals/update_us", "600000000");
	put(CONTEXT "targets/nr_targets", "1");
	if (!strcmp(range->ops, "vaddr"))
		put(CONTEXT "targets/0/pid_target", "%d", getpid());
	put(CONTEXT "targets/0/regions/nr_regions", "1");
	put(CONTEXT "targets/0/regions/0/start", "%lu", range->start);
	put(CONTEXT "targets/0/regions/0/end", "%lu", range->end);
	put(CONTEXT "schemes/nr_schemes", "1");
	put(SCHEME "action", "%s", action);
	put(SCHEME "target_nid", "%d", nid);
	put(SCHEME "access_pattern/sz/max", "%lu", UINT64_MAX);
	put(SCHEME "access_pattern/nr_accesses/max", "%u", UINT32_MAX);
	put(SCHEME "access_pattern/age/max", "%u", UINT32_MAX);
	put(KDAMOND "state", "on");
}

static uint64_t region_number(const char *region, const char *file)
{
	char path[256], buf[32];

	snprintf(path, sizeof(path), SCHEME "tried_regions/%s/%s", region,
		 file);
	CHECK(read_text(path, buf, sizeof(buf)) > 0, "cannot read %s", path);
	return strtoull(buf, NULL, 10);
}

static struct seen damon_look(void)
{
	uint64_t bytes, all = 0, sum = 0, nr;
	struct seen seen = { };
	struct dirent *d;
	DIR *dir;

	put(KDAMOND "state", "update_schemes_tried_regions");
	dir = opendir(SCHEME "tried_regions");
	CHECK_SYS(dir, "tried_regions");
	while ((d = readdir(dir))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		bytes = region_number(d->d_name, "end") -
			region_number(d->d_name, "start");
		nr = region_number(d->d_name, "nr_accesses");
		all += bytes;
		sum += bytes * nr;
		if (nr > seen.most)
			seen.most = nr;
	}
	closedir(dir);
	seen.mean = all ? sum / all : 0;
	/* Nothing was looked at: neither idle nor used. */
	if (!all)
		seen.most = IDLE + 1;
	return seen;
}

static bool is_idle(const struct seen *seen, const struct range *range)
{
	(void)range;
	return seen->most <= IDLE;
}

/* By physical address there are free pages between those that are used. */
static bool is_used(const struct seen *seen, const struct range *range)
{
	return (strcmp(range->ops, "vaddr") ? seen->most : seen->mean) >= USED;
}

/* Looks until it is as it should be, or often enough; each look takes its time. */
static struct seen
damon_watch(const struct range *range,
	    bool (*good)(const struct seen *seen, const struct range *range))
{
	long looks = LOOKS * vmtest_patience();
	struct seen seen;

	damon_start(range, "stat", -1);
	do
		seen = damon_look();
	while (!good(&seen, range) && --looks);
	damon_stop();
	return seen;
}

static struct range virtual_range(const struct area *a)
{
	return (struct range){
		.ops = "vaddr",
		.start = (uintptr_t)a->p,
		.end = (uintptr_t)a->p + a->pages * PAGE,
	};
}

static struct range physical_range(const struct area *a)
{
	struct range range = { .ops = "paddr", .start = UINT64_MAX };
	size_t i;

	for (i = 0; i < a->pages; i++) {
		uint64_t at = page_pfn(area_page(a, i)) * PAGE;

		CHECK(at, "page %zu is not there", i);
		if (at < range.start)
			range.start = at;
		if (at + PAGE > range.end)
			range.end = at + PAGE;
	}
	return range;
}

/* ---- a thread that reads ----------------------------------------------------- */

static bool reader_ends;

/*
 * The processor notes an access when it looks an address up, and not again while
 * it remembers that. Other work makes it forget; so does this, each time around.
 */
static void *reader(void *arg)
{
	const struct area *a = arg;
	unsigned char *flush;
	bool writable = false;
	size_t i;

	flush = mmap(NULL, FLUSH_PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(flush != MAP_FAILED, "mmap");
	while (!__atomic_load_n(&reader_ends, __ATOMIC_RELAXED)) {
		for (i = 0; i < a->pages; i++)
			*(volatile unsigned char *)area_page(a, i);
		if (writable)
			memset(flush, 1, FLUSH_PAGES * PAGE);
		mprotect(flush, FLUSH_PAGES * PAGE,
			 writable ? PROT_READ : PROT_READ | PROT_WRITE);
		writable = !writable;
	}
	munmap(flush, FLUSH_PAGES * PAGE);
	return NULL;
}

/* ---- what is seen --------------------------------------------------------------- */

static void expect_idle(const struct range *range)
{
	struct seen seen = damon_watch(range, is_idle);

	CHECK(is_idle(&seen, range),
	      "nobody uses it, and it is used in %lu of %d samples", seen.most,
	      SAMPLES);
}

static void expect_used(struct area *a, const struct range *range)
{
	struct seen seen;
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, reader, a) == 0, "pthread_create");
	seen = damon_watch(range, is_used);
	__atomic_store_n(&reader_ends, true, __ATOMIC_RELAXED);
	CHECK(pthread_join(thread, NULL) == 0, "pthread_join");
	CHECK(is_used(&seen, range),
	      "it is read all the time, and used in %lu of %d samples (at most in %lu)",
	      seen.mean, SAMPLES, seen.most);
}

/* What the same look says about ordinary memory. */
static void idle_in_dram(void)
{
	struct range range;
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	range = virtual_range(&a);
	expect_idle(&range);
}

static void used_in_dram(void)
{
	struct range range;
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	range = virtual_range(&a);
	expect_used(&a, &range);
}

static void look_at_the_node(struct range (*range_of)(const struct area *a),
			     bool used)
{
	struct range range;
	struct area a;

	area_demoted(&a, PAGES, FILL_TEXT);
	range = range_of(&a);
	if (used)
		expect_used(&a, &range);
	else
		expect_idle(&range);
	area_expect_all(&a, device_nid());
	area_verify(&a);
}

/* Breaks if the accessed bits of pages on the node are never cleared. */
static void idle_on_the_node(void)
{
	look_at_the_node(virtual_range, false);
}

static void used_on_the_node(void)
{
	look_at_the_node(virtual_range, true);
}

static void idle_on_the_node_by_physical_address(void)
{
	look_at_the_node(physical_range, false);
}

/* Breaks if folios of the node are no folios for DAMON. */
static void used_on_the_node_by_physical_address(void)
{
	look_at_the_node(physical_range, true);
}

/* ---- what is done --------------------------------------------------------------- */

static long scheme_stat(const char *name)
{
	char path[128];

	put(KDAMOND "state", "update_schemes_stats");
	snprintf(path, sizeof(path), SCHEME "stats/%s", name);
	return read_number(path);
}

static long isolated(int nid)
{
	return nd_vmstat(nid, "nr_isolated_anon");
}

static void may_swap(void)
{
	vmtest_swap_device();
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
}

/* The scheme is tried, and tells that it did nothing, if it can tell. */
static void leaves_alone(const struct area *a, const struct range *range,
			 const char *action, bool tells)
{
	long out = nd_counter("pages_migrated_out");
	long reclaimed = nd_counter("pages_reclaimed");

	damon_start(range, action, 0);
	wait_for(scheme_stat("nr_tried") >= ROUNDS, "%s was tried %ld times",
		 action, scheme_stat("nr_tried"));
	CHECK(scheme_stat("sz_tried") > 0, "%s: nothing was tried", action);
	if (tells) {
		CHECK(scheme_stat("sz_applied") == 0, "%s did something to %ld bytes",
		      action, scheme_stat("sz_applied"));
		CHECK(scheme_stat("sz_ops_filter_passed") == 0,
		      "%s had %ld bytes to do", action,
		      scheme_stat("sz_ops_filter_passed"));
	}
	damon_stop();
	CHECK(area_count(a, device_nid()) == a->pages,
	      "%s: %zu of %zu pages are on the node", action,
	      area_count(a, device_nid()), a->pages);
	CHECK(nd_counter("pages_migrated_out") == out,
	      "%s: pages_migrated_out rose by %ld", action,
	      nd_counter("pages_migrated_out") - out);
	CHECK(nd_counter("pages_reclaimed") == reclaimed,
	      "%s: pages_reclaimed rose by %ld", action,
	      nd_counter("pages_reclaimed") - reclaimed);
	/* A node that nobody reclaims from comes to rest at 0. */
	wait_for(isolated(device_nid()) == 0, "%s: %ld pages stay isolated",
		 action, isolated(device_nid()));
}

/* Breaks if a scheme acts on pages of the node, or counts that it did. */
static void schemes_by_physical_address(void)
{
	static const char * const actions[] = {
		"pageout", "lru_prio", "lru_deprio", "migrate_hot",
		"migrate_cold",
	};
	struct range range;
	struct area a;
	size_t i;

	area_demoted(&a, PAGES, FILL_TEXT);
	may_swap();
	range = physical_range(&a);
	for (i = 0; i < ARRAY_SIZE(actions); i++)
		leaves_alone(&a, &range, actions[i], true);
	area_verify(&a);
}

/* Those that give advice count all that they gave advice about. */
static void schemes_by_virtual_address(void)
{
	struct range range;
	struct area a;

	area_demoted(&a, PAGES, FILL_TEXT);
	may_swap();
	range = virtual_range(&a);
	leaves_alone(&a, &range, "pageout", false);
	leaves_alone(&a, &range, "cold", false);
	leaves_alone(&a, &range, "migrate_hot", true);
	leaves_alone(&a, &range, "migrate_cold", true);
	area_verify(&a);
}

/* That the same would do something, were it not for the node. */
static void schemes_act_on_dram(void)
{
	struct range range;
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	may_swap();
	range = virtual_range(&a);
	/* Nobody finds pages that are in the batch of a CPU. */
	lru_drain(a.p);
	damon_start(&range, "pageout", 0);
	wait_for(area_count(&a, 0) == 0, "%zu pages are still in DRAM",
		 area_count(&a, 0));
	damon_stop();
	area_verify(&a);
}

/* Breaks if a scheme can move memory to the node. */
static void schemes_do_not_demote(void)
{
	struct range range;
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	range = virtual_range(&a);
	damon_start(&range, "migrate_cold", device_nid());
	wait_for(scheme_stat("nr_tried") >= ROUNDS, "it was tried %ld times",
		 scheme_stat("nr_tried"));
	CHECK(scheme_stat("sz_applied") == 0, "%ld bytes were moved",
	      scheme_stat("sz_applied"));
	damon_stop();
	area_expect_all(&a, 0);
	wait_for(isolated(0) == 0, "%ld pages stay isolated", isolated(0));
	area_verify(&a);
}

static const struct vmtest tests[] = {
	VMTEST(idle_in_dram),
	VMTEST(used_in_dram),
	VMTEST(idle_on_the_node),
	VMTEST(used_on_the_node),
	VMTEST(idle_on_the_node_by_physical_address),
	VMTEST(used_on_the_node_by_physical_address),
	VMTEST(schemes_by_physical_address),
	VMTEST(schemes_by_virtual_address),
	VMTEST(schemes_act_on_dram),
	VMTEST(schemes_do_not_demote),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
