// SPDX-License-Identifier: GPL-2.0
/*
 * The pin of a link has the same name whatever the link.  To look whose it is
 * and then to remove it is safe only while nobody else does the same, so load,
 * swap and unload take turns.
 *
 * The lock is on the directory that holds the pins of the node: nobody but root
 * can open it, the kernel drops the lock with the process, and nothing is kept
 * besides.  The directory comes with the lock and, when it is empty, goes with
 * it.  Who waited may therefore have the lock of a directory that is gone, and
 * begins again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "lock.h"
#include "nodectl.h"
#include "pin.h"

#define POLL_SECONDS	0.02
#define TELL_SECONDS	1.0
#define AGAIN_SECONDS	5.0

/* Many times what a policy's init() takes.  The unit tests wait less. */
double lock_seconds = 30;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Whoever can open the directory could keep all others waiting. */
static int check_private(int fd, const char *path, mode_t forbidden,
			 struct failure *f)
{
	char next[2 * PATH_MAX + 64];
	struct stat st;
	int err;

	if (fstat(fd, &st)) {
		err = -errno;
		return fail(f, err, NULL, "cannot look at %s: %s", path,
			    strerror(-err));
	}
	if ((!st.st_uid || st.st_uid == geteuid()) && !(st.st_mode & forbidden))
		return 0;
	snprintf(next, sizeof(next),
		 "See what is in it, then: chown root: %s; chmod 700 %s", path,
		 path);
	return fail(f, -EPERM, next,
		    "%s is open to others than root (owner %u, mode %03o)", path,
		    (unsigned int)st.st_uid, (unsigned int)st.st_mode & 07777);
}

static int open_made(const char *path, mode_t forbidden, struct failure *f)
{
	int fd, err;

	if (mkdir(path, 0700) && errno != EEXIST) {
		err = -errno;
		return fail(f, err, pin_advice(err),
			    "cannot make directory %s: %s", path, strerror(-err));
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		return fail(f, err, pin_advice(err),
			    "cannot open directory %s: %s", path, strerror(-err));
	}
	err = check_private(fd, path, forbidden, f);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* Return: the directory, -ENOENT when it was removed in the middle of it. */
static int open_dirs(int nid, struct failure *f)
{
	char path[PATH_MAX];
	int root, fd;

	pin_root(path, sizeof(path));
	root = open_made(path, S_IWGRP | S_IWOTH, f);
	if (root < 0)
		return root;
	pin_dir(nid, path, sizeof(path));
	fd = open_made(path, S_IRWXG | S_IRWXO, f);
	close(root);
	return fd;
}

static bool is_still_there(int nid, int fd)
{
	char path[PATH_MAX];
	struct stat ours, there;

	pin_dir(nid, path, sizeof(path));
	return !fstat(fd, &ours) && !lstat(path, &there) &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* "pid 12 (nodectl)", as far as the kernel tells. */
static int describe_holder(int fd, char *buf, size_t size)
{
	unsigned int maj, min;
	unsigned long ino;
	struct stat st;
	char line[256];
	int pid, found = 0;
	FILE *locks;

	snprintf(buf, size, "another process");
	locks = fopen("/proc/locks", "re");
	if (!locks)
		return 0;
	while (!fstat(fd, &st) && !found && fgets(line, sizeof(line), locks))
		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &maj,
			   &min, &ino) == 4 &&
		    maj == major(st.st_dev) && min == minor(st.st_dev) &&
		    ino == st.st_ino && pid > 0)
			found = pid;
	fclose(locks);
	/* It may have passed the lock on, and ended. */
	if (found && kill(found, 0) && errno == ESRCH)
		found = 0;
	if (found)
		process_describe(found, buf, size);
	return found;
}

static int too_long(int nid, int fd, double seconds, struct failure *f)
{
	char holder[64], next[128], path[PATH_MAX];
	int pid = describe_holder(fd, holder, sizeof(holder));

	pin_dir(nid, path, sizeof(path));
	if (pid)
		snprintf(next, sizeof(next),
			 "Try again. If it hangs (ps -fp %d), end it first: kill %d",
			 pid, pid);
	else
		snprintf(next, sizeof(next), "Try again.");
	return fail(f, -EBUSY, next,
		    "waited %g s for %s, which is changing the node and has the lock on %s",
		    seconds, holder, path);
}

/*
 * Return: the directory, also when it is not @locked because somebody else has
 * it; -ENOENT when it was just removed; or another negative errno.
 */
static int try_lock(int nid, bool *locked, struct failure *f)
{
	int fd, err;

	*locked = false;
	fd = open_dirs(nid, f);
	if (fd < 0)
		return fd;
	err = flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
	if (!err && is_still_there(nid, fd)) {
		*locked = true;
	} else if (!err || (err != -EWOULDBLOCK && err != -EINTR)) {
		close(fd);
		fd = err ? fail(f, err, NULL, "cannot lock its pins: %s",
				strerror(-err)) : -ENOENT;
	}
	return fd;
}

static int lock_within(int nid, double seconds, bool stoppable,
		       struct failure *f)
{
	double begin = now(), waited;
	bool told = false, locked;
	char holder[64];
	int fd, err;

	for (;;) {
		waited = now() - begin;
		fd = try_lock(nid, &locked, f);
		if (locked || (fd < 0 && fd != -ENOENT))
			return fd;
		err = 0;
		if (stoppable && signals_stop())
			err = fail(f, -EINTR, NULL, "interrupted");
		else if (waited > seconds)
			err = fd < 0 ? fd : too_long(nid, fd, seconds, f);
		if (!err && fd >= 0 && waited > TELL_SECONDS && !told) {
			describe_holder(fd, holder, sizeof(holder));
			p_info("node%d: waiting for %s, which is changing it.",
			       nid, holder);
			told = true;
		}
		if (fd >= 0)
			close(fd);
		if (err)
			return err;
		nanosleep(&(struct timespec){ .tv_nsec = POLL_SECONDS * 1e9 },
			  NULL);
	}
}

/**
 * lock_node - wait until no other nodectl changes a node
 * @nid: the node
 * @f: why not: who has the lock for too long
 *
 * Return: the lock, for unlock_node(), or a negative errno.
 */
int lock_node(int nid, struct failure *f)
{
	return lock_within(nid, lock_seconds, true, f);
}

/**
 * lock_node_again - lock a node to end what was begun
 * @nid: the node
 *
 * Also when nodectl was asked to stop.
 *
 * Return: as lock_node().
 */
int lock_node_again(int nid)
{
	struct failure ignored = {};

	return lock_within(nid, AGAIN_SECONDS, false, &ignored);
}

/**
 * unlock_node - let others change a node
 * @nid: the node
 * @lock: the lock; none is fine
 */
void unlock_node(int nid, int lock)
{
	char path[PATH_MAX];

	if (lock < 0)
		return;
	pin_dir(nid, path, sizeof(path));
	rmdir(path);
	pin_root(path, sizeof(path));
	rmdir(path);
	close(lock);
}
