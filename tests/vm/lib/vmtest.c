// SPDX-License-Identifier: GPL-2.0
/*
 * Runs tests one after the other, each in a process group and a cgroup of its
 * own, so that one test leaves nothing to the next, whatever becomes of it.
 *
 * Environment:
 *   VMTEST_PREFIX   put before each test's name
 *   VMTEST_TIMEOUT  seconds after which a test is ended and has failed
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmtest.h"

#define CGROUP_ROOT	"/sys/fs/cgroup/vmtest"
#define QUIET_ROUNDS	60	/* twentieths of a second */
#define EXIT_FAILED	81
#define EXIT_SKIPPED	82

/* Shared with every process of the test: the first reason stands. */
struct verdict {
	int taken;
	char why[1024];
};

static struct verdict *verdict;
static char cgroup[256];

static void __attribute__((noreturn))
finish(int status, const char *fmt, va_list ap)
{
	if (!verdict) {
		vfprintf(stderr, fmt, ap);
		fputc('\n', stderr);
	} else if (!__atomic_exchange_n(&verdict->taken, 1,
					__ATOMIC_SEQ_CST)) {
		vsnprintf(verdict->why, sizeof(verdict->why), fmt, ap);
	}
	_exit(status);
}

/**
 * vmtest_fail - end this process; the test has failed
 * @fmt: why, in one line
 */
void vmtest_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finish(EXIT_FAILED, fmt, ap);
}

/**
 * vmtest_skip - end this process; the test cannot run here
 * @fmt: why, in one line
 */
void vmtest_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finish(EXIT_SKIPPED, fmt, ap);
}

/**
 * vmtest_patience - how many times slower than others this kernel may be
 */
long vmtest_patience(void)
{
	const char *p = getenv("VMTEST_PATIENCE");

	return p && atoi(p) > 1 ? atoi(p) : 1;
}

/**
 * clock_ns - the time of a clock in nanoseconds
 */
uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/**
 * wait_at_rest - wait until a number has not changed for a while
 * @number: reads it
 * @name: which one @number reads
 *
 * Return: the number
 */
long wait_at_rest(long (*number)(const char *name), const char *name)
{
	long value = number(name);
	int quiet = 0;

	wait_long(2, ({
		long now = number(name);

		quiet = now == value ? quiet + 1 : 0;
		value = now;
		quiet >= QUIET_ROUNDS;
	}), "%s does not come to rest, it is %ld", name, value);
	return value;
}

/**
 * vmtest_swap_device - path of a swap device that is on; without one the test
 * is skipped
 */
const char *vmtest_swap_device(void)
{
	const char *dev = getenv("VMTEST_SWAPDEV");

	if (!dev)
		vmtest_skip("no swap device was given in VMTEST_SWAPDEV");
	return dev;
}

/**
 * vmtest_fork - fork() that ends the test if there are no processes left
 *
 * Return: as fork(). A child leaves with _exit(0) or by a failed CHECK().
 */
pid_t vmtest_fork(void)
{
	pid_t pid = fork();

	CHECK_SYS(pid >= 0, "fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/**
 * vmtest_join - wait for a child of vmtest_fork(); its failure is ours
 * @pid: the child
 */
void vmtest_join(pid_t pid)
{
	int status;

	CHECK_SYS(waitpid(pid, &status, 0) == pid, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED)
		_exit(EXIT_FAILED);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "child ended with status %#x", status);
}

/**
 * vmtest_use_cpu - keep this thread, and those that it starts, on one CPU
 *
 * What the kernel collects for each CPU before it acts, folios on their way to
 * or from the LRU for example, would stay on a CPU that the test has left.
 */
void vmtest_use_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_SYS(sched_setaffinity(0, sizeof(set), &set) == 0, "CPU %d",
		  cpu);
}

void turn_init(struct turn *t)
{
	CHECK_SYS(pipe(t->fd) == 0, "pipe");
}

void turn_give(struct turn *t)
{
	CHECK_SYS(write(t->fd[1], "", 1) == 1, "write to a pipe");
}

/**
 * turn_take - wait for turn_give() of another process
 * @t: the pipe, of which only one side gives and only the other takes;
 *     if all of its writers are gone the test has failed
 */
void turn_take(struct turn *t)
{
	char c;

	/* or the end of the other process would not end the wait */
	if (t->fd[1] >= 0)
		close(t->fd[1]);
	t->fd[1] = -1;
	CHECK_SYS(read(t->fd[0], &c, 1) == 1, "the other process is gone");
}

/**
 * read_text - first bytes of a small file, without the last newline
 *
 * Return: length, or -errno
 */
int read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = 0;
	return n;
}

/**
 * read_number - the decimal number that a file starts with
 *
 * A file that is missing ends the test: no number stands for "none".
 */
long read_number(const char *path)
{
	char buf[64];
	int ret = read_text(path, buf, sizeof(buf));

	CHECK(ret > 0, "cannot read %s: %s", path, strerror(-ret));
	if (!strcmp(buf, "max"))
		return -1;
	return strtol(buf, NULL, 10);
}

/**
 * read_field - the number after @key in a file of "key number" lines
 *
 * Return: the number, -1 if the file has no such line
 */
long read_field(const char *path, const char *key)
{
	size_t len = strlen(key);
	char line[512];
	long value = -1;
	FILE *f;

	f = fopen(path, "re");
	CHECK_SYS(f, "cannot open %s", path);
	while (fgets(line, sizeof(line), f)) {
		char *at = strstr(line, key);

		/* "Node 1 MemFree:  12 kB" as well as "anon 12" */
		if (!at || (at != line && at[-1] != ' '))
			continue;
		at += len;
		if (*at != ' ' && *at != ':' && *at != '=')
			continue;
		value = strtol(at + 1, NULL, 10);
		break;
	}
	fclose(f);
	return value;
}

/**
 * write_text - one write() of a formatted string
 *
 * Return: 0 or -errno
 */
int write_text(const char *path, const char *fmt, ...)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	char buf[512];
	va_list ap;
	int n, ret = 0;

	if (fd < 0)
		return -errno;
	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (write(fd, buf, n) != n)
		ret = -errno;
	close(fd);
	return ret;
}

#define NUMA_BALANCING	"/proc/sys/kernel/numa_balancing"

static void numa_balancing_tune(const char *file, int ms)
{
	char path[128];

	snprintf(path, sizeof(path),
		 "/sys/kernel/debug/sched/numa_balancing/%s", file);
	write_text(path, "%d", ms);
}

/** numa_balancing_needed - skip the test where the kernel has none */
void numa_balancing_needed(void)
{
	if (access(NUMA_BALANCING, W_OK))
		vmtest_skip("the kernel has no NUMA balancing");
}

/**
 * numa_balancing_start - switch NUMA balancing on
 * @mode: 1 for nodes of the same kind, 2 for tiers
 * @delay_ms: CPU time of the process before the first look
 * @least_ms: and between two looks, at least
 * @most_ms: and at most
 *
 * Return: for numa_balancing_stop()
 */
long numa_balancing_start(int mode, int delay_ms, int least_ms, int most_ms)
{
	long before = read_number(NUMA_BALANCING);
	int ret = write_text(NUMA_BALANCING, "%d", mode);

	CHECK(ret == 0, NUMA_BALANCING ": %s", strerror(-ret));
	numa_balancing_tune("scan_delay_ms", delay_ms);
	numa_balancing_tune("scan_period_min_ms", least_ms);
	numa_balancing_tune("scan_period_max_ms", most_ms);
	return before;
}

/**
 * numa_balancing_stop - as it was
 * @before: what numa_balancing_start() returned
 */
void numa_balancing_stop(long before)
{
	write_text(NUMA_BALANCING, "%ld", before);
}

const char *cgroup_path(void)
{
	return cgroup;
}

/**
 * cgroup_write - write a file of this test's cgroup
 *
 * Return: 0 or -errno
 */
int cgroup_write(const char *file, const char *fmt, ...)
{
	char path[512], buf[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	return write_text(path, "%s", buf);
}

long cgroup_number(const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	return read_number(path);
}

long cgroup_field(const char *file, const char *key)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	return read_field(path, key);
}

/**
 * cgroup_reclaim - proactive reclaim of anonymous memory of this test
 * @bytes: at most so much; less is no error here
 */
void cgroup_reclaim(size_t bytes)
{
	int ret = cgroup_write("memory.reclaim", "%zu swappiness=max", bytes);

	CHECK(ret == 0 || ret == -EAGAIN || ret == -EINTR,
	      "memory.reclaim: %s", strerror(-ret));
}

/**
 * cgroup_node_anon - anonymous bytes of this test's cgroup on a node
 *
 * Return: bytes, -1 if memory.numa_stat does not show the node
 */
long cgroup_node_anon(int nid)
{
	char path[512], line[1024], key[16];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.numa_stat", cgroup);
	snprintf(key, sizeof(key), " N%d=", nid);
	f = fopen(path, "re");
	CHECK_SYS(f, "cannot open %s", path);
	while (fgets(line, sizeof(line), f)) {
		char *at;

		if (strncmp(line, "anon ", 5))
			continue;
		at = strstr(line, key);
		if (at)
			value = strtol(at + strlen(key), NULL, 10);
	}
	fclose(f);
	return value;
}

static void cgroup_create(const char *name)
{
	mkdir(CGROUP_ROOT, 0755);
	write_text(CGROUP_ROOT "/cgroup.subtree_control", "+memory");
	write_text(CGROUP_ROOT "/cgroup.subtree_control", "+cpuset");
	snprintf(cgroup, sizeof(cgroup), CGROUP_ROOT "/%s", name);
	if (mkdir(cgroup, 0755) && errno != EEXIST) {
		fprintf(stderr, "%s: %m\n", cgroup);
		exit(2);
	}
}

static void cgroup_remove(void)
{
	struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	int i;

	cgroup_write("cgroup.kill", "1");
	for (i = 0; i < 250 && rmdir(cgroup) && errno == EBUSY; i++)
		nanosleep(&pause, NULL);
}

/**
 * vmtest_alone - enter a cgroup without being a test
 * @name: the cgroup's
 *
 * For helper programs: vmtest_fail() writes to stderr and exits.
 */
void vmtest_alone(const char *name)
{
	cgroup_create(name);
	CHECK(cgroup_write("cgroup.procs", "0") == 0,
	      "cannot enter %s", cgroup);
}

static void __attribute__((noreturn)) run_child(const struct vmtest *t)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CHECK(cgroup_write("cgroup.procs", "0") == 0,
	      "cannot enter %s", cgroup);
	t->fn();
	_exit(0);
}

/* Return: wait status; *@late if the test had to be ended */
static int wait_bounded(pid_t pid, int seconds, bool *late)
{
	struct pollfd pfd = { .events = POLLIN };
	int status = 0;

	*late = false;
	pfd.fd = syscall(SYS_pidfd_open, pid, 0);
	if (pfd.fd >= 0) {
		*late = poll(&pfd, 1, seconds * 1000) == 0;
		close(pfd.fd);
	}
	if (*late) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	return status;
}

static bool run_one(const struct vmtest *t, const char *prefix, int seconds)
{
	bool late, good = false;
	int status;
	pid_t pid;

	memset(verdict, 0, sizeof(*verdict));
	cgroup_create(t->name);
	fflush(NULL);
	pid = fork();
	if (!pid)
		run_child(t);
	status = wait_bounded(pid, seconds, &late);
	cgroup_remove();

	if (late) {
		printf("not ok - %s%s: not done after %d s\n", prefix,
		       t->name, seconds);
	} else if (WIFSIGNALED(status)) {
		printf("not ok - %s%s: killed by signal %d%s%s\n", prefix,
		       t->name, WTERMSIG(status),
		       verdict->taken ? ", " : "", verdict->why);
	} else if (WEXITSTATUS(status) == EXIT_SKIPPED) {
		printf("skip - %s%s: %s\n", prefix, t->name, verdict->why);
		good = true;
	} else if (WEXITSTATUS(status) || verdict->taken) {
		printf("not ok - %s%s: %s\n", prefix, t->name,
		       verdict->taken ? verdict->why : "no reason given");
	} else {
		printf("ok - %s%s\n", prefix, t->name);
		good = true;
	}
	fflush(stdout);
	return good;
}

/**
 * vmtest_main - run the tests named on the command line, or all
 *
 * Return: exit status, 0 if none failed
 */
int vmtest_main(const struct vmtest *tests, size_t nr, int argc, char **argv)
{
	const char *prefix = getenv("VMTEST_PREFIX");
	const char *bound = getenv("VMTEST_TIMEOUT");
	int seconds = bound ? atoi(bound) : 120;
	int failed = 0, i;
	size_t t;

	for (i = 1; i < argc; i++) {
		for (t = 0; t < nr && strcmp(argv[i], tests[t].name); t++)
			;
		if (t == nr) {
			fprintf(stderr, "%s: no test '%s'\n", argv[0], argv[i]);
			return 2;
		}
	}
	verdict = mmap(NULL, sizeof(*verdict), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (verdict == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	for (t = 0; t < nr; t++) {
		bool wanted = argc < 2;

		for (i = 1; i < argc; i++)
			wanted |= !strcmp(argv[i], tests[t].name);
		if (wanted)
			failed += !run_one(&tests[t], prefix ? prefix : "",
					   seconds);
	}
	return failed != 0;
}

/**
 * cgroup_expect_oom - a process that exceeds the limit is killed
 * @headroom: the limit is set so many bytes above what the cgroup has
 *
 * Breaks if reclaim neither finds anything nor gives up.
 */
void cgroup_expect_oom(size_t headroom)
{
	const size_t bytes = 64 << 20;
	int status;
	pid_t pid;

	CHECK(cgroup_write("memory.max", "%ld",
			   cgroup_number("memory.current") + (long)headroom) == 0,
	      "memory.max");
	pid = fork();
	CHECK_SYS(pid >= 0, "fork");
	if (!pid) {
		unsigned char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (write_text("/proc/self/oom_score_adj", "1000"))
			_exit(2);
		memset(p, 1, bytes);
		_exit(0);
	}
	CHECK_SYS(waitpid(pid, &status, 0) == pid, "waitpid");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "the process that exceeded the limit ended with status %#x",
	      status);
}
