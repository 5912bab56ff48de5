/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a process' pages are, and which of its reads faulted.
 */
#ifndef DEMO_PAGES_H
#define DEMO_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Page addresses in ascending order. */
struct page_set {
	uintptr_t *addr;
	size_t nr, cap;
};

/**
 * pages_on_node() - the anonymous pages of @pid that the kernel says are on @nid
 *
 * Return: 0, or a negative errno after a message on stderr.
 */
int pages_on_node(pid_t pid, int nid, struct page_set *set);

int pages_contain(const struct page_set *set, uintptr_t addr);
void pages_free(struct page_set *set);

/** page_pfn() - physical page of our own @addr, 0 if there is none */
uint64_t page_pfn(int pagemap_fd, uintptr_t addr);

/* What pages_trace_stop() found in the kernel's fault trace. */
struct fault_counts {
	size_t reads_on_set;	/* read faults on a page of the set */
	size_t writes_on_set;	/* first write faults on a page of the set */
	size_t elsewhere;	/* other pages, and the set's after a write */
};

/**
 * pages_trace_start() - record every page fault of thread @pid
 *
 * Uses a trace instance of its own and the events exceptions:page_fault_*.
 *
 * Return: 0, or a negative errno after a message on stderr.
 */
int pages_trace_start(pid_t pid);

/**
 * pages_trace_stop() - end the recording and sort the faults
 *
 * Return: 0, -ENOBUFS if events were lost, or another negative errno; each
 * after a message on stderr.
 */
int pages_trace_stop(const struct page_set *set, struct fault_counts *counts);

#endif
