// SPDX-License-Identifier: GPL-2.0
/*
 * The write fence seen by the kernel's own accesses to user memory: copies,
 * FOLL_FORCE, pins for direct I/O, registered buffers, pipes.
 *
 * Environment: VMTEST_BLOCKDEV, a block device that may be overwritten.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/pages.h"

#define SMALL	16
#define FEW	6	/* rounds of reclaim that must not help */

static void save_pfns(const struct area *a, uint64_t *pfn)
{
	size_t i;

	for (i = 0; i < a->pages; i++) {
		pfn[i] = page_pfn(area_page(a, i));
		expect_resident(area_page(a, i), pfn[i]);
	}
}

static void expect_all_promoted(const struct area *a, const uint64_t *pfn)
{
	size_t i;

	for (i = 0; i < a->pages; i++)
		expect_promoted(area_page(a, i), pfn[i]);
}

/* New content for the whole area, in a buffer of its own. */
static unsigned char *new_content(struct area *a)
{
	struct area fresh;
	size_t i;

	area_map(&fresh, a->pages, FILL_TEXT);
	for (i = 0; i < a->pages; i++)
		fill_page(area_page(&fresh, i), FILL_TEXT, 1000 + i);
	memcpy(a->want, fresh.p, a->pages * PAGE);
	return fresh.p;
}

/* Breaks if the copy of a system call writes through the fence. */
static void read_from_pipe(void)
{
	size_t bytes = SMALL * PAGE, done = 0;
	uint64_t pfn[SMALL];
	unsigned char *data;
	struct area a;
	int fd[2];

	area_demoted(&a, SMALL, FILL_TEXT);
	save_pfns(&a, pfn);
	data = new_content(&a);
	CHECK_SYS(pipe(fd) == 0, "pipe");
	CHECK_SYS(write(fd[1], data, bytes) == (ssize_t)bytes, "write");
	while (done < bytes) {
		ssize_t n = read(fd[0], a.p + done, bytes - done);

		CHECK_SYS(n > 0, "read after %zu bytes", done);
		done += n;
	}
	expect_all_promoted(&a, pfn);
	area_verify(&a);
}

/* The same from the page cache of a file. */
static void read_from_file(void)
{
	size_t bytes = SMALL * PAGE;
	uint64_t pfn[SMALL];
	unsigned char *data;
	struct area a;
	int fd;

	area_demoted(&a, SMALL, FILL_TEXT);
	save_pfns(&a, pfn);
	data = new_content(&a);
	fd = memfd_create("vmtest", 0);
	CHECK_SYS(fd >= 0, "memfd_create");
	CHECK_SYS(pwrite(fd, data, bytes, 0) == (ssize_t)bytes, "pwrite");
	CHECK_SYS(pread(fd, a.p, bytes, 0) == (ssize_t)bytes, "pread");
	expect_all_promoted(&a, pfn);
	area_verify(&a);
}

/* Reading the memory for write(2) needs no fault and moves nothing. */
static void write_to_file(void)
{
	size_t bytes = SMALL * PAGE;
	uint64_t pfn[SMALL];
	unsigned char *copy;
	struct area a;
	size_t i;
	int fd;

	area_demoted(&a, SMALL, FILL_TEXT);
	save_pfns(&a, pfn);
	fd = memfd_create("vmtest", 0);
	CHECK_SYS(fd >= 0, "memfd_create");
	CHECK_SYS(pwrite(fd, a.p, bytes, 0) == (ssize_t)bytes, "pwrite");
	copy = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	CHECK_SYS(copy != MAP_FAILED, "mmap");
	CHECK(!memcmp(copy, a.want, bytes), "the file has other data");
	for (i = 0; i < SMALL; i++)
		expect_resident(area_page(&a, i), pfn[i]);
}

static int open_direct(int flags)
{
	const char *path = getenv("VMTEST_BLOCKDEV");
	int fd;

	if (!path)
		vmtest_skip("no block device was given in VMTEST_BLOCKDEV");
	fd = open(path, flags | O_DIRECT);
	CHECK_SYS(fd >= 0, "open %s", path);
	return fd;
}

/*
 * A device writes into memory through a pin. Breaks if a pin for writing is
 * granted on the device's page.
 */
static void direct_io_read(void)
{
	size_t bytes = SMALL * PAGE;
	uint64_t pfn[SMALL];
	unsigned char *data;
	struct area a;
	int fd;

	area_demoted(&a, SMALL, FILL_TEXT);
	fd = open_direct(O_RDWR);
	data = new_content(&a);
	CHECK_SYS(pwrite(fd, data, bytes, 0) == (ssize_t)bytes,
		  "direct write");
	save_pfns(&a, pfn);
	CHECK_SYS(pread(fd, a.p, bytes, 0) == (ssize_t)bytes, "direct read");
	expect_all_promoted(&a, pfn);
	area_verify(&a);
}

/*
 * A device reads memory through a pin. A pin, even for reading, must not hold
 * a page on the device node: the page is unshared first.
 */
static void direct_io_write(void)
{
	size_t bytes = SMALL * PAGE;
	uint64_t pfn[SMALL];
	unsigned char *copy;
	struct area a;
	int fd;

	area_demoted(&a, SMALL, FILL_TEXT);
	fd = open_direct(O_RDWR);
	save_pfns(&a, pfn);
	CHECK_SYS(pwrite(fd, a.p, bytes, 0) == (ssize_t)bytes,
		  "direct write");
	expect_all_promoted(&a, pfn);
	area_verify(&a);

	copy = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(copy != MAP_FAILED, "mmap");
	CHECK_SYS(pread(fd, copy, bytes, 0) == (ssize_t)bytes, "direct read");
	CHECK(!memcmp(copy, a.want, bytes), "the device has other data");
}

/*
 * Registered buffers are pinned for a long time, for writing. Breaks if the
 * pin takes the page on the node, or if reclaim moves a pinned page.
 */
static void long_term_pin(void)
{
	struct io_uring_params params = { };
	struct iovec vec;
	uint64_t pfn[SMALL], pinned;
	struct area a;
	int fd;

	fd = syscall(SYS_io_uring_setup, 4, &params);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		vmtest_skip("io_uring_setup: %s", strerror(errno));
	CHECK_SYS(fd >= 0, "io_uring_setup");
	area_demoted(&a, SMALL, FILL_TEXT);
	save_pfns(&a, pfn);
	vec.iov_base = a.p;
	vec.iov_len = SMALL * PAGE;
	CHECK_SYS(syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS,
			  &vec, 1) == 0, "IORING_REGISTER_BUFFERS");
	expect_all_promoted(&a, pfn);
	pinned = page_pfn(a.p);
	area_verify(&a);
	area_try_demote(&a, FEW);
	CHECK(area_count(&a, device_nid()) == 0, "pinned pages were demoted");
	CHECK(page_pfn(a.p) == pinned, "a pinned page moved");
	area_verify(&a);
	close(fd);
}

/*
 * vmsplice() hands the page itself to a pipe. The reader may get the data
 * from before or after the store, never a mix, and the store must not reach
 * the device's page.
 */
static void vmsplice_then_store(void)
{
	unsigned char got[PAGE], old[PAGE];
	struct iovec vec;
	struct area a;
	uint64_t pfn;
	int fd[2];

	area_demoted(&a, 1, FILL_TEXT);
	memcpy(old, a.want, PAGE);
	CHECK_SYS(pipe(fd) == 0, "pipe");
	vec.iov_base = a.p;
	vec.iov_len = PAGE;
	pfn = page_pfn(a.p);
	CHECK_SYS(vmsplice(fd[1], &vec, 1, 0) == (ssize_t)PAGE, "vmsplice");
	if (page_nid(a.p) != device_nid())
		pfn = 0;	/* already promoted: the store may stay there */
	fill_page(a.p, FILL_TEXT, 77);
	fill_page(a.want, FILL_TEXT, 77);
	expect_promoted(a.p, pfn);
	area_verify(&a);
	CHECK_SYS(read(fd[0], got, PAGE) == (ssize_t)PAGE, "read");
	CHECK(!memcmp(got, pfn ? old : a.want, PAGE),
	      "the pipe's reader sees wrong data");
}

/* Breaks if a remote writer gets the page on the node. */
static void process_vm_write(void)
{
	struct iovec local, remote;
	uint64_t pfn[SMALL];
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	save_pfns(&a, pfn);
	local.iov_base = new_content(&a);
	local.iov_len = SMALL * PAGE;
	remote.iov_base = a.p;
	remote.iov_len = SMALL * PAGE;
	CHECK_SYS(process_vm_writev(getpid(), &local, 1, &remote, 1, 0) ==
		  (ssize_t)(SMALL * PAGE), "process_vm_writev");
	expect_all_promoted(&a, pfn);
	area_verify(&a);
}

/*
 * The remote reader pins, and a pin never holds a page of the node: the pages
 * come back for it. Breaks if it gets wrong data, or a pin there.
 */
static void process_vm_read(void)
{
	static unsigned char buf[SMALL * PAGE];
	struct iovec local, remote;
	uint64_t pfn[SMALL];
	struct area a;

	area_demoted(&a, SMALL, FILL_TEXT);
	save_pfns(&a, pfn);
	local.iov_base = buf;
	local.iov_len = sizeof(buf);
	remote.iov_base = a.p;
	remote.iov_len = SMALL * PAGE;
	CHECK_SYS(process_vm_readv(getpid(), &local, 1, &remote, 1, 0) ==
		  (ssize_t)(SMALL * PAGE), "process_vm_readv");
	CHECK(!memcmp(buf, a.want, sizeof(buf)), "other data were read");
	expect_all_promoted(&a, pfn);
	area_verify(&a);
}

/*
 * A child that stopped for its debugger, with a page on the node that is its
 * alone and that it may only read. @a->p is where it is in the child.
 */
static pid_t stopped_child(struct area *a, void (*then)(struct area *a))
{
	int status;
	pid_t pid;
	void *p;

	p = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(p != MAP_FAILED, "mmap");
	a->p = p;
	pid = vmtest_fork();
	if (!pid) {
		p = mmap(p, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		CHECK_SYS(p == a->p, "mmap");
		fill_page(p, FILL_TEXT, 1);
		area_wrap(a, p, 1);
		CHECK_SYS(mprotect(p, PAGE, PROT_READ) == 0, "mprotect");
		area_demote(a);
		CHECK_SYS(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0, "TRACEME");
		raise(SIGSTOP);
		then(a);
		_exit(0);
	}
	CHECK_SYS(waitpid(pid, &status, 0) == pid, "waitpid");
	if (!WIFSTOPPED(status))
		_exit(WEXITSTATUS(status));
	CHECK(page_nid_of(pid, a->p) == device_nid(),
	      "the child's page is on node %d", page_nid_of(pid, a->p));
	return pid;
}

/* The child has another page, in DRAM, and says whether it is right. */
static void expect_forced(struct area *a, pid_t pid, uint64_t pfn)
{
	CHECK(page_pfn_of(pid, a->p) != pfn,
	      "the debugger wrote to the page on the node");
	CHECK(page_nid_of(pid, a->p) != device_nid(),
	      "the new page is on the node");
	CHECK_SYS(ptrace(PTRACE_CONT, pid, 0, 0) == 0, "CONT");
	vmtest_join(pid);
}

static const long poked = 0x1122334455667788;

static void expect_poked(struct area *a)
{
	memcpy(a->want + 128, &poked, sizeof(poked));
	area_verify(a);
}

/*
 * FOLL_FORCE writes to a mapping that its owner may only read. Breaks if
 * "may be forced" is decided without looking at the fence.
 */
static void ptrace_poke(void)
{
	struct area a;
	pid_t pid = stopped_child(&a, expect_poked);
	uint64_t pfn = page_pfn_of(pid, a.p);

	CHECK_SYS(ptrace(PTRACE_POKEDATA, pid, a.p + 128, poked) == 0,
		  "POKEDATA");
	expect_forced(&a, pid, pfn);
}

/* The same through the file of the process' memory. */
static void proc_mem_forced_write(void)
{
	struct area a;
	pid_t pid = stopped_child(&a, expect_poked);
	uint64_t pfn = page_pfn_of(pid, a.p);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	CHECK_SYS(fd >= 0, "open %s", path);
	CHECK_SYS(pwrite(fd, &poked, sizeof(poked), (uintptr_t)a.p + 128) ==
		  sizeof(poked), "write to %s", path);
	expect_forced(&a, pid, pfn);
}

/* Atomic operations of the kernel on user memory (futex) are writes, too. */
static void futex_wake_op(void)
{
	uint64_t pfn;
	struct area a;
	/* FUTEX_OP(FUTEX_OP_SET, 42, FUTEX_OP_CMP_EQ, 0) */
	uint32_t op = 42 << 12;

	area_demoted(&a, 1, FILL_ZERO);
	pfn = page_pfn(a.p);
	CHECK_SYS(syscall(SYS_futex, a.p, 5 /* FUTEX_WAKE_OP */, 1, 1,
			  a.p + 64, op) >= 0, "futex");
	area_set(&a, 0, 64, 42);
	expect_promoted(a.p, pfn);
	area_verify(&a);
}

static const struct vmtest tests[] = {
	VMTEST(read_from_pipe),
	VMTEST(read_from_file),
	VMTEST(write_to_file),
	VMTEST(direct_io_read),
	VMTEST(direct_io_write),
	VMTEST(long_term_pin),
	VMTEST(vmsplice_then_store),
	VMTEST(process_vm_write),
	VMTEST(process_vm_read),
	VMTEST(ptrace_poke),
	VMTEST(proc_mem_forced_write),
	VMTEST(futex_wake_op),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
