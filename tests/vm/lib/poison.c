// SPDX-License-Identifier: GPL-2.0
/*
 * Pages with a memory error, and who reads them.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pages.h"
#include "poison.h"

static void on_signal(int sig)
{
	(void)sig;
}

/**
 * poison_as_reader - a memory error, as if this process had read the page now
 * @a: the area
 * @page: number of the page
 *
 * The test is skipped where the kernel does not handle such errors.
 */
void poison_as_reader(const struct area *a, size_t page)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int ret;

	CHECK_SYS(sigaction(SIGBUS, &sa, NULL) == 0, "sigaction");
	ret = madvise(area_page(a, page), PAGE, MADV_HWPOISON);
	if (ret && errno == EINVAL)
		vmtest_skip("the kernel has no CONFIG_MEMORY_FAILURE");
	CHECK_SYS(ret == 0, "MADV_HWPOISON");
}

/**
 * read_in_child - a child compares one page after the other
 * @a: the area
 * @first: number of the first page
 * @nr: how many
 *
 * Return: what ended it, as of waitpid(); 0 if all is as it should be.
 */
int read_in_child(const struct area *a, size_t first, size_t nr)
{
	int status;
	pid_t pid = fork();

	CHECK_SYS(pid >= 0, "fork");
	if (!pid) {
		signal(SIGBUS, SIG_DFL);
		_exit(!!memcmp(area_page(a, first), a->want + first * PAGE,
			       nr * PAGE));
	}
	CHECK_SYS(waitpid(pid, &status, 0) == pid, "waitpid");
	return status;
}
