// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel does by itself when the device has less room: the levels of
 * pressure, the balloon, and that nothing is lost when capacity is cut.
 *
 * Needs a device whose physical space is a fraction of its logical one.
 * Environment: VMTEST_SWAPDEV, a swap device that is on.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/pages.h"
#include "lib/policy.h"
#include "lib/slow_disk.h"

#define EMU		"/sys/kernel/debug/cram_emu/"
#define MIB		(1UL << 20)
#define FAIL		"/sys/kernel/debug/fail_page_alloc/"
#define ROUNDS		8
#define FILL_ROUNDS	120
#define SLOW_BYTES	(128 * MIB)

static bool pressure_is(const char *level)
{
	char now[32];

	CHECK(nd_text("pressure", now, sizeof(now)) > 0, "no pressure file");
	return !strcmp(now, level);
}

static long physical_total(void)
{
	return nd_counter("physical_total");
}

static long physical_used(void)
{
	return nd_counter("physical_used");
}

/* Workers of the kernel, and those that will be made, may or may not be told no. */
static void fail_in_workers(bool fail)
{
	char path[64], comm[32];
	struct dirent *d;
	DIR *proc;
	int pid;

	proc = opendir("/proc");
	if (!proc)
		return;
	while ((d = readdir(proc))) {
		pid = atoi(d->d_name);
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		if (!pid || read_text(path, comm, sizeof(comm)) <= 0 ||
		    (strcmp(comm, "kthreadd") && strncmp(comm, "kworker/", 8)))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/make-it-fail", pid);
		write_text(path, "%d", fail);
	}
	closedir(proc);
}

/* DRAM has nothing for those that do not wait, and evacuation does not. */
static void start_failing(void)
{
	static const struct {
		const char *file;
		const char *value;
	} settings[] = {
		{ FAIL "task-filter", "1" },
		{ FAIL "min-order", "0" },
		{ FAIL "ignore-gfp-highmem", "0" },
		{ FAIL "verbose", "0" },
		{ FAIL "times", "-1" },
		{ FAIL "probability", "100" },
	};
	size_t i;
	int ret;

	if (access(FAIL, X_OK))
		vmtest_skip("the kernel cannot let allocations fail");
	fail_in_workers(true);
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		ret = write_text(settings[i].file, "%s", settings[i].value);
		CHECK(ret == 0, "%s: %s", settings[i].file, strerror(-ret));
	}
}

static void stop_failing(void)
{
	write_text(FAIL "probability", "0");
	fail_in_workers(false);
}

static void leave_slow_swap(void)
{
	slow_disk_rate(DISK_FAST);
	swapoff(SLOW_DISK);
	slow_disk_small_requests(false);
}

/*
 * What went wrong before is not this test's: start at OK, with all there is and
 * nothing on the node. The device may still have reports on their way, each of
 * which counts for a while.
 */
static void begin(void)
{
	stop_failing();
	leave_slow_swap();
	emu_set_limit(0, emu_counter("phys_total"));
	wait_long(4, pressure_is("ok") && !nd_counter("balloon_target") &&
		     !nd_counter("balloon_pages"),
		  "the node does not come to rest: balloon of %ld pages, target %ld, %ld of %ld bytes used, %ld resident, pressure ok: %d",
		  nd_counter("balloon_pages"), nd_counter("balloon_target"),
		  physical_used(), physical_total(),
		  nd_counter("logical_used"), pressure_is("ok"));
}

static void end(const struct area *a)
{
	area_verify(a);
	CHECK(emu_counter("violations") == 0,
	      "the device held more than it had %ld times",
	      emu_counter("violations"));
}

/* Pages on their way in count as if they did not compress: the level may fall again. */
static bool pressure_stays_high(void)
{
	if (!pressure_is("high"))
		return false;
	usleep(200 * 1000);
	return pressure_is("high");
}

/* The nearer to HIGH, the fewer come in at a time; later tries give aging its time. */
static void fill_up(struct area *a)
{
	int i;

	for (i = 0; i < FILL_ROUNDS && !pressure_stays_high(); i++)
		area_try_demote(a, 6);
}

/* Random pages, more than the device can hold raw. */
static void fill(struct area *a)
{
	area_map(a, physical_total() / PAGE + 1024, FILL_RANDOM);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	fill_up(a);
}

/* Below HIGH all of it comes in, at LOW with delay; at HIGH nothing does. */
static void admission_slows_and_stops(void)
{
	long slowed, total, demoted;
	struct area a;

	begin();
	slowed = nd_counter("pages_slowed");
	total = physical_total();
	fill(&a);
	CHECK(nd_counter("pages_slowed") > slowed, "no page was held back");
	CHECK(physical_used() >= total * 85 / 100,
	      "only %ld of %ld bytes are used", physical_used(), total);
	CHECK(physical_used() <= total * 95 / 100,
	      "%ld of %ld bytes are used: admission did not stop",
	      physical_used(), total);
	wait_for(pressure_is("high"), "the level is not high");
	demoted = nd_counter("pages_demoted");
	area_try_demote(&a, 2);
	CHECK(nd_counter("pages_demoted") == demoted,
	      "%ld pages came in at HIGH",
	      nd_counter("pages_demoted") - demoted);
	end(&a);
}

/* Wait until a number of the node has not changed for a while; returns it. */
static long at_rest(const char *name)
{
	return wait_at_rest(nd_counter, name);
}

/* Read a part of the disk into page cache and have that reclaimed. */
static void stream(size_t bytes)
{
	static char buf[1 << 16];
	size_t done;
	int fd, ret;

	fd = open(SLOW_DISK, O_RDONLY | O_CLOEXEC);
	CHECK_SYS(fd >= 0, "open %s", SLOW_DISK);
	for (done = 0; done < bytes; done += sizeof(buf))
		CHECK_SYS(read(fd, buf, sizeof(buf)) == sizeof(buf), "read %s",
			  SLOW_DISK);
	ret = cgroup_write("memory.reclaim", "%zu swappiness=0", bytes);
	CHECK(ret == 0 || ret == -EAGAIN || ret == -EINTR, "memory.reclaim: %s",
	      strerror(-ret));
	close(fd);
}

/*
 * A closed node makes room for folios that could come in, and for no others.
 * Breaks if asking whether the node has room counts as wanting in: reclaim of
 * page cache asks, too.
 */
static void streaming_reads_evict_nothing(void)
{
	long reclaimed, now;
	struct area a;
	size_t there;
	int i;

	vmtest_swap_device();
	begin();
	fill(&a);
	wait_for(pressure_is("high"), "the level is not high");
	/* What the filling has turned away must be forgotten before swap is on. */
	at_rest("pages_reclaimed");
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	reclaimed = at_rest("pages_reclaimed");
	there = area_count(&a, device_nid());
	for (i = 0; i < ROUNDS; i++) {
		stream(32 * MIB);
		usleep(500 * 1000);
	}
	now = at_rest("pages_reclaimed");
	CHECK(now == reclaimed, "%ld pages were reclaimed", now - reclaimed);
	CHECK(area_count(&a, device_nid()) == there,
	      "%zu of %zu pages are on the node", area_count(&a, device_nid()),
	      there);
	CHECK(pressure_is("high"), "the level is not high any more");

	area_try_demote(&a, 2);
	wait_for(nd_counter("pages_reclaimed") > reclaimed,
		 "nothing leaves for folios that are turned away");
	end(&a);
}

/* At HIGH the balloon takes the free pages, and gives them back after it. */
static void balloon_takes_and_gives(void)
{
	long free_before, balloon;
	struct area a;

	begin();
	free_before = nd_meminfo(device_nid(), "MemFree");
	fill(&a);
	wait_for(pressure_is("high"), "the level is not high");
	wait_for(nd_meminfo(device_nid(), "MemFree") * 1024 <
		 (long)(nd_counter("logical_total") / 8),
		 "%ld KiB of the node are free, before it were %ld",
		 nd_meminfo(device_nid(), "MemFree"), free_before);
	balloon = nd_counter("balloon_pages");
	CHECK(balloon > 0, "the balloon is empty");
	CHECK(nd_counter("balloon_in") > 0 && emu_counter("trimmed") > 0,
	      "the device was not told of the pages that the balloon took");
	end(&a);
	area_unmap(&a);
	wait_for(pressure_is("ok"), "the level stays although all is free");
	wait_for(nd_counter("balloon_pages") < balloon / 2,
		 "the balloon keeps %ld of %ld pages",
		 nd_counter("balloon_pages"), balloon);
}

/* Most of them will do: to try on brings in what else the process has. */
static void grow(struct area *a, enum fill kind)
{
	size_t most;
	int i;

	area_map(a, physical_total() / 2 / PAGE, kind);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	most = a->pages * 9 / 10;
	for (i = 0; i < FILL_ROUNDS && area_count(a, device_nid()) < most; i++)
		area_try_demote(a, 1);
	CHECK(area_count(a, device_nid()) >= most,
	      "only %zu of %zu pages reached the node",
	      area_count(a, device_nid()), a->pages);
}

/*
 * The usable size goes by what the data compress to: pages that do not shrink
 * leave room for few others, zero pages for many.
 */
static void balloon_follows_the_ratio(void)
{
	long raw, zero;
	struct area a;

	begin();
	grow(&a, FILL_RANDOM);
	wait_for(nd_counter("balloon_target") > 0 &&
		 nd_counter("balloon_pages") == nd_counter("balloon_target"),
		 "balloon of %ld pages, target %ld",
		 nd_counter("balloon_pages"), nd_counter("balloon_target"));
	raw = nd_counter("balloon_pages");
	area_unmap(&a);

	grow(&a, FILL_ZERO);
	wait_for(nd_counter("balloon_pages") < raw / 4,
		 "the balloon keeps %ld pages, with raw data it had %ld",
		 nd_counter("balloon_pages"), raw);
	zero = nd_counter("balloon_pages");
	area_unmap(&a);

	grow(&a, FILL_RANDOM);
	wait_for(nd_counter("balloon_pages") > zero + (raw - zero) / 2,
		 "the balloon has %ld pages again, it had %ld and %ld",
		 nd_counter("balloon_pages"), raw, zero);
	end(&a);
}

/* The device has so much less at once; what is too much leaves it. */
static void cut_to(int percent)
{
	long limit = emu_counter("phys_total") / 100 * percent;

	emu_set_limit(0, limit);
	wait_for(physical_used() <= limit,
		 "%ld bytes are used, the device has %ld (reclaimed %ld, evacuated %ld)",
		 physical_used(), limit, nd_counter("pages_reclaimed"),
		 nd_counter("pages_evacuated"));
}

/* The same for every way out and every kind of report. */
static void cut(struct area *a, int percent)
{
	fill(a);
	cut_to(percent);
}

/*
 * Swap takes what leaves. While the device holds too much, pages go to DRAM at
 * once, and to swap as fast as that is: with both it is chance who gets how much.
 * So DRAM takes nothing in the beginning.
 */
static void lost_capacity_goes_to_swap(void)
{
	long reclaimed, evacuated;
	struct area a;
	size_t gone;

	vmtest_swap_device();
	begin();
	fill(&a);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	reclaimed = nd_counter("pages_reclaimed");
	evacuated = nd_counter("pages_evacuated");
	gone = area_count(&a, device_nid());
	start_failing();
	cut_to(50);
	gone -= area_count(&a, device_nid());
	CHECK(area_swapped(&a) >= gone, "%zu pages left, %zu are in swap", gone,
	      area_swapped(&a));
	CHECK(nd_counter("pages_evacuated") == evacuated,
	      "%ld pages were evacuated",
	      nd_counter("pages_evacuated") - evacuated);
	stop_failing();
	wait_for(nd_counter("pages_reclaimed") > reclaimed,
		 "pages_reclaimed did not move");
	cut_to(25);
	end(&a);
}

/* Nothing may be swapped: it goes to DRAM, where it came from. */
static void lost_capacity_goes_to_dram(void)
{
	long evacuated = nd_counter("pages_evacuated");
	struct area a;

	begin();
	cut(&a, 25);
	wait_for(nd_counter("pages_evacuated") > evacuated,
		 "pages_evacuated did not move");
	CHECK(cgroup_number("memory.swap.current") == 0, "%ld bytes are in swap",
	      cgroup_number("memory.swap.current"));
	end(&a);
}

/*
 * The device has all that it holds and little more, and nothing may be swapped:
 * DRAM takes what ageing cannot. Breaks if CRITICAL waits until the device is
 * over its capacity, or kills where that is not so.
 */
static void critical_alone_goes_to_dram(void)
{
	long kills = nd_counter("kills"), evacuated, critical, limit;
	struct area a;

	begin();
	fill(&a);
	wait_for(pressure_is("high"), "the level is not high");
	limit = at_rest("physical_used") / 98 * 100;
	evacuated = nd_counter("pages_evacuated");
	critical = nd_counter("pressure_critical");
	emu_set_limit(0, limit);
	CHECK(physical_used() < limit, "%ld bytes are used, the device has %ld",
	      physical_used(), limit);
	wait_for(nd_counter("pressure_critical") > critical,
		 "the level is not critical: %ld of %ld bytes are used",
		 physical_used(), physical_total());
	wait_for(nd_counter("pages_evacuated") > evacuated,
		 "pages_evacuated did not move");
	wait_for(!pressure_is("critical"),
		 "the level stays critical: %ld of %ld bytes are used",
		 physical_used(), physical_total());
	CHECK(nd_counter("kills") == kills, "%ld processes were killed",
	      nd_counter("kills") - kills);
	CHECK(cgroup_number("memory.swap.current") == 0, "%ld bytes are in swap",
	      cgroup_number("memory.swap.current"));
	end(&a);
}

static void capacity_comes_back(void)
{
	struct area a;

	begin();
	cut(&a, 25);
	wait_for(!pressure_is("critical"), "the level stays critical");
	emu_set_limit(0, emu_counter("phys_total"));
	wait_for(pressure_is("ok"), "the level does not come back to ok");
	wait_for(physical_total() == emu_counter("phys_total"),
		 "physical_total is %ld", physical_total());
	area_demote_more(&a);
	end(&a);
}

/* ---- reports that cannot be trusted --------------------------------------- */

static void inject(const char *fault, int probability)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), EMU "%s/probability", fault);
	if (access(path, W_OK))
		vmtest_skip("%s is not there: no fault injection", path);
	ret = write_text(path, "%d", probability);
	CHECK(ret == 0, "%s: %s", path, strerror(-ret));
	snprintf(path, sizeof(path), EMU "%s/times", fault);
	ret = write_text(path, "-1");
	CHECK(ret == 0, "%s: %s", path, strerror(-ret));
}

static const char *injected;

static void stop_injecting(void)
{
	char path[128];

	if (!injected)
		return;
	snprintf(path, sizeof(path), EMU "%s/probability", injected);
	write_text(path, "0");
}

/* Somebody else pushes pages to the node all the while. */
static pid_t start_load(void)
{
	pid_t pid = vmtest_fork();
	struct area a;

	if (pid)
		return pid;
	area_map(&a, 1024, FILL_TEXT);
	for (;;) {
		size_t i;

		area_try_demote(&a, 1);
		for (i = 0; i < a.pages; i += 3)
			area_set(&a, i, 8, i);
		for (i = 0; i < a.pages; i += 3)
			area_page(&a, i)[8] = i;
		area_verify(&a);
	}
}

static void cut_with(const char *fault, int probability)
{
	struct area a;
	int status;
	pid_t load;

	begin();
	injected = fault;
	atexit(stop_injecting);
	inject(fault, probability);
	load = start_load();
	cut(&a, 25);
	CHECK(waitpid(load, &status, WNOHANG) == 0,
	      "the load ended with status %#x", status);
	kill(load, SIGKILL);
	waitpid(load, &status, 0);
	stop_injecting();
	end(&a);
	emu_set_limit(0, emu_counter("phys_total"));
	wait_for(pressure_is("ok"), "the level does not come back to ok");
}

static void missing_reports_lose_nothing(void)
{
	cut_with("drop_report", 100);
}

static void late_reports_lose_nothing(void)
{
	cut_with("late_report", 100);
}

static void wrong_reports_lose_nothing(void)
{
	cut_with("wrong_report", 100);
}

static void repeated_reports_lose_nothing(void)
{
	cut_with("repeat_report", 100);
}

static void refused_trims_lose_nothing(void)
{
	cut_with("fail_trim", 100);
}

/* Pages take more than they would: compressibility collapses. */
static void growing_pages_lose_nothing(void)
{
	struct area a;

	begin();
	injected = "size_jitter";
	atexit(stop_injecting);
	inject(injected, 50);
	area_map(&a, physical_total() / PAGE * 2, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	area_try_demote(&a, ROUNDS);
	CHECK(physical_used() <= physical_total(), "%ld of %ld bytes are used",
	      physical_used(), physical_total());
	stop_injecting();
	end(&a);
}

/* A reservation in twenty fails: that page and the rest of its chunk stay. */
static void failing_reservations_lose_nothing(void)
{
	long refused = nd_counter("pages_refused_device");
	struct area a;

	begin();
	injected = "fail_reserve";
	atexit(stop_injecting);
	inject(injected, 5);
	area_map(&a, 2048, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	area_try_demote(&a, ROUNDS);
	CHECK(nd_counter("pages_refused_device") > refused,
	      "no page was refused");
	stop_injecting();
	end(&a);
}

/* ---- the last resort ------------------------------------------------------- */

/* From now on pages go to a swap device that is not as fast as it should be. */
static void use_slow_swap(long bytes_per_second)
{
	CHECK_SYS(swapon(SLOW_DISK, SWAP_FLAG_PREFER | 10) == 0, "swapon %s",
		  SLOW_DISK);
	slow_disk_rate(bytes_per_second);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
}

/* Such swap gives nothing back: what it gets must fit in what is left. */
static void use_hung_swap(bool small_requests)
{
	slow_disk_small_requests(small_requests);
	use_slow_swap(DISK_HANGS);
	CHECK(cgroup_write("memory.swap.max", "%lu", 8 * MIB) == 0,
	      "memory.swap.max");
}

/*
 * Swap has begun to take pages, and none arrives: the others can go to DRAM, and
 * there is room for those few that cannot.
 */
static void only_dram_helps(bool small_requests)
{
	long evacuated = nd_counter("pages_evacuated");
	struct area a;

	begin();
	fill(&a);
	use_hung_swap(small_requests);
	cut_to(25);
	wait_for(nd_counter("pages_evacuated") > evacuated,
		 "pages_evacuated did not move");
	leave_slow_swap();
	end(&a);
}

static void hung_swap_leaves_dram(void)
{
	only_dram_helps(false);
}

/*
 * Who writes to swap that takes no request waits for it. Breaks if what has to
 * empty the node is that one.
 */
static void blocked_swap_leaves_dram(void)
{
	only_dram_helps(true);
}

static long node_writeback(void)
{
	return nd_vmstat(device_nid(), "nr_writeback");
}

/*
 * Have a policy ask for as many pages, and swap not answer. The balloon must be
 * at rest: kswapd misses the free pages that it takes during a pass.
 */
static void ask_with_hung_swap(struct policy *p, struct area *a, long asked)
{
	int ret;

	begin();
	area_demoted(a, physical_total() / PAGE / 4, FILL_RANDOM);
	at_rest("balloon_pages");
	use_slow_swap(DISK_HANGS);
	policy_open(p, "asks", device_nid());
	policy_tune(p, "pages", asked);
	ret = policy_load(p);
	CHECK(ret == 0, "loading asks: %s", strerror(-ret));
	ret = policy_attach(p);
	CHECK(ret == 0, "attaching asks: %s", strerror(-ret));
	wait_for(node_writeback() >= asked / 2, "%ld pages go to swap",
		 node_writeback());
}

/*
 * Nothing is reclaimed before swap has answered. Breaks if kswapd takes the
 * delay as a reason to send more than the policy has asked for.
 */
static void small_request_sends_little(void)
{
	const long asked = 64;
	struct policy p;
	struct area a;
	int i;

	ask_with_hung_swap(&p, &a, asked);
	/* Several looks of the kernel, and longer than a request is kept. */
	for (i = 0; i < 10; i++) {
		CHECK(node_writeback() <= 8 * asked,
		      "%ld pages go to swap, the policy has asked for %ld",
		      node_writeback(), asked);
		sleep(1);
	}
	policy_close(&p);
	leave_slow_swap();
	end(&a);
}

/* DRAM is full, and swap takes what must leave, in many times three seconds. */
static void slow_swap_kills_nobody(void)
{
	long kills = nd_counter("kills"), reclaimed, limit;
	struct area a;

	begin();
	fill(&a);
	use_slow_swap(3 * MIB);
	start_failing();
	reclaimed = nd_counter("pages_reclaimed");
	limit = emu_counter("phys_total") / 4;
	emu_set_limit(0, limit);
	wait_long(2, physical_used() <= limit,
		  "%ld bytes are used, the device has %ld (reclaimed %ld, evacuated %ld)",
		  physical_used(), limit,
		  nd_counter("pages_reclaimed") - reclaimed,
		  nd_counter("pages_evacuated"));
	stop_failing();
	leave_slow_swap();
	CHECK(nd_counter("kills") == kills, "%ld processes were killed",
	      nd_counter("kills") - kills);
	wait_for(nd_counter("pages_reclaimed") > reclaimed,
		 "pages_reclaimed did not move");
	end(&a);
}

/* DRAM is full: somebody goes, and what is left fits. */
static void only_killing_helps(bool hung_swap, bool small_requests)
{
	long kills = nd_counter("kills"), limit;
	struct turn full;
	int status = 0;
	pid_t victim;

	begin();
	turn_init(&full);
	victim = vmtest_fork();
	if (!victim) {
		struct area a;

		if (write_text("/proc/self/oom_score_adj", "1000"))
			_exit(2);
		fill(&a);
		turn_give(&full);
		for (;;)
			pause();
	}
	turn_take(&full);
	if (hung_swap)
		use_hung_swap(small_requests);
	start_failing();
	limit = emu_counter("phys_total") / 4;
	emu_set_limit(0, limit);
	wait_long(2, waitpid(victim, &status, WNOHANG) == victim,
		  "nobody was killed: %ld bytes are used, the device has %ld (evacuated %ld, pressure high: %d)",
		  physical_used(), limit, nd_counter("pages_evacuated"),
		  pressure_is("high"));
	stop_failing();
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "it ended with status %#x", status);
	wait_for(nd_counter("kills") > kills, "the node did not do it");
	/* What is on its way stays until it has arrived, its owner or not. */
	if (hung_swap)
		slow_disk_rate(DISK_FAST);
	wait_for(physical_used() <= limit, "%ld bytes are used, the device has %ld",
		 physical_used(), limit);
	CHECK(emu_counter("violations") == 0,
	      "the device held more than it had %ld times",
	      emu_counter("violations"));
	if (hung_swap)
		leave_slow_swap();
	emu_set_limit(0, emu_counter("phys_total"));
}

static void nothing_helps_but_to_kill(void)
{
	only_killing_helps(false, false);
}

/* The worker that has to do it does not wait for swap itself. */
static void hung_swap_leaves_killing(void)
{
	only_killing_helps(true, false);
}

static void blocked_swap_leaves_killing(void)
{
	only_killing_helps(true, true);
}

/* ---- what must go on ------------------------------------------------------- */

/* A full node, no swap: a limit kills inside of the cgroup, and nobody hangs. */
static void full_node_and_no_swap_ends_in_oom(void)
{
	struct area a;

	begin();
	fill(&a);
	cgroup_expect_oom(4 * MIB);
	end(&a);
}

/* The node goes and comes while its balloon is full and it is being emptied. */
static void node_leaves_while_it_is_emptied(void)
{
	struct area a;
	int i, ret;

	begin();
	fill(&a);
	for (i = 0; i < 5; i++) {
		emu_set_limit(0, emu_counter("phys_total") / 4);
		ret = write_text(EMU "online", "0");
		CHECK(ret == 0, "offline, round %d: %s", i, strerror(-ret));
		CHECK(area_count(&a, device_nid()) == 0,
		      "%zu pages are on a node that is gone",
		      area_count(&a, device_nid()));
		emu_set_limit(0, emu_counter("phys_total"));
		ret = write_text(EMU "online", "1");
		CHECK(ret == 0, "online, round %d: %s", i, strerror(-ret));
		area_demote_more(&a);
	}
	end(&a);
}

/* The process that takes the node away; it may have to be told to end. */
static pid_t start_removal(void)
{
	pid_t pid = vmtest_fork();

	if (!pid) {
		write_text(EMU "online", "0");
		_exit(0);
	}
	return pid;
}

static void expect_live(void)
{
	char state[32];

	CHECK(nd_text("state", state, sizeof(state)) > 0 &&
	      !strcmp(state, "live"), "the node is '%s'", state);
}

/*
 * Pages are on their way to swap that does not answer. The others go to DRAM,
 * and who removes the node can be told to give up. Breaks if removal waits for
 * swap, before it has moved what it can or in a way that no signal ends.
 */
static void removal_does_not_wait_for_hung_swap(void)
{
	int status, ret;
	struct policy p;
	struct area a;
	pid_t pid;

	ask_with_hung_swap(&p, &a, 64);
	policy_close(&p);
	pid = start_removal();
	wait_for(area_count(&a, 0) + area_swapped(&a) == a.pages,
		 "%zu pages are on the node, %zu go to swap",
		 area_count(&a, device_nid()), area_swapped(&a));
	CHECK(node_writeback() > 0, "swap has answered");
	kill(pid, SIGTERM);
	wait_for(waitpid(pid, &status, WNOHANG) == pid,
		 "the removal does not end");
	expect_live();

	leave_slow_swap();
	ret = write_text(EMU "online", "0");
	CHECK(ret == 0, "offline: %s", strerror(-ret));
	area_expect_all(&a, 0);
	area_verify(&a);
	ret = write_text(EMU "online", "1");
	CHECK(ret == 0, "online: %s", strerror(-ret));
	expect_live();
	end(&a);
}

/* A memory block goes offline although the balloon has pages of it. */
static void block_goes_offline_under_the_balloon(void)
{
	char path[128], link[128];
	int i, ret, done = 0;
	struct area a;

	begin();
	fill(&a);
	wait_for(nd_counter("balloon_pages") > 0, "the balloon is empty");
	for (i = 0; i < 512 && !done; i++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/memory/memory%d/state", i);
		snprintf(link, sizeof(link),
			 "/sys/devices/system/memory/memory%d/node%d", i,
			 device_nid());
		if (access(link, F_OK))
			continue;
		ret = write_text(path, "offline");
		CHECK(ret == 0, "%s: %s", path, strerror(-ret));
		ret = write_text(path, "online_movable");
		CHECK(ret == 0, "%s: %s", path, strerror(-ret));
		done++;
	}
	CHECK(done, "the node has no memory block");
	/* All data may have been in that block, and are in DRAM then. */
	fill_up(&a);
	wait_for(nd_counter("balloon_pages") > 0,
		 "the balloon did not come back");
	end(&a);
}

static const struct vmtest tests[] = {
	VMTEST(admission_slows_and_stops),
	VMTEST(streaming_reads_evict_nothing),
	VMTEST(balloon_takes_and_gives),
	VMTEST(balloon_follows_the_ratio),
	VMTEST(lost_capacity_goes_to_swap),
	VMTEST(lost_capacity_goes_to_dram),
	VMTEST(critical_alone_goes_to_dram),
	VMTEST(capacity_comes_back),
	VMTEST(missing_reports_lose_nothing),
	VMTEST(late_reports_lose_nothing),
	VMTEST(wrong_reports_lose_nothing),
	VMTEST(repeated_reports_lose_nothing),
	VMTEST(refused_trims_lose_nothing),
	VMTEST(growing_pages_lose_nothing),
	VMTEST(failing_reservations_lose_nothing),
	VMTEST(hung_swap_leaves_dram),
	VMTEST(blocked_swap_leaves_dram),
	VMTEST(small_request_sends_little),
	VMTEST(slow_swap_kills_nobody),
	VMTEST(nothing_helps_but_to_kill),
	VMTEST(hung_swap_leaves_killing),
	VMTEST(blocked_swap_leaves_killing),
	VMTEST(full_node_and_no_swap_ends_in_oom),
	VMTEST(node_leaves_while_it_is_emptied),
	VMTEST(removal_does_not_wait_for_hung_swap),
	VMTEST(block_goes_offline_under_the_balloon),
};

int main(int argc, char **argv)
{
	int ret, rc;

	ret = slow_disk_start(SLOW_BYTES);
	if (ret || system("mkswap " SLOW_DISK " >/dev/null")) {
		fprintf(stderr, "%s: %s\n", SLOW_DISK,
			ret ? strerror(-ret) : "mkswap failed");
		return 2;
	}
	rc = vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
	stop_failing();
	leave_slow_swap();
	slow_disk_stop();
	return rc;
}
