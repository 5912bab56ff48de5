// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing but demotion may put a page on the device node. While these run, the
 * device's physical space is full (fill_memory), so that demotion takes
 * nothing and not a page of the node may be taken. Little of DRAM is free, so
 * that whoever knew the node would want it.
 *
 * Environment: VMTEST_CACHEDEV, a block device larger than memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/pages.h"

#define NODE_DIR	"/sys/devices/system/node"
#define MIB		(1UL << 20)

/* From linux/mempolicy.h; libnuma's header has not all of them. */
enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL, PREFERRED_MANY,
	WEIGHTED_INTERLEAVE };
#define F_STATIC	(1 << 15)
#define F_RELATIVE	(1 << 14)
#define MF_MOVE		(1 << 1)
#define MF_MOVE_ALL	(1 << 2)

#define SYS_HOME_NODE	450

static long free_before, used_before;

/* Free pages of the node, with those that wait on a CPU for a user. */
static long free_pages_now(void)
{
	long pages = 0, n;
	char line[256];
	int nid = -1;
	FILE *f;

	nd_meminfo(device_nid(), "MemFree");	/* folds the counters */
	f = fopen("/proc/zoneinfo", "re");
	CHECK_SYS(f, "zoneinfo");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %d,", &nid) == 1 ||
		    nid != device_nid())
			continue;
		if (sscanf(line, " nr_free_pages %ld", &n) == 1 ||
		    sscanf(line, " count: %ld", &n) == 1)
			pages += n;
	}
	fclose(f);
	return pages;
}

/* Folding the counters may give pages back, to be counted by the next one. */
static long free_pages(void)
{
	long last, now = free_pages_now();
	int i;

	for (i = 0; i < 20; i++) {
		last = now;
		now = free_pages_now();
		if (now == last)
			break;
	}
	return now;
}

/* What an ordinary node would use first: what is free must stay free. */
static void begin(void)
{
	/* this makes all CPUs let go of pages that are free but for them */
	CHECK(write_text("/proc/sys/vm/drop_caches", "1") == 0,
	      "drop_caches");
	free_before = free_pages();
	used_before = nd_counter("logical_used");
	CHECK(free_before * 8 > nd_meminfo(device_nid(), "MemTotal"),
	      "node %d has not much free memory: %ld pages", device_nid(),
	      free_before);
}

static void end(void)
{
	static const char * const none[] = {
		"FilePages", "Shmem", "KernelStack", "PageTables", "Slab",
		"HugePages_Total",
	};
	long now = free_pages(), used = nd_counter("logical_used");
	size_t i;

	/* A resident may leave, if its process writes or exits; none enters. */
	CHECK(used <= used_before, "logical_used is %ld, was %ld", used,
	      used_before);
	CHECK(now - free_before == (used_before - used) / (long)PAGE,
	      "free on node %d: %ld pages, was %ld; %ld bytes left it",
	      device_nid(), now, free_before, used_before - used);
	for (i = 0; i < ARRAY_SIZE(none); i++)
		CHECK(nd_meminfo(device_nid(), none[i]) <= 0,
		      "node %d has %s: %ld", device_nid(), none[i],
		      nd_meminfo(device_nid(), none[i]));
}

static long pages_scanned(void)
{
	return read_field("/proc/vmstat", "pgscan_kswapd") +
	       read_field("/proc/vmstat", "pgscan_direct");
}

/*
 * Fill DRAM with page cache until reclaim had to begin: from now on every
 * allocation finds node 0 near its watermarks, where it would turn to another
 * node if it knew one. The cache of a block device goes when nobody has it
 * open: the group keeps it.
 */
static void fill_page_cache(void)
{
	const char *path = getenv("VMTEST_CACHEDEV");
	long total = meminfo("MemTotal"), before = pages_scanned(), done;
	static char buf[1 << 20];
	off_t at;
	int fd;

	if (!path)
		vmtest_skip("no block device was given in VMTEST_CACHEDEV");
	fd = open(path, O_RDONLY);
	CHECK_SYS(fd >= 0, "open %s", path);
	/* what an earlier test read is still there: go on somewhere else */
	at = (off_t)(getpid() % 256) * 16 * MIB;
	for (done = 0; done < total && pages_scanned() == before;
	     done += sizeof(buf) / 1024) {
		if (pread(fd, buf, sizeof(buf), at) != sizeof(buf))
			at = 0;
		else
			at += sizeof(buf);
	}
	close(fd);
	CHECK(pages_scanned() > before,
	      "the cache does not fill memory: %ld kB free of %ld kB",
	      meminfo("MemFree"), total);
}

static bool list_has(const char *file, int nid)
{
	char path[128], buf[256], *at = buf;

	snprintf(path, sizeof(path), "%s/%s", NODE_DIR, file);
	CHECK(read_text(path, buf, sizeof(buf)) >= 0, "cannot read %s", path);
	while (*at) {
		long first = strtol(at, &at, 10), last = first;

		if (*at == '-')
			last = strtol(at + 1, &at, 10);
		if (first <= nid && nid <= last)
			return true;
		if (*at != ',')
			break;
		at++;
	}
	return false;
}

/* Breaks if the node is an ordinary one to anybody who asks the states. */
static void node_states(void)
{
	int nid = device_nid();

	CHECK(list_has("has_device_memory", nid), "not in has_device_memory");
	CHECK(list_has("online", nid), "not online");
	CHECK(!list_has("has_memory", nid), "in has_memory");
	CHECK(!list_has("has_normal_memory", nid), "in has_normal_memory");
	CHECK(!list_has("has_device_memory", 0), "node 0 is one, too");
	CHECK(list_has("has_memory", 0), "node 0 has no memory");
}

/* Breaks if the machine's totals count memory that nobody can have. */
static void memory_totals(void)
{
	long total = meminfo("MemTotal"), free_all = meminfo("MemFree");
	long node_total = nd_meminfo(device_nid(), "MemTotal");
	long dram = nd_meminfo(0, "MemTotal");

	CHECK(node_total > 0, "the node shows no memory");
	CHECK(total == dram, "MemTotal %ld kB, node 0 has %ld kB, node %d %ld kB",
	      total, dram, device_nid(), node_total);
	CHECK(free_all <= total, "MemFree %ld kB of %ld kB", free_all, total);
	CHECK(free_all < nd_meminfo(0, "MemFree") + node_total / 2,
	      "MemFree %ld kB counts the device node", free_all);
	CHECK(meminfo("MemAvailable") <= total, "MemAvailable %ld kB",
	      meminfo("MemAvailable"));
}

/* Breaks if a zone other than Movable gets pages, whoever brings them online. */
static void only_movable(void)
{
	char line[256], zone[32] = "";
	long present, movable = 0;
	int nid = -1;
	FILE *f;

	f = fopen("/proc/zoneinfo", "re");
	CHECK_SYS(f, "zoneinfo");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %d, zone %31s", &nid, zone) == 2)
			continue;
		if (nid != device_nid() ||
		    sscanf(line, " present %ld", &present) != 1)
			continue;
		if (!strcmp(zone, "Movable"))
			movable = present;
		else
			CHECK(present == 0, "zone %s has %ld pages", zone,
			      present);
	}
	fclose(f);
	CHECK(movable > 0, "zone Movable of node %d is empty", device_nid());
}

static void page_cache(void)
{
	begin();
	fill_page_cache();
	end();
}

static void shared_memory(void)
{
	static char buf[1 << 20];
	int fd, i;

	begin();
	fill_page_cache();
	fd = memfd_create("vmtest", 0);
	CHECK_SYS(fd >= 0, "memfd_create");
	for (i = 0; i < 40; i++) {
		memset(buf, i, sizeof(buf));
		CHECK_SYS(write(fd, buf, sizeof(buf)) == sizeof(buf), "write");
	}
	end();
}

/* Anonymous memory, small and huge: only demotion may bring it there. */
static void anonymous_memory(void)
{
	const size_t bytes = 40 * MIB;
	int huge;

	begin();
	fill_page_cache();
	for (huge = 0; huge < 2; huge++) {
		unsigned char *p;
		size_t i;

		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK_SYS(p != MAP_FAILED, "mmap");
		madvise(p, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		for (i = 0; i < bytes; i += PAGE)
			p[i] = 1;
		end();
		munmap(p, bytes);
	}
	end();
}

/* Inodes and dentries of a file system in memory. */
static void slab(void)
{
	char path[64];
	int i, fd;

	begin();
	fill_page_cache();
	mkdir("/dev/shm/vmtest.slab", 0700);
	for (i = 0; i < 10000; i++) {
		snprintf(path, sizeof(path), "/dev/shm/vmtest.slab/%d", i);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		CHECK_SYS(fd >= 0, "%s", path);
		close(fd);
	}
	end();
	for (i = 0; i < 10000; i++) {
		snprintf(path, sizeof(path), "/dev/shm/vmtest.slab/%d", i);
		unlink(path);
	}
	rmdir("/dev/shm/vmtest.slab");
	end();
}

/* Pages of the kernel without a slab: the buffers of pipes. */
static void pipe_buffers(void)
{
	static char buf[1 << 20];
	int i, fd[2];

	begin();
	fill_page_cache();
	for (i = 0; i < 32; i++) {
		CHECK_SYS(pipe2(fd, O_NONBLOCK) == 0, "pipe2");
		CHECK_SYS(fcntl(fd[1], F_SETPIPE_SZ, sizeof(buf)) > 0,
			  "F_SETPIPE_SZ");
		CHECK_SYS(write(fd[1], buf, sizeof(buf)) == sizeof(buf),
			  "write");
	}
	end();
}

static int bpf_array(size_t bytes, bool on_node)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = PAGE;
	attr.max_entries = bytes / PAGE;
	if (on_node) {
		attr.map_flags = BPF_F_NUMA_NODE;
		attr.numa_node = device_nid();
	}
	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* vmalloc()ed memory, also when it names the node it wants. */
static void vmalloc(void)
{
	int i, fd;

	begin();
	fill_page_cache();
	for (i = 0; i < 3; i++) {
		fd = bpf_array(8 * MIB, false);
		CHECK_SYS(fd >= 0, "BPF map");
		fd = bpf_array(2 * MIB, true);
		CHECK_SYS(fd >= 0 || errno == EINVAL || errno == ENOMEM,
			  "BPF map on node %d", device_nid());
	}
	end();
}

static void page_tables(void)
{
	const size_t span = 2 * MIB, n = 2000;
	unsigned char *p;
	size_t i;

	begin();
	fill_page_cache();
	p = mmap(NULL, n * span, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK_SYS(p != MAP_FAILED, "mmap");
	madvise(p, n * span, MADV_NOHUGEPAGE);
	for (i = 0; i < n; i++)
		p[i * span] = 1;
	end();
}

/* Breaks if the pool of huge pages may grow on the node. */
static void hugetlb(void)
{
	const char *all = "/proc/sys/vm/nr_hugepages";
	char path[128];
	long total;

	if (access(all, W_OK))
		vmtest_skip("the kernel has no hugetlb");
	begin();
	snprintf(path, sizeof(path),
		 NODE_DIR "/node%d/hugepages/hugepages-2048kB/nr_hugepages",
		 device_nid());
	if (!access(path, W_OK)) {
		write_text(path, "8");
		CHECK(read_number(path) == 0,
		      "the node has a pool of %ld huge pages",
		      read_number(path));
	}
	CHECK(write_text(all, "16") == 0, "%s", all);
	total = read_number(all);
	end();
	CHECK(write_text(all, "0") == 0, "%s", all);
	CHECK(total > 0, "no huge page at all could be had");
	end();
}

static long set_policy(int mode, unsigned long mask)
{
	return syscall(SYS_set_mempolicy, mode, &mask, sizeof(mask) * 8);
}

static long bind_range(void *p, size_t bytes, int mode, unsigned long mask,
		       int flags)
{
	return syscall(SYS_mbind, p, bytes, mode, &mask, sizeof(mask) * 8,
		       flags);
}

static void expect_dram(const unsigned char *p, size_t pages, const char *how)
{
	size_t i;

	for (i = 0; i < pages; i++)
		CHECK(page_nid(p + i * PAGE) == 0, "%s: page %zu on node %d",
		      how, i, page_nid(p + i * PAGE));
}

static const struct {
	const char *name;
	int mode;
} modes[] = {
	{ "bind", BIND },
	{ "preferred", PREFERRED },
	{ "interleave", INTERLEAVE },
	{ "preferred many", PREFERRED_MANY },
	{ "weighted interleave", WEIGHTED_INTERLEAVE },
	{ "bind static", BIND | F_STATIC },
	{ "bind relative", BIND | F_RELATIVE },
	{ "interleave static", INTERLEAVE | F_STATIC },
};

/* Breaks if a policy that names only this node is accepted. */
static void mbind_to_the_node(void)
{
	unsigned long mask = 1UL << device_nid();
	struct area a;
	size_t i;

	begin();
	area_map(&a, 16, FILL_TEXT);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		long ret = bind_range(a.p, 16 * PAGE, modes[i].mode, mask,
				      MF_MOVE);

		if (modes[i].mode & F_RELATIVE) {
			/* counted from the first allowed node: that is 0 */
			expect_dram(a.p, 16, modes[i].name);
			continue;
		}
		CHECK(ret == -1 && errno == EINVAL, "%s: %ld, errno %d",
		      modes[i].name, ret, errno);
		expect_dram(a.p, 16, modes[i].name);
	}
	area_verify(&a);
	end();
}

/* The same for the policy of the process. */
static void set_mempolicy_to_the_node(void)
{
	unsigned long mask = 1UL << device_nid();
	size_t i;

	begin();
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		long ret = set_policy(modes[i].mode, mask);
		struct area a;

		CHECK((modes[i].mode & F_RELATIVE) ||
		      (ret == -1 && errno == EINVAL), "%s: %ld, errno %d",
		      modes[i].name, ret, errno);
		area_map(&a, 16, FILL_TEXT);
		expect_dram(a.p, 16, modes[i].name);
		area_unmap(&a);
		set_policy(DEFAULT, 0);
	}
	end();
}

/* Breaks if a policy over all nodes puts its share on this one. */
static void policies_over_all_nodes(void)
{
	unsigned long mask = 1UL << device_nid() | 1;
	size_t i;

	begin();
	fill_page_cache();
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		struct area a;

		if (set_policy(modes[i].mode, mask))
			continue;
		area_map(&a, 64, FILL_TEXT);
		expect_dram(a.p, 64, modes[i].name);
		area_unmap(&a);
		set_policy(DEFAULT, 0);
		area_map(&a, 64, FILL_TEXT);
		bind_range(a.p, 64 * PAGE, modes[i].mode, mask,
			   MF_MOVE | MF_MOVE_ALL);
		expect_dram(a.p, 64, modes[i].name);
		area_verify(&a);
		area_unmap(&a);
	}
	end();
}

/* A home node may be named; memory comes from where it may come from. */
static void home_node(void)
{
	struct area a;
	void *p;

	begin();
	p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_SYS(p != MAP_FAILED, "mmap");
	CHECK_SYS(bind_range(p, 16 * PAGE, BIND, 1, 0) == 0, "mbind");
	syscall(SYS_HOME_NODE, p, 16 * PAGE, device_nid(), 0);
	memset(p, 1, 16 * PAGE);
	area_wrap(&a, p, 16);
	expect_dram(a.p, 16, "home node");
	end();
}

/* Breaks if user space can move pages to the node by itself. */
static void move_pages_to_the_node(void)
{
	void *pages[16];
	int node[16], status[16];
	struct area a;
	long ret;
	size_t i;

	begin();
	area_map(&a, 16, FILL_TEXT);
	for (i = 0; i < 16; i++) {
		pages[i] = area_page(&a, i);
		node[i] = device_nid();
		status[i] = -1;
	}
	ret = syscall(SYS_move_pages, 0, 16UL, pages, node, status, MF_MOVE);
	CHECK(ret == -1 && (errno == ENODEV || errno == EACCES),
	      "move_pages: %ld, errno %d, status %d", ret, errno, status[0]);
	expect_dram(a.p, 16, "move_pages");
	area_verify(&a);
	end();
}

static void migrate_pages_to_the_node(void)
{
	unsigned long from = 1, to = 1UL << device_nid();
	struct area a;

	begin();
	area_map(&a, 16, FILL_TEXT);
	syscall(SYS_migrate_pages, 0, 64UL, &from, &to);
	expect_dram(a.p, 16, "migrate_pages");
	area_verify(&a);
	end();
}

/*
 * A cpuset of this node alone must not exist in effect: its processes could
 * allocate nothing. With a child cpuset there, all else must still hold.
 */
static void cpuset_of_the_node(void)
{
	char effective[64], path[512];
	struct area a;

	snprintf(path, sizeof(path), "%s/cpuset.mems.effective",
		 cgroup_path());
	if (access(path, R_OK))
		vmtest_skip("no cpuset controller for the tests' cgroup");
	begin();
	cgroup_write("cpuset.mems", "%d", device_nid());
	CHECK(read_text(path, effective, sizeof(effective)) > 0, "%s", path);
	CHECK(!strcmp(effective, "0"), "cpuset.mems.effective is %s",
	      effective);
	area_map(&a, 64, FILL_TEXT);
	expect_dram(a.p, 64, "cpuset");
	cgroup_write("cpuset.mems", "0-%d", device_nid());
	CHECK(read_text(path, effective, sizeof(effective)) > 0, "%s", path);
	CHECK(!strcmp(effective, "0"), "cpuset.mems.effective is %s",
	      effective);
	fill_page_cache();
	end();
}

/* Compaction and cache dropping walk all nodes; they must pass by. */
static void walkers(void)
{
	char path[128];

	begin();
	CHECK(write_text("/proc/sys/vm/compact_memory", "1") == 0,
	      "compact_memory");
	snprintf(path, sizeof(path), NODE_DIR "/node%d/compact",
		 device_nid());
	write_text(path, "1");
	CHECK(write_text("/proc/sys/vm/drop_caches", "3") == 0,
	      "drop_caches");
	end();
}

/*
 * The device refuses every reservation: reclaim must leave it alone and go on.
 * Breaks if a page is put on the node without one.
 */
static void full_device_refuses(void)
{
	long refused = nd_counter("pages_refused_device");
	long physical = nd_counter("physical_used");
	struct area a;

	begin();
	area_map(&a, 64, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	CHECK(!area_try_demote(&a, 6), "pages were demoted to a full device");
	CHECK(nd_counter("physical_used") == physical,
	      "physical_used is %ld, was %ld", nd_counter("physical_used"),
	      physical);
	CHECK(nd_counter("pages_refused_device") > refused,
	      "no page was offered to the device");
	expect_dram(a.p, 64, "refused");
	area_verify(&a);
	end();
}

static const struct vmtest tests[] = {
	VMTEST(node_states),
	VMTEST(memory_totals),
	VMTEST(only_movable),
	VMTEST(page_cache),
	VMTEST(shared_memory),
	VMTEST(anonymous_memory),
	VMTEST(slab),
	VMTEST(pipe_buffers),
	VMTEST(vmalloc),
	VMTEST(page_tables),
	VMTEST(hugetlb),
	VMTEST(mbind_to_the_node),
	VMTEST(set_mempolicy_to_the_node),
	VMTEST(policies_over_all_nodes),
	VMTEST(home_node),
	VMTEST(move_pages_to_the_node),
	VMTEST(migrate_pages_to_the_node),
	VMTEST(cpuset_of_the_node),
	VMTEST(walkers),
	VMTEST(full_device_refuses),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
