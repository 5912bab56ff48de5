// SPDX-License-Identifier: GPL-2.0
/*
 * userfaultfd: open, register, move.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uffd.h"
#include "vmtest.h"

int uffd_open(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	CHECK_SYS(fd >= 0, "userfaultfd");
	CHECK_SYS(ioctl(fd, UFFDIO_API, &api) == 0, "UFFDIO_API %#lx",
		  features);
	return fd;
}

void uffd_register(int fd, void *p, size_t bytes, uint64_t mode)
{
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)p, .len = bytes },
		.mode = mode,
	};

	CHECK_SYS(ioctl(fd, UFFDIO_REGISTER, &reg) == 0, "UFFDIO_REGISTER");
}

/**
 * uffd_move - UFFDIO_MOVE of a range, called again while it asks for that
 * @fd: a userfaultfd that @dst is registered with
 * @dst: where to; nothing is mapped there
 * @src: where from
 * @bytes: how much
 *
 * Return: 0, or -errno of the first page that did not move
 */
int uffd_move(int fd, void *dst, const void *src, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		struct uffdio_move move = {
			.dst = (uintptr_t)dst + done,
			.src = (uintptr_t)src + done,
			.len = bytes - done,
		};

		if (!ioctl(fd, UFFDIO_MOVE, &move))
			return 0;
		if (errno != EAGAIN)
			return -errno;
		if (move.move > 0)
			done += move.move;
	}
	return 0;
}
