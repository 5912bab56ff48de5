// SPDX-License-Identifier: GPL-2.0
/*
 * The members that move pages out of a node: what a write brings along, what is
 * promoted for being hot, who is evicted; and what a policy is told of capacity
 * and may ask for.
 *
 * Environment: VMTEST_SWAPDEV, a swap device that is on (some of them).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/pages.h"
#include "lib/policy.h"

#define EMU	"/sys/kernel/debug/cram_emu/"
#define NODE	"/sys/devices/system/node/node%d/device/%s"
#define PAGES	256
#define AROUND	16	/* pages that one write may bring along */

#define MF_MOVE	(1 << 1)	/* MPOL_MF_MOVE */

/* NODE_DEVICE_RATE_UNLIMITED of the kernel */
#define UNLIMITED	4294967295L

/* Verdicts, as the kernel numbers them. */
enum { ADMIT_DEFAULT, ADMIT_ACCEPT, ADMIT_DENY };
enum { PROMO_DEFAULT, PROMO_ONE, PROMO_AROUND, PROMO_SKIP };
enum { VICTIM_DEFAULT, VICTIM_EVICT, VICTIM_KEEP, VICTIM_PROMOTE };

/* All of it on the node, and then the policy: it has not seen it come. */
static void begin(struct policy *p, struct area *a)
{
	area_demoted(a, PAGES, FILL_TEXT);
	policy_start(p, "members");
}

static void end(struct policy *p, struct area *a)
{
	area_verify(a);
	CHECK(policy_count(p, "bad") == 0, "%ld promises were broken",
	      policy_count(p, "bad"));
	/* Capacity that changes while the policy is told of it is told again. */
	wait_for(policy_count(p, "phys_stat") == policy_count(p, "phys_total"),
		 "the policy was told of %ld bytes, and that it has %ld",
		 policy_count(p, "phys_total"), policy_count(p, "phys_stat"));
	policy_close(p);
}

static void write_page(struct area *a, size_t page)
{
	*(volatile unsigned char *)area_page(a, page) = 77;
	area_set(a, page, 0, 77);
}

static void set_rate(long pages_per_sec)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), NODE, device_nid(), "promote_rate");
	ret = write_text(path, "%ld", pages_per_sec);
	CHECK(ret == 0, "promote_rate: %s", strerror(-ret));
}

/* ---- promote_fault --------------------------------------------------------- */

static void wait_for_neighbours(long before)
{
	wait_for(nd_counter("pages_promoted_around") > before,
		 "no neighbour was promoted (dropped %ld)",
		 nd_counter("promote_dropped"));
}

static void write_brings_its_neighbours(void)
{
	struct policy p;
	struct area a;
	size_t left;

	begin(&p, &a);
	policy_tune(&p, "promote", PROMO_AROUND);
	write_page(&a, PAGES / 2);
	/* Those of the test's own stack count as well, and may come first. */
	wait_for(area_count(&a, 0) > 1, "no neighbour was promoted (dropped %ld)",
		 nd_counter("promote_dropped"));
	left = area_count(&a, device_nid());
	CHECK(left < PAGES - 1 && left >= PAGES - 1 - AROUND,
	      "%zu of %d pages are on the node", left, PAGES);
	CHECK(policy_count(&p, "moved_around") > 0,
	      "the policy was not told why they moved");
	CHECK(nd_counter("verdicts_promote_around") > 0, "no verdict counted");
	end(&p, &a);
}

static long isolated(const char *kind)
{
	return nd_vmstat(device_nid(), kind);
}

/* Pages that were given up (MADV_FREE) come along, and are on another LRU list. */
static void given_up_pages_are_counted_right(void)
{
	long anon = isolated("nr_isolated_anon");
	long file = isolated("nr_isolated_file");
	long around = nd_counter("pages_promoted_around");
	struct policy p;
	struct area a;
	size_t i;

	begin(&p, &a);
	policy_tune(&p, "promote", PROMO_AROUND);
	CHECK_SYS(madvise(area_page(&a, 0), PAGES * PAGE, MADV_FREE) == 0,
		  "MADV_FREE");
	for (i = AROUND / 2; i < PAGES; i += AROUND)
		write_page(&a, i);
	wait_for_neighbours(around);
	wait_for(isolated("nr_isolated_anon") == anon &&
		 isolated("nr_isolated_file") == file,
		 "isolated: %ld anon, it was %ld; %ld file, it was %ld",
		 isolated("nr_isolated_anon"), anon,
		 isolated("nr_isolated_file"), file);
	for (i = AROUND / 2; i < PAGES; i += AROUND)
		CHECK(*area_page(&a, i) == 77, "page %zu has lost a write", i);
	CHECK(policy_count(&p, "bad") == 0, "%ld promises were broken",
	      policy_count(&p, "bad"));
	policy_close(&p);
}

static void write_brings_only_itself(void)
{
	struct policy p;
	struct area a;

	begin(&p, &a);
	policy_tune(&p, "promote", PROMO_ONE);
	write_page(&a, PAGES / 2);
	usleep(300 * 1000);
	CHECK(area_count(&a, device_nid()) == PAGES - 1,
	      "%zu of %d pages are on the node", area_count(&a, device_nid()),
	      PAGES);
	end(&p, &a);
}

static void write_is_served_whatever_is_said(void)
{
	struct policy p;
	struct area a;

	begin(&p, &a);
	policy_tune(&p, "promote", PROMO_SKIP);
	write_page(&a, 3);
	CHECK(page_nid(area_page(&a, 3)) != device_nid(),
	      "the page that was written is on the node");
	CHECK(nd_counter("verdicts_promote_skip") > 0, "no verdict counted");
	end(&p, &a);
}

/* One page per second: what is asked for beyond it is dropped. */
static void promotion_is_limited(void)
{
	long dropped, rate = nd_counter("promote_rate");
	long around = nd_counter("pages_promoted_around");
	struct policy p;
	struct area a;
	size_t i;

	begin(&p, &a);
	policy_tune(&p, "promote", PROMO_AROUND);
	dropped = nd_counter("promote_dropped");
	set_rate(1);
	for (i = 0; i < PAGES; i += 2 * AROUND)
		write_page(&a, i);
	usleep(500 * 1000);
	around = nd_counter("pages_promoted_around") - around;
	dropped = nd_counter("promote_dropped") - dropped;
	set_rate(rate);
	/* A second or two of time, and not a hundred. */
	CHECK(around < PAGES / 8, "%ld pages came along (%ld dropped)", around,
	      dropped);
	end(&p, &a);
}

/* ---- promote_hot ------------------------------------------------------------ */

static void report_hot(uint64_t pfn, unsigned int heat)
{
	int ret = write_text(EMU "report_hot", "%llx %u",
			     (unsigned long long)pfn, heat);

	CHECK(ret == 0, "report_hot: %s", strerror(-ret));
}

static void hot(unsigned int verdict, bool moves)
{
	long promoted = nd_counter("pages_promoted_hot");
	struct policy p;
	struct area a;

	begin(&p, &a);
	policy_tune(&p, "hot", verdict);
	report_hot(page_pfn(area_page(&a, 5)), 42);
	wait_for(policy_count(&p, "hot_device") == 1,
		 "the policy heard of %ld hot pages",
		 policy_count(&p, "hot_device"));
	CHECK(policy_count(&p, "heat") == 42, "heat is %ld",
	      policy_count(&p, "heat"));
	if (moves) {
		wait_for(page_nid(area_page(&a, 5)) != device_nid(),
			 "the page is still on the node");
		/* Counted a moment after it has moved. */
		wait_for(nd_counter("pages_promoted_hot") == promoted + 1,
			 "pages_promoted_hot rose by %ld",
			 nd_counter("pages_promoted_hot") - promoted);
		CHECK(area_count(&a, device_nid()) == PAGES - 1,
		      "%zu of %d pages are on the node",
		      area_count(&a, device_nid()), PAGES);
		CHECK(policy_count(&p, "moved_hot") == 1,
		      "of %ld pages the policy was told that they were hot",
		      policy_count(&p, "moved_hot"));
	} else {
		usleep(300 * 1000);
		CHECK(area_count(&a, device_nid()) == PAGES,
		      "%zu of %d pages are on the node",
		      area_count(&a, device_nid()), PAGES);
	}
	end(&p, &a);
}

static void hot_page_is_promoted(void)
{
	hot(PROMO_ONE, true);
}

static void hot_page_stays_by_default(void)
{
	hot(PROMO_DEFAULT, false);
}

static void hot_page_may_stay(void)
{
	hot(PROMO_SKIP, false);
}

/* A rate of 0 is none: what the policy wants promoted stays. */
static void promotion_may_be_forbidden(void)
{
	long dropped, rate = nd_counter("promote_rate");
	struct policy p;
	struct area a;

	begin(&p, &a);
	policy_tune(&p, "hot", PROMO_ONE);
	dropped = nd_counter("promote_dropped");
	set_rate(0);
	report_hot(page_pfn(area_page(&a, 5)), 42);
	wait_for(nd_counter("promote_dropped") > dropped,
		 "the promotion was not dropped");
	CHECK(area_count(&a, device_nid()) == PAGES,
	      "%zu of %d pages are on the node", area_count(&a, device_nid()),
	      PAGES);
	set_rate(UNLIMITED);
	report_hot(page_pfn(area_page(&a, 5)), 42);
	wait_for(page_nid(area_page(&a, 5)) != device_nid(),
		 "without a limit the page is still on the node");
	set_rate(rate);
	end(&p, &a);
}

/* Breaks if a report is noted, looked at or asked about that nobody wants. */
static void reports_without_a_reader_cost_nothing(void)
{
	long reports = nd_counter("hot_reports");
	long bogus = nd_counter("hot_bogus");
	long asked = nd_counter("calls_no_policy");
	struct policy p;
	struct area a;

	area_demoted(&a, PAGES, FILL_TEXT);
	asked = nd_counter("calls_no_policy");
	report_hot(page_pfn(area_page(&a, 5)), 42);
	report_hot(0, 42);
	policy_start(&p, "verdicts");
	report_hot(page_pfn(area_page(&a, 6)), 42);
	report_hot(0, 42);
	policy_close(&p);
	CHECK(nd_counter("hot_reports") >= reports + 4,
	      "hot_reports rose by %ld", nd_counter("hot_reports") - reports);
	CHECK(nd_counter("hot_bogus") == bogus, "hot_bogus rose by %ld",
	      nd_counter("hot_bogus") - bogus);

	/* Reports are looked at in turn: only what comes now is. */
	policy_start(&p, "members");
	report_hot(page_pfn(area_page(&a, 7)), 1);
	wait_for(policy_count(&p, "hot_device") == 1,
		 "the policy heard of %ld hot pages",
		 policy_count(&p, "hot_device"));
	CHECK(policy_count(&p, "heat") == 1, "it heard of a page of heat %ld",
	      policy_count(&p, "heat"));
	CHECK(nd_counter("calls_no_policy") == asked,
	      "a policy that is not there was asked %ld times",
	      nd_counter("calls_no_policy") - asked);
	end(&p, &a);
}

/* What user space moves is told as that. */
static void moves_by_user_space_are_told(void)
{
	int node = 0, status = -1;
	struct policy p;
	struct area a;
	void *page;
	long ret;

	begin(&p, &a);
	page = area_page(&a, 9);
	ret = syscall(SYS_move_pages, 0, 1L, &page, &node, &status,
		      MF_MOVE);
	if (ret == 0 && status == -ENOENT)
		vmtest_skip("move_pages() does not see pages of a device node");
	CHECK(ret == 0 && status == 0, "move_pages: %ld, status %d", ret,
	      status);
	CHECK(policy_count(&p, "moved_requested") == 1,
	      "of %ld pages the policy was told so",
	      policy_count(&p, "moved_requested"));
	end(&p, &a);
}

/* Reports of pages that are not the device's harm nobody. */
static void bogus_reports_are_counted(void)
{
	long bogus = nd_counter("hot_bogus");
	unsigned char *mine;
	struct policy p;
	struct area a;

	begin(&p, &a);
	policy_tune(&p, "hot", PROMO_ONE);
	mine = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(mine != MAP_FAILED, "mmap");
	*mine = 1;
	report_hot(page_pfn(mine), 1);
	report_hot(0, 1);
	report_hot(0xffffffffffULL, 1);
	wait_for(nd_counter("hot_bogus") >= bogus + 3, "hot_bogus rose by %ld",
		 nd_counter("hot_bogus") - bogus);
	CHECK(policy_count(&p, "hot_device") == 0,
	      "the policy was asked about %ld of them",
	      policy_count(&p, "hot_device"));
	CHECK(*mine == 1 && page_nid(mine) != device_nid(), "a page was hurt");
	end(&p, &a);
}

static long cpu_seconds(void)
{
	struct timespec ts;

	CHECK_SYS(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0,
		  "clock_gettime");
	return ts.tv_sec;
}

/*
 * Scans come by the CPU time of the task, so do not sleep. Returns how long it
 * took, or as long as this is to be waited for.
 */
static long read_until_told(const struct policy *p, const struct area *a)
{
	long patience = SETTLE_SECONDS * vmtest_patience();
	long start = cpu_seconds(), seconds = 0;

	while (!policy_count(p, "hot_hint") && seconds < patience) {
		area_read_all(a, 1000);
		seconds = cpu_seconds() - start;
	}
	return seconds;
}

/* NUMA balancing finds who reads; only a policy that wants to know is told. */
static void hint_faults_reach_the_policy(void)
{
	long before, seconds;
	struct policy p;
	struct area a;

	numa_balancing_needed();
	begin(&p, &a);
	policy_tune(&p, "hot", PROMO_ONE);
	before = numa_balancing_start(2, 10, 20, 100);
	seconds = read_until_told(&p, &a);
	numa_balancing_stop(before);
	CHECK(policy_count(&p, "hot_hint") > 0,
	      "no hint fault reached the policy in %ld s of reading", seconds);
	wait_for(area_count(&a, device_nid()) < PAGES, "no page was promoted");
	end(&p, &a);
}

/* ---- reclaim_folio ----------------------------------------------------------- */

/*
 * A limit pushes what the cgroup has on the node out. Less is allowed than is
 * there: whatever else reclaim takes first, 1024 pages must leave the node. What
 * is left is more than the test itself needs, or it would be killed.
 */
static void squeeze(unsigned int verdict, struct policy *p, struct area *a)
{
	long limit;

	vmtest_swap_device();
	area_demoted(a, 4096, FILL_TEXT);
	policy_start(p, "members");
	policy_tune(p, "victim", verdict);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	limit = cgroup_node_anon(device_nid()) - 1024L * (long)PAGE;
	forget_references(getpid());
	CHECK(cgroup_write("memory.max", "%ld", limit) == 0, "memory.max");
	CHECK(policy_count(p, "victims") > 0, "the policy was not asked");
	CHECK(cgroup_field("memory.events", "oom_kill") == 0, "OOM kills");
	CHECK(cgroup_number("memory.current") <= limit, "%ld bytes, limit %ld",
	      cgroup_number("memory.current"), limit);
}

static void victims_are_evicted(void)
{
	long evicted = nd_counter("verdicts_victim_evict");
	struct policy p;
	struct area a;

	squeeze(VICTIM_EVICT, &p, &a);
	CHECK(nd_counter("verdicts_victim_evict") > evicted, "no verdict");
	CHECK(cgroup_number("memory.swap.current") > 0, "nothing is in swap");
	end(&p, &a);
}

/* It may keep half of them, and reclaim gets its pages all the same. */
static void victims_are_kept_by_half(void)
{
	long capped = nd_counter("victim_keep_capped");
	long kept = nd_counter("verdicts_victim_keep");
	struct policy p;
	struct area a;

	squeeze(VICTIM_KEEP, &p, &a);
	kept = nd_counter("verdicts_victim_keep") - kept;
	capped = nd_counter("victim_keep_capped") - capped;
	CHECK(kept > 0 && capped >= kept / 3 && capped < kept,
	      "%ld were to be kept, %ld of them were not", kept, capped);
	end(&p, &a);
}

/* A cgroup at its limit gains nothing by that: its victims are evicted. */
static void victims_at_a_limit_are_not_promoted(void)
{
	long promoted = nd_counter("pages_promoted_victim");
	struct policy p;
	struct area a;

	squeeze(VICTIM_PROMOTE, &p, &a);
	CHECK(nd_counter("pages_promoted_victim") == promoted,
	      "%ld victims were promoted",
	      nd_counter("pages_promoted_victim") - promoted);
	CHECK(cgroup_number("memory.swap.current") > 0, "nothing is in swap");
	end(&p, &a);
}

/* The policy is told of less capacity, and then wants pages evicted. */
static void ask_for_reclaim(struct policy *p)
{
	vmtest_swap_device();
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	forget_references(getpid());
	policy_tune(p, "request", 64);
	emu_set_limit(0, emu_counter("phys_total") / 2);
}

static void stop_asking(struct policy *p)
{
	policy_tune(p, "request", 0);
	emu_set_limit(0, emu_counter("phys_total"));
}

/* The node's own reclaim, which the policy asks for, may promote. */
static void victims_are_promoted(void)
{
	long promoted = nd_counter("pages_promoted_victim");
	struct policy p;
	struct area a;

	begin(&p, &a);
	policy_tune(&p, "victim", VICTIM_PROMOTE);
	ask_for_reclaim(&p);
	wait_for(nd_counter("pages_promoted_victim") > promoted,
		 "no victim was promoted");
	/* The first may have been another page of this process. */
	wait_for(area_count(&a, device_nid()) < PAGES,
		 "all pages are on the node");
	stop_asking(&p);
	CHECK(policy_count(&p, "moved_victim") > 0,
	      "the policy was not told why they moved");
	end(&p, &a);
}

/* ---- pressure ---------------------------------------------------------------- */

/* A policy is told when it comes, and when capacity changes. */
static void capacity_is_told(void)
{
	long total = emu_counter("phys_total");
	struct policy p;
	struct area a;

	/* The limit of the test before may be on its way still. */
	wait_for(nd_counter("physical_total") == total,
		 "the node has %ld of %ld bytes", nd_counter("physical_total"),
		 total);
	begin(&p, &a);
	wait_for(policy_count(&p, "phys_total") == total, "told %ld, it is %ld",
		 policy_count(&p, "phys_total"), total);
	emu_set_limit(0, total / 2);
	wait_for(policy_count(&p, "phys_total") == total / 2,
		 "told %ld, it is %ld", policy_count(&p, "phys_total"),
		 total / 2);
	emu_set_limit(0, total);
	wait_for(policy_count(&p, "phys_total") == total, "told %ld, it is %ld",
		 policy_count(&p, "phys_total"), total);
	end(&p, &a);
}

static void policy_may_ask_for_reclaim(void)
{
	long reclaimed = nd_counter("pages_reclaimed");
	struct policy p;
	struct area a;

	begin(&p, &a);
	ask_for_reclaim(&p);
	wait_for(nd_counter("pages_reclaimed") > reclaimed,
		 "nothing was reclaimed");
	stop_asking(&p);
	end(&p, &a);
}

/* The rate holds, and goes with the policy. */
static void admission_rate_is_kept(void)
{
	time_t start, seconds;
	struct policy p;
	struct area a;
	size_t in;

	area_map(&a, PAGES, FILL_TEXT);
	policy_open(&p, "members", device_nid());
	policy_tune(&p, "init_rate", 10);
	CHECK(policy_load(&p) == 0, "load");
	start = time(NULL);
	CHECK(policy_attach(&p) == 0, "attach");
	CHECK(nd_counter("admit_rate") == 10, "admit_rate is %ld",
	      nd_counter("admit_rate"));
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	area_try_demote(&a, 2);
	in = area_count(&a, device_nid());
	/* Ten at once, and ten in each second, however long it took. */
	seconds = time(NULL) - start + 1;
	CHECK(in <= 10 * (size_t)(seconds + 1),
	      "%zu of %d pages came in, in %ld s", in, PAGES, (long)seconds);
	CHECK(nd_counter("pages_slowed") > 0, "no page was held back");
	end(&p, &a);
	CHECK(nd_counter("admit_rate") == UNLIMITED,
	      "admit_rate is %ld without policy", nd_counter("admit_rate"));
}

static void start_with_rate(struct policy *p, long rate)
{
	policy_open(p, "members", device_nid());
	policy_tune(p, "init_rate", rate);
	CHECK(policy_load(p) == 0, "load");
	CHECK(policy_attach(p) == 0, "attach");
	CHECK(nd_counter("admit_rate") == rate, "admit_rate is %ld",
	      nd_counter("admit_rate"));
}

/* Reclaim until it has offered something: aging takes its time. */
static void reclaim_until(const struct area *a, const char *counter, long than)
{
	wait_for((reclaim_round(0, (a->pages + 256) * PAGE),
		  nd_counter(counter) > than),
		 "%s stays at %ld", counter, than);
}

static void rate_of_zero_is_none(void)
{
	long slowed = nd_counter("pages_slowed");
	struct policy p;
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	start_with_rate(&p, 0);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	reclaim_until(&a, "pages_slowed", slowed);
	area_try_demote(&a, 4);
	CHECK(area_count(&a, device_nid()) == 0, "%zu pages came in",
	      area_count(&a, device_nid()));
	end(&p, &a);
}

static void rate_without_limit_holds_nothing_back(void)
{
	long slowed = nd_counter("pages_slowed");
	struct policy p;
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	start_with_rate(&p, UNLIMITED);
	area_demote(&a);
	CHECK(nd_counter("pages_slowed") == slowed, "%ld pages were held back",
	      nd_counter("pages_slowed") - slowed);
	end(&p, &a);
}

/* Breaks if a policy gets more by setting its rate, a thousand times a second. */
static void rate_is_not_refilled(void)
{
	time_t start, seconds;
	struct policy p;
	struct area a;
	long ticks;
	size_t in;

	area_map(&a, PAGES, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	policy_open(&p, "timer", device_nid());
	policy_tune(&p, "rate", 5);
	CHECK(policy_load(&p) == 0, "load");
	start = time(NULL);
	CHECK(policy_attach(&p) == 0, "attach");
	wait_for(nd_counter("admit_rate") == 5, "the rate is %ld",
		 nd_counter("admit_rate"));
	ticks = policy_count(&p, "ticks");
	while (area_try_demote(&a, 1), policy_count(&p, "ticks") < ticks + 100)
		;
	in = area_count(&a, device_nid());
	seconds = time(NULL) - start + 1;
	CHECK(in <= 5 * (size_t)(seconds + 1),
	      "%zu of %d pages came in, in %ld s", in, PAGES, (long)seconds);
	area_verify(&a);
	policy_close(&p);
}

/* ---- a chunk as a whole ------------------------------------------------------- */

static void chunk_verdicts(unsigned int verdict, bool enter)
{
	long offered = nd_counter("pages_offered");
	struct policy p;
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	policy_start(&p, "members");
	policy_tune(&p, "set", verdict + 1);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	reclaim_until(&a, "pages_offered", offered);
	if (enter)
		area_demote(&a);
	else
		area_try_demote(&a, 4);
	CHECK(policy_count(&p, "chunks") > 0, "no chunk was offered");
	CHECK(policy_count(&p, "walked") == policy_count(&p, "folios"),
	      "%ld folios were walked, %ld announced",
	      policy_count(&p, "walked"), policy_count(&p, "folios"));
	CHECK(policy_count(&p, "asked") == 0,
	      "the policy was asked about %ld folios that it had decided on",
	      policy_count(&p, "asked"));
	if (!enter)
		CHECK(area_count(&a, device_nid()) == 0, "%zu came in",
		      area_count(&a, device_nid()));
	end(&p, &a);
}

static void chunk_is_denied_folio_by_folio(void)
{
	chunk_verdicts(ADMIT_DENY, false);
}

static void chunk_is_accepted_folio_by_folio(void)
{
	chunk_verdicts(ADMIT_ACCEPT, true);
}

/* Area and index tell that it is the same page again, wherever it is. */
static void pages_are_recognised(void)
{
	struct policy p;
	struct area a;
	size_t i;

	area_map(&a, PAGES, FILL_TEXT);
	policy_start(&p, "members");
	area_demote(&a);
	for (i = 0; i < PAGES; i += 8)
		write_page(&a, i);
	/* Pages of others may come back, too: all that do were admitted. */
	CHECK(policy_count(&p, "faults") >= PAGES / 8, "%ld faults",
	      policy_count(&p, "faults"));
	CHECK(policy_count(&p, "returned") == policy_count(&p, "faults"),
	      "%ld of %ld pages were recognised", policy_count(&p, "returned"),
	      policy_count(&p, "faults"));
	end(&p, &a);
}

/* Nothing may come in and nothing be swapped: the limit kills, nobody hangs. */
static void deny_all_and_no_swap_ends_in_oom(void)
{
	struct policy p;

	policy_start(&p, "deny_all");
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	cgroup_expect_oom(8 << 20);
	policy_close(&p);
}

/* A timer sets the rate over and over, on any CPU, as reclaim looks at it. */
static void timers_may_set_the_rate(void)
{
	const long rate = 12345;
	struct policy p;
	struct area a;
	long ticks;
	size_t i;
	int round;

	policy_start(&p, "timer");
	policy_tune(&p, "rate", rate);
	wait_for(nd_counter("admit_rate") == rate, "the rate is %ld",
		 nd_counter("admit_rate"));
	ticks = policy_count(&p, "ticks");
	area_map(&a, PAGES, FILL_TEXT);
	for (round = 0; round < 20; round++) {
		area_try_demote(&a, 1);
		for (i = 0; i < PAGES; i += 2)
			write_page(&a, i);
	}
	wait_for(policy_count(&p, "ticks") > ticks, "the timer has stopped");
	CHECK(policy_count(&p, "stale") == 0, "it was refused %ld times",
	      policy_count(&p, "stale"));
	CHECK(nd_counter("admit_rate") == rate, "the rate is %ld",
	      nd_counter("admit_rate"));
	area_verify(&a);
	policy_close(&p);
	CHECK(nd_counter("admit_rate") == UNLIMITED,
	      "without the policy the rate is %ld", nd_counter("admit_rate"));
}

static const struct vmtest tests[] = {
	VMTEST(write_brings_its_neighbours),
	VMTEST(given_up_pages_are_counted_right),
	VMTEST(write_brings_only_itself),
	VMTEST(write_is_served_whatever_is_said),
	VMTEST(promotion_is_limited),
	VMTEST(hot_page_is_promoted),
	VMTEST(hot_page_stays_by_default),
	VMTEST(hot_page_may_stay),
	VMTEST(promotion_may_be_forbidden),
	VMTEST(reports_without_a_reader_cost_nothing),
	VMTEST(moves_by_user_space_are_told),
	VMTEST(bogus_reports_are_counted),
	VMTEST(hint_faults_reach_the_policy),
	VMTEST(victims_are_evicted),
	VMTEST(victims_are_kept_by_half),
	VMTEST(victims_at_a_limit_are_not_promoted),
	VMTEST(victims_are_promoted),
	VMTEST(capacity_is_told),
	VMTEST(policy_may_ask_for_reclaim),
	VMTEST(admission_rate_is_kept),
	VMTEST(rate_of_zero_is_none),
	VMTEST(rate_without_limit_holds_nothing_back),
	VMTEST(rate_is_not_refilled),
	VMTEST(timers_may_set_the_rate),
	VMTEST(chunk_is_denied_folio_by_folio),
	VMTEST(chunk_is_accepted_folio_by_folio),
	VMTEST(pages_are_recognised),
	VMTEST(deny_all_and_no_swap_ends_in_oom),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
