// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that go to the node and come back by faults, for as long as something
 * else is tested.
 */
#include <sys/mman.h>

#include "load.h"
#include "pages.h"

#define WORKERS		2
#define WORKER_PAGES	128

/**
 * struct load - processes that move pages all the time; they share it
 * @stop: they are to end
 * @rounds: how often each has gone around
 * @pid: each of them
 */
struct load {
	int stop;
	unsigned long rounds[WORKERS];
	pid_t pid[WORKERS];
};

/* Demote, read, write, over and over; the data must stay right. */
static void worker(struct load *load, int self)
{
	unsigned char value = 0;
	struct area a;
	size_t i;

	area_map(&a, WORKER_PAGES, FILL_TEXT);
	while (!__atomic_load_n(&load->stop, __ATOMIC_RELAXED)) {
		forget_references(getpid());
		cgroup_reclaim(2 * WORKER_PAGES * PAGE);
		value++;
		for (i = 0; i < WORKER_PAGES; i += 2) {
			*(volatile unsigned char *)area_page(&a, i) = value;
			area_set(&a, i, 0, value);
		}
		area_verify(&a);
		__atomic_fetch_add(&load->rounds[self], 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

/**
 * load_start - start the processes; the test's cgroup is to have no swap
 */
struct load *load_start(void)
{
	struct load *load;
	pid_t pid;
	int w;

	load = mmap(NULL, sizeof(*load), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(load != MAP_FAILED, "mmap");
	for (w = 0; w < WORKERS; w++) {
		pid = vmtest_fork();
		if (!pid)
			worker(load, w);
		/* Not by the worker, which shares it. */
		load->pid[w] = pid;
	}
	return load;
}

/**
 * load_stop - end the processes; a difference that one of them found is ours
 * @load: what load_start() returned
 *
 * On a fast machine, too, each worker is to have its share.
 */
void load_stop(struct load *load)
{
	int w;

	for (w = 0; w < WORKERS; w++)
		wait_for(__atomic_load_n(&load->rounds[w], __ATOMIC_RELAXED),
			 "worker %d has not gone around once", w);
	__atomic_store_n(&load->stop, 1, __ATOMIC_RELAXED);
	for (w = 0; w < WORKERS; w++)
		vmtest_join(load->pid[w]);
}
