/* SPDX-License-Identifier: GPL-2.0 */
/*
 * userfaultfd for tests: what may fail ends the test.
 */
#ifndef UFFD_H
#define UFFD_H

#include <linux/userfaultfd.h>
#include <stddef.h>
#include <stdint.h>

/* Since Linux 6.8; the system's headers may be older. */
#ifndef UFFDIO_MOVE
#define UFFD_FEATURE_MOVE	(1 << 16)
struct uffdio_move {
	__u64 dst;
	__u64 src;
	__u64 len;
	__u64 mode;
	__s64 move;
};
#define UFFDIO_MOVE	_IOWR(UFFDIO, 0x05, struct uffdio_move)
#endif

int uffd_open(uint64_t features);
void uffd_register(int fd, void *p, size_t bytes, uint64_t mode);
int uffd_move(int fd, void *dst, const void *src, size_t bytes);

#endif
