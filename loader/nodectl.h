/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verbs of nodectl.
 */
#ifndef NODECTL_H
#define NODECTL_H

#include <stdbool.h>
#include <stdint.h>

#include "out.h"
#include "policy_path.h"

struct json_object;
struct pollfd;

#define NODECTL_VERSION	"1.0"

#define SETTLE_IF_MAX	8

/**
 * struct cmdline - the command line after the verb
 * @args: what is neither verb nor option
 * @nr_args: how many
 * @dirs: where policies are looked for
 * @expect: --expect, or NULL
 * @log_file: --log, or NULL
 * @output: --output, or NULL
 * @format: --format, or NULL
 * @interval: --interval in seconds, 0 when not given
 * @duration: --duration in seconds, 0 when not given
 * @settle: --settle in seconds, 0 when not given
 * @settle_if: each --settle-if
 * @nr_settle_if: how many
 * @count: --count, 0 when not given
 * @histogram: --histogram
 * @fresh: --fresh
 * @dry_run: --dry-run
 * @keep_tunables: --keep-tunables
 * @force: --force
 * @to_configured: --to-configured
 * @stay: --stay
 * @for_node: --for, or NULL
 * @config: --config, or NULL
 * @configured_at: FILE:LINE of the configuration that wants it so, or NULL
 */
struct cmdline {
	char **args;
	int nr_args;
	struct policy_dirs dirs;
	const char *expect;
	const char *log_file;
	const char *output;
	const char *format;
	double interval;
	double duration;
	double settle;
	const char *settle_if[SETTLE_IF_MAX];
	unsigned int nr_settle_if;
	uint64_t count;
	bool histogram;
	bool fresh;
	bool dry_run;
	bool keep_tunables;
	bool force;
	bool to_configured;
	bool stay;
	const char *for_node;
	const char *config;
	const char *configured_at;
};

int do_nodes(const struct cmdline *c);
int do_policies(const struct cmdline *c);
int do_inspect(const struct cmdline *c);
int do_new(const struct cmdline *c);
int do_check(const struct cmdline *c);
int do_load(const struct cmdline *c);
int do_apply(const struct cmdline *c);
int do_swap(const struct cmdline *c);
int do_unload(const struct cmdline *c);
int do_status(const struct cmdline *c);
int do_why(const struct cmdline *c);
int do_stats(const struct cmdline *c);
int do_watch(const struct cmdline *c);
int do_metrics(const struct cmdline *c);
int do_top(const struct cmdline *c);
int do_set(const struct cmdline *c);
int do_trace(const struct cmdline *c);

int wanted_nodes(const struct cmdline *c, int *nids, int *nr);
int verdict(int failed, int partly, int nr);
int show_wanted_nodes(const struct cmdline *c,
		      int (*show)(int nid, struct json_object *array));

/* Set by SIGINT, SIGTERM and SIGHUP: stop, take back what is half done. */
void signals_catch(void);
void signals_catch_quit(void);
bool signals_stop(void);
int signals_poll(struct pollfd *pfd, double seconds);
void signals_sleep(double seconds);

#endif /* NODECTL_H */
