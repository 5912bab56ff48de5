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
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/kmsg.h"
#include "lib/load.h"
#include "lib/pages.h"
#include "lib/poison.h"

#define POISON	"/sys/kernel/debug/cram_emu/poison"
#define NODES	"/sys/devices/system/node"
#define PAGES	512
#define LOOPS	5

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

/* Breaks if a resident is lost, or not writable in DRAM afterwards. */
static void residents_return_to_dram(void)
{
	struct area a;
	int loop;

	area_map(&a, PAGES, FILL_TEXT);
	for (loop = 0; loop < LOOPS; loop++) {
		area_demote(&a);
		emu_online(false);
		expect_gone();
		area_expect_all(&a, 0);
		area_verify(&a);
		area_store_all(&a, loop);
		emu_online(true);
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
		area_store_all(&a, 1);
		area_verify(&a);
		_exit(0);
	}
	forget_references(pid);
	area_demote(&a);
	CHECK_SYS(mprotect(a.p, PAGES / 2 * PAGE, PROT_READ) == 0,
		  "mprotect");
	emu_online(false);
	area_expect_all(&a, 0);
	turn_give(&gone);
	vmtest_join(pid);
	area_verify(&a);
	CHECK_SYS(mprotect(a.p, PAGES * PAGE, PROT_READ | PROT_WRITE) == 0,
		  "mprotect");
	area_store_all(&a, 2);
	area_verify(&a);
	emu_online(true);
	area_demote(&a);
	area_verify(&a);
}

/* Offline races with demotion and promotion. */
static void offline_under_load(void)
{
	struct load *load;
	int i;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	load = load_start();
	for (i = 0; i < LOOPS; i++) {
		usleep(200000);
		emu_online(false);
		expect_gone();
		usleep(50000);
		emu_online(true);
		expect_state("live");
	}
	load_stop(load);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* After an attempt that failed: all is as before. Then the holder is gone. */
static void expect_rolled_back(struct area *a, int fd[2])
{
	expect_state("live");
	area_verify(a);
	/* It still takes pages. */
	area_demote(a);
	area_verify(a);
	area_let_go(a, fd);
	emu_online(false);
	area_expect_all(a, 0);
	area_verify(a);
	emu_online(true);
	expect_state("live");
}

/* Breaks if a signal does not end it, or leaves the node half gone. */
static void signal_ends_removal(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct itimerval tick = {
		.it_interval = { .tv_sec = 1 }, .it_value = { .tv_sec = 3 },
	};
	struct itimerval none = { };
	struct area a;
	int fd[2], ret;

	area_demoted(&a, 16, FILL_TEXT);
	area_hold(&a, fd);
	CHECK_SYS(sigaction(SIGALRM, &sa, NULL) == 0, "sigaction");
	CHECK_SYS(setitimer(ITIMER_REAL, &tick, NULL) == 0, "setitimer");
	ret = emu_try_online(false);
	CHECK_SYS(setitimer(ITIMER_REAL, &none, NULL) == 0, "setitimer");
	CHECK(ret == -EINTR, "under a page in use and a signal: %s",
	      ret ? strerror(-ret) : "the node went away");
	expect_rolled_back(&a, fd);
}

/* The number of the cgroup of this test, as the kernel's log has it. */
static void expect_own_cgroup(const char *line)
{
	const char *at = strstr(line, ", cgroup ");
	struct stat st;

	CHECK_SYS(stat(cgroup_path(), &st) == 0, "stat %s", cgroup_path());
	CHECK(at && strtoul(at + strlen(", cgroup "), NULL, 10) == st.st_ino,
	      "this is cgroup %lu, the log says '%s'",
	      (unsigned long)st.st_ino, line);
}

/*
 * Nobody sends a signal: it ends nevertheless, and the log says which page it
 * was. Breaks if removal waits for whoever holds a page.
 */
static void held_page_is_named(void)
{
	const char *line;
	struct area a;
	char text[64];
	int fd[2], log, ret;

	area_demoted(&a, 16, FILL_TEXT);
	area_hold(&a, fd);
	snprintf(text, sizeof(text), "pfn %#lx stays: ", page_pfn(a.p));
	log = kmsg_open();
	ret = emu_try_online(false);
	CHECK(ret == -EBUSY, "under a page in use: %s",
	      ret ? strerror(-ret) : "the node went away");
	line = kmsg_find(log, text);
	CHECK(*line, "the log does not say '%s'", text);
	CHECK(strstr(line, "refcount 2, mapcount 1, other users 1"),
	      "the log says '%s'", line);
	expect_own_cgroup(line);
	/* The others have gone to DRAM, where they may be written. */
	CHECK(area_count(&a, device_nid()) == 1, "%zu pages are on the node",
	      area_count(&a, device_nid()));
	close(log);
	expect_rolled_back(&a, fd);
}

/* ---- memory errors --------------------------------------------------------- */

#define BAD	3

/* The device reports that the data of page BAD are lost. Nobody reads them. */
static void poisoned_by_device(const struct area *a)
{
	int ret = write_text(POISON, "%lx", page_pfn(area_page(a, BAD)));

	if (ret == -EOPNOTSUPP)
		vmtest_skip("the kernel has no CONFIG_MEMORY_FAILURE");
	CHECK(ret == 0, "poison: %s", strerror(-ret));
}

/* The node holds so many pages, and what the device says is what the core says. */
static void expect_used(size_t pages, const char *when)
{
	wait_for(nd_counter("logical_used") == (long)(pages * PAGE) &&
		 nd_counter("physical_used") == emu_counter("phys_used"),
		 "%s: logical_used is %ld, not %zu pages; physical_used is %ld, the device says %ld",
		 when, nd_counter("logical_used"), pages,
		 nd_counter("physical_used"), emu_counter("phys_used"));
}

/*
 * As area_demoted(), but nothing else of this process comes along, now or later:
 * what is locked stays in DRAM.
 */
static void only_area_demoted(struct area *a, size_t pages)
{
	area_map(a, pages, FILL_TEXT);
	CHECK_SYS(mlockall(MCL_CURRENT | MCL_FUTURE) == 0, "mlockall");
	CHECK_SYS(munlock(a->p, pages * PAGE) == 0, "munlock");
	area_demote(a);
}

/*
 * Breaks if the device goes on keeping room for data that are lost, or if
 * somebody dies who does not read them.
 */
static void poisoned_page_leaves_the_accounts(void)
{
	long physical;
	struct area a;
	int status;

	expect_used(0, "at first");
	only_area_demoted(&a, 16);
	expect_used(16, "with all of the area");
	physical = emu_counter("phys_used");
	poisoned_by_device(&a);
	expect_used(15, "with one page poisoned");
	CHECK(emu_counter("phys_used") < physical, "phys_used is %ld, was %ld",
	      emu_counter("phys_used"), physical);

	status = read_in_child(&a, 0, BAD);
	CHECK(status == 0, "readers of other pages end with %#x", status);
	status = read_in_child(&a, BAD + 1, 15 - BAD);
	CHECK(status == 0, "readers of other pages end with %#x", status);
	status = read_in_child(&a, BAD, 1);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
	      "its reader ends with %#x", status);
	area_unmap(&a);
	expect_used(0, "without its owner");
	CHECK(emu_counter("phys_used") == 0, "the device keeps %ld bytes",
	      emu_counter("phys_used"));
}

/* Breaks if the bad page keeps the node, or if it is bad for ever. */
static void poisoned_page_is_no_obstacle(void)
{
	long total = nd_meminfo(device_nid(), "MemTotal");
	struct area a;
	int status;

	area_demoted(&a, 16, FILL_TEXT);
	poison_as_reader(&a, BAD);
	emu_online(false);
	expect_gone();
	status = read_in_child(&a, 0, BAD);
	CHECK(status == 0, "readers of other pages end with %#x", status);
	status = read_in_child(&a, BAD, 1);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
	      "its reader ends with %#x", status);
	emu_online(true);
	expect_state("live");
	CHECK(nd_meminfo(device_nid(), "MemTotal") == total,
	      "the node has %ld kB, had %ld",
	      nd_meminfo(device_nid(), "MemTotal"), total);
	CHECK(meminfo("HardwareCorrupted") == 0, "%ld kB are still bad",
	      meminfo("HardwareCorrupted"));
	area_unmap(&a);
	area_demoted(&a, 16, FILL_TEXT);
	area_verify(&a);
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
	area_store_all(&a, 9);
	area_verify(&a);
}

/* ---- who brings blocks online by himself ----------------------------------- */

#define BLOCKS		"/sys/devices/system/memory"
#define AUTO_ONLINE	BLOCKS "/auto_online_blocks"
#define ROUNDS		20

/* DRAM is all that others may allocate from. */
static void expect_dram_only(void)
{
	static const char * const lists[] = {
		NODES "/has_memory", NODES "/has_normal_memory",
	};
	char text[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		CHECK(read_text(lists[i], text, sizeof(text)) > 0 &&
		      !strcmp(text, "0"), "%s: '%s'", lists[i], text);
}

/* As a rule of udev would: what is offline comes online, as kernel memory. */
static void online_blocks(void)
{
	char path[512], state[32];
	struct dirent *e;
	DIR *d;

	d = opendir(BLOCKS);
	CHECK_SYS(d, "opendir " BLOCKS);
	while ((e = readdir(d))) {
		snprintf(path, sizeof(path), BLOCKS "/%s/state", e->d_name);
		if (read_text(path, state, sizeof(state)) > 0 &&
		    !strcmp(state, "offline"))
			write_text(path, "online_kernel");
	}
	closedir(d);
	expect_dram_only();
}

/*
 * The device goes and comes beside somebody who onlines each block that is
 * offline, with a kernel that is told to do so itself. Breaks if blocks of the
 * node come online as anything but memory of the device.
 */
static void blocks_by_others(void)
{
	long total = meminfo("MemTotal");
	struct area a;
	pid_t pid;
	int i;

	CHECK(write_text(AUTO_ONLINE, "online") == 0, AUTO_ONLINE);
	area_map(&a, 64, FILL_TEXT);
	pid = vmtest_fork();
	while (!pid)
		online_blocks();
	for (i = 0; i < ROUNDS; i++) {
		emu_online(false);
		expect_gone();
		emu_online(true);
		expect_state("live");
		expect_dram_only();
		CHECK(each_block(block_zone_is_movable, NULL) > 0,
		      "the node has no memory blocks");
		if (i % 5 == 0)
			area_demote(&a);
	}
	CHECK(waitpid(pid, NULL, WNOHANG) == 0, "nobody onlines blocks now");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(write_text(AUTO_ONLINE, "offline") == 0, AUTO_ONLINE);
	CHECK(meminfo("MemTotal") == total, "MemTotal is %ld kB, was %ld",
	      meminfo("MemTotal"), total);
	area_verify(&a);
}

static const struct vmtest tests[] = {
	VMTEST(residents_return_to_dram),
	VMTEST(shared_residents),
	VMTEST(offline_under_load),
	VMTEST(signal_ends_removal),
	VMTEST(held_page_is_named),
	VMTEST(poisoned_page_leaves_the_accounts),
	VMTEST(poisoned_page_is_no_obstacle),
	VMTEST(blocks_by_hand),
	VMTEST(blocks_by_others),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
