// SPDX-License-Identifier: GPL-2.0
/*
 * What a write to a page of the device node costs its cgroup, and who gets to
 * see it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/pages.h"

#define PAGES		512
#define WRITERS		8
#define CHARGE_BATCH	64	/* MEMCG_CHARGE_BATCH, in pages */

/* A write counts as a refault for so long after the demotion. */
#define REFAULT_SECONDS	10

/* So many rounds of reclaim take less, except on a very slow machine. */
#define BOUNCE_ROUNDS	8

/* The test's own stack and heap are demoted, too, and come back early. */
#define STRAY_PAGES	16

static void store(const struct area *a, size_t page, size_t off)
{
	*(volatile unsigned char *)(area_page(a, page) + off) = off + 7;
}

static void expect_stored(struct area *a, size_t offs)
{
	size_t i, off;

	for (i = 0; i < a->pages; i++)
		for (off = 0; off < offs; off++)
			area_set(a, i, off, off + 7);
	area_verify(a);
	CHECK(area_count(a, device_nid()) == 0, "%zu pages are still there",
	      area_count(a, device_nid()));
}

/* ---- nothing left below the limit ----------------------------------------- */

/*
 * Files that are open and were read, since to open one is to allocate.
 */
struct limit {
	int current;
	int peak;
	int max;
	long bytes;
};

static int cgroup_open(const char *file, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup_path(), file);
	fd = open(path, flags | O_CLOEXEC);
	CHECK_SYS(fd >= 0, "open %s", path);
	return fd;
}

static long number_at(int fd)
{
	char buf[32] = "";

	CHECK_SYS(pread(fd, buf, sizeof(buf) - 1, 0) > 0, "read");
	return strtol(buf, NULL, 10);
}

static void set_max(const struct limit *l, const char *max)
{
	CHECK_SYS(pwrite(l->max, max, strlen(max), 0) == (ssize_t)strlen(max),
		  "memory.max");
}

static unsigned char *map_filler(void)
{
	unsigned char *p = map_huge();

	madvise(p, HUGE_BYTES, MADV_NOHUGEPAGE);
	/* one page of page tables, that is there from now on */
	*p = 1;
	return p;
}

/*
 * From here until limit_off() the cgroup cannot get a single page: none is left
 * in the stocks of the CPUs, which were emptied (a lower memory.high does that),
 * and which near the limit are filled no more. But for @slack pages.
 */
static void limit_on(struct limit *l, int slack)
{
	unsigned char *filler;
	char max[32];
	size_t i;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	filler = map_filler();
	l->current = cgroup_open("memory.current", O_RDONLY);
	l->peak = cgroup_open("memory.peak", O_RDWR);
	l->max = cgroup_open("memory.max", O_RDWR);
	number_at(l->peak);
	CHECK(cgroup_write("memory.high", "%ld",
			   number_at(l->current) - (long)PAGE) == 0 &&
	      cgroup_write("memory.high", "max") == 0, "memory.high");
	l->bytes = number_at(l->current) + 100 * (long)PAGE;
	snprintf(max, sizeof(max), "%ld", l->bytes);
	set_max(l, max);
	for (i = 1; i < 400 && number_at(l->current) < l->bytes; i++)
		filler[i * PAGE] = 1;
	CHECK(number_at(l->current) == l->bytes,
	      "memory.current is %ld, memory.max %ld", number_at(l->current),
	      l->bytes);
	l->bytes += slack * (long)PAGE;
	snprintf(max, sizeof(max), "%ld", l->bytes);
	set_max(l, max);
	CHECK_SYS(pwrite(l->peak, "0", 1, 0) == 1, "memory.peak");
}

/*
 * A page in the place of another is charged a moment before that is uncharged:
 * one for each CPU or writer, @pages in all.
 */
static void limit_off(const struct limit *l, int pages)
{
	long peak = number_at(l->peak);
	long current = number_at(l->current);

	set_max(l, "max");
	CHECK(cgroup_field("memory.events", "oom_kill") == 0,
	      "the cgroup had %ld OOM kills",
	      cgroup_field("memory.events", "oom_kill"));
	CHECK(peak <= l->bytes + pages * (long)PAGE,
	      "memory.current was %ld, memory.max %ld", peak, l->bytes);
	CHECK(current <= l->bytes, "memory.current is %ld, memory.max %ld",
	      current, l->bytes);
}

/* Breaks if the copy is charged while the page it replaces still is. */
static void write_at_the_limit(void)
{
	struct area a, warm;
	struct limit l;
	size_t i;

	vmtest_use_cpu(0);
	area_map(&warm, 1, FILL_TEXT);
	area_demoted(&a, PAGES, FILL_TEXT);
	store(&warm, 0, 0);
	limit_on(&l, 0);
	for (i = 0; i < a.pages; i++)
		store(&a, i, 0);
	limit_off(&l, 1);
	expect_stored(&a, 1);
}

/* An unshare, here for O_DIRECT, is a copy as well. */
static void pin_at_the_limit(void)
{
	const char *dev = vmtest_swap_device();
	struct limit l;
	struct area a;
	int fd;

	vmtest_use_cpu(0);
	fd = open(dev, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		vmtest_skip("%s cannot be read: %m", dev);
	area_map(&a, 1, FILL_TEXT);
	CHECK_SYS(pread(fd, a.p, PAGE, 0) == (ssize_t)PAGE, "read %s", dev);
	area_unmap(&a);
	area_demoted(&a, 16, FILL_TEXT);
	limit_on(&l, 0);
	CHECK_SYS(pread(fd, a.p, a.pages * PAGE, 0) ==
		  (ssize_t)(a.pages * PAGE), "read %s", dev);
	limit_off(&l, 1);
	CHECK(area_count(&a, device_nid()) == 0, "%zu pages are still there",
	      area_count(&a, device_nid()));
	close(fd);
}

/*
 * move_pages() isolates a page and then stores the status of the next one, which
 * is not mapped, into it. Breaks if that write waits until the page is back on
 * the LRU: only this task can put it there.
 */
static void status_on_a_moving_page_at_the_limit(void)
{
	int nodes[] = { 0, 0 };
	void *pages[2];
	struct limit l;
	struct area a;
	int *status;

	vmtest_use_cpu(0);
	area_demoted(&a, 1, FILL_TEXT);
	pages[0] = a.p;
	pages[1] = NULL;
	status = (int *)a.p;
	limit_on(&l, 0);
	CHECK_SYS(syscall(SYS_move_pages, 0, 2UL, pages, nodes, status,
			  FLAG_MOVE) >= 0, "move_pages");
	limit_off(&l, 1);
	CHECK(status[1] < 0, "a page that is not mapped moved: %d", status[1]);
	CHECK(page_nid(a.p) == 0, "the page is on node %d", page_nid(a.p));
	CHECK(!memcmp(a.p + sizeof(nodes), a.want + sizeof(nodes),
		      PAGE - sizeof(nodes)), "the rest of the page has changed");
}

/* ---- several writers ------------------------------------------------------ */

static pthread_barrier_t barrier;

struct writer {
	pthread_t thread;
	struct area *a;
	struct area warm;
	size_t from;
	size_t step;
	size_t off;
};

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	size_t i;

	store(&w->warm, 0, w->off);
	pthread_barrier_wait(&barrier);		/* it has all it needs */
	pthread_barrier_wait(&barrier);		/* nothing is left */
	for (i = w->from; i < w->a->pages; i += w->step)
		store(w->a, i, w->off);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void many_writers(bool same_pages)
{
	struct writer w[WRITERS];
	struct limit l;
	struct area a;
	int i;

	area_demoted(&a, PAGES, FILL_TEXT);
	pthread_barrier_init(&barrier, NULL, WRITERS + 1);
	for (i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){
			.a = &a,
			.from = same_pages ? 0 : i,
			.step = same_pages ? 1 : WRITERS,
			.off = same_pages ? i : 0,
		};
		area_map(&w[i].warm, 1, FILL_TEXT);
		CHECK(pthread_create(&w[i].thread, NULL, writer_main,
				     &w[i]) == 0, "pthread_create");
	}
	pthread_barrier_wait(&barrier);
	vmtest_use_cpu(0);
	limit_on(&l, same_pages ? WRITERS : 0);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	limit_off(&l, WRITERS + (same_pages ? CHARGE_BATCH : 0));
	pthread_barrier_wait(&barrier);
	for (i = 0; i < WRITERS; i++)
		pthread_join(w[i].thread, NULL);
	expect_stored(&a, same_pages ? WRITERS : 1);
}

/* Breaks if only one at a time can do without a charge. */
static void writers_at_the_limit(void)
{
	many_writers(false);
}

/*
 * Breaks if the reference of one writer makes the page look shared to another:
 * the charges of all pages but the first would stay. One page for each writer is
 * free: any copy on write clears the page table entry for a moment, and a fault
 * that meets it empty charges a page before it looks again. Such a charge begins
 * with a batch, which fails. memory.peak has it all the same if the charge of
 * another page, in the place of an old one, falls into that moment.
 */
static void writers_of_the_same_pages_at_the_limit(void)
{
	many_writers(true);
}

/* ---- shared --------------------------------------------------------------- */

/*
 * A page that two processes have is charged again when one writes: that one has
 * too much then. Breaks if the copy takes over the charge of what stays.
 */
static void shared_page_is_charged(void)
{
	struct turn start;
	struct area a;
	int status;
	pid_t pid;
	size_t i;

	area_demoted(&a, PAGES, FILL_TEXT);
	turn_init(&start);
	pid = vmtest_fork();
	if (!pid) {
		CHECK(write_text("/proc/self/oom_score_adj", "1000") == 0,
		      "oom_score_adj");
		turn_take(&start);
		for (i = 0; i < a.pages; i++)
			store(&a, i, 0);
		_exit(0);
	}
	CHECK(cgroup_write("memory.max", "%ld",
			   cgroup_number("memory.current") +
			   64 * (long)PAGE) == 0, "memory.max");
	turn_give(&start);
	CHECK_SYS(waitpid(pid, &status, 0) == pid, "waitpid");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "the writer ended with status %#x", status);
	CHECK(cgroup_write("memory.max", "max") == 0, "memory.max");
	area_expect_all(&a, device_nid());
	area_verify(&a);
}

/* ---- counters ------------------------------------------------------------- */

static long system_count(const char *key)
{
	write_text("/proc/sys/vm/stat_refresh", "1");
	return read_field("/proc/vmstat", key);
}

static long parent_count(const char *key)
{
	char dir[256], path[512];

	snprintf(dir, sizeof(dir), "%s", cgroup_path());
	snprintf(path, sizeof(path), "%s/memory.stat", dirname(dir));
	return read_field(path, key);
}

static long own_count(const char *key)
{
	return cgroup_field("memory.stat", key);
}

/* What those who count have of one kind. */
struct counts {
	const char *key;
	long system;
	long own;
	long parent;
};

static struct counts counts_of(const char *key)
{
	struct counts c = {
		.key = key,
		.system = system_count(key),
		.own = own_count(key),
		.parent = parent_count(key),
	};

	CHECK(c.system >= 0, "there is no %s in vmstat", key);
	CHECK(c.own >= 0, "there is no %s in memory.stat", key);
	return c;
}

static void expect_counted(const struct counts *before, long pages)
{
	wait_for(system_count(before->key) >= before->system + pages,
		 "%s of the system went from %ld to %ld", before->key,
		 before->system, system_count(before->key));
	wait_for(own_count(before->key) >= before->own + pages,
		 "%s of the cgroup went from %ld to %ld", before->key,
		 before->own, own_count(before->key));
	wait_for(parent_count(before->key) >= before->parent + pages,
		 "%s of the parent went from %ld to %ld", before->key,
		 before->parent, parent_count(before->key));
}

/* Breaks if a demotion to the node is no demotion to those who count. */
static void demotions_are_counted(void)
{
	struct counts before = counts_of("pgdemote_proactive");
	struct area a;

	area_demoted(&a, PAGES, FILL_TEXT);
	expect_counted(&before, PAGES);
}

/* Breaks if nobody but the device knows what is written back. */
static void promotions_are_counted(void)
{
	struct counts before;
	struct area a;
	long device;
	size_t i;

	area_demoted(&a, PAGES, FILL_TEXT);
	before = counts_of("pgpromote_write");
	device = nd_counter("pages_promoted_write");
	for (i = 0; i < a.pages; i++)
		store(&a, i, 0);
	device = nd_counter("pages_promoted_write") - device;
	CHECK(device >= PAGES, "the node counts %ld", device);
	expect_counted(&before, PAGES);
	/* until all that was counted would show */
	sleep(4);
	CHECK(own_count(before.key) <= before.own + PAGES + STRAY_PAGES,
	      "%s of the cgroup went from %ld to %ld", before.key, before.own,
	      own_count(before.key));
}

/* ---- refaults ------------------------------------------------------------- */

/*
 * Demotion is done from outside of the cgroup: what that stalls is not ours, and
 * what memory.pressure shows is due to writes.
 */
static void go_outside(void)
{
	CHECK(write_text("/sys/fs/cgroup/cgroup.procs", "0") == 0,
	      "cannot leave the cgroup");
}

static void come_back(void)
{
	CHECK(cgroup_write("cgroup.procs", "0") == 0, "cannot come back");
}

/* Microseconds for which some task of the cgroup waited for memory. */
static long stalled(void)
{
	return cgroup_field("memory.pressure", "total");
}

static time_t seconds(void)
{
	struct timespec t;

	CHECK_SYS(clock_gettime(CLOCK_MONOTONIC, &t) == 0, "clock_gettime");
	return t.tv_sec;
}

/*
 * Demote what goes in a few rounds of reclaim, and write to all pages at once.
 * Returns how many came back early: those that were on the node, or 0 if all of
 * it took so long that the first of them may have been there for too long.
 */
static size_t bounce(const struct area *a)
{
	time_t start = seconds();
	size_t i, there;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	go_outside();
	area_try_demote(a, BOUNCE_ROUNDS);
	come_back();
	there = area_count(a, device_nid());
	for (i = 0; i < a->pages; i++)
		store(a, i, 0);
	return seconds() - start < REFAULT_SECONDS ? there : 0;
}

/* Bounce until @pages have come back early. Each of them is a refault. */
static void bounce_early(const struct area *a, size_t pages)
{
	const char *key = "workingset_refault_anon";
	long before = own_count(key), early = 0;

	CHECK(before >= 0, "there is no %s", key);
	wait_for((early += bounce(a)) >= (long)pages,
		 "%ld of %zu pages came back within %d s", early, pages,
		 REFAULT_SECONDS);
	wait_for(own_count(key) >= before + early,
		 "%s went from %ld to %ld, %ld pages came back early", key,
		 before, own_count(key), early);
}

/* Breaks if reclaim does not learn that what it demoted was in use. */
static void early_writes_are_refaults(void)
{
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	bounce_early(&a, 1);
	expect_stored(&a, 1);
}

/*
 * Breaks if the copies of pages that come back again and again do not show in
 * PSI, or if reclaim takes them to be for free.
 */
static void thrashing_shows(void)
{
	long waited = stalled();
	struct area a;

	if (waited < 0)
		vmtest_skip("there is no memory.pressure");
	area_map(&a, PAGES, FILL_TEXT);
	bounce_early(&a, 2 * PAGES);
	wait_for(stalled() > waited, "memory.pressure stays at %ld us", waited);
	expect_stored(&a, 1);
}

static void expect_no_refaults(long refaults, long waited)
{
	long now = own_count("workingset_refault_anon");

	CHECK(now <= refaults + STRAY_PAGES,
	      "workingset_refault_anon went from %ld to %ld", refaults, now);
	now = stalled();
	CHECK(now == waited, "memory.pressure went from %ld to %ld us", waited,
	      now);
}

/* Breaks if what is only read counts, or what was cold. */
static void late_writes_are_none(void)
{
	long refaults = 0, waited = 0;
	struct area a;
	size_t i;

	area_map(&a, PAGES, FILL_TEXT);
	go_outside();
	area_demote(&a);
	come_back();
	for (i = 0; i < REFAULT_SECONDS + 1; i++) {
		/* To read this writes to the heap: have that back before. */
		if (i <= 4) {
			refaults = own_count("workingset_refault_anon");
			waited = stalled();
		}
		area_verify(&a);
		sleep(1);
	}
	expect_no_refaults(refaults, waited);
	for (i = 0; i < a.pages; i++)
		store(&a, i, 0);
	/* until it would show */
	sleep(4);
	expect_no_refaults(refaults, waited);
	expect_stored(&a, 1);
}

static const struct vmtest tests[] = {
	VMTEST(write_at_the_limit),
	VMTEST(pin_at_the_limit),
	VMTEST(status_on_a_moving_page_at_the_limit),
	VMTEST(writers_at_the_limit),
	VMTEST(writers_of_the_same_pages_at_the_limit),
	VMTEST(shared_page_is_charged),
	VMTEST(demotions_are_counted),
	VMTEST(promotions_are_counted),
	VMTEST(early_writes_are_refaults),
	VMTEST(thrashing_shows),
	VMTEST(late_writes_are_none),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
