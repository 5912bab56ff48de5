// SPDX-License-Identifier: GPL-2.0
/*
 * The server takes every request at once and puts off the answer: a disk that
 * is slow or hangs has its queue full of what it has not finished. It runs in no
 * test's cgroup, has its memory locked, and so needs nothing from those that
 * wait for it.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nbd.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "slow_disk.h"
#include "vmtest.h"

#define SLOW_DISK_QUEUE	"/sys/block/nbd0/queue/"
#define BLOCK		4096
/* More than the kernel sends at a time: its queue has 128 places. */
#define MAX_WAITING	1024
/* As long as it sleeps, a new rate is not seen. */
#define TICK_MS		50

/* Shared with every test. */
static long *rate;
static int device = -1;
static pid_t server = -1, keeper = -1;

struct waiting {
	struct nbd_reply reply;
	uint64_t from;		/* what a read wants */
	uint32_t bytes;
	bool is_read;
};

struct disk {
	int sock;
	unsigned char *data;
	size_t size;
	struct waiting queue[MAX_WAITING];
	unsigned int first, nr;
	uint64_t credit_at;	/* when the next answer is due, in ns */
};

static bool move_all(int fd, void *buf, size_t len, bool out)
{
	unsigned char *p = buf;
	ssize_t n;

	while (len) {
		n = out ? write(fd, p, len) : read(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

/* Return: false when the kernel has gone. */
static bool take_request(struct disk *d)
{
	struct nbd_request req;
	struct waiting *w;
	uint32_t bytes;
	uint64_t from;

	if (!move_all(d->sock, &req, sizeof(req), false))
		return false;
	from = be64toh(req.from);
	bytes = be32toh(req.len);
	if ((be32toh(req.type) & 0xffff) == NBD_CMD_DISC)
		return false;
	w = &d->queue[(d->first + d->nr++) % MAX_WAITING];
	*w = (struct waiting) {
		.reply.magic = htobe32(NBD_REPLY_MAGIC),
		.from = from,
		.bytes = bytes,
	};
	memcpy(w->reply.handle, req.handle, sizeof(w->reply.handle));
	if (from > d->size || bytes > d->size - from)
		return false;
	switch (be32toh(req.type) & 0xffff) {
	case NBD_CMD_WRITE:
		return move_all(d->sock, d->data + from, bytes, false);
	case NBD_CMD_READ:
		w->is_read = true;
		return true;
	default:
		w->reply.error = htobe32(EOPNOTSUPP);
		return true;
	}
}

static bool answer(struct disk *d)
{
	struct waiting *w = &d->queue[d->first];

	d->first = (d->first + 1) % MAX_WAITING;
	d->nr--;
	return move_all(d->sock, &w->reply, sizeof(w->reply), true) &&
	       (!w->is_read ||
		move_all(d->sock, d->data + w->from, w->bytes, true));
}

/* Answer what is due. Return: false when the kernel has gone. */
static bool answer_due(struct disk *d)
{
	long bytes_per_second;

	while (d->nr) {
		bytes_per_second = __atomic_load_n(rate, __ATOMIC_RELAXED);
		if (bytes_per_second == DISK_HANGS ||
		    (bytes_per_second != DISK_FAST && clock_ns(CLOCK_MONOTONIC) < d->credit_at))
			return true;
		if (bytes_per_second != DISK_FAST) {
			/* What it did not use before, it does not have now. */
			if (d->credit_at + TICK_MS * 1000000ULL < clock_ns(CLOCK_MONOTONIC))
				d->credit_at = clock_ns(CLOCK_MONOTONIC);
			d->credit_at += d->queue[d->first].bytes * 1000000000ULL /
					bytes_per_second;
		}
		if (!answer(d))
			return false;
	}
	return true;
}

static void __attribute__((noreturn)) serve(struct disk *d)
{
	struct pollfd pfd = { .fd = d->sock };
	int n;

	for (;;) {
		pfd.events = d->nr < MAX_WAITING ? POLLIN : 0;
		n = poll(&pfd, 1, d->nr ? TICK_MS / 10 : TICK_MS);
		if (n < 0 && errno != EINTR)
			_exit(1);
		if (n > 0 && ((pfd.revents & (POLLHUP | POLLERR)) ||
			      !take_request(d)))
			_exit(0);
		if (!answer_due(d))
			_exit(0);
	}
}

static int start_server(const int *pair, size_t bytes)
{
	struct disk *d;

	server = fork();
	if (server)
		return server < 0 ? -errno : 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(device);
	close(pair[0]);
	write_text("/proc/self/oom_score_adj", "-1000");
	d = calloc(1, sizeof(*d));
	if (!d)
		_exit(1);
	d->sock = pair[1];
	d->size = bytes;
	d->data = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (d->data == MAP_FAILED || mlockall(MCL_CURRENT))
		_exit(1);
	serve(d);
}

/* The ioctl that runs the device returns when the device is gone. */
static int start_keeper(void)
{
	keeper = fork();
	if (keeper)
		return keeper < 0 ? -errno : 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ioctl(device, NBD_DO_IT);
	_exit(0);
}

/**
 * slow_disk_start - make SLOW_DISK a disk that this program serves
 * @bytes: its size; so much memory is taken
 *
 * It is fast at first.
 *
 * Return: 0, or a negative errno and no disk
 */
int slow_disk_start(size_t bytes)
{
	int pair[2], ret;

	rate = mmap(NULL, sizeof(*rate), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rate == MAP_FAILED)
		return -errno;
	*rate = DISK_FAST;
	device = open(SLOW_DISK, O_RDWR | O_CLOEXEC);
	if (device < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
		ret = -errno;
		goto close_device;
	}
	ret = start_server(pair, bytes);
	close(pair[1]);
	if (ret)
		goto close_pair;
	if (ioctl(device, NBD_SET_BLKSIZE, BLOCK) ||
	    ioctl(device, NBD_SET_SIZE_BLOCKS, bytes / BLOCK) ||
	    ioctl(device, NBD_SET_SOCK, pair[0])) {
		ret = -errno;
		goto end_server;
	}
	ret = start_keeper();
	if (ret)
		goto end_server;
	close(pair[0]);
	return 0;

end_server:
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	ioctl(device, NBD_CLEAR_SOCK);
close_pair:
	close(pair[0]);
close_device:
	close(device);
	device = -1;
	return ret;
}

/**
 * slow_disk_rate - how fast requests are answered from now on
 * @bytes_per_second: DISK_FAST, DISK_HANGS or a number
 */
void slow_disk_rate(long bytes_per_second)
{
	if (device >= 0)
		__atomic_store_n(rate, bytes_per_second, __ATOMIC_RELAXED);
}

/**
 * slow_disk_small_requests - how much a request may be
 * @small: one page, so that the queue is full after half a mebibyte; who comes
 *	with more waits. Otherwise what is usual
 *
 * What is under way has to end first.
 */
void slow_disk_small_requests(bool small)
{
	int ret;

	if (device < 0)
		return;
	ret = write_text(SLOW_DISK_QUEUE "max_sectors_kb", "%d",
			 small ? BLOCK / 1024 : 1280);
	CHECK(ret == 0, "max_sectors_kb: %s", strerror(-ret));
}

/** slow_disk_stop - the disk goes; nobody may have it open */
void slow_disk_stop(void)
{
	if (device < 0)
		return;
	slow_disk_rate(DISK_FAST);
	ioctl(device, NBD_DISCONNECT);
	ioctl(device, NBD_CLEAR_SOCK);
	close(device);
	device = -1;
	waitpid(keeper, NULL, 0);
	waitpid(server, NULL, 0);
}
