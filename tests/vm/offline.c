// SPDX-License-Identifier: GPL-2.0
/*
 * The device node goes away while it holds memory: all of it must return to
 * DRAM with its data, or the node must stay as it was.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/pages.h"

#define EMU	"/sys/kernel/debug/cram_emu/online"
#define NODES	"/sys/devices/system/node"
#define PAGES	512
#define LOOPS	5

static void online(bool on)
{
	int ret = write_text(EMU, on ? "1" : "0");

	CHECK(ret == 0, "%s to %s: %s", on ? "1" : "0", EMU, strerror(-ret));
}

static void expect_state(const char *want)
{
	char state[32];

	CHECK(nd_text("state", state, sizeof(state)) > 0 &&
	      !strcmp(state, want), "the node is '%s'", state);
}

static void expect_gone(void)
{
	char path[128], list[64];

	snprintf(path, sizeof(path), NODES "/node%d/device/state",
		 device_nid());
	CHECK(access(path, F_OK) != 0, "%s is still there", path);
	CHECK(read_text(NODES "/has_device_memory", list, sizeof(list)) == 0,
	      "has_device_memory: %s", list);
}

static void store_all(struct area *a, unsigned char value)
{
	size_t i;

	for (i = 0; i < a->pages; i++) {
		*(volatile unsigned char *)area_page(a, i) = value;
		area_set(a, i, 0, value);
	}
}

/* Breaks if a resident is lost, or not writable in DRAM afterwards. */
static void residents_return_to_dram(void)
{
	struct area a;
	int loop;

	area_map(&a, PAGES, FILL_TEXT);
	for (loop = 0; loop < LOOPS; loop++) {
		area_demote(&a);
		online(false);
		expect_gone();
		area_expect_all(&a, 0);
		area_verify(&a);
		store_all(&a, loop);
		online(true);
		expect_state("live");
		CHECK(nd_counter("logical_used") == 0, "logical_used is %ld",
		      nd_counter("logical_used"));
		CHECK(nd_counter("physical_used") == 0, "physical_used is %ld",
		      nd_counter("physical_used"));
	}
	area_verify(&a);
}

/* The same for pages that several processes map, in several ways. */
static void shared_residents(void)
{
	struct turn gone;
	struct area a;
	pid_t pid;

	area_map(&a, PAGES, FILL_TEXT);
	turn_init(&gone);
	pid = vmtest_fork();
	if (!pid) {
		turn_take(&gone);
		area_verify(&a);
		store_all(&a, 1);
		area_verify(&a);
		_exit(0);
	}
	forget_references(pid);
	area_demote(&a);
	CHECK_SYS(mprotect(a.p, PAGES / 2 * PAGE, PROT_READ) == 0,
		  "mprotect");
	online(false);
	area_expect_all(&a, 0);
	turn_give(&gone);
	vmtest_join(pid);
	area_verify(&a);
	CHECK_SYS(mprotect(a.p, PAGES * PAGE, PROT_READ | PROT_WRITE) == 0,
		  "mprotect");
	store_all(&a, 2);
	area_verify(&a);
	online(true);
	area_demote(&a);
	area_verify(&a);
}

static void worker(volatile int *stop)
{
	unsigned char value = 0;
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	while (!*stop) {
		forget_references(getpid());
		cgroup_reclaim(PAGES * PAGE);
		area_verify(&a);
		store_all(&a, ++value);
		area_verify(&a);
	}
	_exit(0);
}

/* Offline races with demotion and promotion. */
static void offline_under_load(void)
{
	volatile int *stop;
	pid_t pid[2];
	int i;

	stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(stop != MAP_FAILED, "mmap");
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	for (i = 0; i < 2; i++) {
		pid[i] = vmtest_fork();
		if (!pid[i])
			worker(stop);
	}
	for (i = 0; i < LOOPS; i++) {
		usleep(200000);
		online(false);
		expect_gone();
		usleep(50000);
		online(true);
		expect_state("live");
	}
	*stop = 1;
	for (i = 0; i < 2; i++)
		vmtest_join(pid[i]);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/*
 * A page that a pipe holds cannot move; taking the node away waits for it
 * until a signal comes, then everything is as before. Breaks if a failed
 * attempt leaves the node half gone.
 */
static void failed_offline_rolls_back(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval tick = {
		.it_interval = { .tv_sec = 1 }, .it_value = { .tv_sec = 3 },
	};
	struct itimerval none = { };
	unsigned char got[PAGE];
	struct iovec vec;
	struct area a;
	int fd[2], ret;

	area_demoted(&a, 16, FILL_TEXT);
	CHECK_SYS(pipe(fd) == 0, "pipe");
	vec.iov_base = a.p;
	vec.iov_len = PAGE;
	CHECK_SYS(vmsplice(fd[1], &vec, 1, 0) == (ssize_t)PAGE, "vmsplice");
	if (page_nid(a.p) != device_nid())
		vmtest_skip("vmsplice() promotes: nothing can hold a page of the node");
	CHECK_SYS(sigaction(SIGALRM, &sa, NULL) == 0, "sigaction");
	CHECK_SYS(setitimer(ITIMER_REAL, &tick, NULL) == 0, "setitimer");
	ret = write_text(EMU, "0");
	CHECK_SYS(setitimer(ITIMER_REAL, &none, NULL) == 0, "setitimer");
	CHECK(ret < 0, "the node went away under a page in use");
	expect_state("live");
	area_verify(&a);
	CHECK_SYS(read(fd[0], got, PAGE) == (ssize_t)PAGE, "read");
	CHECK(!memcmp(got, a.want, PAGE), "the pipe's reader sees wrong data");
	close(fd[0]);
	close(fd[1]);
	/* and it still takes pages */
	area_demote(&a);
	area_verify(&a);
	online(false);
	area_verify(&a);
	online(true);
}

static int each_block(int (*fn)(const char *path, const char *arg),
		      const char *arg)
{
	char dir[64], path[512];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), NODES "/node%d", device_nid());
	d = opendir(dir);
	CHECK_SYS(d, "opendir %s", dir);
	while ((e = readdir(d))) {
		if (strncmp(e->d_name, "memory", 6) ||
		    e->d_name[6] < '0' || e->d_name[6] > '9')
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/memory/%s",
			 e->d_name);
		n += fn(path, arg);
	}
	closedir(d);
	return n;
}

static int set_block(const char *path, const char *arg)
{
	char file[600];
	int ret;

	snprintf(file, sizeof(file), "%s/state", path);
	ret = write_text(file, "%s", arg);
	CHECK(ret == 0, "%s to %s: %s", arg, file, strerror(-ret));
	return 1;
}

static int block_zone_is_movable(const char *path, const char *arg)
{
	char file[600], zones[128];

	(void)arg;
	snprintf(file, sizeof(file), "%s/valid_zones", path);
	CHECK(read_text(file, zones, sizeof(zones)) > 0, "%s", file);
	CHECK(!strcmp(zones, "Movable"), "%s: '%s'", file, zones);
	return 1;
}

/*
 * An administrator may take blocks offline by hand. Bringing them back as
 * "online_kernel" must not give kernel memory to the device.
 */
static void blocks_by_hand(void)
{
	struct area a;
	int n;

	area_demoted(&a, 64, FILL_TEXT);
	n = each_block(set_block, "offline");
	CHECK(n > 0, "the node has no memory blocks");
	area_expect_all(&a, 0);
	area_verify(&a);
	each_block(set_block, "online_kernel");
	each_block(block_zone_is_movable, NULL);
	area_demote(&a);
	area_verify(&a);
	store_all(&a, 9);
	area_verify(&a);
}

static const struct vmtest tests[] = {
	VMTEST(residents_return_to_dram),
	VMTEST(shared_residents),
	VMTEST(offline_under_load),
	VMTEST(failed_offline_rolls_back),
	VMTEST(blocks_by_hand),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
