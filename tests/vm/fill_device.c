// SPDX-License-Identifier: GPL-2.0
/*
 * Fill the physical space of the device with pages that do not shrink, say
 * "full", and hold them until killed. Their cgroup may not swap, so that they
 * stay where they are.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/pages.h"

#define ROUNDS	200

int main(void)
{
	long total, used = -1, still = 0;
	unsigned char *p;
	size_t pages, i;
	int round;

	vmtest_alone("fill_device");
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	total = nd_counter("physical_total");
	pages = total / PAGE + 64;
	p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(p != MAP_FAILED, "mmap");
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < pages; i++)
		fill_page(p + i * PAGE, FILL_RANDOM, i);

	/* Full: less than a page is left, and more rounds change nothing. */
	for (round = 0; round < ROUNDS && still < 3; round++) {
		long now;

		forget_references(getpid());
		cgroup_reclaim(pages * PAGE);
		now = nd_counter("physical_used");
		still = now == used && total - now < (long)PAGE ? still + 1 : 0;
		used = now;
	}
	CHECK(still == 3, "the device is not full: %ld of %ld bytes", used,
	      total);
	puts("full");
	fflush(stdout);
	for (;;)
		pause();
}
