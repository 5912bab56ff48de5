// SPDX-License-Identifier: GPL-2.0
/*
 * Memory on the device node belongs to the cgroup that it was charged to, as
 * memory anywhere else does.
 *
 * What memory.stat and memory.numa_stat show may be two seconds old.
 *
 * Environment: VMTEST_SWAPDEV, a swap device that is on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/pages.h"

#define LARGE	2048

static void expect_no_oom(void)
{
	CHECK(cgroup_field("memory.events", "oom_kill") == 0,
	      "the cgroup had %ld OOM kills",
	      cgroup_field("memory.events", "oom_kill"));
}

/* Breaks if per-node statistics of a cgroup leave the device node out. */
static void numa_stat_shows_the_node(void)
{
	long before, after;
	struct area a;

	area_map(&a, LARGE, FILL_TEXT);
	before = cgroup_node_anon(device_nid());
	area_demote(&a);
	wait_for((after = cgroup_node_anon(device_nid())) >=
		 (long)(LARGE * PAGE),
		 "anon N%d=%ld in memory.numa_stat, was %ld", device_nid(),
		 after, before);
	area_unmap(&a);
	wait_for((after = cgroup_node_anon(device_nid())) <
		 (long)(LARGE * PAGE / 2), "anon N%d=%ld after unmapping",
		 device_nid(), after);
	CHECK(after >= 0, "memory.numa_stat does not show the node");
}

/* Breaks if demotion is taken for freeing. */
static void demotion_keeps_the_charge(void)
{
	long before, after;
	struct area a;

	area_map(&a, LARGE, FILL_TEXT);
	before = cgroup_number("memory.current");
	area_demote(&a);
	after = cgroup_number("memory.current");
	/* page tables, caches and the like may go: not the pages */
	CHECK(after >= before - (long)(LARGE * PAGE / 4),
	      "memory.current fell from %ld to %ld", before, after);
	wait_for(cgroup_field("memory.stat", "anon") >= (long)(LARGE * PAGE),
		 "memory.stat anon is %ld", cgroup_field("memory.stat", "anon"));
	area_verify(&a);
}

/* Breaks if promotion charges a second time and never uncharges. */
static void promotion_keeps_the_charge(void)
{
	long before, after;
	struct area a;
	int i;

	area_demoted(&a, LARGE, FILL_TEXT);
	before = cgroup_number("memory.current");
	for (i = 0; i < 3; i++) {
		area_store_all(&a, i);
		area_demote(&a);
	}
	after = cgroup_number("memory.current");
	CHECK(after <= before + (long)(LARGE * PAGE / 4),
	      "memory.current grew from %ld to %ld", before, after);
	area_verify(&a);
}

/*
 * All of the cgroup's memory is on the node; a lower limit must push it to
 * swap. Breaks if reclaim for a cgroup does not visit the node: it would
 * find nothing and kill.
 */
static void limit_reclaims_the_node(void)
{
	long current, limit;
	struct area a;

	vmtest_swap_device();
	area_demoted(&a, LARGE, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	current = cgroup_number("memory.current");
	limit = current - (long)(LARGE * PAGE / 2);
	CHECK(cgroup_write("memory.max", "%ld", limit) == 0, "memory.max");
	current = cgroup_number("memory.current");
	CHECK(current <= limit, "memory.current %ld, memory.max %ld", current,
	      limit);
	CHECK(cgroup_number("memory.swap.current") >
	      (long)(LARGE * PAGE / 4), "only %ld bytes are in swap",
	      cgroup_number("memory.swap.current"));
	expect_no_oom();
	area_verify(&a);
	expect_no_oom();
}

static void use_zswap(const char *enabled)
{
	int ret = write_text("/sys/module/zswap/parameters/enabled", "%s",
			     enabled);

	CHECK(ret == 0, "zswap: %s", strerror(-ret));
}

/*
 * A cgroup that keeps to zswap has nothing else to leave the node for. Breaks if
 * zswap refuses all pages of a device node.
 */
static void limit_reclaims_into_zswap(void)
{
	long current, limit;
	struct area a;

	vmtest_swap_device();
	area_demoted(&a, LARGE, FILL_TEXT);
	use_zswap("Y");
	CHECK(cgroup_write("memory.zswap.writeback", "0") == 0,
	      "memory.zswap.writeback");
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	current = cgroup_number("memory.current");
	limit = current - (long)(LARGE * PAGE / 2);
	CHECK(cgroup_write("memory.max", "%ld", limit) == 0, "memory.max");
	CHECK(area_count(&a, device_nid()) < LARGE, "nothing left the node");
	wait_for(cgroup_field("memory.stat", "zswapped") >=
		 cgroup_number("memory.swap.current"),
		 "only %ld of %ld bytes of swap are in zswap",
		 cgroup_field("memory.stat", "zswapped"),
		 cgroup_number("memory.swap.current"));
	current = cgroup_number("memory.current");
	CHECK(current <= limit, "memory.current %ld, memory.max %ld", current,
	      limit);
	expect_no_oom();
	area_verify(&a);
	expect_no_oom();
	use_zswap("N");
}

/*
 * What leaves the node may go to zswap, as from any node. Breaks if zswap
 * refuses the pages of a device node.
 */
static void node_pages_may_go_to_zswap(void)
{
	struct area a;
	long left;

	vmtest_swap_device();
	area_demoted(&a, LARGE, FILL_TEXT);
	use_zswap("Y");
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	CHECK(cgroup_write("memory.max", "%ld",
			   cgroup_number("memory.current") -
			   (long)(LARGE * PAGE / 2)) == 0, "memory.max");
	left = (LARGE - area_count(&a, device_nid())) * PAGE;
	CHECK(left > 0, "nothing left the node");
	wait_for(cgroup_field("memory.stat", "zswapped") >= left / 2,
		 "%ld bytes left the node, %ld are in zswap", left,
		 cgroup_field("memory.stat", "zswapped"));
	expect_no_oom();
	area_verify(&a);
	use_zswap("N");
}

/*
 * Reclaim for a limit must not demote: the charge would stay and the limit
 * would not be met. Breaks if it does, by never ending or by OOM.
 */
static void limit_does_not_demote(void)
{
	long demoted, limit;
	struct area a;

	vmtest_swap_device();
	area_map(&a, LARGE, FILL_TEXT);
	forget_references(getpid());
	limit = cgroup_number("memory.current") - (long)(LARGE * PAGE / 2);
	demoted = cgroup_node_anon(device_nid());
	CHECK(cgroup_write("memory.max", "%ld", limit) == 0, "memory.max");
	CHECK(cgroup_number("memory.current") <= limit,
	      "memory.current %ld, memory.max %ld",
	      cgroup_number("memory.current"), limit);
	expect_no_oom();
	CHECK(cgroup_node_anon(device_nid()) <= demoted + 1024 * 1024,
	      "%ld bytes were demoted for a limit",
	      cgroup_node_anon(device_nid()) - demoted);
	area_verify(&a);
	expect_no_oom();
}

/*
 * A write to a page that a per-CPU batch or another task still holds needs a
 * new charge. With one page below the limit all pages must come back, one after
 * the other. promote.c has the same without swap and without that page.
 */
static void one_page_below_the_limit(void)
{
	const size_t pages = 512;
	long current;
	struct area a;

	vmtest_swap_device();
	area_demoted(&a, pages, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	current = cgroup_number("memory.current");
	CHECK(cgroup_write("memory.max", "%ld", current + (long)PAGE) == 0,
	      "memory.max");
	area_store_all(&a, 7);
	expect_no_oom();
	CHECK(cgroup_write("memory.max", "max") == 0, "memory.max");
	area_verify(&a);
}

/* Reclaim of a cgroup once more; how many pages are demoted by now? */
static size_t reclaim_cgroup(const char *path, const struct area *a)
{
	char file[512];

	snprintf(file, sizeof(file), "%s/memory.reclaim", path);
	forget_references(getpid());
	write_text(file, "%zu swappiness=max", a->pages * PAGE + 4096);
	return area_count(a, device_nid());
}

static void demote_cgroup(const char *path, const struct area *a)
{
	char file[512];

	snprintf(file, sizeof(file), "%s/memory.swap.max", path);
	write_text(file, "0");
	wait_for(reclaim_cgroup(path, a) == a->pages,
		 "%zu of %zu pages are on node %d", area_count(a, device_nid()),
		 a->pages, device_nid());
}

/*
 * A cgroup goes while its memory stays on the node, charged to the parent
 * from then on. Breaks if the node's list of the old cgroup is lost.
 */
static void remove_the_cgroup(void)
{
	char child[400], procs[512];
	struct area a;
	long used;

	snprintf(child, sizeof(child), "%s.inner", cgroup_path());
	CHECK_SYS(mkdir(child, 0755) == 0, "mkdir %s", child);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", child);
	CHECK(write_text(procs, "0") == 0, "%s", procs);
	area_map(&a, 512, FILL_TEXT);
	demote_cgroup(child, &a);
	CHECK(cgroup_write("cgroup.procs", "0") == 0, "cgroup.procs");
	wait_for(rmdir(child) == 0, "rmdir %s: %m", child);
	area_expect_all(&a, device_nid());
	area_verify(&a);
	used = nd_counter("logical_used");
	area_store_all(&a, 3);
	area_verify(&a);
	CHECK(area_count(&a, device_nid()) == 0, "written in place");
	CHECK(nd_counter("logical_used") < used,
	      "logical_used is %ld, was %ld", nd_counter("logical_used"),
	      used);
}

static const struct vmtest tests[] = {
	VMTEST(numa_stat_shows_the_node),
	VMTEST(demotion_keeps_the_charge),
	VMTEST(promotion_keeps_the_charge),
	VMTEST(limit_reclaims_the_node),
	VMTEST(limit_reclaims_into_zswap),
	VMTEST(node_pages_may_go_to_zswap),
	VMTEST(limit_does_not_demote),
	VMTEST(one_page_below_the_limit),
	VMTEST(remove_the_cgroup),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
