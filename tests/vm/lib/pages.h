/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Anonymous memory with known content: where its pages are, and how to send
 * them to the device node.
 */
#ifndef PAGES_H
#define PAGES_H

#include "vmtest.h"

/* linux/mempolicy.h, which systems without libnuma's headers lack */
enum { MODE_BIND = 2 };
enum { FLAG_STRICT = 1, FLAG_MOVE = 2 };

#define HUGE_PAGES	512
#define HUGE_BYTES	(HUGE_PAGES * PAGE)

enum fill {
	FILL_TEXT,		/* words: shrinks to about a half */
	FILL_RANDOM,		/* does not shrink */
	FILL_ZERO,
};

/**
 * struct area - a mapping and what should be in it
 * @p: the mapping under test
 * @want: a copy of the content that a reader of @p must see
 * @pages: length of both
 */
struct area {
	unsigned char *p;
	unsigned char *want;
	size_t pages;
};

int device_nid(void);

void *map_anon(size_t bytes);
unsigned char *map_huge(void);
void fill_page(unsigned char *page, enum fill kind, uint64_t seed);
void area_map(struct area *a, size_t pages, enum fill kind);
void area_wrap(struct area *a, void *p, size_t pages);
void area_wrap_huge(struct area *a, void *p);
void area_unmap(struct area *a);
void area_verify(const struct area *a);
void area_read_all(const struct area *a, int times);
void area_set(struct area *a, size_t page, size_t off, unsigned char value);
void area_store_all(struct area *a, unsigned char value);
unsigned char *area_page(const struct area *a, size_t page);

void area_demote(const struct area *a);
void area_hold(const struct area *a, int fd[2]);
void area_let_go(const struct area *a, int fd[2]);
void area_demote_more(const struct area *a);
bool area_try_demote(const struct area *a, int rounds);
void area_demoted(struct area *a, size_t pages, enum fill kind);
size_t area_count(const struct area *a, int nid);
void area_expect_all(const struct area *a, int nid);
size_t area_swapped(const struct area *a);
void area_swap_out(const struct area *a, size_t want);
void forget_references(pid_t pid);
void reclaim_round(int round, size_t bytes);
int node_reclaim(int nid, size_t bytes);
void lru_drain(void *addr);

int page_nid(const void *addr);
int page_nid_of(pid_t pid, const void *addr);
uint64_t page_pfn(const void *addr);
uint64_t page_pfn_of(pid_t pid, const void *addr);
uint64_t page_map_entry(pid_t pid, const void *addr);
uint64_t pfn_flags(uint64_t pfn);
#define KPF_THP		(1ULL << 22)
#define PM_PRESENT	(1ULL << 63)
#define PM_SWAP		(1ULL << 62)

void expect_resident(const void *addr, uint64_t pfn);
void expect_promoted(const void *addr, uint64_t pfn);

/* Page faults of the calling thread so far. */
long faults_now(void);

/* ---- the device node's own numbers --------------------------------------- */

long nd_counter(const char *name);
int nd_text(const char *name, char *buf, size_t size);
long meminfo(const char *key);
long nd_meminfo(int nid, const char *key);
long nd_vmstat(int nid, const char *key);
long emu_counter(const char *name);
long emu_range_counter(int range, const char *name);
void emu_set_limit(int range, long bytes);
int emu_try_online(bool on);
void emu_online(bool on);

#endif
