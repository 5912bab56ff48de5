// SPDX-License-Identifier: GPL-2.0
/*
 * top: a live view of all device nodes.  On a terminal it fills the screen;
 * elsewhere it prints lines, or with --json one object per interval.
 *
 * Whatever ends it, the terminal is put back: signals only ask to stop, errors
 * are printed after the screen is gone, and exit() finds a handler.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curses.h>
#include <json-c/json.h>

#include "live.h"
#include "node.h"
#include "nodectl.h"
#include "row.h"

#define ROWS_MAX	64

/**
 * struct top - what is shown
 * @before: counters of each node as they were last time, or NULL
 * @rows: one per node
 * @nr_rows: how many
 * @nr_left_out: nodes beyond ROWS_MAX
 * @interval: what was asked for, seconds
 * @lines: lines of text printed so far
 */
struct top {
	struct sample *before[NODE_MAX];
	struct row rows[ROWS_MAX];
	unsigned int nr_rows;
	unsigned int nr_left_out;
	double interval;
	uint64_t lines;
};

static void forget(struct top *t, int nid)
{
	free(t->before[nid]);
	t->before[nid] = NULL;
}

static void read_policy(const struct node *node, struct row *r)
{
	struct live live;

	r->policy[0] = '\0';
	if (!live_identify(node, &live) && live.map_id)
		snprintf(r->policy, sizeof(r->policy), "%s",
			 live.name[0] ? live.name : "?");
	live_close(&live);
}

/* A node that leaves while it is read is left out: it has left. */
static bool read_row(struct top *t, int nid, struct row *r)
{
	struct failure ignored = {};
	struct sample *now;
	struct node node;

	now = malloc(sizeof(*now));
	if (!now || node_open(nid, &node, &ignored)) {
		free(now);
		return false;
	}
	sample_read(&node, now);
	memset(r, 0, sizeof(*r));
	r->nid = nid;
	snprintf(r->node, sizeof(r->node), "%s", node.name);
	read_policy(&node, r);
	node_close(&node);
	if (!now->nr_known) {
		free(now);
		return false;
	}
	row_fill(r, now, t->before[nid]);
	forget(t, nid);
	t->before[nid] = now;
	return true;
}

static int collect(struct top *t, struct failure *f)
{
	int nids[NODE_MAX], nr, nid, i = 0;

	t->nr_rows = 0;
	t->nr_left_out = 0;
	nr = node_list(nids, NODE_MAX, f);
	if (nr < 0)
		return nr;
	for (nid = 0; nid < NODE_MAX; nid++) {
		if (i == nr || nids[i] != nid) {
			forget(t, nid);
			continue;
		}
		i++;
		if (t->nr_rows == ROWS_MAX)
			t->nr_left_out++;
		else if (read_row(t, nid, &t->rows[t->nr_rows]))
			t->nr_rows++;
		else
			forget(t, nid);
	}
	return 0;
}

static void clock_text(char *buf, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(buf, size, "%H:%M:%S", &tm);
}

/* ---- lines and JSON -------------------------------------------------------- */

static void print_json(const struct top *t)
{
	struct json_object *o = json_object_new_object(), *array;
	struct timespec ts;
	unsigned int i;

	clock_gettime(CLOCK_REALTIME, &ts);
	out_seconds(o, "time", ts.tv_sec + ts.tv_nsec / 1e9);
	out_seconds(o, "interval", t->interval);
	array = json_object_new_array();
	for (i = 0; i < t->nr_rows; i++)
		json_object_array_add(array, row_json(&t->rows[i]));
	json_object_object_add(o, "nodes", array);
	out_record(o);
}

static void print_lines(struct top *t)
{
	char text[ROW_TEXT_MAX], when[16];
	unsigned int i;

	clock_text(when, sizeof(when));
	for (i = 0; i < t->nr_rows; i++) {
		if (t->lines++ % 20 == 0) {
			row_head(1, row_columns(), text, sizeof(text));
			printf("%-8s %s\n", "TIME", text);
		}
		row_text(&t->rows[i], 1, row_columns(), text, sizeof(text));
		printf("%-8s %s\n", when, text);
	}
	if (!t->nr_rows)
		printf("%-8s no device node\n", when);
}

static int run_lines(struct top *t, uint64_t count, struct failure *f)
{
	uint64_t nr = 0;
	int err;

	err = collect(t, f);
	while (!err && (!count || nr < count)) {
		signals_sleep(t->interval);
		if (signals_stop())
			break;
		err = collect(t, f);
		if (err)
			break;
		if (out_json)
			print_json(t);
		else
			print_lines(t);
		if (out_flush())
			break;
		nr++;
	}
	return err;
}

/* ---- the screen ------------------------------------------------------------ */

static SCREEN *screen;

static void screen_close(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

/* newterm(), unlike initscr(), returns when it does not know the terminal. */
static bool screen_open(void)
{
	const char *term = getenv("TERM");

	if (!isatty(STDOUT_FILENO) || !term || !term[0] ||
	    !strcmp(term, "dumb"))
		return false;
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return false;
	atexit(screen_close);
	signals_catch_quit();
	set_term(screen);
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	curs_set(0);
	return true;
}

static bool alarming(const struct row *r)
{
	return !strcmp(r->pressure, "high") || !strcmp(r->pressure, "critical");
}

static void draw(const struct top *t)
{
	char text[ROW_TEXT_MAX], when[16];
	unsigned int first = 1, last, i;
	int y = 2;

	erase();
	clock_text(when, sizeof(when));
	mvprintw(0, 0, "nodectl top   %s   every %g s   q: quit", when,
		 t->interval);
	if (!t->nr_rows)
		mvprintw(y, 0, "There is no device node; load the driver of a device.");
	/* What does not fit side by side goes below. */
	for (; t->nr_rows && first < row_columns(); first = last, y++) {
		last = row_fit(first, COLS);
		row_head(first, last, text, sizeof(text));
		attron(A_REVERSE);
		mvaddnstr(y++, 0, text, COLS);
		attroff(A_REVERSE);
		for (i = 0; i < t->nr_rows; i++) {
			row_text(&t->rows[i], first, last, text, sizeof(text));
			if (alarming(&t->rows[i]))
				attron(A_BOLD);
			mvaddnstr(y++, 0, text, COLS);
			attroff(A_BOLD);
		}
	}
	if (y > LINES + 1 || t->nr_left_out) {
		move(LINES - 1, 0);
		clrtoeol();
		mvaddnstr(LINES - 1, 0,
			  "(there is more than fits on this screen: nodectl top | less)",
			  COLS);
	}
	refresh();
}

enum wish { GO_ON, REDRAW, QUIT };

static enum wish read_keys(void)
{
	enum wish wish = GO_ON;
	int key;

	while ((key = getch()) != ERR) {
		if (key == 'q' || key == 'Q')
			return QUIT;
		if (key == KEY_RESIZE)
			wish = REDRAW;
	}
	return wish;
}

static double monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Waits for the end of the interval; false when the user has seen enough. */
static bool wait_interval(const struct top *t)
{
	struct pollfd pfd = { .fd = STDIN_FILENO, .events = POLLIN };
	double end = monotonic() + t->interval, left;
	int ready;

	/* Keys come from a terminal only; poll() skips a negative fd. */
	if (!isatty(STDIN_FILENO))
		pfd.fd = -1;
	while ((left = end - monotonic()) > 0 && !signals_stop()) {
		ready = signals_poll(&pfd, left);
		if (ready > 0 && pfd.revents & (POLLHUP | POLLERR | POLLNVAL))
			return false;
		/* A change of the window's size ends the wait, too. */
		if (ready) {
			switch (read_keys()) {
			case QUIT:
				return false;
			case REDRAW:
				draw(t);
				break;
			case GO_ON:
				break;
			}
		}
	}
	return !signals_stop();
}

static int run_screen(struct top *t, uint64_t count, struct failure *f)
{
	uint64_t nr = 0;
	int err;

	for (;;) {
		err = collect(t, f);
		if (err)
			break;
		draw(t);
		if (count && nr++ == count)
			break;
		if (!wait_interval(t))
			break;
	}
	screen_close();
	return err;
}

/**
 * do_top - nodectl top [--interval S] [--count N]
 * @c: the command line
 */
int do_top(const struct cmdline *c)
{
	static struct top t;
	struct failure f = {};
	int nid, err;

	t.interval = c->interval > 0 ? c->interval : 1;
	/* Before the screen is taken: a kernel without device nodes. */
	err = node_list(&nid, 1, &f);
	if (err >= 0)
		err = !out_json && screen_open() ? run_screen(&t, c->count, &f) :
						   run_lines(&t, c->count, &f);
	for (nid = 0; nid < NODE_MAX; nid++)
		forget(&t, nid);
	if (!err)
		return NODECTL_OK;
	p_failure(NULL, "cannot watch the device nodes", &f);
	failure_clear(&f);
	return NODECTL_NONE;
}
