// SPDX-License-Identifier: GPL-2.0
/*
 * trace: the kernel's node_device tracepoints for one node, live.
 *
 * They are read through a trace instance of our own, so that nobody else's
 * tracing is changed and several nodectl can trace at once.  The instance is
 * removed at the end; one that a killed nodectl left is removed by the next, also
 * by one that looks at nodes or changes them.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <json-c/json.h>

#include "node.h"
#include "nodectl.h"
#include "text.h"
#include "trace.h"

#define TRACING		"/sys/kernel/tracing"
#define EVENTS		"events/node_device"
#define INSTANCE	"nodectl-"
#define EVENT_PREFIX	"node_device_"

/* KiB, for each CPU and for all: memory is what these nodes are short of. */
#define BUFFER_MAX	1024
#define BUFFER_MIN	64
#define BUFFER_ALL	16384

/**
 * struct tracing - a running trace
 * @dir: of the instance
 * @pipe: its trace_pipe
 * @buf: text read and not yet printed
 * @used: of @buf
 * @events: printed
 * @lost: reported as lost between those
 * @partly: something went wrong, which was said
 */
struct tracing {
	char dir[PATH_MAX];
	int pipe;
	char buf[65536];
	size_t used;
	uint64_t events;
	uint64_t lost;
	bool partly;
};

/**
 * trace_lost - is this line about events that were lost?
 * @line: a line of trace_pipe
 * @lost: how many, 0 when the kernel does not know
 *
 * Only if it is nothing else: a task may be called "\nCPU:0 [LOST 9".
 */
bool trace_lost(const char *line, unsigned long *lost)
{
	int len = 0;

	*lost = 0;
	sscanf(line, "CPU:%*d [LOST EVENTS]%n", &len);
	if (!len)
		sscanf(line, "CPU:%*d [LOST %lu EVENTS]%n", lost, &len);
	return len && !line[len];
}

/* Take "-PID [CPU] FLAGS TIME: EVENT: FIELDS" apart, if that is what it is. */
static bool parse_after_task(const char *text, struct trace_line *t)
{
	int len = 0;

	if (!isdigit((unsigned char)text[1]) ||
	    sscanf(text, "-%d [%d] %*s %lf: %63[A-Za-z0-9_]:%n", &t->pid,
		   &t->cpu, &t->time, t->event, &len) != 4 || !len ||
	    strncmp(t->event, EVENT_PREFIX, strlen(EVENT_PREFIX)))
		return false;
	t->fields = text + len + strspn(text + len, " ");
	return true;
}

/**
 * trace_parse - take a line of trace_pipe apart
 * @line: the line, "TASK-PID [CPU] FLAGS TIME: EVENT: FIELDS"
 * @t: the parts; @t->fields points into @line
 *
 * Names of tasks are anybody's, and may look like the beginning of what follows
 * them. But 15 characters are too few for all of it, up to the name of an event
 * of ours: the first place where that fits is the right one.
 *
 * Return: 0, or -EINVAL when it is no event.
 */
int trace_parse(const char *line, struct trace_line *t)
{
	const char *dash;

	line += strspn(line, " ");
	dash = strchr(line, '-');
	while (dash && !parse_after_task(dash, t))
		dash = strchr(dash + 1, '-');
	if (!dash)
		return -EINVAL;
	snprintf(t->task, sizeof(t->task), "%.*s", (int)(dash - line), line);
	return 0;
}

static int write_file(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX + 256];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/**
 * trace_buffer_kb - size of the buffer of each CPU
 * @nr_cpus: how many there are
 *
 * Return: KiB.
 */
unsigned int trace_buffer_kb(int nr_cpus)
{
	unsigned int kb = nr_cpus > 0 ? BUFFER_ALL / nr_cpus : BUFFER_MIN;

	if (kb > BUFFER_MAX)
		return BUFFER_MAX;
	return kb < BUFFER_MIN ? BUFFER_MIN : kb;
}

/**
 * trace_remove_stale - remove what a nodectl that was killed has left
 *
 * The kernel lets nobody remove an instance that is in use.
 */
void trace_remove_stale(void)
{
	char path[PATH_MAX];
	struct dirent *de;
	DIR *d;
	int pid;

	d = opendir(TRACING "/instances");
	if (!d)
		return;
	while ((de = readdir(d))) {
		if (sscanf(de->d_name, INSTANCE "%d", &pid) != 1 || pid <= 0)
			continue;
		/* Numbers are used again, also ours. */
		if (pid != getpid() && (!kill(pid, 0) || errno != ESRCH))
			continue;
		snprintf(path, sizeof(path), TRACING "/instances/%s", de->d_name);
		rmdir(path);
	}
	closedir(d);
}

/* Only this node's events: most have a nid, a migration has two. */
static int enable_event(const struct tracing *t, const char *event, int nid)
{
	char file[320], filter[96];
	int err;

	snprintf(file, sizeof(file), EVENTS "/%s/filter", event);
	snprintf(filter, sizeof(filter), "nid == %d", nid);
	err = write_file(t->dir, file, filter);
	if (err) {
		snprintf(filter, sizeof(filter), "src_nid == %d || dst_nid == %d",
			 nid, nid);
		err = write_file(t->dir, file, filter);
	}
	if (err)
		return err;
	snprintf(file, sizeof(file), EVENTS "/%s/enable", event);
	return write_file(t->dir, file, "1");
}

static int enable_events(struct tracing *t, int nid, struct failure *f)
{
	char path[PATH_MAX + 64];
	struct dirent *de;
	int err, nr = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/" EVENTS, t->dir);
	d = opendir(path);
	if (!d)
		return fail(f, -errno, "\"nodectl check\" tells what this kernel lacks.",
			    "this kernel has no tracepoints node_device:*");
	while ((de = readdir(d))) {
		if (de->d_type != DT_DIR || de->d_name[0] == '.')
			continue;
		err = enable_event(t, de->d_name, nid);
		if (!err) {
			nr++;
			continue;
		}
		p_error("tracepoint %s cannot be enabled, its events are missing: %s",
			de->d_name, strerror(-err));
		t->partly = true;
	}
	closedir(d);
	if (!nr)
		return fail(f, -ENOENT, NULL, "no tracepoint could be enabled");
	return 0;
}

static void tracing_stop(struct tracing *t)
{
	struct failure f = {};
	char next[PATH_MAX + 32];
	int i, err = 0;

	if (t->pipe >= 0)
		close(t->pipe);
	t->pipe = -1;
	if (!t->dir[0])
		return;
	/* Busy for a moment while an event is being written. */
	for (i = 0; i < 50; i++) {
		err = rmdir(t->dir) ? -errno : 0;
		if (err != -EBUSY)
			break;
		usleep(20000);
	}
	if (err && err != -ENOENT) {
		snprintf(next, sizeof(next), "Remove it: rmdir %s", t->dir);
		fail(&f, err, next, "the trace instance stays: %s", strerror(-err));
		p_failure(t->dir, NULL, &f);
		t->partly = true;
	}
	t->dir[0] = '\0';
}

static int tracing_start(struct tracing *t, int nid, struct failure *f)
{
	char path[PATH_MAX + 32], size[16];
	int err;

	t->pipe = -1;
	if (access(TRACING "/instances", F_OK))
		return fail(f, -errno,
			    errno == EACCES ? "Run it as root." :
			    "Mount it: mount -t tracefs tracefs " TRACING,
			    "cannot use tracefs at " TRACING ": %s",
			    strerror(errno));
	trace_remove_stale();
	snprintf(t->dir, sizeof(t->dir), TRACING "/instances/" INSTANCE "%d",
		 getpid());
	if (mkdir(t->dir, 0700)) {
		err = -errno;
		t->dir[0] = '\0';
		return fail(f, err, err == -EACCES || err == -EPERM ?
			    "Run it as root." : NULL,
			    "cannot make a trace instance: %s", strerror(-err));
	}
	/* Deliver events at once, not when the buffer is half full. */
	write_file(t->dir, "buffer_percent", "0");
	snprintf(size, sizeof(size), "%u",
		 trace_buffer_kb(libbpf_num_possible_cpus()));
	write_file(t->dir, "buffer_size_kb", size);
	snprintf(path, sizeof(path), "%s/trace_pipe", t->dir);
	t->pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (t->pipe < 0) {
		err = fail(f, -errno, NULL, "cannot open trace_pipe: %s",
			   strerror(errno));
		tracing_stop(t);
		return err;
	}
	err = enable_events(t, nid, f);
	if (err)
		tracing_stop(t);
	return err;
}

static void add_field(struct json_object *o, const char *key, const char *value)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (!errno && end != value && !*end)
		out_int(o, key, number);
	else
		out_str(o, key, value);
}

static void print_event(const struct node *node, const struct trace_line *t)
{
	struct json_object *o, *fields;
	char *copy, *left, *key, *value;
	const char *event = t->event;

	if (!out_json) {
		if (!strncmp(event, EVENT_PREFIX, strlen(EVENT_PREFIX)))
			event += strlen(EVENT_PREFIX);
		printf("%14.6f %-8s %s (%s-%d)\n", t->time, event, t->fields,
		       t->task, t->pid);
		out_flush();
		return;
	}
	o = json_object_new_object();
	out_str(o, "event", t->event);
	out_str(o, "node", node->name);
	out_seconds(o, "time", t->time);
	out_int(o, "cpu", t->cpu);
	out_str(o, "task", t->task);
	out_int(o, "pid", t->pid);
	fields = json_object_new_object();
	copy = left = strdup(t->fields);
	while (copy && (key = text_pair(&left, &value)))
		if (value)
			add_field(fields, key, value);
	free(copy);
	json_object_object_add(o, "fields", fields);
	out_record(o);
}

static void print_line(struct tracing *t, const struct node *node,
		       const char *line, uint64_t max)
{
	struct trace_line parsed;
	unsigned long lost;

	if (trace_lost(line, &lost)) {
		t->lost += lost ?: 1;
		return;
	}
	if (trace_parse(line, &parsed) || (max && t->events >= max))
		return;
	print_event(node, &parsed);
	t->events++;
}

/* Prints what has arrived; returns false when there was nothing. */
static bool drain(struct tracing *t, const struct node *node, uint64_t max)
{
	char *line, *newline;
	ssize_t len;

	len = read(t->pipe, t->buf + t->used, sizeof(t->buf) - 1 - t->used);
	if (len <= 0)
		return false;
	t->used += len;
	t->buf[t->used] = '\0';
	for (line = t->buf; (newline = strchr(line, '\n')); line = newline + 1) {
		*newline = '\0';
		text_clean(line);
		print_line(t, node, line, max);
	}
	t->used -= line - t->buf;
	memmove(t->buf, line, t->used);
	/* A line longer than the buffer cannot be an event of ours. */
	if (t->used == sizeof(t->buf) - 1)
		t->used = 0;
	return true;
}

/* Events that the ring buffers overwrote or dropped, as they count them. */
static uint64_t overruns(const struct tracing *t)
{
	char path[PATH_MAX + 320], line[128];
	unsigned long long nr;
	struct dirent *de;
	uint64_t sum = 0;
	FILE *f;
	DIR *d;

	snprintf(path, sizeof(path), "%s/per_cpu", t->dir);
	d = opendir(path);
	while (d && (de = readdir(d))) {
		snprintf(path, sizeof(path), "%s/per_cpu/%s/stats", t->dir,
			 de->d_name);
		f = de->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (!f)
			continue;
		while (fgets(line, sizeof(line), f))
			if (sscanf(line, "overrun: %llu", &nr) == 1 ||
			    sscanf(line, "dropped events: %llu", &nr) == 1)
				sum += nr;
		fclose(f);
	}
	if (d)
		closedir(d);
	return sum;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void announce(const struct node *node)
{
	struct json_object *o;

	p_info("%s: tracing; end it with Ctrl-C.", node->name);
	if (!out_json)
		return;
	o = json_object_new_object();
	out_str(o, "event", "ready");
	out_str(o, "node", node->name);
	out_record(o);
}

static void conclude(const struct tracing *t, const struct node *node)
{
	uint64_t counted = overruns(t), lost = counted > t->lost ? counted : t->lost;
	struct json_object *o;

	if (!out_json) {
		p_info("%s: %" PRIu64 " events, %" PRIu64 " lost", node->name,
		       t->events, lost);
		return;
	}
	o = json_object_new_object();
	out_str(o, "event", "end");
	out_str(o, "node", node->name);
	out_uint(o, "events", t->events);
	out_uint(o, "lost", lost);
	out_record(o);
}

/**
 * do_trace - nodectl trace NODE [--count N] [--duration S]
 * @c: the command line
 */
int do_trace(const struct cmdline *c)
{
	static struct tracing t;
	struct failure f = {};
	struct pollfd pfd;
	struct node node;
	double end;
	int nid;

	if (node_arg(c->args[0], &nid))
		return NODECTL_USAGE;
	if (node_open(nid, &node, &f) || tracing_start(&t, nid, &f)) {
		p_failure(node.name, "cannot trace", &f);
		node_close(&node);
		return NODECTL_NONE;
	}
	announce(&node);
	end = c->duration > 0 ? now() + c->duration : 0;
	pfd.fd = t.pipe;
	pfd.events = POLLIN;
	while (!signals_stop() && !out_flush() && (!end || now() < end) &&
	       (!c->count || t.events < c->count)) {
		if (drain(&t, &node, c->count))
			continue;
		poll(&pfd, 1, 100);
	}
	/* What was recorded in time is shown, too. */
	write_file(t.dir, EVENTS "/enable", "0");
	while (!out_flush() && drain(&t, &node, c->count))
		;
	conclude(&t, &node);
	tracing_stop(&t);
	node_close(&node);
	return t.partly ? NODECTL_PARTLY : NODECTL_OK;
}
