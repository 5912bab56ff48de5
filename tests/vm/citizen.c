// SPDX-License-Identifier: GPL-2.0
/*
 * A page on the device node, or one that was there, is a page like others for
 * who moves memory by request: UFFDIO_MOVE, collapsing to huge pages,
 * move_pages(), mbind(), migrate_pages().
 *
 * Environment: VMTEST_SWAPDEV, a swap device that is on (some of them).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/pages.h"
#include "lib/policy.h"
#include "lib/uffd.h"

#define EMU		"/sys/kernel/debug/cram_emu/"
#define THP		"/sys/kernel/mm/transparent_hugepage/khugepaged/"
#define SMALL		16
#define FEW		64
#define PROMO_ONE	1	/* NODE_DEVICE_PROMOTE_ONE of the kernel */

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* ---- UFFDIO_MOVE ---------------------------------------------------------- */

/* Where @a goes to: registered, and nothing mapped yet. */
static int prepare_move(const struct area *a, struct area *to)
{
	int fd = uffd_open(UFFD_FEATURE_MOVE);

	*to = *a;
	to->p = mmap(NULL, a->pages * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(to->p != MAP_FAILED, "mmap");
	CHECK_SYS(madvise(to->p, a->pages * PAGE, MADV_NOHUGEPAGE) == 0,
		  "MADV_NOHUGEPAGE");
	uffd_register(fd, to->p, a->pages * PAGE,
		      UFFDIO_REGISTER_MODE_MISSING);
	return fd;
}

static bool nothing_at(const void *addr)
{
	return !(page_map_entry(0, addr) & (PM_PRESENT | PM_SWAP));
}

static void expect_move(const struct area *a, struct area *to)
{
	int fd = prepare_move(a, to);
	int ret = uffd_move(fd, to->p, a->p, a->pages * PAGE);

	CHECK(ret == 0, "UFFDIO_MOVE: %s", strerror(-ret));
	CHECK(nothing_at(a->p), "the source still maps a page");
}

/* Moved pages are the same pages, with the same data, and can be written. */
static void move_in_place(const struct area *a)
{
	uint64_t pfn[HUGE_PAGES];
	struct area to;
	size_t i;

	for (i = 0; i < a->pages; i++)
		pfn[i] = page_pfn(area_page(a, i));
	expect_move(a, &to);
	for (i = 0; i < a->pages; i++)
		CHECK(page_pfn(area_page(&to, i)) == pfn[i],
		      "page %zu was copied: pfn %#lx, was %#lx", i,
		      page_pfn(area_page(&to, i)), pfn[i]);
	area_verify(&to);
	area_store_all(&to, 0x5a);
	CHECK(area_count(&to, device_nid()) == 0, "written in place");
	area_verify(&to);
}

/*
 * Breaks if a page of the node is refused, copied, or mapped writable where it
 * goes.
 */
static void move_on_the_node(void)
{
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	move_in_place(&a);
}

/* A child that shares the pages, until it is told to end. */
static pid_t sharer(const struct area *a, struct turn *ready, struct turn *go,
		    bool reads)
{
	pid_t pid;

	turn_init(ready);
	turn_init(go);
	pid = vmtest_fork();
	if (pid)
		return pid;
	if (reads)
		area_verify(a);
	turn_give(ready);
	turn_take(go);
	area_verify(a);
	_exit(0);
}

/* Refused while the child lives, whose data stay; then it works. */
static void refused_while_shared(struct area *a, bool reads)
{
	struct turn ready, go;
	struct area to;
	pid_t pid;
	int fd, ret;

	pid = sharer(a, &ready, &go, reads);
	turn_take(&ready);
	fd = prepare_move(a, &to);
	ret = uffd_move(fd, to.p, a->p, a->pages * PAGE);
	CHECK(ret == -EBUSY, "UFFDIO_MOVE of shared pages: %d", ret);
	CHECK(nothing_at(to.p), "a shared page was moved");
	turn_give(&go);
	vmtest_join(pid);
	ret = uffd_move(fd, to.p, a->p, a->pages * PAGE);
	CHECK(ret == 0, "UFFDIO_MOVE after the child is gone: %s",
	      strerror(-ret));
	area_verify(&to);
	area_store_all(&to, 0x33);
	area_verify(&to);
}

/* Breaks if a page that another process maps as well is taken away from it. */
static void move_of_shared_pages(void)
{
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	refused_while_shared(&a, true);
}

static void hot_pages_come_back(const struct area *a)
{
	size_t i;
	int ret;

	for (i = 0; i < a->pages; i++) {
		ret = write_text(EMU "report_hot", "%llx 9",
				 (unsigned long long)page_pfn(area_page(a, i)));
		CHECK(ret == 0, "report_hot: %s", strerror(-ret));
	}
	/* One that is on its way is on no node. */
	wait_for(area_count(a, 0) == a->pages, "%zu of %zu hot pages came back",
		 area_count(a, 0), a->pages);
}

/* Breaks if coming back by migration leaves a mark that nothing but a write removes. */
static void move_after_a_hot_report(void)
{
	struct policy p;
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	policy_start(&p, "members");
	policy_tune(&p, "hot", PROMO_ONE);
	hot_pages_come_back(&a);
	move_in_place(&a);
	policy_close(&p);
}

static bool pressure_is_ok(void)
{
	char now[32];

	CHECK(nd_text("pressure", now, sizeof(now)) > 0, "no pressure file");
	return !strcmp(now, "ok");
}

/* The same for pages that came back because the device shrank. */
static void move_after_evacuation(void)
{
	struct area a, to;

	area_demoted(&a, 4 * FEW, FILL_RANDOM);
	emu_set_limit(0, (long)(FEW * PAGE));
	wait_for(area_count(&a, 0) >= 2 * FEW, "only %zu pages came back",
		 area_count(&a, 0));
	expect_move(&a, &to);
	emu_set_limit(0, emu_counter("phys_total"));
	wait_for(pressure_is_ok(), "the node does not come to rest");
	area_verify(&to);
	area_store_all(&to, 0x21);
	area_verify(&to);
}

/* Pages that went on to swap move as they are: they need not be read. */
static void move_out_of_swap(void)
{
	struct area a, to;
	size_t swapped;

	area_demoted(&a, FEW, FILL_TEXT);
	vmtest_swap_device();
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	area_swap_out(&a, FEW);
	expect_move(&a, &to);
	swapped = area_swapped(&to);
	CHECK(swapped == FEW, "%zu of %d pages are in swap", swapped, FEW);
	area_verify(&to);
	area_store_all(&to, 0x44);
	area_verify(&to);
}

/* Read back from swap, which may have kept its copy. */
static void move_after_swap_in(void)
{
	struct area a, to;

	area_demoted(&a, FEW, FILL_TEXT);
	vmtest_swap_device();
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	area_swap_out(&a, FEW);
	area_verify(&a);
	expect_move(&a, &to);
	area_verify(&to);
	area_store_all(&to, 0x45);
	CHECK(area_count(&to, device_nid()) == 0, "written in place");
	area_verify(&to);
}

static void swapped_and_shared(bool reads)
{
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	vmtest_swap_device();
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	area_swap_out(&a, SMALL);
	refused_while_shared(&a, reads);
}

/* Breaks if a swap slot that another process uses as well is moved. */
static void move_of_shared_swap(void)
{
	swapped_and_shared(false);
}

/* The same when the other process has read it: one user in swap, one mapping. */
static void move_of_swap_that_is_mapped_elsewhere(void)
{
	swapped_and_shared(true);
}

/* ---- huge pages ----------------------------------------------------------- */

static void advise(const struct area *a, int advice, const char *name)
{
	CHECK_SYS(madvise(a->p, a->pages * PAGE, advice) == 0, "%s", name);
}

/* A range that may be huge, of which the first @demoted pages are on the node. */
static void huge_range(struct area *a, size_t demoted)
{
	unsigned char *p = map_huge();
	size_t i;

	CHECK_SYS(madvise(p, HUGE_BYTES, MADV_NOHUGEPAGE) == 0,
		  "MADV_NOHUGEPAGE");
	for (i = 0; i < HUGE_PAGES; i++)
		fill_page(p + i * PAGE, FILL_TEXT, i);
	area_wrap(a, p, HUGE_PAGES);
	area_demote(a);
	for (i = demoted; i < HUGE_PAGES; i++) {
		*(volatile unsigned char *)area_page(a, i) = 0x66;
		area_set(a, i, 0, 0x66);
	}
	CHECK(area_count(a, device_nid()) == demoted,
	      "%zu pages are on the node", area_count(a, device_nid()));
}

static bool is_huge(const struct area *a)
{
	uint64_t pfn = page_pfn(a->p);

	return pfn && (pfn_flags(pfn) & KPF_THP) &&
	       page_pfn(area_page(a, HUGE_PAGES - 1)) == pfn + HUGE_PAGES - 1;
}

/* A huge page may not be there at once, and a page held elsewhere for a moment. */
static bool collapses(const struct area *a)
{
	int ret = madvise(a->p, HUGE_BYTES, MADV_COLLAPSE);

	CHECK(ret == 0 || errno == EAGAIN || errno == ENOMEM || errno == EBUSY,
	      "MADV_COLLAPSE: %m");
	return ret == 0;
}

/* Collapsing what is huge does nothing but let go of pages in batches. */
static bool all_freed(const struct area *a, long freed)
{
	madvise(a->p, HUGE_BYTES, MADV_COLLAPSE);
	return nd_counter("pages_freed") >= freed;
}

static void expect_huge_in_dram(struct area *a)
{
	area_expect_all(a, 0);
	CHECK(is_huge(a), "not a huge page");
	area_verify(a);
	area_store_all(a, 0x67);
	area_verify(a);
}

static void collapse(size_t demoted)
{
	long freed;
	struct area a;

	huge_range(&a, demoted);
	freed = nd_counter("pages_freed") + (long)demoted;
	advise(&a, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	wait_for(collapses(&a), "MADV_COLLAPSE: %m");
	expect_huge_in_dram(&a);
	wait_for(all_freed(&a, freed), "the node freed %ld pages of %zu",
		 nd_counter("pages_freed") - freed + (long)demoted, demoted);
}

static void collapse_with_one_page(void)
{
	collapse(1);
}

static void collapse_with_100_pages(void)
{
	collapse(100);
}

static void collapse_with_all_pages(void)
{
	collapse(HUGE_PAGES);
}

/* Breaks if collapsing takes the pages away from a child. */
static void collapse_of_shared_pages(void)
{
	struct turn ready, go;
	struct area a;
	pid_t pid;

	huge_range(&a, 100);
	pid = sharer(&a, &ready, &go, true);
	turn_take(&ready);
	advise(&a, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	wait_for(collapses(&a), "MADV_COLLAPSE: %m");
	expect_huge_in_dram(&a);
	turn_give(&go);
	vmtest_join(pid);
}

/* A huge page that was made of demoted pages is the process's own. */
static void move_after_collapse(void)
{
	struct area a;

	huge_range(&a, 100);
	advise(&a, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	wait_for(collapses(&a), "MADV_COLLAPSE: %m");
	CHECK(is_huge(&a), "not a huge page");
	move_in_place(&a);
}

static void khugepaged_runs(long max_ptes_swap)
{
	CHECK(write_text(THP "max_ptes_swap", "%ld", max_ptes_swap) == 0,
	      "max_ptes_swap");
	CHECK(write_text(THP "pages_to_scan", "65536") == 0, "pages_to_scan");
	CHECK(write_text(THP "alloc_sleep_millisecs", "50") == 0,
	      "alloc_sleep_millisecs");
	CHECK(write_text(THP "scan_sleep_millisecs", "50") == 0,
	      "scan_sleep_millisecs");
}

static void khugepaged_rests(void)
{
	write_text(THP "max_ptes_swap", "%d", HUGE_PAGES / 8);
	write_text(THP "pages_to_scan", "%d", 8 * HUGE_PAGES);
	write_text(THP "alloc_sleep_millisecs", "60000");
	write_text(THP "scan_sleep_millisecs", "10000");
}

static void khugepaged_collapses(size_t demoted, long max_ptes_swap)
{
	struct area a;

	huge_range(&a, demoted);
	/* It wants to see half of the range used. */
	area_verify(&a);
	khugepaged_runs(max_ptes_swap);
	advise(&a, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	wait_for(is_huge(&a), "khugepaged did not collapse the range, %zu pages are on the node",
		 area_count(&a, device_nid()));
	khugepaged_rests();
	expect_huge_in_dram(&a);
}

static void khugepaged_with_one_page(void)
{
	khugepaged_collapses(1, HUGE_PAGES / 8);
}

static void khugepaged_with_100_pages(void)
{
	khugepaged_collapses(100, 100);
}

static void khugepaged_with_most_pages(void)
{
	khugepaged_collapses(HUGE_PAGES - 1, HUGE_PAGES - 1);
}

/* Breaks if pages of the node are not counted against the limit for swap. */
static void khugepaged_leaves_what_exceeds_the_limit(void)
{
	long scans;
	struct area a;

	huge_range(&a, 100);
	area_verify(&a);
	khugepaged_runs(99);
	scans = read_number(THP "full_scans");
	advise(&a, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	wait_for(read_number(THP "full_scans") >= scans + 4,
		 "khugepaged made %ld scans",
		 read_number(THP "full_scans") - scans);
	khugepaged_rests();
	CHECK(!is_huge(&a), "the range was collapsed");
	CHECK(area_count(&a, device_nid()) == 100, "%zu pages are on the node",
	      area_count(&a, device_nid()));
	area_verify(&a);
}

/* ---- system calls that move ------------------------------------------------- */

static long move_to(const struct area *a, int nid, int *status)
{
	void *pages[FEW];
	int nodes[FEW];
	size_t i;

	CHECK(a->pages <= FEW, "%zu pages", a->pages);
	for (i = 0; i < a->pages; i++) {
		pages[i] = area_page(a, i);
		nodes[i] = nid;
		status[i] = -1;
	}
	return syscall(SYS_move_pages, 0, a->pages, pages, nodes, status,
		       FLAG_MOVE);
}

static long bind_to_dram(const struct area *a, int flags)
{
	unsigned long mask = 1;

	return syscall(SYS_mbind, a->p, a->pages * PAGE, MODE_BIND, &mask,
		       sizeof(mask) * 8, flags);
}

/* All are ordinary pages again: they were moved, and can be written. */
static void expect_back(struct area *a, long migrated)
{
	migrated = nd_counter("pages_migrated_out") - migrated;
	CHECK(migrated >= (long)a->pages, "pages_migrated_out rose by %ld",
	      migrated);
	area_expect_all(a, 0);
	area_verify(a);
	area_store_all(a, 0x71);
	area_verify(a);
}

static void move_pages_brings_back(void)
{
	long migrated = nd_counter("pages_migrated_out"), ret;
	int status[FEW];
	struct area a;
	size_t i;

	area_demoted(&a, FEW, FILL_TEXT);
	ret = move_to(&a, 0, status);
	CHECK(ret == 0, "move_pages: %ld, errno %d", ret, errno);
	for (i = 0; i < FEW; i++)
		CHECK(status[i] == 0, "page %zu: status %d", i, status[i]);
	expect_back(&a, migrated);
}

/* Breaks if pages get to the node this way, or the answer is no error. */
static void move_pages_to_the_node(void)
{
	int status[FEW];
	struct area a;
	long ret;

	area_map(&a, SMALL, FILL_TEXT);
	ret = move_to(&a, device_nid(), status);
	CHECK(ret == -1 && errno == ENODEV, "move_pages: %ld, errno %d", ret,
	      errno);
	area_expect_all(&a, 0);
	area_demote(&a);
	ret = move_to(&a, device_nid(), status);
	CHECK(ret == -1 && errno == ENODEV, "of a demoted page: %ld, errno %d",
	      ret, errno);
	area_expect_all(&a, device_nid());
	area_verify(&a);
}

/* Breaks if a page outside the policy is passed over in silence. */
static void mbind_strict_tells(void)
{
	struct area a;
	long ret;

	area_demoted(&a, FEW, FILL_TEXT);
	ret = bind_to_dram(&a, FLAG_STRICT);
	CHECK(ret == -1 && errno == EIO, "mbind: %ld, errno %d", ret, errno);
	area_expect_all(&a, device_nid());
	area_verify(&a);
}

static void mbind_strict_brings_back(void)
{
	long migrated = nd_counter("pages_migrated_out"), ret;
	struct area a;

	area_demoted(&a, FEW, FILL_TEXT);
	ret = bind_to_dram(&a, FLAG_STRICT | FLAG_MOVE);
	CHECK(ret == 0, "mbind: %ld, errno %d", ret, errno);
	expect_back(&a, migrated);
}

/* A policy alone moves nothing, and what is bound to DRAM may be demoted. */
static void mbind_alone_moves_nothing(void)
{
	struct area a;

	area_demoted(&a, FEW, FILL_TEXT);
	CHECK_SYS(bind_to_dram(&a, 0) == 0, "mbind");
	area_expect_all(&a, device_nid());
	area_verify(&a);
}

static void migrate_pages_brings_back(void)
{
	long migrated = nd_counter("pages_migrated_out"), ret;
	unsigned long from = 1UL << device_nid(), to = 1;
	struct area a;

	area_demoted(&a, FEW, FILL_TEXT);
	ret = syscall(SYS_migrate_pages, 0, sizeof(from) * 8, &from, &to);
	CHECK(ret == 0, "migrate_pages: %ld, errno %d", ret, errno);
	expect_back(&a, migrated);
}

/* What came back this way is not marked either. */
static void move_after_move_pages(void)
{
	int status[FEW];
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	CHECK_SYS(move_to(&a, 0, status) == 0, "move_pages");
	area_expect_all(&a, 0);
	move_in_place(&a);
}

static const struct vmtest tests[] = {
	VMTEST(move_on_the_node),
	VMTEST(move_of_shared_pages),
	VMTEST(move_after_a_hot_report),
	VMTEST(move_after_evacuation),
	VMTEST(move_out_of_swap),
	VMTEST(move_after_swap_in),
	VMTEST(move_of_shared_swap),
	VMTEST(move_of_swap_that_is_mapped_elsewhere),
	VMTEST(move_after_collapse),
	VMTEST(move_after_move_pages),
	VMTEST(collapse_with_one_page),
	VMTEST(collapse_with_100_pages),
	VMTEST(collapse_with_all_pages),
	VMTEST(collapse_of_shared_pages),
	VMTEST(khugepaged_with_one_page),
	VMTEST(khugepaged_with_100_pages),
	VMTEST(khugepaged_with_most_pages),
	VMTEST(khugepaged_leaves_what_exceeds_the_limit),
	VMTEST(move_pages_brings_back),
	VMTEST(move_pages_to_the_node),
	VMTEST(mbind_strict_tells),
	VMTEST(mbind_strict_brings_back),
	VMTEST(mbind_alone_moves_nothing),
	VMTEST(migrate_pages_brings_back),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
