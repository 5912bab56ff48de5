// SPDX-License-Identifier: GPL-2.0
/* Signals ask nodectl to stop, and it notices. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "nodectl.h"

static int slept = -1;

/*
 * In the place of that of libc: SIGTERM comes at the latest moment before the
 * sleep. Notes how the sleep ended: 0 is after the whole time.
 */
int ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *time,
	  const sigset_t *mask)
{
	struct timespec copy = *time;
	int ret;

	raise(SIGTERM);
	ret = syscall(SYS_ppoll, fds, nr, &copy, mask, _NSIG / 8);
	slept = ret < 0 ? errno : ret;
	return ret;
}

/* To stop is for good, so each test has a process. Returns its exit status. */
static int in_child(int (*what)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int stops_at(int sig)
{
	signals_catch();
	raise(sig);
	return signals_stop();
}

static int at_hangup(void)
{
	signal(SIGHUP, SIG_DFL);
	return stops_at(SIGHUP);
}

static int at_hangup_under_nohup(void)
{
	signal(SIGHUP, SIG_IGN);
	return stops_at(SIGHUP);
}

static int at_interrupt_in_the_background(void)
{
	signal(SIGINT, SIG_IGN);
	return stops_at(SIGINT);
}

static void a_hangup_stops_unless_nohup_wants_otherwise(void **state)
{
	(void)state;
	assert_int_equal(in_child(at_hangup), 1);
	assert_int_equal(in_child(at_hangup_under_nohup), 0);
	assert_int_equal(in_child(at_interrupt_in_the_background), 1);
}

static int during_sleep(void)
{
	signals_catch();
	signals_sleep(1);
	return slept == EINTR && signals_stop();
}

static void a_signal_just_before_a_sleep_ends_it(void **state)
{
	(void)state;
	assert_int_equal(in_child(during_sleep), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hangup_stops_unless_nohup_wants_otherwise),
		cmocka_unit_test(a_signal_just_before_a_sleep_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
