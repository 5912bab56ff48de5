// SPDX-License-Identifier: GPL-2.0
/*
 * Leave little of all memory, for tests of who takes it from where. First
 * fill the physical space of the device with pages that do not shrink; their
 * cgroup may not swap, so that they stay there. Then lock most of DRAM. Say
 * "full" and hold all that until killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/pages.h"

#define ROUNDS		200
#define LEAVE_FREE	(80UL << 20)

static void fill_device(void)
{
	long total, used = -1, held = -1, still = 0;
	unsigned char *p;
	size_t pages, i;
	int round;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	total = nd_counter("physical_total");
	pages = total / PAGE + 64;
	p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(p != MAP_FAILED, "mmap");
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < pages; i++)
		fill_page(p + i * PAGE, FILL_RANDOM, i);

	/*
	 * Full: it takes nothing more in, and its balloon has all that is free.
	 * That goes by the level, which leaves a tenth of the space.
	 */
	for (round = 0; round < ROUNDS && still < 3; round++) {
		long now, balloon;

		reclaim_round(round, pages * PAGE);
		now = nd_counter("physical_used");
		balloon = nd_counter("balloon_pages");
		still = now == used && balloon == held && balloon &&
			now > total / 10 * 8 ? still + 1 : 0;
		used = now;
		held = balloon;
	}
	CHECK(still == 3, "the device is not full: %ld of %ld bytes", used,
	      total);
}

/*
 * As huge pages, where there are any: that is quicker. A kernel that checks
 * itself, with which one has to be patient, needs more of what is left.
 */
static void lock_dram(void)
{
	size_t bytes = meminfo("MemFree") * 1024, leave = LEAVE_FREE;
	const char *patience = getenv("VMTEST_PATIENCE");
	unsigned char *p;

	if (patience && atoi(patience) > 1)
		leave *= 2;
	if (bytes <= leave)
		return;
	bytes -= leave;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(p != MAP_FAILED, "mmap");
	madvise(p, bytes, MADV_HUGEPAGE);
	CHECK_SYS(mlock(p, bytes) == 0, "mlock of %zu bytes", bytes);
}

int main(void)
{
	vmtest_alone("fill_memory");
	fill_device();
	lock_dram();
	puts("full");
	fflush(stdout);
	for (;;)
		pause();
}
