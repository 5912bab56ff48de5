// SPDX-License-Identifier: GPL-2.0
/*
 * Those who look at the memory of others all day, and reset what it has to say
 * about accesses, do not touch it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/pages.h"

#define PAGES	1024
#define LOOKS	20	/* at residents that nothing happens to */

/**
 * struct sleeper - a process that owns memory and does nothing
 * @cgroup: its own; what the test itself has must not be demoted
 * @a: the memory, at the same place in both processes
 * @ready: it has filled the memory
 * @wake: it should look at it
 */
struct sleeper {
	char cgroup[400];
	struct area a;
	struct turn ready, wake;
	pid_t pid;
};

static int sleeper_write(const struct sleeper *s, const char *file,
			 const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", s->cgroup, file);
	return write_text(path, "%s", text);
}

static void __attribute__((noreturn)) sleeper_run(struct sleeper *s)
{
	size_t i;

	CHECK(sleeper_write(s, "cgroup.procs", "0") == 0, "enter %s",
	      s->cgroup);
	for (i = 0; i < s->a.pages * PAGE; i++)
		s->a.p[i] = s->a.want[i];
	turn_give(&s->ready);
	turn_take(&s->wake);
	area_verify(&s->a);
	area_store_all(&s->a, 5);
	CHECK(area_count(&s->a, device_nid()) == 0, "written in place");
	area_verify(&s->a);
	_exit(0);
}

static void sleeper_start(struct sleeper *s)
{
	snprintf(s->cgroup, sizeof(s->cgroup), "%s.sleeper", cgroup_path());
	CHECK_SYS(mkdir(s->cgroup, 0755) == 0, "mkdir %s", s->cgroup);
	CHECK(sleeper_write(s, "memory.swap.max", "0") == 0, "swap.max");
	area_map(&s->a, PAGES, FILL_TEXT);
	turn_init(&s->ready);
	turn_init(&s->wake);
	s->pid = vmtest_fork();
	if (!s->pid)
		sleeper_run(s);
	turn_take(&s->ready);
}

static void sleeper_end(struct sleeper *s)
{
	turn_give(&s->wake);
	vmtest_join(s->pid);
	wait_for(rmdir(s->cgroup) == 0, "rmdir %s: %m", s->cgroup);
}

/* Its pages on the device node. */
static size_t sleeper_demoted(const struct sleeper *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->a.pages; i++)
		n += page_nid_of(s->pid, area_page(&s->a, i)) == device_nid();
	return n;
}

/* The same, after reclaim once more. */
static size_t sleeper_reclaim(const struct sleeper *s)
{
	sleeper_write(s, "memory.reclaim", "1M swappiness=max");
	return sleeper_demoted(s);
}

static void read_all(pid_t pid, const char *file)
{
	static char buf[1 << 16];
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_SYS(fd >= 0, "open %s", path);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static long rss_anon(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	return read_field(path, "Anonymous");
}

/* Present or not in each entry of the page map of the memory. */
static void read_map(const struct sleeper *s)
{
	size_t i;

	for (i = 0; i < s->a.pages; i++)
		CHECK(page_map_entry(s->pid, area_page(&s->a, i)),
		      "page %zu is nowhere", i);
}

/* One look at everything; what is in memory does not become more or less. */
static void look(const struct sleeper *s, long rss)
{
	char path[64];
	int i;

	CHECK(rss_anon(s->pid) == rss, "Anonymous: %ld kB, was %ld",
	      rss_anon(s->pid), rss);
	read_all(s->pid, "numa_maps");
	read_all(s->pid, "smaps");
	read_map(s);
	snprintf(path, sizeof(path), "/proc/%d/clear_refs", s->pid);
	for (i = 1; i <= 4; i++)
		CHECK(write_text(path, "%d", i) == 0, "%d to %s", i, path);
}

static volatile long *shared_counter(void)
{
	volatile long *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK_SYS(p != MAP_FAILED, "mmap");
	return p;
}

static pid_t start_watching(const struct sleeper *s, volatile long *looks)
{
	long rss = rss_anon(s->pid);
	pid_t pid;

	CHECK(rss >= (long)(PAGES * PAGE / 1024), "Anonymous: %ld kB", rss);
	pid = vmtest_fork();
	while (!pid) {
		look(s, rss);
		++*looks;
	}
	return pid;
}

/*
 * Breaks if a page leaves the node because somebody looks at it, or if what is
 * there, or on its way, is counted twice or not at all.
 */
static void watchers_promote_nothing(void)
{
	volatile long *looks = shared_counter();
	long promoted, before;
	struct sleeper s;
	pid_t pid;

	sleeper_start(&s);
	promoted = nd_counter("pages_promoted_write");
	pid = start_watching(&s, looks);
	wait_for(sleeper_reclaim(&s) == PAGES, "%zu of %d pages are on node %d",
		 sleeper_demoted(&s), PAGES, device_nid());
	before = *looks;
	wait_for(*looks >= before + LOOKS, "only %ld looks at what is there",
		 *looks - before);
	CHECK(sleeper_demoted(&s) == PAGES, "%zu of %d pages are on node %d",
	      sleeper_demoted(&s), PAGES, device_nid());
	CHECK(nd_counter("pages_promoted_write") == promoted,
	      "%ld pages were promoted",
	      nd_counter("pages_promoted_write") - promoted);
	CHECK(waitpid(pid, NULL, WNOHANG) == 0, "the watcher has ended");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sleeper_end(&s);
}

static const struct vmtest tests[] = {
	VMTEST(watchers_promote_nothing),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
