// SPDX-License-Identifier: GPL-2.0
/*
 * Signals ask nodectl to stop; it does so where nothing is half done.
 */
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "nodectl.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* nohup has a hangup ignored, and that is to stay so. */
static bool is_ignored(int sig)
{
	struct sigaction sa;

	return !sigaction(sig, NULL, &sa) && sa.sa_handler == SIG_IGN;
}

/**
 * signals_catch - from now on, signals only ask nodectl to stop
 *
 * Without SA_RESTART, so that a read that waits returns.
 *
 * A shell without job control ignores SIGINT for what it runs in the background.
 * There kill -INT is to work all the same.
 */
void signals_catch(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (!is_ignored(SIGHUP))
		sigaction(SIGHUP, &sa, NULL);
	/* A reader that left shows as an error of write(). */
	signal(SIGPIPE, SIG_IGN);
}

/**
 * signals_catch_quit - let Ctrl-\ ask nodectl to stop, too
 *
 * For what must put the terminal back.  Other verbs leave it to the user as a
 * way to end nodectl at once.
 */
void signals_catch_quit(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGQUIT, &sa, NULL);
}

/**
 * signals_stop - were we asked to stop?
 */
bool signals_stop(void)
{
	return stop;
}

/**
 * signals_poll - poll(), but no longer than until a signal
 * @pfd: what to look at, or NULL
 * @seconds: how long
 *
 * Between the look at @stop and the wait no signal is taken: it would be noticed
 * after the whole time only.
 *
 * Return: as poll(); -1 also when a signal came before.
 */
int signals_poll(struct pollfd *pfd, double seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds };
	sigset_t all, before;
	int ret = -1;

	ts.tv_nsec = (seconds - (double)ts.tv_sec) * 1e9;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	if (!stop)
		ret = ppoll(pfd, !!pfd, &ts, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

/**
 * signals_sleep - sleep, but no longer than until a signal
 * @seconds: how long
 */
void signals_sleep(double seconds)
{
	signals_poll(NULL, seconds);
}
