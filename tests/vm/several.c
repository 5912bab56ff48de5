// SPDX-License-Identifier: GPL-2.0
/*
 * Several device nodes, several ranges of one node, and a node without a fence.
 * Each test says for which set-up it is; tests/vm/group/several.sh makes them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/pages.h"
#include "lib/policy.h"

#define MIB	(1UL << 20)
#define PAGES	256

/* NODE_DEVICE_ADMIT_* of the kernel */
enum { ADMIT_DEFAULT, ADMIT_ACCEPT, ADMIT_DENY };

/* The node that the library looks at, see device_nid(). */
static void look_at(int nid)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", nid);
	setenv("VMTEST_NODE", number, 1);
}

static void start_on(struct policy *p, int nid)
{
	look_at(nid);
	policy_start(p, "verdicts");
}

/* A policy is asked for its node, and for no other. Nothing is reclaimed now. */
static void expect_asked(const struct policy *p, int nid, long before)
{
	long asked;

	look_at(nid);
	asked = nd_counter("calls_admit_folio") - before;
	CHECK(policy_count(p, "asked") == asked,
	      "the policy of node %d was asked %ld times, node %d has asked %ld times",
	      nid, policy_count(p, "asked"), nid, asked);
	CHECK(policy_count(p, "bad_ctx") == 0, "bad_ctx of node %d is %ld", nid,
	      policy_count(p, "bad_ctx"));
}

/*
 * Two nodes, each range a node. The upper tier takes all until it is closed; each
 * node asks its own policy, and neither hears of the other's.
 */
static void two_nodes_ask_their_own_policies(void)
{
	struct policy first, second;
	long asked[2];
	struct area a;

	start_on(&first, 1);
	asked[0] = nd_counter("calls_admit_folio");
	start_on(&second, 2);
	asked[1] = nd_counter("calls_admit_folio");
	/* Reclaim that finds too little in DRAM offers what is on node 1 as well. */
	policy_tune(&second, "admit", ADMIT_DENY);
	area_map(&a, PAGES, FILL_TEXT);
	look_at(1);
	area_demote(&a);
	CHECK(policy_count(&first, "asked") >= PAGES, "node 1 asked %ld times",
	      policy_count(&first, "asked"));
	expect_asked(&first, 1, asked[0]);
	expect_asked(&second, 2, asked[1]);
	policy_tune(&second, "admit", ADMIT_DEFAULT);

	/* Nothing fits on node 1 any more: it is emptied, and node 2 is next. */
	emu_set_limit(0, 0);
	wait_for(area_count(&a, 1) == 0, "%zu pages are on node 1",
		 area_count(&a, 1));
	look_at(2);
	area_demote(&a);
	CHECK(policy_count(&second, "asked") >= PAGES, "node 2 asked %ld times",
	      policy_count(&second, "asked"));
	CHECK(policy_count(&second, "bad_ctx") == 0, "bad_ctx is %ld",
	      policy_count(&second, "bad_ctx"));
	emu_set_limit(0, emu_range_counter(0, "phys_total"));

	/* A policy that leaves takes nothing with it of the other. */
	policy_close(&first);
	CHECK(policy_link_map(&second) == policy_id(&second),
	      "the policy of node 2 is not attached any more");
	area_verify(&a);
	policy_close(&second);
}

/* Reclaim of node 1 once more; how many pages are on node 2 by now? */
static size_t sink(const struct area *a)
{
	forget_references(getpid());
	node_reclaim(1, a->pages * PAGE);
	return area_count(a, 2);
}

/*
 * Pages go on from one node to the other. The policy that they leave is told so,
 * and nothing of what they take where they are now. Breaks if both policies are
 * told the same.
 */
static void node_that_is_left_hears_of_no_class(void)
{
	struct policy first, second;
	struct area a;

	start_on(&first, 1);
	start_on(&second, 2);
	policy_tune(&second, "admit", ADMIT_DENY);
	area_map(&a, PAGES, FILL_TEXT);
	look_at(1);
	area_demote(&a);
	policy_tune(&second, "admit", ADMIT_ACCEPT);
	wait_for(sink(&a) == PAGES, "%zu of %d pages are on node 2",
		 area_count(&a, 2), PAGES);
	CHECK(policy_count(&first, "demoted_on") >= PAGES,
	      "the policy of node 1 heard of %ld pages",
	      policy_count(&first, "demoted_on"));
	CHECK(policy_count(&second, "moved_in") >= PAGES,
	      "the policy of node 2 heard of %ld pages",
	      policy_count(&second, "moved_in"));
	CHECK(policy_count(&first, "bad_ctx") == 0, "bad_ctx of node 1 is %ld",
	      policy_count(&first, "bad_ctx"));
	CHECK(policy_count(&second, "bad_ctx") == 0, "bad_ctx of node 2 is %ld",
	      policy_count(&second, "bad_ctx"));
	area_verify(&a);
	policy_close(&first);
	policy_close(&second);
}

static void two_nodes_swap_policies_apart(void)
{
	struct policy first, second, other;
	char name[32];

	start_on(&first, 1);
	start_on(&second, 2);
	policy_close(&first);
	look_at(1);
	policy_start(&other, "members");
	CHECK(nd_text("policy_name", name, sizeof(name)) > 0 &&
	      !strcmp(name, "members"), "node 1 has '%s'", name);
	look_at(2);
	CHECK(nd_text("policy_name", name, sizeof(name)) > 0 &&
	      !strcmp(name, "verdicts"), "node 2 has '%s'", name);
	policy_close(&other);
	policy_close(&second);
}

/*
 * One node of two ranges with different services: the first compresses, the
 * second stores what it gets. Breaks if a page is handed to the wrong one.
 */
static void two_ranges_store_with_their_own_service(void)
{
	long small = emu_range_counter(0, "phys_total");
	struct area a;

	area_map(&a, 32 * MIB / PAGE, FILL_TEXT);
	area_demote(&a);
	CHECK(emu_range_counter(0, "commits") > 0 &&
	      emu_range_counter(1, "commits") > 0,
	      "commits: %ld and %ld", emu_range_counter(0, "commits"),
	      emu_range_counter(1, "commits"));
	CHECK(emu_range_counter(0, "stored_raw") == 0,
	      "the first range stored %ld pages of text raw",
	      emu_range_counter(0, "stored_raw"));
	CHECK(emu_range_counter(1, "stored_raw") == emu_range_counter(1, "commits"),
	      "the second range stored %ld of %ld pages raw",
	      emu_range_counter(1, "stored_raw"),
	      emu_range_counter(1, "commits"));
	CHECK(nd_counter("physical_used") == emu_range_counter(0, "phys_used") +
					     emu_range_counter(1, "phys_used"),
	      "physical_used is not the sum of both");
	CHECK(emu_range_counter(0, "phys_used") <= small,
	      "the first range holds %ld of %ld bytes",
	      emu_range_counter(0, "phys_used"), small);
	area_verify(&a);
}

/* A range that is full does not keep pages out of the other. */
static void full_range_does_not_stop_the_other(void)
{
	long small = emu_range_counter(0, "phys_total");
	struct area a;

	area_map(&a, 3 * small / PAGE, FILL_RANDOM);
	area_demote(&a);
	CHECK(emu_range_counter(0, "phys_used") <= small &&
	      emu_range_counter(0, "violations") == 0 &&
	      emu_range_counter(1, "violations") == 0,
	      "the first range holds %ld of %ld bytes",
	      emu_range_counter(0, "phys_used"), small);
	CHECK(emu_range_counter(1, "commits") > 0, "nothing is in the second range");
	area_verify(&a);
}

/* Evacuation empties the range that lost its space, and that one only. */
static void cut_range_is_emptied(void)
{
	long small = emu_range_counter(0, "phys_total");
	struct area a;

	/* More than the second can hold, so that the first is used, too. */
	emu_set_limit(1, 2 * small);
	area_map(&a, 4 * small / PAGE, FILL_RANDOM);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	area_try_demote(&a, 20);
	/* Admission slows down before the device is full. */
	wait_for((area_try_demote(&a, 1),
		  emu_range_counter(0, "phys_used") > small / 4),
		 "too little to cut: %ld of %ld bytes",
		 emu_range_counter(0, "phys_used"), small);
	emu_set_limit(0, small / 8);
	wait_for(emu_range_counter(0, "phys_used") <= small / 8,
		 "the first range holds %ld of %ld bytes",
		 emu_range_counter(0, "phys_used"), small / 8);
	CHECK(emu_range_counter(1, "phys_used") > 0, "the second was emptied, too");
	emu_set_limit(0, small);
	emu_set_limit(1, emu_range_counter(1, "phys_total"));
	area_verify(&a);
}

/* No fence: a write stays where the page is. */
static void unfenced_writes_stay(void)
{
	long promoted = nd_counter("pages_promoted_write");
	char features[64];
	struct area a;
	uint64_t pfn;
	size_t i;

	CHECK(nd_text("features", features, sizeof(features)) >= 0 &&
	      !strstr(features, "fence"), "features: %s", features);
	area_demoted(&a, PAGES, FILL_TEXT);
	pfn = page_pfn(area_page(&a, 7));
	for (i = 0; i < PAGES; i++) {
		*(volatile unsigned char *)area_page(&a, i) = 7;
		area_set(&a, i, 0, 7);
	}
	CHECK(area_count(&a, device_nid()) == PAGES,
	      "%zu of %d pages are on the node after they were written",
	      area_count(&a, device_nid()), PAGES);
	CHECK(page_pfn(area_page(&a, 7)) == pfn, "the page moved");
	CHECK(nd_counter("pages_promoted_write") == promoted,
	      "%ld pages were promoted",
	      nd_counter("pages_promoted_write") - promoted);
	area_verify(&a);
}

/* A policy that wants it moves hot pages from there all the same. */
static void unfenced_hot_pages_leave(void)
{
	struct policy p;
	struct area a;

	area_demoted(&a, PAGES, FILL_TEXT);
	policy_start(&p, "members");
	policy_tune(&p, "hot", 1);
	CHECK(write_text("/sys/kernel/debug/cram_emu/report_hot", "%llx",
			 (unsigned long long)page_pfn(area_page(&a, 3))) == 0,
	      "report_hot");
	wait_for(page_nid(area_page(&a, 3)) != device_nid(),
		 "the hot page stayed");
	area_verify(&a);
	policy_close(&p);
}

static const struct vmtest tests[] = {
	VMTEST(two_nodes_ask_their_own_policies),
	VMTEST(node_that_is_left_hears_of_no_class),
	VMTEST(two_nodes_swap_policies_apart),
	VMTEST(two_ranges_store_with_their_own_service),
	VMTEST(full_range_does_not_stop_the_other),
	VMTEST(cut_range_is_emptied),
	VMTEST(unfenced_writes_stay),
	VMTEST(unfenced_hot_pages_leave),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
