// SPDX-License-Identifier: GPL-2.0
/*
 * Demoted pages and the rest of memory management: locking, advice, huge
 * pages, swap, KSM, NUMA balancing, exit.
 *
 * Environment: VMTEST_SWAPDEV, a swap device that is on (the swap tests).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/pages.h"

#define SMALL		16
#define FEW		6	/* rounds of reclaim that must not help */
#define SCAN_SECONDS	20	/* for the scanner of NUMA balancing */
#define KPF_KSM		(1ULL << 21)

static void advise(const struct area *a, int advice, const char *name)
{
	CHECK_SYS(madvise(a->p, a->pages * PAGE, advice) == 0, "%s", name);
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Locked memory must be writable without a fault: it belongs in DRAM. */
static void mlock_promotes(void)
{
	long faults, locked;
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	CHECK_SYS(mlock(a.p, SMALL * PAGE) == 0, "mlock");
	CHECK(area_count(&a, device_nid()) == 0,
	      "%zu locked pages are on the node",
	      area_count(&a, device_nid()));
	locked = read_field("/proc/self/status", "VmLck");
	CHECK(locked == (long)(SMALL * PAGE / 1024), "VmLck is %ld kB",
	      locked);
	area_store_all(&a, 1);
	faults = faults_now();
	area_store_all(&a, 2);
	faults = faults_now() - faults;
	CHECK(faults == 0, "%ld faults writing to locked memory", faults);
	area_verify(&a);
	area_try_demote(&a, FEW);
	CHECK(area_count(&a, device_nid()) == 0,
	      "a locked page was demoted");
	CHECK_SYS(munlock(a.p, SMALL * PAGE) == 0, "munlock");
	area_demote(&a);
	area_verify(&a);
}

/*
 * Read-only memory is locked as it is. Breaks if a page on the node keeps
 * the Mlocked mark for ever, or is counted wrong on its way.
 */
static void mlock_read_only(void)
{
	long before, during, after;
	struct area a;

	vmtest_use_cpu(0);
	area_map(&a, SMALL, FILL_TEXT);
	CHECK_SYS(mprotect(a.p, SMALL * PAGE, PROT_READ) == 0, "mprotect");
	area_demote(&a);
	before = meminfo("Mlocked");
	CHECK_SYS(mlock(a.p, SMALL * PAGE) == 0, "mlock");
	area_verify(&a);
	during = meminfo("Mlocked");
	CHECK(during >= before + (long)(SMALL * PAGE / 1024),
	      "Mlocked %ld kB, was %ld kB", during, before);
	CHECK_SYS(munlock(a.p, SMALL * PAGE) == 0, "munlock");
	after = meminfo("Mlocked");
	CHECK(after == before, "Mlocked %ld kB after munlock, was %ld kB",
	      after, before);
	area_verify(&a);
	CHECK_SYS(mprotect(a.p, SMALL * PAGE, PROT_READ | PROT_WRITE) == 0,
		  "mprotect");
	area_store_all(&a, 3);
	area_verify(&a);
	CHECK(area_count(&a, device_nid()) == 0, "written in place");
}

/* Breaks if MADV_DONTNEED does not give the node's pages back. */
static void madv_dontneed(void)
{
	long freed = nd_counter("pages_freed");
	struct area a;

	vmtest_use_cpu(0);
	area_demoted(&a, SMALL, FILL_TEXT);
	advise(&a, MADV_DONTNEED, "MADV_DONTNEED");
	memset(a.want, 0, SMALL * PAGE);
	area_verify(&a);
	freed = nd_counter("pages_freed") - freed;
	CHECK(freed >= SMALL, "pages_freed rose by %ld", freed);
}

/*
 * Lazily freed pages have the old data or zeroes, page by page; a store
 * cancels it and must not go to the node's page.
 */
static void madv_free(void)
{
	static const unsigned char zero[PAGE];
	uint64_t pfn[SMALL];
	struct area a;
	size_t i;

	area_demoted(&a, SMALL, FILL_TEXT);
	for (i = 0; i < SMALL; i++)
		pfn[i] = page_pfn(area_page(&a, i));
	advise(&a, MADV_FREE, "MADV_FREE");
	for (i = 0; i < SMALL / 2; i++) {
		bool lost = page_pfn(area_page(&a, i)) != pfn[i];

		*(volatile unsigned char *)area_page(&a, i) = 0x5c;
		if (lost)
			memset(a.want + i * PAGE, 0, PAGE);
		area_set(&a, i, 0, 0x5c);
		expect_promoted(area_page(&a, i), pfn[i]);
	}
	/* lazily freed pages are reclaimed with those of files */
	cgroup_write("memory.reclaim", "1M");
	for (i = 0; i < SMALL; i++) {
		unsigned char *p = area_page(&a, i);

		CHECK(!memcmp(p, a.want + i * PAGE, PAGE) ||
		      (i >= SMALL / 2 && !memcmp(p, zero, PAGE)),
		      "page %zu is neither old nor zero", i);
	}
}

/* Advice to page out is no way out of the node, nor a way to lose data. */
static void madv_cold_and_pageout(void)
{
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	advise(&a, MADV_COLD, "MADV_COLD");
	advise(&a, MADV_PAGEOUT, "MADV_PAGEOUT");
	area_expect_all(&a, device_nid());
	area_verify(&a);
}

/*
 * A huge page is split on its way to the node. Breaks if it is refused as a
 * whole, or if a piece is lost or writable.
 */
static void huge_page_is_split(void)
{
	unsigned char *p = map_huge();
	struct area a;
	size_t i;

	CHECK_SYS(madvise(p, HUGE_BYTES, MADV_HUGEPAGE) == 0,
		  "MADV_HUGEPAGE");
	for (i = 0; i < HUGE_PAGES; i++)
		fill_page(p + i * PAGE, FILL_TEXT, i);
	area_wrap_huge(&a, p);
	area_demote(&a);
	CHECK(!(pfn_flags(page_pfn(p)) & KPF_THP),
	      "a huge page is on the node");
	area_verify(&a);
	area_store_all(&a, 0x77);
	area_verify(&a);
	CHECK(area_count(&a, device_nid()) == 0, "written in place");
}

/* Breaks if equal pages on the node are merged, or merged ones demoted. */
static void ksm_and_demotion(void)
{
	struct area merged, demoted;
	long full, now;
	size_t i;
	int round;

	if (access("/sys/kernel/mm/ksm/run", W_OK))
		vmtest_skip("the kernel has no KSM");
	area_map(&demoted, SMALL, FILL_TEXT);
	area_map(&merged, SMALL, FILL_TEXT);
	for (i = 0; i < SMALL; i++) {
		fill_page(area_page(&demoted, i), FILL_TEXT, 5);
		fill_page(area_page(&merged, i), FILL_TEXT, 5);
		fill_page(demoted.want + i * PAGE, FILL_TEXT, 5);
		fill_page(merged.want + i * PAGE, FILL_TEXT, 5);
	}
	area_demote(&demoted);
	area_store_all(&merged, 9);
	advise(&demoted, MADV_MERGEABLE, "MADV_MERGEABLE");
	advise(&merged, MADV_MERGEABLE, "MADV_MERGEABLE");
	write_text("/sys/kernel/mm/ksm/pages_to_scan", "20000");
	write_text("/sys/kernel/mm/ksm/sleep_millisecs", "0");
	full = read_number("/sys/kernel/mm/ksm/full_scans");
	CHECK(write_text("/sys/kernel/mm/ksm/run", "1") == 0, "ksm/run");
	for (round = 0; round < 1500; round++) {
		now = read_number("/sys/kernel/mm/ksm/full_scans");
		if (now >= full + 4)
			break;
		pause_ms(20);
	}
	write_text("/sys/kernel/mm/ksm/run", "0");
	CHECK(pfn_flags(page_pfn(merged.p)) & KPF_KSM,
	      "nothing was merged in %ld scans", now - full);
	area_expect_all(&demoted, device_nid());
	area_verify(&demoted);
	area_verify(&merged);

	area_try_demote(&merged, FEW);
	CHECK(area_count(&merged, device_nid()) == 0,
	      "a merged page was demoted");
	area_verify(&merged);
	area_store_all(&demoted, 11);
	area_store_all(&merged, 12);
	area_verify(&demoted);
	area_verify(&merged);
	write_text("/sys/kernel/mm/ksm/run", "2");
	write_text("/sys/kernel/mm/ksm/run", "0");
}

static void *sleeper(void *unused)
{
	pause();
	return unused;
}

static void cpusets(bool on)
{
	write_text("/sys/fs/cgroup/cgroup.subtree_control", "%ccpuset",
		   on ? '+' : '-');
}

/* Two kinds of process are not looked at: this must be neither of them. */
static void attract_the_scanner(void)
{
	pthread_t thread;

	/* one in a cpuset of one ordinary node */
	write_text("/sys/fs/cgroup/vmtest/cgroup.subtree_control", "-cpuset");
	cpusets(false);
	/* one with a single thread, on its own node */
	CHECK(pthread_create(&thread, NULL, sleeper, NULL) == 0,
	      "pthread_create");
}

/*
 * Read until the scanner was here, again and again: it comes by the CPU time that
 * a process uses. Returns how many pages it has unmapped.
 */
static long read_under_the_scanner(const struct area *a, const struct area *b)
{
	long before = read_field("/proc/vmstat", "numa_pte_updates"), now;
	struct timespec t;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + SCAN_SECONDS * vmtest_patience();
	do {
		area_verify(a);
		area_verify(b);
		now = read_field("/proc/vmstat", "numa_pte_updates");
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while (now < before + 8192 && t.tv_sec < end);
	return now - before;
}

/*
 * NUMA balancing unmaps pages of ordinary nodes to see who uses them. Breaks
 * if it does so with pages of the device node, or moves them.
 */
static void numa_balancing(void)
{
	long old, scanned, faults;
	struct area a, dram;

	numa_balancing_needed();
	area_demoted(&a, SMALL, FILL_TEXT);
	area_map(&dram, 4096, FILL_ZERO);
	attract_the_scanner();
	old = numa_balancing_start(1, 1, 10, 20);
	scanned = read_under_the_scanner(&a, &dram);
	numa_balancing_stop(old);
	cpusets(true);
	if (!scanned)
		vmtest_skip("the scanner did not run in %ld s",
			    SCAN_SECONDS * vmtest_patience());
	area_expect_all(&a, device_nid());
	area_verify(&dram);
	faults = faults_now();
	area_verify(&a);
	faults = faults_now() - faults;
	CHECK(faults == 0, "%ld faults reading: the scanner unmapped pages",
	      faults);
	area_store_all(&a, 21);
	area_verify(&a);
}

static const char *swap_device(void)
{
	const char *dev = vmtest_swap_device();

	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	return dev;
}

/*
 * Memory moves on from the node to swap. Breaks if the node is not visited
 * by reclaim, if the data on disk are wrong, or if a page that returns from
 * swap lands on the node.
 */
static void node_to_swap_and_back(void)
{
	long freed = nd_counter("pages_freed"), used;
	struct area a;

	area_demoted(&a, 128, FILL_TEXT);
	swap_device();
	area_swap_out(&a, 128);
	freed = nd_counter("pages_freed") - freed;
	CHECK(freed >= 64, "pages_freed rose by %ld", freed);
	/* a page on its way out is taken back where it is: no more than that */
	used = nd_meminfo(device_nid(), "MemFree");
	area_verify(&a);
	CHECK(nd_meminfo(device_nid(), "MemFree") >= used,
	      "swap-in allocated on the device node");
	area_store_all(&a, 31);
	area_verify(&a);
	area_demote(&a);
	area_verify(&a);
}

/*
 * Some pages on the node, some in swap, some in DRAM: all must survive
 * swapoff. Breaks if a page comes back exclusive and is demoted writable.
 */
static void swapoff_with_demoted_pages(void)
{
	const char *dev = swap_device();
	struct area a, b;
	int ret;

	area_demoted(&b, 256, FILL_TEXT);
	swap_device();
	area_swap_out(&b, 128);
	area_demoted(&a, SMALL, FILL_TEXT);
	ret = swapoff(dev);
	CHECK_SYS(ret == 0, "swapoff %s", dev);
	CHECK(area_swapped(&b) == 0, "%zu pages are in swap after swapoff",
	      area_swapped(&b));
	area_verify(&a);
	area_verify(&b);
	area_demote(&b);
	area_verify(&b);
	area_store_all(&a, 41);
	area_store_all(&b, 42);
	area_verify(&a);
	area_verify(&b);
	CHECK_SYS(swapon(dev, 0) == 0, "swapon %s", dev);
}

/*
 * Pages that were read back from swap (still with a copy there) go to the
 * node, then are written to. Breaks if "exclusive in swap" lifts the fence.
 */
static void swap_in_then_demote(void)
{
	struct area a;

	area_demoted(&a, 64, FILL_TEXT);
	swap_device();
	area_swap_out(&a, 64);
	area_verify(&a);		/* read fault on each */
	area_demote(&a);
	area_verify(&a);
	area_store_all(&a, 51);
	CHECK(area_count(&a, device_nid()) == 0, "written in place");
	area_verify(&a);
}

/* Breaks if numa_maps leaves the node out. */
static void numa_maps_shows_the_node(void)
{
	char line[1024], want[32];
	long pages = -1;
	struct area a;
	FILE *f;

	area_demoted(&a, SMALL, FILL_TEXT);
	snprintf(want, sizeof(want), " N%d=", device_nid());
	f = fopen("/proc/self/numa_maps", "re");
	CHECK_SYS(f, "numa_maps");
	/* lines are sorted; the mapping may have merged with one below */
	while (fgets(line, sizeof(line), f)) {
		char *at = strstr(line, want);

		if (strtoul(line, NULL, 16) > (uintptr_t)a.p)
			break;
		pages = at ? strtol(at + strlen(want), NULL, 10) : 0;
	}
	fclose(f);
	CHECK(pages >= SMALL, "numa_maps shows %ld pages on the node", pages);
}

/* Breaks if exiting leaves pages or physical bytes behind. */
static void exit_gives_all_back(void)
{
	struct area a;
	pid_t pid;
	long used;

	used = nd_counter("logical_used");
	pid = vmtest_fork();
	if (!pid) {
		area_demoted(&a, 256, FILL_RANDOM);
		CHECK(nd_counter("logical_used") >=
		      used + (long)(256 * PAGE), "logical_used is %ld",
		      nd_counter("logical_used"));
		_exit(0);
	}
	vmtest_join(pid);
	/* our own pages may have been demoted meanwhile: a few, not 256 */
	wait_for(nd_counter("logical_used") < used + (long)(128 * PAGE),
		 "logical_used is %ld, was %ld", nd_counter("logical_used"),
		 used);
}

static const struct vmtest tests[] = {
	VMTEST(mlock_promotes),
	VMTEST(mlock_read_only),
	VMTEST(madv_dontneed),
	VMTEST(madv_free),
	VMTEST(madv_cold_and_pageout),
	VMTEST(huge_page_is_split),
	VMTEST(ksm_and_demotion),
	VMTEST(numa_balancing),
	VMTEST(node_to_swap_and_back),
	VMTEST(swapoff_with_demoted_pages),
	VMTEST(swap_in_then_demote),
	VMTEST(numa_maps_shows_the_node),
	VMTEST(exit_gives_all_back),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
