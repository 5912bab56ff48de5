// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <time.h>

#include "nodectl.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/**
 * signals_catch - from now on, signals only ask nodectl to stop
 *
 * Without SA_RESTART, so that a read that waits returns.
 */
void signals_catch(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
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
 * signals_sleep - sleep, but no longer than until a signal
 * @seconds: how long
 */
void signals_sleep(double seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds };

	ts.tv_nsec = (seconds - (double)ts.tv_sec) * 1e9;
	if (!stop)
		nanosleep(&ts, NULL);
}
