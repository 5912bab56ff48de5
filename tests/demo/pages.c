// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pages.h"

#define TRACING		"/sys/kernel/tracing/instances/node_ext_demo"
#define EVENTS		TRACING "/events/exceptions"
#define BATCH		1024
#define PAGEMAP_PRESENT	(1ULL << 63)
#define PAGEMAP_PFN	((1ULL << 55) - 1)
#define FAULT_WRITE	0x2UL		/* X86_PF_WRITE */

static int complain(int err, const char *what)
{
	fprintf(stderr, "demo: %s: %s\n", what, strerror(-err));
	return err;
}

static int set_add(struct page_set *set, uintptr_t addr)
{
	uintptr_t *p;
	size_t cap;

	if (set->nr == set->cap) {
		cap = set->cap ? set->cap * 2 : 4096;
		p = realloc(set->addr, cap * sizeof(*p));
		if (!p)
			return -ENOMEM;
		set->addr = p;
		set->cap = cap;
	}
	set->addr[set->nr++] = addr;
	return 0;
}

static int scan_range(pid_t pid, int nid, uintptr_t start, uintptr_t end,
		      struct page_set *set)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int status[BATCH], err;
	void *addr[BATCH];
	size_t i, n;

	while (start < end) {
		for (n = 0; n < BATCH && start < end; n++, start += page)
			addr[n] = (void *)start;
		/* No target nodes: only tell where the pages are. */
		if (syscall(SYS_move_pages, pid, n, addr, NULL, status, 0))
			return -errno;
		for (i = 0; i < n; i++) {
			if (status[i] != nid)
				continue;
			err = set_add(set, (uintptr_t)addr[i]);
			if (err)
				return err;
		}
	}
	return 0;
}

int pages_on_node(pid_t pid, int nid, struct page_set *set)
{
	unsigned long start, end, inode;
	char path[64], line[512], perm[8];
	int err = 0;
	FILE *f;

	memset(set, 0, sizeof(*set));
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return complain(-errno, path);
	while (!err && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s %*x %*s %lu", &start, &end, perm,
			   &inode) != 4)
			continue;
		if (inode || perm[0] != 'r' || perm[3] != 'p')
			continue;
		err = scan_range(pid, nid, start, end, set);
	}
	fclose(f);
	if (err) {
		pages_free(set);
		complain(err, "move_pages");
	}
	return err;
}

static int compare_addr(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return x < y ? -1 : x > y;
}

static uintptr_t *find(const struct page_set *set, uintptr_t addr)
{
	return set->nr ? bsearch(&addr, set->addr, set->nr, sizeof(addr),
				 compare_addr) : NULL;
}

int pages_contain(const struct page_set *set, uintptr_t addr)
{
	return !!find(set, addr);
}

void pages_free(struct page_set *set)
{
	free(set->addr);
	memset(set, 0, sizeof(*set));
}

uint64_t page_pfn(int pagemap_fd, uintptr_t addr)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t entry;

	if (pread(pagemap_fd, &entry, sizeof(entry), addr / page * 8) !=
	    sizeof(entry) || !(entry & PAGEMAP_PRESENT))
		return 0;
	return entry & PAGEMAP_PFN;
}

__attribute__((format(printf, 2, 3)))
static int write_file(const char *path, const char *fmt, ...)
{
	va_list ap;
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return complain(-errno, path);
	va_start(ap, fmt);
	if (vdprintf(fd, fmt, ap) < 0)
		err = complain(-errno, path);
	va_end(ap);
	close(fd);
	return err;
}

int pages_trace_start(pid_t pid)
{
	int err;

	if (mkdir(TRACING, 0700) && errno != EEXIST)
		return complain(-errno, TRACING);
	/* Both events: the server reads itself, or has the kernel read. */
	err = write_file(EVENTS "/filter", "common_pid == %d", pid);
	if (!err)
		err = write_file(TRACING "/buffer_size_kb", "4096");
	if (!err)
		err = write_file(TRACING "/trace", "\n");
	if (!err)
		err = write_file(EVENTS "/enable", "1");
	if (err)
		rmdir(TRACING);
	return err;
}

/*
 * A write brings its page back to DRAM, and reclaim may take it away again:
 * from then on its faults say nothing about reads of demoted data.
 */
static void sort_fault(const struct page_set *set, char *promoted,
		       uintptr_t addr, unsigned long code,
		       struct fault_counts *counts)
{
	uintptr_t *page;

	page = find(set, addr & -(uintptr_t)sysconf(_SC_PAGESIZE));
	if (!page || promoted[page - set->addr]) {
		counts->elsewhere++;
	} else if (code & FAULT_WRITE) {
		promoted[page - set->addr] = 1;
		counts->writes_on_set++;
	} else {
		counts->reads_on_set++;
	}
}

int pages_trace_stop(const struct page_set *set, struct fault_counts *counts)
{
	unsigned long written, kept, code;
	char line[512], *address, *error, *promoted;
	uintptr_t addr;
	int err;
	FILE *f;

	memset(counts, 0, sizeof(*counts));
	promoted = calloc(set->nr + 1, 1);
	if (!promoted) {
		err = complain(-ENOMEM, "the trace of page faults");
		goto out;
	}
	err = write_file(EVENTS "/enable", "0");
	if (err)
		goto out;
	f = fopen(TRACING "/trace", "re");
	if (!f) {
		err = complain(-errno, TRACING "/trace");
		goto out;
	}
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "# entries-in-buffer/entries-written: %lu/%lu",
			   &kept, &written) == 2 && kept != written)
			err = -ENOBUFS;
		address = strstr(line, " address=");
		error = strstr(line, "error_code=");
		if (!address || !error)
			continue;
		if (sscanf(address, " address=%lx", &addr) != 1 ||
		    sscanf(error, "error_code=%lx", &code) != 1) {
			err = -EPROTO;
			continue;
		}
		sort_fault(set, promoted, addr, code, counts);
	}
	fclose(f);
	if (err)
		complain(err, "the trace of page faults is not complete");
out:
	free(promoted);
	rmdir(TRACING);
	return err;
}
