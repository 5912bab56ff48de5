// SPDX-License-Identifier: GPL-2.0
/*
 * The policies of bpf/ and those of the documentation do what they say, on
 * real memory.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/pages.h"
#include "lib/policy.h"

/* From the directory of the test policies. */
#define SHIPPED		"../../../bpf/"
#define DOCS		"../../docs/"

#define PAGES		128
#define LARGE		(256L << 20)	/* what the example large_only wants */
#define FEW		6	/* rounds of reclaim that must not help */
#define LIMIT		64
#define BATCH		31	/* folios on their way to the LRU, per CPU */
#define RECLAIMERS	3

static void start(struct policy *p, const char *name, struct area *a,
		  size_t pages, enum fill kind)
{
	char path[64];

	area_map(a, pages, kind);
	snprintf(path, sizeof(path), SHIPPED "%s", name);
	policy_start(p, path);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
}

static void finish(struct policy *p, struct area *a)
{
	area_verify(a);
	policy_close(p);
}

static size_t on_node(const struct area *a)
{
	return area_count(a, device_nid());
}

static void expect_none_demoted(const struct area *a)
{
	area_try_demote(a, FEW);
	CHECK(on_node(a) == 0, "%zu of %zu pages were demoted", on_node(a),
	      a->pages);
}

static void admit_all_takes_what_does_not_shrink(void)
{
	struct policy p;
	struct area a;

	start(&p, "admit_all", &a, PAGES, FILL_RANDOM);
	area_demote(&a);
	finish(&p, &a);
}

static void deny_all_takes_nothing(void)
{
	long asked = nd_counter("calls_admit_folio");
	struct policy p;
	struct area a;

	start(&p, "deny_all", &a, PAGES, FILL_ZERO);
	expect_none_demoted(&a);
	CHECK(nd_counter("calls_admit_folio") == asked,
	      "it was asked about single folios");
	finish(&p, &a);
}

/* What deny_all finds on the node stays there and stays readable. */
static void deny_all_leaves_residents(void)
{
	struct policy p;
	struct area a;

	area_demoted(&a, PAGES, FILL_TEXT);
	policy_start(&p, SHIPPED "deny_all");
	area_try_demote(&a, 1);
	area_verify(&a);
	CHECK(on_node(&a) == PAGES, "only %zu of %d pages are still there",
	      on_node(&a), PAGES);
	policy_close(&p);
}

static void compressible_takes_text(void)
{
	struct policy p;
	struct area a;

	start(&p, "compressible", &a, PAGES, FILL_TEXT);
	area_demote(&a);
	CHECK(policy_count(&p, "shrinks") >= PAGES, "it counted %ld",
	      policy_count(&p, "shrinks"));
	finish(&p, &a);
}

static void compressible_takes_zero_pages_in_the_fastest_class(void)
{
	long chosen = nd_counter("verdicts_class_chosen");
	struct policy p;
	struct area a;

	start(&p, "compressible", &a, PAGES, FILL_ZERO);
	area_demote(&a);
	CHECK(policy_count(&p, "class_fast") >= PAGES, "it counted %ld",
	      policy_count(&p, "class_fast"));
	CHECK(nd_counter("verdicts_class_chosen") >= chosen + PAGES,
	      "the kernel saw %ld choices",
	      nd_counter("verdicts_class_chosen") - chosen);
	finish(&p, &a);
}

static void compressible_denies_what_does_not_shrink(void)
{
	struct policy p;
	struct area a;

	start(&p, "compressible", &a, PAGES, FILL_RANDOM);
	expect_none_demoted(&a);
	CHECK(policy_count(&p, "incompressible") >= PAGES, "it counted %ld",
	      policy_count(&p, "incompressible"));
	CHECK(policy_count(&p, "unknown") == 0, "%ld estimates failed",
	      policy_count(&p, "unknown"));
	finish(&p, &a);
}

/* A process with both kinds of data: each page goes its own way. */
static void compressible_sorts_a_mix(void)
{
	struct area text, noise;
	struct policy p;

	area_map(&noise, PAGES, FILL_RANDOM);
	start(&p, "compressible", &text, PAGES, FILL_TEXT);
	area_demote(&text);
	CHECK(on_node(&noise) == 0, "%zu random pages were demoted",
	      on_node(&noise));
	area_verify(&noise);
	finish(&p, &text);
}

/*
 * Other pages for the second half: reclaim's numbers for a small cgroup are
 * seconds old, and until they are renewed it may leave alone what has just been
 * denied.
 */
static void compressible_obeys_a_new_threshold(void)
{
	struct area a, more;
	struct policy p;

	start(&p, "compressible", &a, PAGES, FILL_TEXT);
	policy_tune(&p, "threshold", 0);
	expect_none_demoted(&a);
	policy_tune(&p, "threshold", 1000);
	area_map(&more, PAGES, FILL_RANDOM);
	area_demote(&more);
	area_verify(&more);
	finish(&p, &a);
}

/*
 * A huge page: one byte over and over, then as many bytes that do not shrink.
 * Not zeros: the pages of a huge page that hold nothing else are not moved when
 * it is split, but dropped.
 */
static void map_half_and_half(struct area *a)
{
	unsigned char *p = map_huge();
	size_t i;

	CHECK_SYS(madvise(p, HUGE_BYTES, MADV_HUGEPAGE) == 0, "MADV_HUGEPAGE");
	memset(p, 0x5a, HUGE_BYTES / 2);
	for (i = HUGE_PAGES / 2; i < HUGE_PAGES; i++)
		fill_page(p + i * PAGE, FILL_RANDOM, i);
	area_wrap_huge(a, p);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
}

/*
 * All of it leaves DRAM, one way or another. As few pages at a time as may be:
 * reclaim that wants more takes what has just come to the node as well.
 */
static void reclaim_huge(const struct area *a)
{
	int i;

	for (i = 0; i < 8 * FEW && area_count(a, 0); i++)
		reclaim_round(i, PAGE);
	CHECK(area_count(a, 0) == 0, "%zu pages are in DRAM", area_count(a, 0));
}

/*
 * Half of it would be admitted. Breaks if the first pages alone, which shrink to
 * nothing, decide about a huge page.
 */
static void compressible_denies_half_a_huge_page(void)
{
	struct policy p;
	struct area a;

	vmtest_swap_device();
	map_half_and_half(&a);
	policy_start(&p, SHIPPED "compressible");
	policy_tune(&p, "threshold", 500);
	reclaim_huge(&a);
	CHECK(on_node(&a) == 0, "%zu pages were demoted", on_node(&a));
	CHECK(policy_count(&p, "incompressible") > 0, "nothing was denied");
	finish(&p, &a);
}

/*
 * Of what is admitted, each page goes its own way. Breaks if the last pages
 * alone, which do not shrink, decide about a huge page.
 */
static void compressible_splits_half_a_huge_page(void)
{
	struct area even, noise;
	struct policy p;
	struct area a;

	vmtest_swap_device();
	map_half_and_half(&a);
	policy_start(&p, SHIPPED "compressible");
	policy_tune(&p, "threshold", 700);
	reclaim_huge(&a);
	even = a;
	even.pages = HUGE_PAGES / 2;
	noise = even;
	noise.p = area_page(&a, HUGE_PAGES / 2);
	CHECK(on_node(&even) == HUGE_PAGES / 2,
	      "%zu of %d pages were demoted: %ld folios admitted, %ld denied",
	      on_node(&even), HUGE_PAGES / 2, policy_count(&p, "shrinks"),
	      policy_count(&p, "incompressible"));
	CHECK(on_node(&noise) == 0, "%zu random pages were demoted",
	      on_node(&noise));
	finish(&p, &a);
}

/*
 * Pages of this test's cgroup on the node, all of its processes included. May be
 * two seconds old.
 */
static long held(void)
{
	long bytes = cgroup_node_anon(device_nid());

	CHECK(bytes >= 0, "memory.numa_stat does not show the node");
	return bytes / PAGE;
}

static long most(long budget)
{
	return budget + BATCH * sysconf(_SC_NPROCESSORS_ONLN);
}

static void memcg_budget_admits_up_to_the_budget(void)
{
	struct policy p;
	struct area a;

	start(&p, "memcg_budget", &a, 4 * PAGES, FILL_TEXT);
	policy_tune(&p, "budget", LIMIT);
	area_try_demote(&a, FEW);
	wait_for(held() > 0, "nothing was admitted");
	CHECK(held() <= most(LIMIT), "%ld pages are there, budget %d", held(),
	      LIMIT);
	CHECK(policy_count(&p, "exceeded") > 0, "nothing was denied");
	CHECK(policy_count(&p, "unknown") == 0, "%ld folios of nobody",
	      policy_count(&p, "unknown"));
	finish(&p, &a);
}

static void memcg_budget_admits_more_when_it_is_raised(void)
{
	struct area a, more;
	struct policy p;

	start(&p, "memcg_budget", &a, PAGES, FILL_TEXT);
	policy_tune(&p, "budget", 0);
	expect_none_demoted(&a);
	policy_tune(&p, "budget", 100 * PAGES);
	area_map(&more, PAGES, FILL_TEXT);
	area_demote(&more);
	CHECK(policy_count(&p, "within") >= PAGES, "it counted %ld",
	      policy_count(&p, "within"));
	area_verify(&more);
	finish(&p, &a);
}

/* The key of "budgets" is the inode number of the cgroup's directory. */
static void set_own_budget(struct policy *p, long long pages)
{
	struct stat st;
	uint64_t id;

	CHECK_SYS(stat(cgroup_path(), &st) == 0, "%s", cgroup_path());
	id = st.st_ino;
	CHECK_SYS(bpf_map_update_elem(policy_map_fd(p, "budgets"), &id, &pages,
				      BPF_ANY) == 0, "budgets");
}

static void memcg_budget_denies_a_single_cgroup(void)
{
	struct policy p;
	struct area a;

	start(&p, "memcg_budget", &a, PAGES, FILL_TEXT);
	set_own_budget(&p, 0);
	expect_none_demoted(&a);
	CHECK(policy_count(&p, "exceeded") >= PAGES, "it counted %ld",
	      policy_count(&p, "exceeded"));
	finish(&p, &a);
}

static void memcg_budget_exempts_a_single_cgroup(void)
{
	struct policy p;
	struct area a;

	start(&p, "memcg_budget", &a, PAGES, FILL_TEXT);
	policy_tune(&p, "budget", 0);
	set_own_budget(&p, -1);
	area_demote(&a);
	CHECK(policy_count(&p, "unlimited") >= PAGES, "it counted %ld",
	      policy_count(&p, "unlimited"));
	finish(&p, &a);
}

/*
 * Several tasks reclaim the same cgroup at once, each with a chunk of its own
 * under way. As long as no page has settled the budget is exact. The kernel's
 * count alone lags behind and would let more in.
 */
static void memcg_budget_holds_with_many_reclaimers(void)
{
	long worst = 0, now, i;
	pid_t pid[RECLAIMERS];
	struct policy p;
	struct area a;

	start(&p, "memcg_budget", &a, 2 * PAGES, FILL_TEXT);
	policy_tune(&p, "budget", LIMIT);
	policy_tune(&p, "settle", 60000);
	forget_references(getpid());
	for (i = 0; i < RECLAIMERS; i++) {
		pid[i] = vmtest_fork();
		if (!pid[i]) {
			cgroup_reclaim(a.pages * PAGE / 2);
			_exit(0);
		}
	}
	for (i = 0; i < 20; i++) {
		usleep(50000);
		now = held();
		worst = now > worst ? now : worst;
	}
	for (i = 0; i < RECLAIMERS; i++)
		vmtest_join(pid[i]);
	wait_for((now = held()) > 0, "nothing was admitted");
	worst = now > worst ? now : worst;
	CHECK(worst <= LIMIT, "%ld pages were there, budget %d", worst, LIMIT);
	CHECK(policy_count(&p, "exceeded") > 0, "nothing was denied");
	finish(&p, &a);
}

static void ratio_keeper_takes_what_shrinks_well(void)
{
	struct policy p;
	struct area a;

	start(&p, "ratio_keeper", &a, PAGES, FILL_ZERO);
	area_demote(&a);
	CHECK(policy_count(&p, "fair") >= PAGES, "it counted %ld",
	      policy_count(&p, "fair"));
	CHECK(policy_count(&p, "learned") >= PAGES, "it learned from %ld",
	      policy_count(&p, "learned"));
	finish(&p, &a);
}

static void ratio_keeper_denies_what_does_not_shrink(void)
{
	struct policy p;
	struct area a;

	start(&p, "ratio_keeper", &a, PAGES, FILL_RANDOM);
	expect_none_demoted(&a);
	CHECK(policy_count(&p, "hopeless") >= PAGES, "it counted %ld",
	      policy_count(&p, "hopeless"));
	CHECK(policy_count(&p, "unknown") == 0, "%ld folios of nobody",
	      policy_count(&p, "unknown"));
	finish(&p, &a);
}

/* After many zero pages there is credit, and text comes in. */
static void ratio_keeper_holds_its_target(void)
{
	struct area zero, text;
	struct policy p;
	long used;

	area_map(&text, 8 * PAGES, FILL_TEXT);
	start(&p, "ratio_keeper", &zero, 8 * PAGES, FILL_ZERO);
	area_try_demote(&zero, FEW);
	area_try_demote(&text, FEW);
	CHECK(policy_count(&p, "on_credit") > 0, "credit was not used");
	used = nd_counter("physical_used");
	CHECK(used == 0 || nd_counter("logical_used") * 10 / used >= 25,
	      "%ld bytes on %ld", nd_counter("logical_used"), used);
	area_verify(&text);
	finish(&p, &zero);
}

static void watermark_takes_pages_while_there_is_space(void)
{
	struct policy p;
	struct area a;

	start(&p, "watermark", &a, PAGES, FILL_TEXT);
	area_demote(&a);
	CHECK(policy_count(&p, "open") > 0, "no chunk passed in full");
	finish(&p, &a);
}

static void watermark_closes_below_its_mark(void)
{
	struct policy p;
	struct area a;

	start(&p, "watermark", &a, PAGES, FILL_TEXT);
	policy_tune(&p, "stop", 1000);
	expect_none_demoted(&a);
	CHECK(policy_count(&p, "stops") == 1, "it was closed %ld times",
	      policy_count(&p, "stops"));
	finish(&p, &a);
}

/*
 * The node is at high, the policy has shut it, and its removal fails because of
 * a page in a pipe. The others are in DRAM by then. Breaks if nobody tells the
 * policy that there is space again: the node would stay shut.
 */
static void watermark_opens_after_a_failed_removal(void)
{
	struct policy p;
	struct area a;
	int fd[2], ret;

	start(&p, "watermark", &a, PAGES, FILL_RANDOM);
	area_demote(&a);
	emu_set_limit(0, nd_counter("physical_used") / 94 * 100);
	wait_for(nd_counter("admit_rate") == 0, "the policy has not shut it");
	area_hold(&a, fd);
	ret = emu_try_online(false);
	CHECK(ret == -EBUSY, "under a page in use: %s",
	      ret ? strerror(-ret) : "the node went away");
	wait_for(nd_counter("admit_rate") > 0, "it stays shut with %ld of %ld bytes used",
		 nd_counter("physical_used"), nd_counter("physical_total"));
	area_let_go(&a, fd);
	emu_set_limit(0, emu_counter("phys_total"));
	finish(&p, &a);
}

static void tpp_takes_cold_pages(void)
{
	struct policy p;
	struct area a;

	start(&p, "tpp", &a, PAGES, FILL_TEXT);
	area_demote(&a);
	CHECK(policy_count(&p, "demoted") >= PAGES, "it counted %ld",
	      policy_count(&p, "demoted"));
	finish(&p, &a);
}

/* Each page is copied back to DRAM by this. */
static void write_all(struct area *a)
{
	size_t i;

	for (i = 0; i < a->pages; i++) {
		*(volatile unsigned char *)area_page(a, i) = i;
		area_set(a, i, 0, i);
	}
}

static void anti_thrash_keeps_out_what_was_written(void)
{
	struct policy p;
	struct area a;

	start(&p, "anti_thrash", &a, PAGES, FILL_TEXT);
	policy_tune(&p, "first", 3600000);
	policy_tune(&p, "longest", 3600000);
	policy_tune(&p, "keep", 0);
	area_demote(&a);
	write_all(&a);
	CHECK(policy_count(&p, "bounces") >= PAGES, "it counted %ld",
	      policy_count(&p, "bounces"));
	/* Refaults are active: reclaim would not offer them. */
	CHECK_SYS(madvise(a.p, a.pages * PAGE, MADV_COLD) == 0, "MADV_COLD");
	expect_none_demoted(&a);
	CHECK(policy_count(&p, "denied") > 0, "nothing was denied");
	finish(&p, &a);
}

static void anti_thrash_takes_it_when_the_penalty_is_over(void)
{
	struct policy p;
	struct area a;

	start(&p, "anti_thrash", &a, PAGES, FILL_TEXT);
	policy_tune(&p, "first", 1);
	policy_tune(&p, "longest", 1);
	area_demote(&a);
	write_all(&a);
	area_demote(&a);
	CHECK(policy_count(&p, "served") > 0, "nothing had a penalty");
	finish(&p, &a);
}

/* The verifier takes them, and they attach; one refuses a small device. */
static void examples_of_the_documentation_attach(void)
{
	static const char *const names[] = {
		"first", "everything", "spare", "unshared", "learn",
		"every_other", "large_only",
	};
	long size = nd_counter("physical_total");
	struct policy p;
	char path[64];
	int ret, want;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), DOCS "%s", names[i]);
		policy_open(&p, path, device_nid());
		ret = policy_load(&p);
		CHECK(!ret, "load %s: %s", names[i], strerror(-ret));
		want = !strcmp(names[i], "large_only") && size < LARGE ?
		       -ENOSPC : 0;
		ret = policy_attach(&p);
		CHECK(ret == want, "attach %s: %s", names[i], strerror(-ret));
		policy_close(&p);
	}
}

/* The first pages are admitted; after them, of one in 64 it is tried again. */
static void an_example_learns_what_does_not_shrink(void)
{
	long accepted = nd_counter("verdicts_admit_accept");
	long denied = nd_counter("verdicts_admit_deny");
	struct policy p;
	struct area a;

	area_map(&a, 4 * PAGES, FILL_RANDOM);
	policy_start(&p, DOCS "learn");
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	area_try_demote(&a, FEW);
	accepted = nd_counter("verdicts_admit_accept") - accepted;
	denied = nd_counter("verdicts_admit_deny") - denied;
	CHECK(denied > accepted, "%ld accepted, %ld denied", accepted, denied);
	area_verify(&a);
	policy_close(&p);
}

static void an_example_admits_what_shrinks(void)
{
	long denied = nd_counter("verdicts_admit_deny");
	struct policy p;
	struct area a;

	area_map(&a, 4 * PAGES, FILL_ZERO);
	policy_start(&p, DOCS "learn");
	area_demote(&a);
	denied = nd_counter("verdicts_admit_deny") - denied;
	CHECK(denied == 0, "%ld were denied", denied);
	area_verify(&a);
	policy_close(&p);
}

static const struct vmtest tests[] = {
	VMTEST(admit_all_takes_what_does_not_shrink),
	VMTEST(deny_all_takes_nothing),
	VMTEST(deny_all_leaves_residents),
	VMTEST(compressible_takes_text),
	VMTEST(compressible_takes_zero_pages_in_the_fastest_class),
	VMTEST(compressible_denies_what_does_not_shrink),
	VMTEST(compressible_sorts_a_mix),
	VMTEST(compressible_obeys_a_new_threshold),
	VMTEST(compressible_denies_half_a_huge_page),
	VMTEST(compressible_splits_half_a_huge_page),
	VMTEST(memcg_budget_admits_up_to_the_budget),
	VMTEST(memcg_budget_admits_more_when_it_is_raised),
	VMTEST(memcg_budget_denies_a_single_cgroup),
	VMTEST(memcg_budget_exempts_a_single_cgroup),
	VMTEST(memcg_budget_holds_with_many_reclaimers),
	VMTEST(ratio_keeper_takes_what_shrinks_well),
	VMTEST(ratio_keeper_denies_what_does_not_shrink),
	VMTEST(ratio_keeper_holds_its_target),
	VMTEST(watermark_takes_pages_while_there_is_space),
	VMTEST(watermark_closes_below_its_mark),
	VMTEST(watermark_opens_after_a_failed_removal),
	VMTEST(tpp_takes_cold_pages),
	VMTEST(anti_thrash_keeps_out_what_was_written),
	VMTEST(anti_thrash_takes_it_when_the_penalty_is_over),
	VMTEST(examples_of_the_documentation_attach),
	VMTEST(an_example_learns_what_does_not_shrink),
	VMTEST(an_example_admits_what_shrinks),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
