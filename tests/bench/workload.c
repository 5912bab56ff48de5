// SPDX-License-Identifier: GPL-2.0
/*
 * The mixed workload of `make bench`, in one process: anonymous memory with
 * text, JSON, random numbers, zeros and machine code, in runs of 256 KiB to
 * 4 MiB.  In each round it
 *
 *  - rewrites the same share of its pages, with new content of the same kind,
 *  - lets all its pages look untouched,
 *  - reads pages, a few of them often and most of them hardly ever,
 *  - has the kernel reclaim what its cgroup has in DRAM beyond its share,
 *
 * and in every fourth round the device loses some of its capacity, until the
 * next one.  What is read is compared with what was written.  The random numbers
 * are the same in each run.
 *
 * usage: workload fill MIB ROUNDS CGROUP DRAM DEVICE [LIMIT PHYS CUT]
 *	CGROUP is the directory of its cgroup, which alone has pages on the node,
 *	DRAM its share in bytes, DEVICE the node's directory device/, LIMIT the
 *	file that sets the capacity, PHYS all of it in bytes, CUT what is left of
 *	it, in percent.  After the last round it says "done" and waits for a line,
 *	or the end, of its input; then all pages are checked.
 * usage: workload resp MIB SEED [SHARE]
 *	Commands for a redis server that hold so many MiB of values, or, again,
 *	SHARE percent of them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE		4096UL
#define REWRITE		16	/* one page of so many is rewritten */
#define BITE		(1ULL << 20)	/* bytes of a request to reclaim */
#define TOUCH		4	/* and reads one page of so many */
#define LOSE_EVERY	4	/* rounds */
#define VALUE		1024	/* bytes of a value in redis */
#define ARRAY_SIZE(_a)	(sizeof(_a) / sizeof((_a)[0]))

enum kind { TEXT, JSON, RANDOM, ZERO, BINARY };

/* Of 20 runs, how many are of each kind. */
static const unsigned char mix[] = {
	TEXT, JSON, RANDOM, ZERO, TEXT, BINARY, RANDOM, JSON, TEXT, ZERO,
	RANDOM, TEXT, JSON, ZERO, BINARY, TEXT, RANDOM, TEXT, JSON, ZERO,
};

/**
 * struct page - what is known of a page
 * @sum: of its content
 * @kind: enum kind
 */
struct page {
	uint64_t sum;
	unsigned char kind;
};

static unsigned char *memory;
static struct page *pages;
static size_t nr_pages;
static unsigned char *code;		/* machine code to copy from */
static size_t code_pages;
static uint64_t seed = 1;

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("workload: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t next(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* ---- content -------------------------------------------------------------- */

static const char *const words[] = {
	"the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "as",
	"was", "with", "be", "by", "on", "not", "he", "his", "but", "at",
	"are", "this", "have", "had", "which", "from", "or", "one", "were",
	"memory", "kernel", "page", "folio", "device", "node", "reclaim",
	"process", "address", "policy", "would", "there", "their", "been",
	"when", "who", "will", "more", "system", "between", "because",
	"number", "through", "another", "should", "however", "different",
	"government", "information", "development", "important", "without",
	"compression", "capacity", "pressure", "together", "something",
	"question", "themselves", "particular", "necessary", "available",
};

static void fill_text(char *p, size_t size)
{
	size_t at = 0, len, column = 0;

	while (at < size) {
		/* Short words, which come first, are frequent. */
		double u = (double)(next() >> 11) / (1ULL << 53);
		const char *w = words[(size_t)(u * u * ARRAY_SIZE(words))];

		len = strlen(w);
		if (len > size - at)
			len = size - at;
		memcpy(p + at, w, len);
		at += len;
		column += len + 1;
		if (at < size) {
			p[at++] = column > 70 ? '\n' : ' ';
			column %= 71;
		}
		if (at < size && !(next() % 12))
			p[at++] = next() % 5 ? ',' : '.';
	}
}

static void fill_json(char *p, size_t size)
{
	char record[256];
	size_t at = 0, len;

	while (at < size) {
		uint64_t r = next();

		len = snprintf(record, sizeof(record),
			       "{\"id\":%u,\"user\":\"%s%u\",\"active\":%s,\"score\":%u.%02u,\"tags\":[\"%s\",\"%s\"],\"time\":\"2026-11-%02uT%02u:%02u:%02uZ\"},\n",
			       (unsigned int)(r >> 40),
			       words[r % ARRAY_SIZE(words)],
			       (unsigned int)(r >> 20) % 1000,
			       r & 1 ? "true" : "false",
			       (unsigned int)(r >> 8) % 100,
			       (unsigned int)(r >> 16) % 100,
			       words[(r >> 32) % ARRAY_SIZE(words)],
			       words[(r >> 48) % ARRAY_SIZE(words)],
			       (unsigned int)(r >> 12) % 28 + 1,
			       (unsigned int)(r >> 24) % 24,
			       (unsigned int)(r >> 28) % 60,
			       (unsigned int)(r >> 36) % 60);
		if (len > size - at)
			len = size - at;
		memcpy(p + at, record, len);
		at += len;
	}
}

static void fill(unsigned char *p, enum kind kind)
{
	uint64_t r;
	size_t i;

	switch (kind) {
	case TEXT:
		fill_text((char *)p, PAGE);
		break;
	case JSON:
		fill_json((char *)p, PAGE);
		break;
	case RANDOM:
		for (i = 0; i < PAGE; i += sizeof(r)) {
			r = next();
			memcpy(p + i, &r, sizeof(r));
		}
		break;
	case ZERO:
		memset(p, 0, PAGE);
		break;
	case BINARY:
		memcpy(p, code + next() % code_pages * PAGE, PAGE);
		break;
	}
}

static uint64_t sum_of(const unsigned char *p)
{
	const uint64_t *word = (const uint64_t *)p;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < PAGE / sizeof(*word); i++)
		sum = (sum ^ word[i]) * 0x100000001b3ULL;
	return sum;
}

static void write_page(size_t i)
{
	fill(memory + i * PAGE, pages[i].kind);
	pages[i].sum = sum_of(memory + i * PAGE);
}

static void check_page(size_t i)
{
	if (sum_of(memory + i * PAGE) != pages[i].sum)
		die("page %zu is not what was written", i);
}

/* Pages of programs, the same ones in the same order. */
static void read_code(size_t want)
{
	struct dirent **names;
	int i, n = scandir("/usr/bin", &names, NULL, alphasort);

	code = malloc(want * PAGE);
	if (!code)
		die("no memory");
	for (i = 0; i < n && code_pages < want; i++) {
		char path[512], magic[4];
		struct stat st;
		ssize_t len;
		int fd;

		snprintf(path, sizeof(path), "/usr/bin/%s", names[i]->d_name);
		if (lstat(path, &st) || !S_ISREG(st.st_mode))
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (pread(fd, magic, 4, 0) == 4 && !memcmp(magic, "\177ELF", 4)) {
			len = pread(fd, code + code_pages * PAGE,
				    (want - code_pages) * PAGE, 0);
			code_pages += len > 0 ? len / PAGE : 0;
		}
		close(fd);
	}
	if (!code_pages)
		die("there are no programs in /usr/bin");
}

/* ---- rounds --------------------------------------------------------------- */

static int put(const char *path, const char *fmt, ...)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), err = 0;
	va_list ap;

	if (fd < 0)
		return -errno;
	va_start(ap, fmt);
	if (vdprintf(fd, fmt, ap) < 0)
		err = -errno;
	va_end(ap);
	close(fd);
	return err;
}

static unsigned long long get(const char *dir, const char *name)
{
	unsigned long long value;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &value) != 1)
		die("%s cannot be read", path);
	fclose(f);
	return value;
}

static void set_limit(const char *path, unsigned long long bytes)
{
	int err = put(path, "%llu", bytes);

	if (err)
		die("%s: %s", path, strerror(-err));
}

/* Log-uniform ranks, which is close to Zipf's law; scattered over the pages. */
static size_t popular_page(void)
{
	double u = (double)(next() >> 11) / (1ULL << 53);
	uint64_t rank = exp(u * log(nr_pages));

	return rank * 2654435761ULL % nr_pages;
}

/*
 * What is beyond the share leaves DRAM, for the node or for swap, as under
 * memory pressure. The node's own pages do not count: nobody asks for them.
 */
static void reclaim_to(const char *cgroup, const char *device,
		       unsigned long long dram)
{
	unsigned long long used, held;
	char path[512];
	int i;

	snprintf(path, sizeof(path), "%s/memory.reclaim", cgroup);
	for (i = 0; i < 4096; i++) {
		used = get(cgroup, "memory.current");
		held = get(device, "logical_used");
		if (used < dram + held + BITE)
			break;
		/* EAGAIN says that there was less: look again. */
		put(path, "%llu swappiness=max", BITE);
	}
}

static void do_round(const char *cgroup, const char *device,
		     unsigned long long dram)
{
	size_t i;
	int err;

	for (i = 0; i < nr_pages; i += REWRITE)
		write_page(i);
	err = put("/proc/self/clear_refs", "1");
	if (err)
		die("/proc/self/clear_refs: %s", strerror(-err));
	for (i = 0; i < nr_pages / TOUCH; i++)
		check_page(popular_page());
	reclaim_to(cgroup, device, dram);
}

static void lay_out(size_t mib)
{
	size_t i, run = 0, left = 0;

	nr_pages = (mib << 20) / PAGE;
	memory = mmap(NULL, nr_pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pages = calloc(nr_pages, sizeof(*pages));
	if (memory == MAP_FAILED || !pages)
		die("no memory");
	madvise(memory, nr_pages * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < nr_pages; i++) {
		if (!left) {
			left = 64 << next() % 5;
			run++;
		}
		left--;
		pages[i].kind = mix[run % ARRAY_SIZE(mix)];
		write_page(i);
	}
}

static int work(int argc, char **argv)
{
	unsigned long rounds, n;
	unsigned long long phys = 0, cut = 100, dram;
	const char *limit = NULL;
	size_t i;

	if (argc != 7 && argc != 10)
		die("wrong number of arguments");
	rounds = strtoul(argv[3], NULL, 0);
	dram = strtoull(argv[5], NULL, 0);
	if (argc == 10) {
		limit = argv[7];
		phys = strtoull(argv[8], NULL, 0);
		cut = strtoull(argv[9], NULL, 0);
	}
	read_code(1024);
	lay_out(strtoul(argv[2], NULL, 0));
	puts("filled");
	fflush(stdout);

	for (n = 1; n <= rounds; n++) {
		bool lost = limit && cut < 100 && n % LOSE_EVERY == 0;

		if (lost) {
			set_limit(limit, phys / 100 * cut);
			usleep(500 * 1000);
		}
		do_round(argv[4], argv[6], dram);
		printf("round=%lu logical=%llu physical=%llu capacity=%llu\n",
		       n, get(argv[6], "logical_used"),
		       get(argv[6], "physical_used"),
		       get(argv[6], "physical_total"));
		fflush(stdout);
		if (lost)
			set_limit(limit, phys);
		usleep(500 * 1000);
	}
	puts("done");
	fflush(stdout);
	getchar();
	for (i = 0; i < nr_pages; i++)
		check_page(i);
	puts("checked");
	return 0;
}

/* ---- redis ---------------------------------------------------------------- */

static int resp(int argc, char **argv)
{
	unsigned long nr, i, share = 100;
	char value[VALUE], key[32];
	int len;

	if (argc < 4)
		die("wrong number of arguments");
	nr = (strtoul(argv[2], NULL, 0) << 20) / VALUE;
	seed = strtoul(argv[3], NULL, 0);
	if (argc > 4)
		share = strtoul(argv[4], NULL, 0);
	for (i = 0; i < nr; i++) {
		if (i * share / 100 == (i + 1) * share / 100)
			continue;
		if (i % 2)
			fill_text(value, sizeof(value));
		else
			fill_json(value, sizeof(value));
		len = snprintf(key, sizeof(key), "value:%lu", i);
		printf("*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n", len, key,
		       VALUE);
		fwrite(value, 1, sizeof(value), stdout);
		fputs("\r\n", stdout);
	}
	return fflush(stdout) || ferror(stdout);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "fill"))
		return work(argc, argv);
	if (argc > 1 && !strcmp(argv[1], "resp"))
		return resp(argc, argv);
	die("usage: workload fill|resp ...");
}
