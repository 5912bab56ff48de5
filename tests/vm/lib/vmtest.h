/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small harness of the in-VM tests: each test is one function that runs in a
 * child process with a memory cgroup of its own, and prints one line.
 */
#ifndef VMTEST_H
#define VMTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE		4096UL

/**
 * struct vmtest - one test
 * @name: behaviour under test, in the result line
 * @fn: returns if the behaviour was seen; CHECK(), vmtest_fail() and
 *	vmtest_skip() end it in the other cases
 */
struct vmtest {
	const char *name;
	void (*fn)(void);
};

#define VMTEST(fn)	{ #fn, fn }

void vmtest_alone(const char *name);
int vmtest_main(const struct vmtest *tests, size_t nr, int argc, char **argv);

void vmtest_fail(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void vmtest_skip(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* End the test, with the failed condition in the reason. */
#define vmtest_not(what, fmt, ...)					\
	vmtest_fail("%s:%d: not (%s): " fmt, __FILE_NAME__, __LINE__,	\
		    what, ##__VA_ARGS__)

#define CHECK(cond, fmt, ...)						\
	do {								\
		if (!(cond))						\
			vmtest_not(#cond, fmt, ##__VA_ARGS__);		\
	} while (0)

/* The same for a call that sets errno. */
#define CHECK_SYS(cond, fmt, ...)					\
	CHECK(cond, fmt ": %m", ##__VA_ARGS__)

/* ---- what takes its time -------------------------------------------------- */

#define SETTLE_SECONDS	30

long vmtest_patience(void);
uint64_t clock_ns(clockid_t clock);

/*
 * It becomes true in the time that users accept, or in so many times that. Looks
 * once more than it sleeps, and never again after it has seen what it waits for:
 * that may hold for a moment only.
 */
#define wait_long(times, cond, fmt, ...)				\
	do {								\
		long ___n = SETTLE_SECONDS * 20 * vmtest_patience() *	\
			    (times);					\
		bool ___seen;						\
									\
		while (!(___seen = (cond)) && ___n-- > 0)		\
			usleep(50 * 1000);				\
		if (!___seen)						\
			vmtest_not(#cond, fmt, ##__VA_ARGS__);		\
	} while (0)

#define wait_for(cond, fmt, ...) \
	wait_long(1, cond, fmt, ##__VA_ARGS__)

long wait_at_rest(long (*number)(const char *name), const char *name);

/* ---- what the group was given ---------------------------------------------- */

const char *vmtest_swap_device(void);

/* ---- processes ---------------------------------------------------------- */

pid_t vmtest_fork(void);
void vmtest_join(pid_t pid);
void vmtest_use_cpu(int cpu);

/* One process tells another that it may go on. */
struct turn {
	int fd[2];
};

void turn_init(struct turn *t);
void turn_give(struct turn *t);
void turn_take(struct turn *t);

/* ---- files -------------------------------------------------------------- */

long read_number(const char *path);
long read_field(const char *path, const char *key);
int read_text(const char *path, char *buf, size_t size);
int write_text(const char *path, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- NUMA balancing ------------------------------------------------------- */

void numa_balancing_needed(void);
long numa_balancing_start(int mode, int delay_ms, int least_ms, int most_ms);
void numa_balancing_stop(long before);

/* ---- the cgroup of this test --------------------------------------------- */

const char *cgroup_path(void);
int cgroup_write(const char *file, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
long cgroup_number(const char *file);
long cgroup_field(const char *file, const char *key);
void cgroup_reclaim(size_t bytes);
long cgroup_node_anon(int nid);
void cgroup_expect_oom(size_t headroom);

#endif
