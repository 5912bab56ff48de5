// SPDX-License-Identifier: GPL-2.0
/*
 * Leave little DRAM, for tests of who takes memory from where: lock most of it,
 * say "full" and hold it until killed.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/pages.h"

#define LEAVE_FREE	(80UL << 20)

/*
 * As huge pages, where there are any: that is quicker. A kernel that checks
 * itself, with which one has to be patient, needs more of what is left.
 */
static void lock_dram(void)
{
	size_t bytes = meminfo("MemFree") * 1024, leave = LEAVE_FREE;
	unsigned char *p;

	if (vmtest_patience() > 1)
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
	lock_dram();
	puts("full");
	fflush(stdout);
	for (;;)
		pause();
}
