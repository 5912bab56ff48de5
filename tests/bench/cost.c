// SPDX-License-Identifier: GPL-2.0
/*
 * What single operations of mm cost, in instructions of the guest. In a VM with
 * one CPU under QEMU's -icount shift=0 the time stamp counter counts them.
 *
 * usage: cost PAGES ROUNDS CGROUP [NODE]
 *	CGROUP is the directory of a cgroup that this process is in, and nobody
 *	else. Without NODE it measures what there is without any other node, with
 *	swap as the place for cold pages; with NODE, what it takes to move pages
 *	there and, if they leave it when they are written, back.
 *
 * Each line is `cost OPERATION ROUND PAGES INSTRUCTIONS`, the latter for all of
 * the pages. The first round warms up and is not printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#define PAGE		4096UL
#define RECLAIM_TRIES	100
/* Within this time a write counts as a refault, see Documentation/mm. */
#define REFAULT_SECONDS	10

static size_t nr_pages;
static const char *cgroup;
static int node = -1;
static long round_nr;

static void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("cost: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void report(const char *what, size_t pages, uint64_t instructions)
{
	if (round_nr)
		printf("cost %s %ld %zu %llu\n", what, round_nr, pages,
		       (unsigned long long)instructions);
}

static void put(const char *dir, const char *file, const char *text)
{
	char path[512];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %m", path);
	len = write(fd, text, strlen(text));
	/* Reclaim says EAGAIN when pages went elsewhere than to swap. */
	if (len < 0 && errno != EAGAIN)
		die("%s: %m", path);
	close(fd);
}

/*
 * Each page has a content of its own that zram stores in a word, so that no
 * compressor is measured, and that is not zero, which swap would store itself.
 */
static unsigned char *filled(void)
{
	unsigned char *p = mmap(NULL, nr_pages * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i, k;

	if (p == MAP_FAILED)
		die("mmap: %m");
	if (madvise(p, nr_pages * PAGE, MADV_NOHUGEPAGE))
		die("madvise: %m");
	for (i = 0; i < nr_pages; i++)
		for (k = 0; k < PAGE / sizeof(uint64_t); k++)
			((uint64_t *)(p + i * PAGE))[k] = i + 1;
	return p;
}

static void unmap(unsigned char *p)
{
	if (munmap(p, nr_pages * PAGE))
		die("munmap: %m");
}

static uint64_t write_each(unsigned char *p)
{
	uint64_t start = __rdtsc();
	size_t i;

	for (i = 0; i < nr_pages; i++)
		*(volatile unsigned char *)(p + i * PAGE) = 1;
	return __rdtsc() - start;
}

static uint64_t read_each(unsigned char *p)
{
	uint64_t start = __rdtsc();
	size_t i;

	for (i = 0; i < nr_pages; i++)
		(void)*(volatile unsigned char *)(p + i * PAGE);
	return __rdtsc() - start;
}

static void protect(unsigned char *p, int prot)
{
	if (mprotect(p, nr_pages * PAGE, prot))
		die("mprotect: %m");
}

/* ---- memory without another node --------------------------------------------- */

static void fault_and_unmap(void)
{
	unsigned char *p = mmap(NULL, nr_pages * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t start;

	if (p == MAP_FAILED)
		die("mmap: %m");
	madvise(p, nr_pages * PAGE, MADV_NOHUGEPAGE);
	report("fault", nr_pages, write_each(p));
	start = __rdtsc();
	unmap(p);
	report("unmap", nr_pages, __rdtsc() - start);
}

/* The child sits on the other end of the pipe until it is closed. */
static pid_t forked(int fd[2], uint64_t *instructions)
{
	uint64_t start;
	char c;
	pid_t pid;

	if (pipe(fd))
		die("pipe: %m");
	start = __rdtsc();
	pid = fork();
	if (pid < 0)
		die("fork: %m");
	if (!pid) {
		close(fd[1]);
		_exit(read(fd[0], &c, 1) != 0);
	}
	*instructions = __rdtsc() - start;
	close(fd[0]);
	return pid;
}

static void joined(pid_t pid, int fd)
{
	int status;

	close(fd);
	if (waitpid(pid, &status, 0) != pid || status)
		die("the child ended with %#x", status);
}

static void fork_and_cow(void)
{
	unsigned char *p = filled();
	uint64_t instructions;
	int fd[2];
	pid_t pid;

	pid = forked(fd, &instructions);
	report("fork", nr_pages, instructions);
	report("cow", nr_pages, write_each(p));
	joined(pid, fd[1]);

	/* Again, and the child is gone: nothing is left to copy. */
	pid = forked(fd, &instructions);
	joined(pid, fd[1]);
	report("reuse", nr_pages, write_each(p));
	unmap(p);
}

static void mprotect_and_write(void)
{
	unsigned char *p = filled();
	uint64_t start;

	start = __rdtsc();
	protect(p, PROT_READ);
	protect(p, PROT_READ | PROT_WRITE);
	report("mprotect", nr_pages, __rdtsc() - start);
	report("mprotect-write", nr_pages, write_each(p));
	unmap(p);
}

/* ---- cold pages --------------------------------------------------------------- */

/* Pages of @p that are on @node or, without one, not present. */
static size_t cold(unsigned char *p)
{
	static void *pages[512];
	static int where[512];
	size_t i, k, nr, count = 0;

	for (i = 0; i < nr_pages; i += nr) {
		nr = nr_pages - i < 512 ? nr_pages - i : 512;
		for (k = 0; k < nr; k++)
			pages[k] = p + (i + k) * PAGE;
		if (syscall(SYS_move_pages, 0, nr, pages, NULL, where, 0))
			die("move_pages: %m");
		for (k = 0; k < nr; k++)
			count += node >= 0 ? where[k] == node : where[k] == -ENOENT;
	}
	return count;
}

/*
 * Pushes most of the pages out. What is left is less than a sixteenth, so that
 * the measurement is about pages that go and not about those that are looked at
 * in vain. Returns how many are out.
 */
static size_t push_out(unsigned char *p, uint64_t *instructions)
{
	size_t before, now = cold(p);
	uint64_t start, took;
	char text[64];
	int i;

	*instructions = 0;
	for (i = 0; i < RECLAIM_TRIES && now < nr_pages - nr_pages / 16; i++) {
		put("/proc/self", "clear_refs", "1");
		snprintf(text, sizeof(text), "%lu swappiness=max",
			 (nr_pages - now) * PAGE);
		start = __rdtsc();
		put(cgroup, "memory.reclaim", text);
		took = __rdtsc() - start;
		before = now;
		now = cold(p);
		/*
		 * Rounds that only age the lists are not counted. Reclaim
		 * decides by statistics that can be two seconds old.
		 */
		if (now > before)
			*instructions += took;
		else
			usleep(100000);
	}
	if (now < nr_pages - nr_pages / 16)
		die("only %zu of %zu pages went to %s", now, nr_pages,
		    node >= 0 ? "the node" : "swap");
	return now;
}

static void swap_out_and_in(void)
{
	unsigned char *p = filled();
	uint64_t instructions;
	size_t out;

	out = push_out(p, &instructions);
	report("swap-out", out, instructions);
	report("swap-in", out, read_each(p));
	unmap(p);
}

/*
 * What is left in DRAM costs a few instructions when it is written. On a node
 * without write fence, nothing comes back: then the pages are only demoted.
 * A write soon after the demotion is accounted as a refault, which costs more.
 */
static void demote_and_promote(void)
{
	unsigned char *p = filled();
	uint64_t instructions;
	size_t out;

	out = push_out(p, &instructions);
	report("demote", out, instructions);
	instructions = write_each(p);
	if (cold(p)) {
		unmap(p);
		return;
	}
	report("refault", out, instructions);
	out = push_out(p, &instructions);
	sleep(REFAULT_SECONDS + 1);
	report("promote", out, write_each(p));
	unmap(p);
}

static long number(const char *text, long least, long most)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < least || n > most)
		die("'%s' is no number from %ld to %ld", text, least, most);
	return n;
}

int main(int argc, char **argv)
{
	long rounds;

	if (argc != 4 && argc != 5)
		die("usage: cost PAGES ROUNDS CGROUP [NODE]");
	nr_pages = number(argv[1], 64, 1 << 20);
	rounds = number(argv[2], 1, 1000);
	cgroup = argv[3];
	if (argc == 5)
		node = number(argv[4], 0, 1023);
	/* One write per line: a round is not disturbed by a full buffer. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (round_nr = 0; round_nr <= rounds; round_nr++) {
		if (node >= 0) {
			demote_and_promote();
			continue;
		}
		fault_and_unmap();
		fork_and_cow();
		mprotect_and_write();
		swap_out_and_in();
	}
	return 0;
}
