// SPDX-License-Identifier: GPL-2.0
/*
 * Nobody writes to a page of the node that is free, the kernel included: the
 * device keeps no room for it. The group boots with init_on_free=1, by which the
 * kernel clears what is given back to it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/pages.h"
#include "lib/policy.h"

#define PAGES		64
#define DEMOTION	"/sys/kernel/mm/numa/demotion_enabled"

/* As in peek.bpf.c */
struct peek {
	uint64_t pfn;
	unsigned char page[PAGE];
};

/**
 * struct peeker - what looks into page frames
 * @map: one struct peek
 * @prog: fills it
 */
struct peeker {
	struct policy object;
	int map;
	int prog;
};

static void peeker_open(struct peeker *p)
{
	struct bpf_program *prog;
	char text[4096];
	int ret;

	CHECK(read_text("/proc/cmdline", text, sizeof(text)) > 0, "cmdline");
	if (!strstr(text, "init_on_free=1"))
		vmtest_skip("the kernel was not told to clear free pages");
	policy_open(&p->object, "../peek", device_nid());
	ret = policy_load(&p->object);
	CHECK(ret == 0, "load peek: %s", strerror(-ret));
	p->map = policy_map_fd(&p->object, "peeked");
	prog = bpf_object__find_program_by_name(p->object.obj, "peek");
	CHECK(prog, "no program");
	p->prog = bpf_program__fd(prog);
}

/* Is this what is in the page frame now? */
static bool holds(const struct peeker *p, uint64_t pfn,
		  const unsigned char *want)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct peek peek = { .pfn = pfn };
	uint32_t key = 0;

	CHECK_SYS(bpf_map_update_elem(p->map, &key, &peek, BPF_ANY) == 0,
		  "peeked");
	CHECK_SYS(bpf_prog_test_run_opts(p->prog, &opts) == 0, "peek");
	if ((int)opts.retval)
		vmtest_skip("the kernel unmaps free pages");
	CHECK_SYS(bpf_map_lookup_elem(p->map, &key, &peek) == 0, "peeked");
	return !memcmp(peek.page, want, PAGE);
}

static size_t count_held(const struct peeker *p, const struct area *a,
			 const uint64_t *pfn)
{
	size_t i, n = 0;

	for (i = 0; i < PAGES; i++)
		n += holds(p, pfn[i], a->want + i * PAGE);
	return n;
}

static void note_frames(const struct area *a, uint64_t *pfn)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		pfn[i] = page_pfn(area_page(a, i));
}

/*
 * Breaks if free pages of the node are cleared. Nobody comes in meanwhile, so
 * that nobody else may have written there.
 */
static void freed_pages_keep_their_bytes(void)
{
	uint64_t pfn[PAGES];
	struct peeker p;
	struct area a;
	long freed;
	size_t n;

	peeker_open(&p);
	area_demoted(&a, PAGES, FILL_RANDOM);
	CHECK(write_text(DEMOTION, "0") == 0, DEMOTION);
	note_frames(&a, pfn);
	n = count_held(&p, &a, pfn);
	CHECK(n == PAGES, "%zu of %d pages look right while in use", n, PAGES);
	freed = nd_counter("pages_freed") + PAGES;
	CHECK_SYS(munmap(a.p, PAGES * PAGE) == 0, "munmap");
	wait_for(nd_counter("pages_freed") >= freed, "the pages are not freed");
	n = count_held(&p, &a, pfn);
	CHECK(write_text(DEMOTION, "1") == 0, DEMOTION);
	CHECK(n == PAGES, "%d of %d free pages were written", PAGES - (int)n,
	      PAGES);
	policy_close(&p.object);
}

/* The counterpart, which shows that the other one would see it. */
static void freed_pages_of_dram_are_cleared(void)
{
	uint64_t pfn[PAGES];
	struct peeker p;
	struct area a;
	size_t n;

	peeker_open(&p);
	area_map(&a, PAGES, FILL_RANDOM);
	note_frames(&a, pfn);
	n = count_held(&p, &a, pfn);
	CHECK(n == PAGES, "%zu of %d pages look right while in use", n, PAGES);
	CHECK_SYS(munmap(a.p, PAGES * PAGE) == 0, "munmap");
	wait_for(count_held(&p, &a, pfn) == 0, "%zu pages were not cleared",
		 count_held(&p, &a, pfn));
	policy_close(&p.object);
}

static const struct vmtest tests[] = {
	VMTEST(freed_pages_keep_their_bytes),
	VMTEST(freed_pages_of_dram_are_cleared),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
