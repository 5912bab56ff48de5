// SPDX-License-Identifier: GPL-2.0
/*
 * The write fence together with userfaultfd: its own write protection must
 * survive demotion and be reported first. UFFDIO_MOVE is in citizen.c.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/pages.h"
#include "lib/uffd.h"

#define SMALL	16

static void uffd_protect(int fd, void *p, size_t bytes, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = (uintptr_t)p, .len = bytes },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	CHECK_SYS(ioctl(fd, UFFDIO_WRITEPROTECT, &wp) == 0,
		  "UFFDIO_WRITEPROTECT");
}

static void *store_thread(void *arg)
{
	struct area *a = arg;
	size_t i;

	for (i = 0; i < a->pages; i++)
		*(volatile unsigned char *)area_page(a, i) = 0xb7;
	return NULL;
}

/*
 * Let another thread write to all pages; each write must be reported with
 * the WP flag before it happens, then succeed on a new page.
 */
static void writes_are_reported(int fd, struct area *a)
{
	uint64_t pfn[SMALL];
	pthread_t thread;
	size_t i;

	for (i = 0; i < a->pages; i++) {
		pfn[i] = page_pfn(area_page(a, i));
		expect_resident(area_page(a, i), pfn[i]);
	}
	area_verify(a);
	CHECK(pthread_create(&thread, NULL, store_thread, a) == 0,
	      "pthread_create");
	for (i = 0; i < a->pages; i++) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		struct uffd_msg msg;

		CHECK_SYS(poll(&pfd, 1, 60000) == 1,
			  "write %zu was not reported", i);
		CHECK_SYS(read(fd, &msg, sizeof(msg)) == sizeof(msg), "read");
		CHECK(msg.event == UFFD_EVENT_PAGEFAULT &&
		      (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP),
		      "event %d flags %#llx", msg.event,
		      msg.arg.pagefault.flags);
		CHECK(msg.arg.pagefault.address / PAGE ==
		      (uintptr_t)area_page(a, i) / PAGE,
		      "reported at page of %#llx", msg.arg.pagefault.address);
		expect_resident(area_page(a, i), pfn[i]);
		uffd_protect(fd, area_page(a, i), PAGE, false);
	}
	CHECK(pthread_join(thread, NULL) == 0, "pthread_join");
	for (i = 0; i < a->pages; i++) {
		area_set(a, i, 0, 0xb7);
		expect_promoted(area_page(a, i), pfn[i]);
	}
	area_verify(a);
}

/* Breaks if the fence hides the protection, or unprotecting lifts the fence. */
static void protect_demoted_pages(void)
{
	int fd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	uffd_register(fd, a.p, SMALL * PAGE, UFFDIO_REGISTER_MODE_WP);
	uffd_protect(fd, a.p, SMALL * PAGE, true);
	writes_are_reported(fd, &a);
}

/* Breaks if demotion drops the protection from the page table. */
static void demote_protected_pages(void)
{
	int fd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	struct area a;

	area_map(&a, SMALL, FILL_TEXT);
	uffd_register(fd, a.p, SMALL * PAGE, UFFDIO_REGISTER_MODE_WP);
	uffd_protect(fd, a.p, SMALL * PAGE, true);
	area_demote(&a);
	writes_are_reported(fd, &a);
}

/* Breaks if unprotecting makes pages writable that nobody writes to. */
static void unprotect_demoted_pages(void)
{
	int fd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	uint64_t pfn[SMALL];
	struct area a;
	size_t i;

	area_demoted(&a, SMALL, FILL_TEXT);
	uffd_register(fd, a.p, SMALL * PAGE, UFFDIO_REGISTER_MODE_WP);
	uffd_protect(fd, a.p, SMALL * PAGE, true);
	uffd_protect(fd, a.p, SMALL * PAGE, false);
	for (i = 0; i < SMALL; i++) {
		pfn[i] = page_pfn(area_page(&a, i));
		expect_resident(area_page(&a, i), pfn[i]);
		*(volatile unsigned char *)area_page(&a, i) = 0x11;
		area_set(&a, i, 0, 0x11);
		expect_promoted(area_page(&a, i), pfn[i]);
	}
	area_verify(&a);
}

/* Breaks if a page that was demoted is reported as missing. */
static void demoted_is_not_missing(void)
{
	int fd = uffd_open(0);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct area a;

	area_map(&a, SMALL, FILL_TEXT);
	uffd_register(fd, a.p, SMALL * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	area_demote(&a);
	area_verify(&a);
	CHECK(poll(&pfd, 1, 0) == 0, "a resident page was reported missing");
	area_expect_all(&a, device_nid());
}

static const struct vmtest tests[] = {
	VMTEST(protect_demoted_pages),
	VMTEST(demote_protected_pages),
	VMTEST(unprotect_demoted_pages),
	VMTEST(demoted_is_not_missing),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
