// SPDX-License-Identifier: GPL-2.0
/*
 * The write fence seen by ordinary loads and stores: a demoted page is read
 * where it is, and whoever writes to it gets a new page in DRAM.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/pages.h"

#define SMALL	16
/* more than one batch of mprotect()'s and of reclaim */
#define LARGE	512

static unsigned long sum(const unsigned char *p, size_t bytes)
{
	unsigned long s = 0;
	size_t i;

	for (i = 0; i < bytes; i += 8)
		s += *(const volatile unsigned long *)(p + i);
	return s;
}

/* Store one byte in each page; each must move and hold the new value. */
static void store_and_check(struct area *a, size_t first, size_t n)
{
	size_t i;

	for (i = first; i < first + n; i++) {
		volatile unsigned char *byte = area_page(a, i) + i % PAGE;
		uint64_t pfn = page_pfn(area_page(a, i));

		expect_resident(area_page(a, i), pfn);
		*byte = 0xa5;
		area_set(a, i, i % PAGE, 0xa5);
		expect_promoted(area_page(a, i), pfn);
	}
}

/*
 * Breaks if demotion leaves migration or swap entries behind, if reads
 * fault, or if a read moves the page.
 */
static void read_in_place(void)
{
	uint64_t pfn[SMALL];
	struct area a, warm;
	unsigned long s;
	long faults;
	size_t i;

	area_map(&warm, 1, FILL_TEXT);
	area_demoted(&a, SMALL, FILL_TEXT);
	for (i = 0; i < SMALL; i++)
		pfn[i] = page_pfn(area_page(&a, i));
	/* The stack was demoted, too: write to it before counting. */
	s = sum(warm.p, PAGE);
	faults = faults_now();
	s += sum(a.p, SMALL * PAGE);
	faults = faults_now() - faults;
	CHECK(faults == 0, "%ld faults while reading (sum %lx)", faults, s);
	for (i = 0; i < SMALL; i++)
		expect_resident(area_page(&a, i), pfn[i]);
	area_verify(&a);
}

/* Breaks if the migrated page table entry is writable or reused in place. */
static void direct_store(void)
{
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	store_and_check(&a, 0, SMALL);
	area_verify(&a);
}

/* As direct_store for pages that the device stores raw. */
static void direct_store_incompressible(void)
{
	struct area a;

	area_demoted(&a, SMALL, FILL_RANDOM);
	store_and_check(&a, 0, SMALL);
	area_verify(&a);
}

/* As direct_store for pages that take no physical space at all. */
static void direct_store_zero_pages(void)
{
	struct area a;

	area_demoted(&a, SMALL, FILL_ZERO);
	store_and_check(&a, 0, SMALL);
	area_verify(&a);
}

/* Breaks if a page that came back to DRAM may not go to the node again. */
static void demote_again(void)
{
	struct area a;
	int i;

	area_demoted(&a, SMALL, FILL_TEXT);
	for (i = 0; i < 3; i++) {
		store_and_check(&a, 0, SMALL);
		area_demote(&a);
		area_verify(&a);
	}
}

/* Breaks if the writes of a fault are not counted as promotions. */
static void promotions_are_counted(void)
{
	long before, after;
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	before = nd_counter("pages_promoted_write");
	store_and_check(&a, 0, SMALL);
	after = nd_counter("pages_promoted_write");
	/* this process' stack may be promoted, too */
	CHECK(after - before >= SMALL, "pages_promoted_write rose by %ld",
	      after - before);
}

/* What each side of a fork must see, whoever writes first. */
static void fork_and_write(bool child_first, bool before_demotion)
{
	struct turn child_done, parent_done;
	uint64_t pfn[SMALL];
	struct area a;
	pid_t pid;
	size_t i;

	turn_init(&child_done);
	turn_init(&parent_done);
	if (before_demotion)
		area_map(&a, SMALL, FILL_TEXT);
	else
		area_demoted(&a, SMALL, FILL_TEXT);
	for (i = 0; i < SMALL; i++)
		pfn[i] = page_pfn(area_page(&a, i));
	pid = vmtest_fork();
	if (!pid) {
		turn_take(&parent_done);
		if (child_first || before_demotion)
			store_and_check(&a, 0, SMALL / 2);
		area_verify(&a);
		turn_give(&child_done);
		turn_take(&parent_done);
		if (!child_first && !before_demotion)
			store_and_check(&a, 0, SMALL / 2);
		area_verify(&a);
		_exit(0);
	}
	if (before_demotion) {
		/* mapped twice: both mappings must get the fence */
		forget_references(pid);
		area_demote(&a);
		for (i = 0; i < SMALL; i++)
			pfn[i] = page_pfn(area_page(&a, i));
		CHECK(page_pfn_of(pid, a.p) == pfn[0],
		      "the child does not share the demoted page");
	}
	if (!child_first && !before_demotion)
		store_and_check(&a, 0, SMALL);
	turn_give(&parent_done);
	turn_take(&child_done);
	area_verify(&a);
	if (child_first || before_demotion) {
		for (i = 0; i < SMALL; i++)
			expect_resident(area_page(&a, i), pfn[i]);
		store_and_check(&a, 0, SMALL);
		area_verify(&a);
	}
	turn_give(&parent_done);
	vmtest_join(pid);
	area_verify(&a);
}

/* Breaks if fork makes either side's page writable, or the child exclusive. */
static void fork_child_writes_first(void)
{
	fork_and_write(true, false);
}

/* The child must keep the old page and the old data. */
static void fork_parent_writes_first(void)
{
	fork_and_write(false, false);
}

/* Breaks if only one of two mappings is write protected on the way in. */
static void fork_before_demotion(void)
{
	fork_and_write(true, true);
}

/*
 * After the child is gone the parent holds the only reference: the shortcut
 * "nobody else uses it, write in place" must not be taken.
 */
static void fork_child_exits(void)
{
	struct area a;
	pid_t pid;

	area_demoted(&a, SMALL, FILL_TEXT);
	pid = vmtest_fork();
	if (!pid) {
		area_verify(&a);
		_exit(0);
	}
	vmtest_join(pid);
	store_and_check(&a, 0, SMALL);
	area_verify(&a);
}

static void protect(struct area *a, int prot)
{
	CHECK_SYS(mprotect(a->p, a->pages * PAGE, prot) == 0, "mprotect");
}

/* Breaks if mprotect() upgrades one entry to writable. */
static void mprotect_page(void)
{
	struct area a;

	area_map(&a, 1, FILL_TEXT);
	protect(&a, PROT_READ);
	area_demote(&a);
	protect(&a, PROT_READ | PROT_WRITE);
	area_verify(&a);
	store_and_check(&a, 0, 1);
	area_verify(&a);
}

/* Breaks if mprotect()'s batched upgrade forgets the fence. */
static void mprotect_range(void)
{
	struct area a;

	area_map(&a, LARGE, FILL_TEXT);
	protect(&a, PROT_READ);
	area_demote(&a);
	protect(&a, PROT_READ | PROT_WRITE);
	store_and_check(&a, 0, LARGE);
	area_verify(&a);
}

/* The same when the pages were demoted while they could be written. */
static void mprotect_down_and_up(void)
{
	struct area a;

	area_demoted(&a, LARGE, FILL_TEXT);
	protect(&a, PROT_READ);
	protect(&a, PROT_READ | PROT_WRITE);
	protect(&a, PROT_NONE);
	protect(&a, PROT_READ | PROT_WRITE);
	store_and_check(&a, 0, LARGE);
	area_verify(&a);
}

/* Breaks if moving page tables loses the fence or moves the data. */
static void mremap_moves_the_mapping(void)
{
	uint64_t pfn[SMALL];
	struct area a;
	size_t i;
	void *to;

	area_demoted(&a, SMALL, FILL_TEXT);
	for (i = 0; i < SMALL; i++)
		pfn[i] = page_pfn(area_page(&a, i));
	to = mmap(NULL, SMALL * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		  -1, 0);
	CHECK_SYS(to != MAP_FAILED, "mmap");
	to = mremap(a.p, SMALL * PAGE, SMALL * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED, to);
	CHECK_SYS(to != MAP_FAILED && to != a.p, "mremap");
	a.p = to;
	for (i = 0; i < SMALL; i++)
		expect_resident(area_page(&a, i), pfn[i]);
	area_verify(&a);
	store_and_check(&a, 0, SMALL);
	area_verify(&a);
}

/* Breaks if populating for write takes the page as it is. */
static void populate_write(void)
{
	struct area a;
	size_t i;

	area_demoted(&a, SMALL, FILL_TEXT);
	CHECK_SYS(madvise(a.p, SMALL * PAGE, MADV_POPULATE_READ) == 0,
		  "MADV_POPULATE_READ");
	area_expect_all(&a, device_nid());
	CHECK_SYS(madvise(a.p, SMALL * PAGE, MADV_POPULATE_WRITE) == 0,
		  "MADV_POPULATE_WRITE");
	for (i = 0; i < SMALL; i++)
		CHECK(page_nid(area_page(&a, i)) != device_nid(),
		      "page %zu is writable on the node", i);
	area_verify(&a);
}

/*
 * Both LRUs must offer several hundred pages; content of all kinds mixed.
 * Breaks if a page is lost or swapped with another during batches.
 */
static void large_mixed_area(void)
{
	static const enum fill kinds[] = { FILL_TEXT, FILL_RANDOM, FILL_ZERO };
	struct area a;
	size_t i;

	area_map(&a, LARGE, FILL_TEXT);
	for (i = 0; i < LARGE; i++) {
		fill_page(area_page(&a, i), kinds[i % 3], i);
		fill_page(a.want + i * PAGE, kinds[i % 3], i);
	}
	area_demote(&a);
	area_verify(&a);
	area_expect_all(&a, device_nid());
	store_and_check(&a, 0, LARGE);
	area_verify(&a);
}

static const struct vmtest tests[] = {
	VMTEST(read_in_place),
	VMTEST(direct_store),
	VMTEST(direct_store_incompressible),
	VMTEST(direct_store_zero_pages),
	VMTEST(demote_again),
	VMTEST(promotions_are_counted),
	VMTEST(fork_child_writes_first),
	VMTEST(fork_parent_writes_first),
	VMTEST(fork_before_demotion),
	VMTEST(fork_child_exits),
	VMTEST(mprotect_page),
	VMTEST(mprotect_range),
	VMTEST(mprotect_down_and_up),
	VMTEST(mremap_moves_the_mapping),
	VMTEST(populate_write),
	VMTEST(large_mixed_area),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
