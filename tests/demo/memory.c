// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dataset.h"
#include "demo.h"
#include "pages.h"

/*
 * Aging goes by statistics of the cgroup that the kernel sums up every two
 * seconds: later rounds give it time.
 */
#define RECLAIM_ROUNDS	60
#define QUICK_ROUNDS	4
#define ROUND_US	(100 * 1000)

static int write_str(const char *path, const char *text)
{
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

static void *map_locked(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mlock(p, len)) {
		perror("demo: locked memory");
		return NULL;
	}
	return p;
}

/* The neighbour: takes MIB of DRAM, gives none back, ends by itself. */
int verb_ballast(char **argv)
{
	unsigned int seconds = strtoul(argv[1], NULL, 10);
	size_t len = strtoull(argv[0], NULL, 10) << 20;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Should the estimate be wrong, the kernel shall take this one. */
	if (write_str("/proc/self/oom_score_adj", "1000"))
		perror("demo: oom_score_adj");
	if (len && !map_locked(len))
		return 1;
	printf("ready\n");
	fflush(stdout);
	alarm(seconds);
	for (;;)
		pause();
}

int verb_resident(char **argv)
{
	struct page_set set;

	if (pages_on_node(atoi(argv[0]), atoi(argv[1]), &set))
		return 1;
	printf("pages=%zu\n", set.nr);
	pages_free(&set);
	return 0;
}

/* Fill memory with the text, again from its start when it ends. */
static int fill_text(const char *path, char *data, size_t len)
{
	size_t done = 0;
	off_t pos = 0;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		return -1;
	}
	while (done < len) {
		n = pread(fd, data + done, len - done, pos);
		if (n < 0 || (!n && !pos)) {
			fprintf(stderr, "demo: cannot read %s\n", path);
			break;
		}
		pos = n ? pos + n : 0;
		done += n;
	}
	close(fd);
	return done < len ? -1 : 0;
}

/*
 * The tables live in locked memory: nothing but the data can fault while
 * the measurement runs.
 */
struct reader {
	char *data;
	size_t page, nr_pages;
	uint64_t *hash;		/* of each page of data */
	uint64_t *pfn;		/* of each page of the set, before */
};

static size_t index_of(const struct reader *rd, uintptr_t addr)
{
	return (addr - (uintptr_t)rd->data) / rd->page;
}

/* Of all pages on the node, keep those of the data. */
static int demoted_data(const struct reader *rd, int nid, struct page_set *set)
{
	size_t i, n = 0;

	if (pages_on_node(getpid(), nid, set))
		return -1;
	for (i = 0; i < set->nr; i++) {
		if (set->addr[i] >= (uintptr_t)rd->data &&
		    index_of(rd, set->addr[i]) < rd->nr_pages)
			set->addr[n++] = set->addr[i];
	}
	set->nr = n;
	return 0;
}

static int demote(const struct reader *rd, const char *reclaim, int nid,
		  struct page_set *set)
{
	char amount[64];
	int i, err;

	snprintf(amount, sizeof(amount), "%zu swappiness=max",
		 rd->nr_pages * rd->page / 4);
	for (i = 0; i < RECLAIM_ROUNDS; i++) {
		if (i >= QUICK_ROUNDS)
			usleep(ROUND_US);
		/* -EAGAIN: less than that was found; look what moved. */
		err = write_str(reclaim, amount);
		if (err && err != -EAGAIN && err != -EBUSY) {
			fprintf(stderr, "demo: %s: %s\n", reclaim,
				strerror(-err));
			return -1;
		}
		if (demoted_data(rd, nid, set))
			return -1;
		/* To go on would send them from the node to swap. */
		if (set->nr >= rd->nr_pages / 8)
			break;
		pages_free(set);
	}
	if (!set->nr) {
		fprintf(stderr, "demo: no page of the reader was demoted\n");
		return -1;
	}
	return 0;
}

static int measure(const struct reader *rd, const struct page_set *set,
		   int nid)
{
	size_t i, different = 0, moved = 0;
	struct rusage before, after;
	struct page_set now;
	int fd;

	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror("/proc/self/pagemap");
		return -1;
	}
	for (i = 0; i < set->nr; i++)
		rd->pfn[i] = page_pfn(fd, set->addr[i]);

	getrusage(RUSAGE_THREAD, &before);
	for (i = 0; i < set->nr; i++)
		different += dataset_hash((void *)set->addr[i], rd->page) !=
			     rd->hash[index_of(rd, set->addr[i])];
	getrusage(RUSAGE_THREAD, &after);

	for (i = 0; i < set->nr; i++)
		moved += !rd->pfn[i] ||
			 page_pfn(fd, set->addr[i]) != rd->pfn[i];
	close(fd);
	if (demoted_data(rd, nid, &now))
		return -1;
	printf("pages=%zu\nfaults=%ld\nmoved=%zu\nstayed=%zu\ndifferent=%zu\n",
	       set->nr,
	       after.ru_minflt + after.ru_majflt -
	       before.ru_minflt - before.ru_majflt, moved, now.nr, different);
	pages_free(&now);
	return 0;
}

/*
 * Has its own text demoted, then reads it with plain loads: how many page
 * faults does the kernel count for that, does any page move?
 */
int verb_reader(char **argv)
{
	struct page_set set = { 0 };
	int nid = atoi(argv[1]);
	struct reader rd;
	size_t i, len;
	int rc = 1;

	rd.page = sysconf(_SC_PAGESIZE);
	len = strtoull(argv[3], NULL, 10) << 20;
	rd.nr_pages = len / rd.page;
	rd.hash = map_locked(rd.nr_pages * sizeof(*rd.hash));
	rd.pfn = map_locked(rd.nr_pages * sizeof(*rd.pfn));
	if (!rd.hash || !rd.pfn)
		return 1;
	if (mlockall(MCL_CURRENT)) {
		perror("demo: mlockall");
		return 1;
	}
	rd.data = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (rd.data == MAP_FAILED) {
		perror("demo: mmap");
		return 1;
	}
	madvise(rd.data, len, MADV_NOHUGEPAGE);
	if (fill_text(argv[0], rd.data, len))
		return 1;
	for (i = 0; i < rd.nr_pages; i++)
		rd.hash[i] = dataset_hash(rd.data + i * rd.page, rd.page);
	if (!demote(&rd, argv[2], nid, &set) && !measure(&rd, &set, nid))
		rc = 0;
	pages_free(&set);
	return rc;
}
