// SPDX-License-Identifier: GPL-2.0
/*
 * The write fence seen by uprobes, which change private copies of program
 * text. Such a copy is anonymous memory and can be demoted like any other.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/pages.h"

#define TEXT_AT		64		/* where the function is in its page */

/* int f(int x) { return x + 1; }: lea eax,[rdi+1]; ret */
static const unsigned char plus_one[] = { 0x8d, 0x47, 0x01, 0xc3 };
/* the same after a five byte nop, which the kernel may turn into a call */
static const unsigned char nop_plus_one[] = {
	0x0f, 0x1f, 0x44, 0x00, 0x00, 0x8d, 0x47, 0x01, 0xc3
};

struct program {
	char path[64];
	unsigned char *page;
	int (*fn)(int x);
};

static void program_load(struct program *p, const unsigned char *text,
			 size_t len)
{
	unsigned char page[PAGE];
	int fd;

	strcpy(p->path, "/dev/shm/vmtest.XXXXXX");
	fd = mkstemp(p->path);
	CHECK_SYS(fd >= 0, "mkstemp");
	fill_page(page, FILL_TEXT, 1);
	memcpy(page + TEXT_AT, text, len);
	CHECK_SYS(write(fd, page, PAGE) == (ssize_t)PAGE, "write");
	p->page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	CHECK_SYS(p->page != MAP_FAILED, "mmap");
	close(fd);
	p->fn = (int (*)(int))(p->page + TEXT_AT);
	CHECK(p->fn(41) == 42, "the function is wrong");
}

static void program_demote(struct program *p, struct area *a)
{
	area_wrap(a, p->page, 1);
	area_demote(a);
}

static int uprobe_register(const struct program *p)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.config1 = (uintptr_t)p->path,
		.config2 = TEXT_AT,
	};
	int fd;

	attr.type = read_number("/sys/bus/event_source/devices/uprobe/type");
	fd = syscall(SYS_perf_event_open, &attr, getpid(), -1, -1,
		     PERF_FLAG_FD_CLOEXEC);
	CHECK_SYS(fd >= 0, "perf_event_open");
	return fd;
}

static long hits(int fd)
{
	uint64_t count = 0;

	CHECK_SYS(read(fd, &count, sizeof(count)) == sizeof(count),
		  "read the event");
	return count;
}

static void expect_hit(const struct program *p, int fd)
{
	long before = hits(fd);

	CHECK(p->fn(41) == 42, "the probed function is wrong");
	CHECK(hits(fd) == before + 1, "the probe hit %ld times",
	      hits(fd) - before);
}

/* Give the page a private copy in this process. */
static void program_cow(struct program *p)
{
	CHECK_SYS(mprotect(p->page, PAGE, PROT_READ | PROT_WRITE) == 0,
		  "mprotect");
	p->page[PAGE - 1] ^= 0xff;
	CHECK_SYS(mprotect(p->page, PAGE, PROT_READ | PROT_EXEC) == 0,
		  "mprotect");
}

/* Breaks if the breakpoint is written to the page on the node. */
static void register_on_demoted_page(void)
{
	struct program p;
	struct area a;
	uint64_t pfn;
	int fd;

	program_load(&p, plus_one, sizeof(plus_one));
	program_cow(&p);
	program_demote(&p, &a);
	pfn = page_pfn(p.page);
	CHECK(p.fn(41) == 42, "the demoted function is wrong");
	expect_resident(p.page, pfn);
	fd = uprobe_register(&p);
	expect_promoted(p.page, pfn);
	CHECK(p.page[TEXT_AT] == 0xcc, "no breakpoint in the page");
	expect_hit(&p, fd);
	close(fd);
	unlink(p.path);
}

/*
 * Breaks if the original instruction is restored in the page on the node, or
 * if unregistering passes by a page of the node and leaves the breakpoint.
 */
static void unregister_from_demoted_page(void)
{
	struct program p;
	struct area a;
	uint64_t pfn;
	int fd;

	program_load(&p, plus_one, sizeof(plus_one));
	program_cow(&p);
	fd = uprobe_register(&p);
	expect_hit(&p, fd);
	program_demote(&p, &a);
	pfn = page_pfn(p.page);
	expect_hit(&p, fd);
	expect_resident(p.page, pfn);
	close(fd);
	CHECK(p.page[TEXT_AT] == plus_one[0],
	      "the breakpoint is still there: %#x", p.page[TEXT_AT]);
	expect_promoted(p.page, pfn);
	a.want[TEXT_AT] = plus_one[0];
	area_verify(&a);
	CHECK(p.fn(41) == 42, "the function is wrong afterwards");
	unlink(p.path);
}

/*
 * The kernel may rewrite a probed nop when it is hit: one more writer. All
 * that counts is that the page on the node is left alone (the end of the
 * group compares its hash) and that the function stays right.
 */
static void hit_on_demoted_nop(void)
{
	struct program p;
	struct area a;
	int fd, i;

	program_load(&p, nop_plus_one, sizeof(nop_plus_one));
	program_cow(&p);
	fd = uprobe_register(&p);
	program_demote(&p, &a);
	for (i = 0; i < 4; i++)
		expect_hit(&p, fd);
	close(fd);
	CHECK(p.fn(41) == 42, "the function is wrong afterwards");
	CHECK(!memcmp(p.page + TEXT_AT, nop_plus_one, sizeof(nop_plus_one)),
	      "the text was not restored");
	CHECK(emu_counter("mismatches") == 0, "written in place");
	unlink(p.path);
}

static const struct vmtest tests[] = {
	VMTEST(register_on_demoted_page),
	VMTEST(unregister_from_demoted_page),
	VMTEST(hit_on_demoted_nop),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
