// SPDX-License-Identifier: GPL-2.0
/*
 * Content, place and demotion of anonymous pages.
 *
 * Environment: VMTEST_NODE, the device node (default 1).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "pages.h"

/* Rounds of reclaim, which take a tenth of a second or more each. */
#define DEMOTE_ROUNDS	(160 * vmtest_patience())
#define SWAP_ROUNDS	(60 * vmtest_patience())
#define QUERY_CHUNK	256

static const char * const words[] = {
	"memory", "the", "node", "of", "page", "fault", "and", "cold",
	"reclaim", "a", "device", "in", "policy", "folio", "to", "write",
	"system", "with", "kernel", "for", "table", "is", "process", "on",
	"address", "by", "space", "that", "swap", "it", "cache", "reader",
};

int device_nid(void)
{
	const char *s = getenv("VMTEST_NODE");

	return s ? atoi(s) : 1;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/**
 * fill_page - content that only @seed decides, different for each seed
 * (except FILL_ZERO)
 */
void fill_page(unsigned char *page, enum fill kind, uint64_t seed)
{
	uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	size_t at = 0;

	if (kind == FILL_ZERO) {
		memset(page, 0, PAGE);
		return;
	}
	while (at < PAGE) {
		uint64_t r = next_random(&state);
		const char *word = words[r % ARRAY_SIZE(words)];
		size_t len = strlen(word);

		if (kind == FILL_RANDOM) {
			memcpy(page + at, &r, sizeof(r));
			at += sizeof(r);
			continue;
		}
		for (; *word && at < PAGE; word++)
			page[at++] = *word;
		if (len && at < PAGE)
			page[at++] = ' ';
	}
}

/**
 * map_anon - anonymous memory of this process, readable and writable
 */
void *map_anon(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK_SYS(p != MAP_FAILED, "mmap of %zu bytes", bytes);
	return p;
}

/**
 * map_huge - HUGE_BYTES of it where a huge page may be: one page of page tables
 */
unsigned char *map_huge(void)
{
	uintptr_t p = (uintptr_t)map_anon(2 * HUGE_BYTES);

	return (unsigned char *)((p + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
}

/**
 * area_wrap - know the present content of memory that is mapped already
 */
void area_wrap(struct area *a, void *p, size_t pages)
{
	a->p = p;
	a->pages = pages;
	a->want = map_anon(pages * PAGE);
	madvise(a->want, pages * PAGE, MADV_NOHUGEPAGE);
	memcpy(a->want, p, pages * PAGE);
}

/**
 * area_wrap_huge - the same for a huge page; when that is split, the kernel does
 * not build it anew. Without one the test is skipped
 */
void area_wrap_huge(struct area *a, void *p)
{
	if (!(pfn_flags(page_pfn(p)) & KPF_THP))
		vmtest_skip("no huge page was free");
	area_wrap(a, p, HUGE_PAGES);
	CHECK_SYS(madvise(p, HUGE_BYTES, MADV_NOHUGEPAGE) == 0,
		  "MADV_NOHUGEPAGE");
}

/**
 * area_map - map anonymous base pages and fill them
 */
void area_map(struct area *a, size_t pages, enum fill kind)
{
	unsigned char *p = map_anon(pages * PAGE);
	size_t i;

	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < pages; i++)
		fill_page(p + i * PAGE, kind, i);
	area_wrap(a, p, pages);
}

void area_unmap(struct area *a)
{
	munmap(a->p, a->pages * PAGE);
	munmap(a->want, a->pages * PAGE);
}

unsigned char *area_page(const struct area *a, size_t page)
{
	return a->p + page * PAGE;
}

/**
 * area_set - note that a reader must now see @value there
 *
 * The write itself is the test's business.
 */
void area_set(struct area *a, size_t page, size_t off, unsigned char value)
{
	a->want[page * PAGE + off] = value;
}

/**
 * area_store_all - write to the first byte of each page
 */
void area_store_all(struct area *a, unsigned char value)
{
	size_t i;

	for (i = 0; i < a->pages; i++) {
		*(volatile unsigned char *)area_page(a, i) = value;
		area_set(a, i, 0, value);
	}
}

/** area_read_all - read the first byte of each page, so many times */
void area_read_all(const struct area *a, int times)
{
	size_t i;

	for (; times; times--)
		for (i = 0; i < a->pages; i++)
			*(volatile unsigned char *)area_page(a, i);
}

/**
 * area_verify - every byte is what it should be
 */
void area_verify(const struct area *a)
{
	size_t i;

	if (!memcmp(a->p, a->want, a->pages * PAGE))
		return;
	for (i = 0; a->p[i] == a->want[i]; i++)
		;
	vmtest_fail("wrong data: page %zu offset %zu is %#x, should be %#x",
		    i / PAGE, i % PAGE, a->p[i], a->want[i]);
}

/*
 * Status per page: the node, or -errno. The list of pages lives on the stack
 * in small pieces so that asking disturbs little memory.
 */
static void query_nodes(pid_t pid, const unsigned char *p, size_t n, int *node)
{
	void *pages[QUERY_CHUNK];
	size_t i;

	for (i = 0; i < n; i++)
		pages[i] = (void *)(p + i * PAGE);
	CHECK_SYS(syscall(SYS_move_pages, pid, n, pages, NULL, node, 0) == 0,
		  "move_pages query");
}

int page_nid_of(pid_t pid, const void *addr)
{
	int node;

	query_nodes(pid, addr, 1, &node);
	return node;
}

/**
 * page_nid - node of the page at @addr of this process
 *
 * Return: node, or -errno (-ENOENT: not present)
 */
int page_nid(const void *addr)
{
	return page_nid_of(0, addr);
}

/**
 * area_count - pages of the area that are on a node
 */
size_t area_count(const struct area *a, int nid)
{
	size_t i, k, n, count = 0;
	int node[QUERY_CHUNK];

	for (i = 0; i < a->pages; i += n) {
		n = a->pages - i;
		if (n > QUERY_CHUNK)
			n = QUERY_CHUNK;
		query_nodes(0, area_page(a, i), n, node);
		for (k = 0; k < n; k++)
			count += node[k] == nid;
	}
	return count;
}

void area_expect_all(const struct area *a, int nid)
{
	size_t n = area_count(a, nid);

	CHECK(n == a->pages, "%zu of %zu pages are on node %d", n, a->pages,
	      nid);
}

/**
 * forget_references - let the pages of a process look untouched
 */
void forget_references(pid_t pid)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	ret = write_text(path, "1");
	CHECK(ret == 0, "%s: %s", path, strerror(-ret));
}

/**
 * reclaim_round - one of several tries to reclaim memory of this test
 * @round: which one, from 0
 * @bytes: at most so much
 *
 * Aging of the active list goes by statistics of the cgroup that the kernel
 * sums up every two seconds: later rounds give it time.
 */
void reclaim_round(int round, size_t bytes)
{
	forget_references(getpid());
	if (round >= 4)
		usleep(100 * 1000);
	cgroup_reclaim(bytes);
}

/**
 * node_reclaim - proactive reclaim of anonymous memory of a node, whoever has it
 * @nid: the node
 * @bytes: at most so much
 *
 * Return: 0, or the errno that it ended with: less is no error here
 */
int node_reclaim(int nid, size_t bytes)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/reclaim",
		 nid);
	ret = write_text(path, "%zu swappiness=max", bytes);
	CHECK(ret == 0 || ret == -EAGAIN || ret == -EINTR, "%s: %s", path,
	      strerror(-ret));
	return -ret;
}

/**
 * area_try_demote - make the pages cold and reclaim until all are on the
 * device node, or until it has been tried @rounds times
 *
 * A page in swap is read first: only what is in memory can be demoted.
 */
bool area_try_demote(const struct area *a, int rounds)
{
	int i;

	for (i = 0; i < rounds; i++) {
		area_read_all(a, 1);
		reclaim_round(i, a->pages * PAGE + (1 << 20));
		if (area_count(a, device_nid()) == a->pages)
			return true;
	}
	return false;
}

/**
 * area_demote - as area_try_demote(); the test fails if it does not succeed
 *
 * Swap of this cgroup is off meanwhile, so that the pages have one way only.
 */
void area_demote(const struct area *a)
{
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	if (area_try_demote(a, DEMOTE_ROUNDS))
		return;
	vmtest_fail("only %zu of %zu pages reached node %d (offered %ld, admitted %ld, demoted %ld, failed %ld, refused %ld)",
		    area_count(a, device_nid()), a->pages, device_nid(),
		    nd_counter("pages_offered"), nd_counter("pages_admitted"),
		    nd_counter("pages_demoted"), nd_counter("pages_failed"),
		    nd_counter("pages_refused_device"));
}

/**
 * area_hold - put the first page of the area into a pipe: it cannot move then
 * @a: demoted; the test is skipped if the page comes back by that
 * @fd: the pipe
 */
void area_hold(const struct area *a, int fd[2])
{
	struct iovec vec = { .iov_base = a->p, .iov_len = PAGE };

	CHECK_SYS(pipe(fd) == 0, "pipe");
	CHECK_SYS(vmsplice(fd[1], &vec, 1, 0) == (ssize_t)PAGE, "vmsplice");
	if (page_nid(a->p) != device_nid())
		vmtest_skip("vmsplice() promotes: nothing can hold a page of the node");
}

/** area_let_go - take the page out of the pipe, and compare its data */
void area_let_go(const struct area *a, int fd[2])
{
	unsigned char got[PAGE];

	CHECK_SYS(read(fd[0], got, PAGE) == (ssize_t)PAGE, "read");
	CHECK(!memcmp(got, a->want, PAGE), "the pipe's reader sees wrong data");
	close(fd[0]);
	close(fd[1]);
}

/**
 * lru_drain - have each CPU put the folios of its batches on the LRU lists
 * @addr: any page of the caller, in DRAM
 *
 * move_pages() begins with that.
 */
void lru_drain(void *addr)
{
	int node = 0, status;

	CHECK_SYS(syscall(SYS_move_pages, 0, 1UL, &addr, &node, &status,
			  FLAG_MOVE) == 0, "move_pages");
}

/**
 * area_demote_more - reclaim until more pages of the area are on the device node
 * than there are now; the test fails if it does not succeed
 */
void area_demote_more(const struct area *a)
{
	size_t before = area_count(a, device_nid());
	int i;

	for (i = 0; i < DEMOTE_ROUNDS; i++) {
		reclaim_round(i, a->pages * PAGE + (1 << 20));
		if (area_count(a, device_nid()) > before)
			return;
	}
	vmtest_fail("no page reached node %d, where %zu of %zu are",
		    device_nid(), area_count(a, device_nid()), a->pages);
}

/**
 * area_demoted - area_map() and area_demote()
 */
void area_demoted(struct area *a, size_t pages, enum fill kind)
{
	area_map(a, pages, kind);
	area_demote(a);
}

/**
 * page_map_entry - the pagemap entry of an address
 */
uint64_t page_map_entry(pid_t pid, const void *addr)
{
	uint64_t entry = 0;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid ? pid : getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_SYS(fd >= 0, "open %s", path);
	CHECK_SYS(pread(fd, &entry, sizeof(entry),
			(uintptr_t)addr / PAGE * sizeof(entry)) ==
		  sizeof(entry), "read %s", path);
	close(fd);
	return entry;
}

/**
 * area_swapped - pages of the area that are in swap
 */
size_t area_swapped(const struct area *a)
{
	size_t i, n = 0;

	for (i = 0; i < a->pages; i++)
		n += !!(page_map_entry(0, area_page(a, i)) & PM_SWAP);
	return n;
}

/**
 * area_swap_out - reclaim, also on the device node, until @want pages of the
 * area are in swap; the test fails if it does not succeed
 *
 * The caller has given the cgroup swap.
 */
void area_swap_out(const struct area *a, size_t want)
{
	int round;

	for (round = 0; round < SWAP_ROUNDS && area_swapped(a) < want; round++)
		reclaim_round(round, (want + 8) * PAGE);
	CHECK(area_swapped(a) >= want, "only %zu of %zu pages are in swap",
	      area_swapped(a), a->pages);
}

uint64_t page_pfn_of(pid_t pid, const void *addr)
{
	uint64_t entry = page_map_entry(pid, addr);

	return entry & PM_PRESENT ? entry & ((1ULL << 55) - 1) : 0;
}

/**
 * page_pfn - page frame behind @addr, 0 if nothing is mapped there
 */
uint64_t page_pfn(const void *addr)
{
	return page_pfn_of(0, addr);
}

/**
 * pfn_flags - KPF_* bits of a page frame
 */
uint64_t pfn_flags(uint64_t pfn)
{
	uint64_t flags = 0;
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);

	CHECK_SYS(fd >= 0, "open /proc/kpageflags");
	CHECK_SYS(pread(fd, &flags, sizeof(flags), pfn * sizeof(flags)) ==
		  sizeof(flags), "read /proc/kpageflags");
	close(fd);
	return flags;
}

/**
 * expect_resident - @addr still maps page @pfn of the device node
 */
void expect_resident(const void *addr, uint64_t pfn)
{
	uint64_t now = page_pfn(addr);
	int nid = page_nid(addr);

	CHECK(pfn && now == pfn, "the page moved: pfn %#lx, was %#lx, node %d",
	      now, pfn, nid);
	CHECK(nid == device_nid(), "the page is on node %d", nid);
}

/**
 * expect_promoted - @addr maps a page of DRAM that is not page @pfn
 */
void expect_promoted(const void *addr, uint64_t pfn)
{
	uint64_t now = page_pfn(addr);
	int nid = page_nid(addr);

	CHECK(now && now != pfn,
	      "written in place: pfn %#lx (was %#lx) on node %d", now, pfn,
	      nid);
	CHECK(nid >= 0 && nid != device_nid(), "the new page is on node %d",
	      nid);
}

long faults_now(void)
{
	struct rusage ru;

	CHECK_SYS(getrusage(RUSAGE_THREAD, &ru) == 0, "getrusage");
	return ru.ru_minflt + ru.ru_majflt;
}

/**
 * nd_counter - a number below /sys/devices/system/node/nodeN/device/: a file of
 * its own, or a line of stat
 */
long nd_counter(const char *name)
{
	char path[128];
	long value;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/device/%s", device_nid(),
		 name);
	if (!access(path, F_OK))
		return read_number(path);
	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/device/stat", device_nid());
	value = read_field(path, name);
	CHECK(value >= 0, "%s has no %s", path, name);
	return value;
}

/**
 * nd_text - a text below /sys/devices/system/node/nodeN/device/
 *
 * Return: length, or -errno
 */
int nd_text(const char *name, char *buf, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/device/%s", device_nid(),
		 name);
	return read_text(path, buf, size);
}

/* Counters wait on each CPU until they are folded. */
static void fold_counters(void)
{
	write_text("/proc/sys/vm/stat_refresh", "1");
}

/**
 * meminfo - kilobytes from /proc/meminfo
 */
long meminfo(const char *key)
{
	fold_counters();
	return read_field("/proc/meminfo", key);
}

/**
 * nd_meminfo - kilobytes from a node's meminfo
 */
long nd_meminfo(int nid, const char *key)
{
	char path[128];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/meminfo", nid);
	fold_counters();
	return read_field(path, key);
}

/**
 * nd_vmstat - a number from a node's vmstat
 */
long nd_vmstat(int nid, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/vmstat",
		 nid);
	fold_counters();
	return read_field(path, key);
}

/**
 * emu_counter - a number of the emulated device
 */
long emu_counter(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/cram_emu/%s", name);
	return read_number(path);
}

/**
 * emu_range_counter - a number of one range of the emulated device
 */
long emu_range_counter(int range, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", range, name);
	return emu_counter(path);
}

/**
 * emu_set_limit - how many physical bytes a range of the emulated device has
 * @range: number of the range, 0 for the first or only one
 * @bytes: what is left, at most phys_total
 */
void emu_set_limit(int range, long bytes)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "/sys/kernel/debug/cram_emu/%d/phys_limit",
		 range);
	ret = write_text(path, "%ld", bytes);
	CHECK(ret == 0, "%s: %s", path, strerror(-ret));
}

/**
 * emu_try_online - bring all of the emulated device's memory, or take it away
 * @on: whether it is there afterwards
 *
 * Return: 0 or a negative errno.
 */
int emu_try_online(bool on)
{
	return write_text("/sys/kernel/debug/cram_emu/online", "%d", on);
}

/** emu_online - as emu_try_online(); the test fails if it does not succeed */
void emu_online(bool on)
{
	int ret = emu_try_online(on);

	CHECK(ret == 0, "%d to cram_emu/online: %s", on, strerror(-ret));
}
