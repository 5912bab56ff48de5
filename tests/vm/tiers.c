// SPDX-License-Identifier: GPL-2.0
/*
 * A device node is a lower memory tier: it is listed as one, demotion to it
 * obeys the switch and cpuset.mems as any demotion does, and tiers chain. The
 * tests that begin with chain_ want a slow node 1 without a fence above a
 * compressed node 2; tests/vm/group/tiers.sh sets that up.
 *
 * Environment: VMTEST_SWAPDEV, a swap device that is on.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/pages.h"

#define TIERS	"/sys/devices/virtual/memory_tiering"
#define DEMOTION "/sys/kernel/mm/numa/demotion_enabled"
#define MIN_UNMAPPED	"/proc/sys/vm/min_unmapped_ratio"
#define MIB	(1UL << 20)
#define PAGES	512
#define FEW	8	/* rounds of reclaim that must not help */

/* ---- tiers ---------------------------------------------------------------- */

/* The number of the tier of a node: larger is slower. -1: it is in none. */
static int tier_of(int nid)
{
	char path[256], text[256];
	struct dirent *d;
	int tier = -1;
	DIR *dir;

	dir = opendir(TIERS);
	CHECK_SYS(dir, TIERS);
	while (tier < 0 && (d = readdir(dir))) {
		if (strncmp(d->d_name, "memory_tier", 11))
			continue;
		snprintf(path, sizeof(path), TIERS "/%.32s/nodelist",
			 d->d_name);
		if (read_text(path, text, sizeof(text)) < 0)
			continue;
		if (atoi(text) == nid && strlen(text) < 4)
			tier = atoi(d->d_name + 11);
	}
	closedir(dir);
	return tier;
}

static void demotion(bool on)
{
	CHECK(write_text(DEMOTION, "%d", on) == 0, DEMOTION);
}

/* A kswapd that has given up tries again when the switch is thrown. */
static void revive_kswapd(void)
{
	demotion(false);
	demotion(true);
}

/* Breaks if memory tiers do not learn of a device node that comes or goes. */
static void node_is_in_a_tier_of_its_own(void)
{
	int dram = tier_of(0), tier = tier_of(device_nid());

	CHECK(dram >= 0, "node 0 is in no tier");
	CHECK(tier > dram, "node %d is in tier %d, DRAM in %d", device_nid(),
	      tier, dram);
	emu_online(false);
	CHECK(tier_of(device_nid()) < 0, "node %d is gone and in tier %d",
	      device_nid(), tier_of(device_nid()));
	emu_online(true);
	CHECK(tier_of(device_nid()) == tier,
	      "node %d came back into tier %d, was in %d", device_nid(),
	      tier_of(device_nid()), tier);
}

/* ---- the switch ------------------------------------------------------------ */

static unsigned char *map_bytes(size_t bytes)
{
	unsigned char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK_SYS(p != MAP_FAILED, "mmap of %zu bytes", bytes);
	return p;
}

static long pages_scanned(void)
{
	return read_field("/proc/vmstat", "pgscan_kswapd") +
	       read_field("/proc/vmstat", "pgscan_direct");
}

static void set_hugepages(long nr)
{
	CHECK(write_text("/proc/sys/vm/nr_hugepages", "%ld", nr) == 0,
	      "nr_hugepages");
}

/* Most of DRAM goes to a pool that nobody uses: quick, as nothing is written. */
static void leave_little(void)
{
	size_t leave = 64 * MIB * vmtest_patience();
	long free;

	set_hugepages(0);
	free = meminfo("MemFree") * 1024 - leave;
	if (free > 0)
		set_hugepages(free / (2 * MIB));
}

/* Make kswapd and direct reclaim run: want more than is left. */
static void press(void)
{
	long before = pages_scanned();
	unsigned char *p;
	size_t bytes, i;
	pid_t pid;

	leave_little();
	pid = vmtest_fork();
	if (!pid) {
		bytes = meminfo("MemFree") * 1024 + 32 * MIB;
		p = map_bytes(bytes);
		madvise(p, bytes, MADV_NOHUGEPAGE);
		for (i = 0; i < bytes; i += PAGE)
			p[i] = 1;
		_exit(0);
	}
	vmtest_join(pid);
	set_hugepages(0);
	CHECK(pages_scanned() > before, "nothing was reclaimed");
}

static long pgdemote(void)
{
	return read_field("/proc/vmstat", "pgdemote_kswapd") +
	       read_field("/proc/vmstat", "pgdemote_direct");
}

/* The counterpart of the next one. Breaks if kswapd knows no device node. */
static void pressure_demotes(void)
{
	long before = nd_counter("pages_demoted"), kernel = pgdemote();

	vmtest_swap_device();
	demotion(true);
	press();
	CHECK(nd_counter("pages_demoted") > before, "nothing was demoted");
	CHECK(pgdemote() > kernel, "vmstat knows of no demotion");
}

/* Breaks if a kind of reclaim asks something else than the switch. */
static void demotion_off_stops_all_reclaim(void)
{
	struct area resident, a;
	long before;
	int i;

	vmtest_swap_device();
	demotion(true);
	area_demoted(&resident, PAGES, FILL_TEXT);
	demotion(false);
	before = nd_counter("pages_demoted");

	area_map(&a, PAGES, FILL_TEXT);
	for (i = 0; i < FEW; i++)
		reclaim_round(i, PAGES * PAGE);
	CHECK(nd_counter("pages_demoted") == before,
	      "proactive reclaim demoted %ld pages",
	      nd_counter("pages_demoted") - before);

	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	press();
	CHECK(nd_counter("pages_demoted") == before,
	      "kswapd and direct reclaim demoted %ld pages",
	      nd_counter("pages_demoted") - before);

	CHECK(cgroup_write("memory.high", "%ld",
			   cgroup_number("memory.current") -
			   (long)(PAGES * PAGE / 2)) == 0, "memory.high");
	CHECK(nd_counter("pages_demoted") == before,
	      "limit reclaim demoted %ld pages",
	      nd_counter("pages_demoted") - before);
	CHECK(cgroup_write("memory.high", "max") == 0, "memory.high");

	area_verify(&a);
	area_verify(&resident);
	area_store_all(&resident, 3);
	CHECK(area_count(&resident, device_nid()) == 0,
	      "%zu pages were written in place",
	      area_count(&resident, device_nid()));
	area_verify(&resident);
	CHECK(nd_counter("pages_demoted") == before, "%ld pages were demoted",
	      nd_counter("pages_demoted") - before);
	demotion(true);
}

/* Reclaim of DRAM by its own file once more; how many pages were demoted ever? */
static long reclaim_dram(void)
{
	forget_references(getpid());
	node_reclaim(0, PAGES * PAGE);
	return nd_counter("pages_demoted");
}

/* Breaks if reclaim of a node by hand asks something else than the switch. */
static void demotion_off_stops_node_reclaim(void)
{
	char ratio[16];
	struct area a;
	long before;
	int i;

	/* The file does nothing on a node that has less page cache than this. */
	CHECK(read_text(MIN_UNMAPPED, ratio, sizeof(ratio)) > 0, MIN_UNMAPPED);
	CHECK(write_text(MIN_UNMAPPED, "0") == 0, MIN_UNMAPPED);
	demotion(false);
	before = nd_counter("pages_demoted");
	area_map(&a, PAGES, FILL_TEXT);
	/* What went to swap meanwhile could not be demoted later. */
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	for (i = 0; i < FEW; i++) {
		CHECK(reclaim_dram() == before, "%ld pages were demoted",
		      nd_counter("pages_demoted") - before);
		usleep(50 * 1000);
	}
	demotion(true);
	wait_for(reclaim_dram() > before,
		 "with the switch on nothing is demoted, either");
	CHECK(write_text(MIN_UNMAPPED, ratio) == 0, MIN_UNMAPPED);
	area_verify(&a);
}

/* memory.max is enforced by whoever writes it, and nothing is demoted. */
static void demotion_off_leaves_limits_to_swap(void)
{
	struct area a;
	long before, limit;

	vmtest_swap_device();
	demotion(false);
	before = nd_counter("pages_demoted");
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	area_map(&a, PAGES, FILL_TEXT);
	forget_references(getpid());
	limit = cgroup_number("memory.current") - (long)(PAGES * PAGE);
	CHECK(cgroup_write("memory.max", "%ld", limit) == 0, "memory.max");
	wait_for(cgroup_number("memory.current") <= limit,
		 "memory.current %ld, memory.max %ld",
		 cgroup_number("memory.current"), limit);
	CHECK(cgroup_number("memory.swap.current") > 0, "nothing is in swap");
	CHECK(nd_counter("pages_demoted") == before, "%ld pages were demoted",
	      nd_counter("pages_demoted") - before);
	area_verify(&a);
	demotion(true);
}

static size_t pageout(const struct area *a)
{
	CHECK_SYS(madvise(a->p, a->pages * PAGE, MADV_PAGEOUT) == 0,
		  "MADV_PAGEOUT");
	return area_swapped(a);
}

/* Who asks for swap gets it. Breaks if MADV_PAGEOUT demotes. */
static void pageout_goes_past_the_node(void)
{
	struct area a;
	long before;

	vmtest_swap_device();
	demotion(true);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	area_map(&a, PAGES, FILL_TEXT);
	lru_drain(a.p);
	before = nd_counter("pages_demoted");
	wait_for(pageout(&a) == PAGES, "%zu of %d pages are in swap",
		 area_swapped(&a), PAGES);
	CHECK(nd_counter("pages_demoted") == before, "%ld pages were demoted",
	      nd_counter("pages_demoted") - before);
	area_verify(&a);
}

/* ---- DRAM is full, and there is no swap ------------------------------------ */

#define STAMP	512	/* bytes from one to the next */

static void stamp(unsigned char *p, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i += STAMP)
		*(size_t *)(p + i) = i;
}

/* Every byte is what stamp() has left there. */
static void verify_stamps(const unsigned char *p, size_t bytes)
{
	unsigned char want[STAMP] = { };
	size_t i;

	for (i = 0; i < bytes; i += STAMP) {
		memcpy(want, &i, sizeof(i));
		CHECK(!memcmp(p + i, want, STAMP), "wrong data at %zu of %zu",
		      i, bytes);
	}
}

static void fill_beyond_dram(bool bound)
{
	size_t bytes = meminfo("MemAvailable") * 1024 + 128 * MIB;
	unsigned long nodes = 1UL << 0;
	unsigned char *p;

	if (bound)
		CHECK_SYS(syscall(SYS_set_mempolicy, MODE_BIND, &nodes,
				  8 * sizeof(nodes)) == 0, "MPOL_BIND");
	p = map_bytes(bytes);
	madvise(p, bytes, MADV_NOHUGEPAGE);
	stamp(p, bytes);
	verify_stamps(p, bytes);
	_exit(0);
}

/* A process wants more than DRAM has. The node takes what nobody uses. */
static void fill_without_swap(bool bound)
{
	long kills = read_field("/proc/vmstat", "oom_kill"), demoted;
	const char *swap = vmtest_swap_device();
	pid_t pid;

	demotion(true);
	CHECK_SYS(swapoff(swap) == 0, "swapoff %s", swap);
	CHECK(write_text("/proc/sys/vm/drop_caches", "3") == 0, "drop_caches");
	leave_little();
	demoted = nd_counter("pages_demoted");
	pid = vmtest_fork();
	if (!pid)
		fill_beyond_dram(bound);
	vmtest_join(pid);
	set_hugepages(0);
	revive_kswapd();
	CHECK_SYS(swapon(swap, 0) == 0, "swapon %s", swap);
	CHECK(read_field("/proc/vmstat", "oom_kill") == kills,
	      "%ld processes were killed",
	      read_field("/proc/vmstat", "oom_kill") - kills);
	demoted = nd_counter("pages_demoted") - demoted;
	CHECK(demoted >= (long)(16 * MIB / PAGE), "%ld pages were demoted",
	      demoted);
}

/* Breaks if the OOM killer comes before the node is full. */
static void full_dram_goes_to_the_node(void)
{
	fill_without_swap(false);
}

/* A memory policy says where to allocate, not where cold pages may go. */
static void full_dram_of_a_bound_process_goes_to_the_node(void)
{
	fill_without_swap(true);
}

/* ---- cpuset.mems ------------------------------------------------------------ */

/**
 * struct pair - a cgroup within another, beside that of the test
 * @outer: directory of the outer one
 * @inner: and of the inner
 * @plain: the inner one has no cpuset of its own
 */
struct pair {
	char outer[400];
	char inner[450];
	bool plain;
};

static int pair_write(const char *dir, const char *file, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return write_text(path, "%s", text);
}

static void set_mems(const char *dir, const char *mems)
{
	int ret = mems ? pair_write(dir, "cpuset.mems", mems) : 0;

	CHECK(ret == 0, "%s to cpuset.mems of %s: %s", mems, dir,
	      strerror(-ret));
}

static void pair_set_up(struct pair *p, const char *outer, const char *inner)
{
	snprintf(p->outer, sizeof(p->outer), "%s.outer", cgroup_path());
	snprintf(p->inner, sizeof(p->inner), "%s/inner", p->outer);
	CHECK_SYS(mkdir(p->outer, 0755) == 0, "mkdir %s", p->outer);
	CHECK(pair_write(p->outer, "cgroup.subtree_control",
			 p->plain ? "+memory" : "+memory +cpuset") == 0,
	      "controllers of %s", p->outer);
	CHECK_SYS(mkdir(p->inner, 0755) == 0, "mkdir %s", p->inner);
	set_mems(p->outer, outer);
	set_mems(p->inner, inner);
	CHECK(pair_write(p->inner, "memory.swap.max", "0") == 0, "swap.max");
}

static void pair_make(struct pair *p, const char *outer, const char *inner)
{
	p->plain = false;
	pair_set_up(p, outer, inner);
}

static void pair_enter(const struct pair *p)
{
	CHECK(pair_write(p->inner, "cgroup.procs", "0") == 0, "enter %s",
	      p->inner);
}

static void pair_remove(const struct pair *p)
{
	CHECK(cgroup_write("cgroup.procs", "0") == 0, "cgroup.procs");
	wait_for(rmdir(p->inner) == 0, "rmdir %s: %m", p->inner);
	wait_for(rmdir(p->outer) == 0, "rmdir %s: %m", p->outer);
}

/* Nothing but demotion lands on the node, whatever the list names. */
static void pair_expect_dram(const struct pair *p, const struct area *a)
{
	char path[512], text[64];

	area_expect_all(a, 0);
	snprintf(path, sizeof(path), "%s/cpuset.mems.effective", p->inner);
	if (p->plain) {
		CHECK(access(path, F_OK) != 0, "%s is there", path);
		return;
	}
	CHECK(read_text(path, text, sizeof(text)) > 0 && atoi(text) == 0 &&
	      strlen(text) < 3, "cpuset.mems.effective is '%s'", text);
}

/* Reclaim in the inner cgroup once more; how many pages are demoted by now? */
static size_t pair_reclaim(const struct pair *p, const struct area *a)
{
	forget_references(getpid());
	pair_write(p->inner, "memory.reclaim", "4M swappiness=max");
	return area_count(a, device_nid());
}

/* Reclaim in the inner cgroup: are the pages demoted? */
static void pair_expect(const struct pair *p, bool demoted)
{
	struct area a;
	int i;

	pair_enter(p);
	area_map(&a, PAGES, FILL_TEXT);
	pair_expect_dram(p, &a);
	if (demoted)
		wait_for(pair_reclaim(p, &a) == PAGES,
			 "%zu of %d pages are on node %d",
			 area_count(&a, device_nid()), PAGES, device_nid());
	for (i = 0; !demoted && i < FEW; i++) {
		CHECK(pair_reclaim(p, &a) == 0, "%zu pages are on node %d",
		      area_count(&a, device_nid()), device_nid());
		usleep(100 * 1000);
	}
	area_verify(&a);
	area_unmap(&a);
}

static void cpuset_case(const char *outer, const char *inner, bool demoted)
{
	struct pair p;

	demotion(true);
	pair_make(&p, outer, inner);
	pair_expect(&p, demoted);
	pair_remove(&p);
}

static void cpuset_unwritten_allows(void)
{
	cpuset_case(NULL, NULL, true);
}

static void cpuset_that_names_the_node_allows(void)
{
	cpuset_case(NULL, "0-1", true);
}

static void cpuset_without_the_node_forbids(void)
{
	cpuset_case(NULL, "0", false);
}

static void cpuset_of_the_parent_forbids(void)
{
	cpuset_case("0", NULL, false);
	cpuset_case("0", "0-1", false);
}

static void cpuset_of_the_parent_allows(void)
{
	cpuset_case("0-1", NULL, true);
	cpuset_case("0-1", "0-1", true);
}

static void cpuset_of_the_child_forbids(void)
{
	cpuset_case("0-1", "0", false);
}

/* What is written before the node has memory holds when it has. */
static void cpuset_written_before_the_device(void)
{
	struct pair p;

	demotion(true);
	emu_online(false);
	pair_make(&p, "0-1", "0-1");
	emu_online(true);
	pair_expect(&p, true);
	pair_remove(&p);

	emu_online(false);
	pair_make(&p, "0", NULL);
	emu_online(true);
	pair_expect(&p, false);
	/* and what is written later holds at once */
	set_mems(p.outer, "0-1");
	pair_expect(&p, true);
	pair_remove(&p);
}

/* Breaks if a cgroup without a cpuset of its own is asked, and not its parent. */
static void cpuset_of_the_parent_holds_without_controller(void)
{
	static const char * const mems[] = { NULL, "0", "0-1" };
	struct pair p = { .plain = true };
	size_t i;

	demotion(true);
	for (i = 0; i < ARRAY_SIZE(mems); i++) {
		pair_set_up(&p, mems[i], NULL);
		pair_expect(&p, i != 1);
		pair_remove(&p);
	}
}

/* What is there stays there, for a second at least. */
static void expect_settled(const struct area *a)
{
	size_t n;
	int i;

	for (i = 0; i < 10; i++) {
		n = area_count(a, device_nid());
		CHECK(n == a->pages, "%zu of %zu pages are on node %d", n,
		      a->pages, device_nid());
		usleep(100 * 1000);
	}
}

/*
 * The list says where pages may come from now on. Breaks if a change moves what
 * is on the node, as it moves pages from one node of DRAM to another.
 */
static void cpuset_change_leaves_residents(void)
{
	struct pair p;
	struct area a;

	demotion(true);
	pair_make(&p, NULL, "0-1");
	pair_enter(&p);
	area_map(&a, PAGES, FILL_TEXT);
	wait_for(pair_reclaim(&p, &a) == PAGES, "%zu of %d pages are on node %d",
		 area_count(&a, device_nid()), PAGES, device_nid());
	set_mems(p.inner, "0");
	expect_settled(&a);
	area_verify(&a);
	set_mems(p.inner, "0-1");
	expect_settled(&a);
	area_verify(&a);
	area_store_all(&a, 8);
	CHECK(area_count(&a, device_nid()) == 0, "written in place");
	area_verify(&a);
	area_unmap(&a);
	pair_remove(&p);
}

/*
 * Want more than there is so slowly that kswapd keeps up, and nobody has to
 * reclaim for himself; no more of it when kswapd has demoted something.
 */
static void press_slowly(const char *stat)
{
	size_t bytes, i;
	unsigned char *p;
	pid_t pid;

	CHECK(write_text("/proc/sys/vm/drop_caches", "3") == 0, "drop_caches");
	leave_little();
	pid = vmtest_fork();
	if (!pid) {
		bytes = meminfo("MemFree") * 1024 + 64 * MIB;
		p = map_bytes(bytes);
		madvise(p, bytes, MADV_NOHUGEPAGE);
		for (i = 0; i < bytes; i += PAGE) {
			p[i] = 1;
			if (i % MIB)
				continue;
			if (read_field(stat, "pgdemote_kswapd") > 0)
				break;
			usleep(20 * 1000);
		}
		_exit(0);
	}
	vmtest_join(pid);
	set_hugepages(0);
}

/* The counterpart of the next one: kswapd takes pages of such a cgroup there. */
static void cpuset_allows_kswapd(void)
{
	char stat[512];
	struct pair p;
	struct area a;

	vmtest_swap_device();
	revive_kswapd();
	pair_make(&p, NULL, "0-1");
	CHECK(pair_write(p.inner, "memory.swap.max", "max") == 0, "swap.max");
	snprintf(stat, sizeof(stat), "%s/memory.stat", p.inner);
	pair_enter(&p);
	area_map(&a, PAGES, FILL_TEXT);
	forget_references(getpid());
	press_slowly(stat);
	wait_for(read_field(stat, "pgdemote_kswapd") > 0,
		 "kswapd demoted %ld pages of the cgroup",
		 read_field(stat, "pgdemote_kswapd"));
	area_verify(&a);
	area_unmap(&a);
	pair_remove(&p);
}

/* Breaks if kswapd or direct reclaim ask for another cgroup, or for none. */
static void cpuset_holds_under_pressure(void)
{
	struct pair p;
	struct area a;

	vmtest_swap_device();
	demotion(true);
	pair_make(&p, NULL, "0");
	CHECK(pair_write(p.inner, "memory.swap.max", "max") == 0, "swap.max");
	pair_enter(&p);
	area_map(&a, PAGES, FILL_TEXT);
	forget_references(getpid());
	press();
	CHECK(area_count(&a, device_nid()) == 0, "%zu pages are on node %d",
	      area_count(&a, device_nid()), device_nid());
	area_verify(&a);
	area_unmap(&a);
	pair_remove(&p);
}

/* ---- nodeN/reclaim ---------------------------------------------------------- */

/* Reclaim of a node once more; how many pages are in swap by now? */
static size_t node_evict(int nid, const struct area *a, size_t bytes)
{
	forget_references(getpid());
	node_reclaim(nid, bytes);
	return area_swapped(a);
}

/* Breaks if reclaim of a node looks for page cache and slab there. */
static void node_reclaim_evicts(void)
{
	struct area a;

	vmtest_swap_device();
	demotion(true);
	area_demoted(&a, PAGES, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	wait_for(node_evict(device_nid(), &a, PAGES * PAGE / 4) >= PAGES / 2,
		 "%zu of %d pages are in swap", area_swapped(&a), PAGES);
	area_verify(&a);
}

/* ---- two device nodes, one below the other --------------------------------- */

#define SLOW	1
#define DEEP	2

/* Reclaim of the cgroup once more; how many pages are on @nid then? */
static size_t reclaim_and_count(const struct area *a, int nid)
{
	reclaim_round(0, a->pages * PAGE / 4);
	return area_count(a, nid);
}

/* Out of DRAM; where to is for the caller to see. */
static void leave_dram(const struct area *a)
{
	revive_kswapd();
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	wait_for(reclaim_and_count(a, 0) == 0, "%zu of %zu pages are on node 0",
		 area_count(a, 0), a->pages);
}

/* The same, and reclaim of node 1 once more; how many are on node 2 then? */
static size_t sink(const struct area *a)
{
	reclaim_round(0, a->pages * PAGE / 4);
	node_reclaim(SLOW, a->pages * PAGE);
	return area_count(a, DEEP);
}

static void chain_has_three_tiers(void)
{
	CHECK(tier_of(0) >= 0 && tier_of(0) < tier_of(SLOW) &&
	      tier_of(SLOW) < tier_of(DEEP), "tiers: %d, %d, %d", tier_of(0),
	      tier_of(SLOW), tier_of(DEEP));
}

/*
 * Breaks if DRAM goes past the slow tier, if nothing leaves the slow tier for
 * the compressed one, or if a page that was written there comes without fence.
 */
static void chain_moves_down_step_by_step(void)
{
	struct area a;
	long came;

	/* Reclaim of the cgroup may go on to node 2: each page was on node 1. */
	setenv("VMTEST_NODE", "1", 1);
	came = nd_counter("pages_demoted");
	area_map(&a, PAGES, FILL_TEXT);
	leave_dram(&a);
	came = nd_counter("pages_demoted") - came;
	CHECK(came >= PAGES, "%ld of %d pages came to node 1", came, PAGES);
	area_store_all(&a, 5);
	CHECK(area_count(&a, DEEP) == 0, "%zu pages were written on node 2",
	      area_count(&a, DEEP));
	wait_for(sink(&a) == PAGES, "%zu of %d pages are on node 2",
		 area_count(&a, DEEP), PAGES);
	area_verify(&a);
	area_store_all(&a, 6);
	CHECK(area_count(&a, DEEP) == 0, "%zu pages were written in place",
	      area_count(&a, DEEP));
	area_verify(&a);
}

/* Pages that the kswapds of DRAM and of the slow tier have looked at. */
static long scanned_by_kswapd(const char *key)
{
	return nd_vmstat(0, key) + nd_vmstat(SLOW, key);
}

/* Breaks if a kswapd goes on for ever because it finds nowhere to put pages. */
static void expect_kswapd_rests(void)
{
	CHECK(wait_at_rest(scanned_by_kswapd, "pgscan_kswapd") >= 0,
	      "no pgscan_kswapd");
}

/* The last tier is full: swap is below the slow one, then. */
static void chain_goes_on_to_swap(void)
{
	long limit = emu_range_counter(1, "phys_total");
	struct area a;

	vmtest_swap_device();
	emu_set_limit(1, 1 * MIB);
	area_map(&a, 4 * MIB / PAGE, FILL_RANDOM);
	leave_dram(&a);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	wait_for(node_evict(SLOW, &a, a.pages * PAGE) >= a.pages / 2,
		 "%zu of %zu pages are in swap, %zu on node 1, %zu on node 2",
		 area_swapped(&a), a.pages, area_count(&a, SLOW),
		 area_count(&a, DEEP));
	CHECK(emu_range_counter(1, "violations") == 0, "node 2 held too much");
	expect_kswapd_rests();
	area_verify(&a);
	emu_set_limit(1, limit);
}

/* Nor swap: reclaim gives up in the end, and a limit still kills. */
static void chain_ends_without_swap(void)
{
	long limit = emu_range_counter(1, "phys_total");
	struct area a;

	emu_set_limit(1, 1 * MIB);
	area_map(&a, 4 * MIB / PAGE, FILL_RANDOM);
	leave_dram(&a);
	forget_references(getpid());
	CHECK(node_reclaim(SLOW, 64 * MIB) == EAGAIN,
	      "reclaim of 64 MiB from node 1 did not give up");
	cgroup_expect_oom(8 * MIB);
	CHECK(cgroup_write("memory.max", "max") == 0, "memory.max");
	CHECK(area_count(&a, 0) + area_count(&a, SLOW) + area_count(&a, DEEP)
	      == a.pages, "pages are elsewhere");
	expect_kswapd_rests();
	area_verify(&a);
	emu_set_limit(1, limit);
}

static const struct vmtest tests[] = {
	VMTEST(node_is_in_a_tier_of_its_own),
	VMTEST(pressure_demotes),
	VMTEST(demotion_off_stops_all_reclaim),
	VMTEST(demotion_off_stops_node_reclaim),
	VMTEST(demotion_off_leaves_limits_to_swap),
	VMTEST(pageout_goes_past_the_node),
	VMTEST(full_dram_goes_to_the_node),
	VMTEST(full_dram_of_a_bound_process_goes_to_the_node),
	VMTEST(cpuset_unwritten_allows),
	VMTEST(cpuset_that_names_the_node_allows),
	VMTEST(cpuset_without_the_node_forbids),
	VMTEST(cpuset_of_the_parent_forbids),
	VMTEST(cpuset_of_the_parent_allows),
	VMTEST(cpuset_of_the_child_forbids),
	VMTEST(cpuset_written_before_the_device),
	VMTEST(cpuset_of_the_parent_holds_without_controller),
	VMTEST(cpuset_change_leaves_residents),
	VMTEST(cpuset_allows_kswapd),
	VMTEST(cpuset_holds_under_pressure),
	VMTEST(node_reclaim_evicts),
	VMTEST(chain_has_three_tiers),
	VMTEST(chain_moves_down_step_by_step),
	VMTEST(chain_goes_on_to_swap),
	VMTEST(chain_ends_without_swap),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
