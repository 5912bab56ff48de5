// SPDX-License-Identifier: GPL-2.0
/* Who may change a node, in a bpffs made of plain files. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "lock.h"
#include "nodectl.h"
#include "pin.h"

static char *fake_bpffs(void)
{
	char *dir = temp_dir();

	bpffs_dir = dir;
	return dir;
}

static bool is_there(const char *dir, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return !access(path, F_OK);
}

static void directories_come_and_go_with_the_lock(void **state)
{
	struct failure f = {};
	char *dir = fake_bpffs();
	int lock, other;

	(void)state;
	lock = lock_node(3, &f);
	assert_true(lock >= 0);
	assert_true(is_there(dir, "node_ext/node3"));
	other = lock_node(4, &f);
	assert_true(other >= 0);
	unlock_node(3, lock);
	assert_false(is_there(dir, "node_ext/node3"));
	make_file(dir, "node_ext/node4/link", "");
	unlock_node(4, other);
	assert_true(is_there(dir, "node_ext/node4/link"));
	lock = lock_node(4, &f);
	assert_true(lock >= 0);
	unlock_node(4, lock);
	unlock_node(4, -ENOENT);
	remove_dir(dir);
}

static void waiting_has_an_end(void **state)
{
	char *dir = fake_bpffs(), self[32];
	struct failure f = {};
	int lock;

	(void)state;
	lock_seconds = 0.1;
	lock = lock_node(3, &f);
	assert_true(lock >= 0);
	assert_int_equal(lock_node(3, &f), -EBUSY);
	snprintf(self, sizeof(self), "pid %d (", getpid());
	assert_contains(f.cause, self);
	assert_contains(f.cause, "node_ext/node3");
	assert_contains(f.next, "kill");
	assert_true(is_there(dir, "node_ext/node3"));
	unlock_node(3, lock);
	assert_false(is_there(dir, "node_ext"));
	lock_seconds = 30;
	remove_dir(dir);
}

/* Returns a process that has done @job, if that returned true. */
static pid_t start(bool (*job)(int *lock), int *ready)
{
	int fds[2], lock;
	pid_t pid;
	char c;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		/* Nobody else ends it when the test fails. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(fds[1], "b", 1) != 1 || !job(&lock) ||
		    write(fds[1], "e", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(fds[1]);
	*ready = fds[0];
	assert_int_equal(read(fds[0], &c, 1), 1);
	return pid;
}

static void wait_until_done(int ready)
{
	char c;

	assert_int_equal(read(ready, &c, 1), 1);
	close(ready);
}

static bool take(int *lock)
{
	struct failure f = {};

	*lock = lock_node(3, &f);
	return *lock >= 0 && is_there(bpffs_dir, "node_ext/node3");
}

static bool take_for_a_moment(int *lock)
{
	return take(lock) && alarm(1) == 0;
}

static void a_kill_ends_the_lock(void **state)
{
	char *dir = fake_bpffs();
	struct failure f = {};
	int ready, lock;
	pid_t pid;

	(void)state;
	pid = start(take, &ready);
	wait_until_done(ready);
	lock_seconds = 0.1;
	assert_int_equal(lock_node(3, &f), -EBUSY);
	lock_seconds = 30;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	lock = lock_node(3, &f);
	assert_true(lock >= 0);
	unlock_node(3, lock);
	assert_false(is_there(dir, "node_ext"));
	remove_dir(dir);
}

/* What only one of them may do at a time, and only in a directory that is there. */
static bool take_a_turn(void)
{
	struct failure f = {};
	char path[PATH_MAX];
	bool alone;
	int lock, fd;

	lock = lock_node(3, &f);
	if (lock < 0)
		return false;
	pin_path(3, path, sizeof(path));
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	alone = fd >= 0 && !close(fd) && !unlink(path);
	unlock_node(3, lock);
	return alone;
}

/* Who waits may have opened the directory that another one removes. */
static void many_take_turns(void **state)
{
	char *dir = fake_bpffs();
	time_t end = time(NULL) + 4;
	pid_t pids[3];
	int status;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (time(NULL) < end)
			if (!take_a_turn())
				_exit(1);
		_exit(0);
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_false(is_there(dir, "node_ext"));
	remove_dir(dir);
}

static void directories_of_others_are_refused(void **state)
{
	char *dir = fake_bpffs(), path[PATH_MAX];
	struct failure f = {};
	int lock;

	(void)state;
	snprintf(path, sizeof(path), "%s/node_ext", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/node_ext/node3", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(lock_node(3, &f), -EPERM);
	assert_contains(f.cause, path);
	assert_contains(f.cause, "open to others");
	assert_contains(f.next, "chmod 700");
	assert_true(is_there(dir, "node_ext/node3"));
	assert_int_equal(chmod(path, 0700), 0);
	lock = lock_node(3, &f);
	assert_true(lock >= 0);
	if (!geteuid()) {
		assert_int_equal(chown(path, 65534, 0), 0);
		assert_int_equal(lock_node(3, &f), -EPERM);
		assert_contains(f.cause, "owner 65534");
	}
	unlock_node(3, lock);
	snprintf(path, sizeof(path), "%s/node_ext", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(lock_node(3, &f), -EPERM);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/", path), 0);
	assert_true(lock_node(3, &f) < 0);
	remove_dir(dir);
}

/* The last one: nodectl stays asked to stop. */
static void a_signal_ends_the_waiting(void **state)
{
	char *dir = fake_bpffs();
	struct failure f = {};
	int lock, ready;
	pid_t pid;

	(void)state;
	signals_catch();
	lock = lock_node(3, &f);
	assert_true(lock >= 0);
	assert_int_equal(raise(SIGINT), 0);
	assert_int_equal(lock_node(3, &f), -EINTR);
	assert_contains(f.cause, "interrupted");
	unlock_node(3, lock);
	/* What was begun is ended. */
	pid = start(take_for_a_moment, &ready);
	wait_until_done(ready);
	lock = lock_node_again(3);
	assert_true(lock >= 0);
	unlock_node(3, lock);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	remove_dir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_come_and_go_with_the_lock),
		cmocka_unit_test(waiting_has_an_end),
		cmocka_unit_test(a_kill_ends_the_lock),
		cmocka_unit_test(many_take_turns),
		cmocka_unit_test(directories_of_others_are_refused),
		cmocka_unit_test(a_signal_ends_the_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
