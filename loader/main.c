// SPDX-License-Identifier: GPL-2.0
/*
 * nodectl - BPF policies for device memory nodes
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <json-c/json.h>

#include "bpflog.h"
#include "nodectl.h"

/* Options that belong to some verbs only; the others belong to all. */
enum {
	OPT_EXPECT	= 1 << 0,
	OPT_LOG		= 1 << 1,
	OPT_INTERVAL	= 1 << 2,
	OPT_COUNT	= 1 << 3,
	OPT_DURATION	= 1 << 4,
	OPT_SETTLE	= 1 << 5,
	OPT_HISTOGRAM	= 1 << 6,
	OPT_FRESH	= 1 << 7,
	OPT_OUTPUT	= 1 << 8,
	OPT_FORMAT	= 1 << 9,
	OPT_SETTLE_IF	= 1 << 10,
	OPT_DRY_RUN	= 1 << 11,
	OPT_CONFIG	= 1 << 12,
	OPT_KEEP	= 1 << 13,
	OPT_FORCE	= 1 << 14,
	OPT_TO_CONF	= 1 << 15,
	OPT_FOR		= 1 << 16,
	OPT_STAY	= 1 << 17,
	/* No options, but what a verb does. */
	REPEATS		= 1 << 20,	/* also without --interval */
	TEXT_ONLY	= 1 << 21,	/* has a format of its own, not JSON */
};

/**
 * struct verb - one verb
 * @name: as typed; an unambiguous beginning will do
 * @run: does it
 * @min_args: arguments it needs
 * @max_args: arguments it takes, -1 for any number
 * @options: which of the OPT_* it takes
 * @args: arguments and options for the usage line
 * @summary: one line for the list
 * @help: more about it
 * @example: a line that works
 */
struct verb {
	const char *name;
	int (*run)(const struct cmdline *c);
	int min_args, max_args;
	unsigned int options;
	const char *args;
	const char *summary;
	const char *help;
	const char *example;
};

static const struct verb verbs[] = {
	{
		"nodes", do_nodes, 0, 0, 0, "",
		"list the device nodes",
		"One line per device node: driver, state, policy, space.",
		"nodectl nodes",
	},
	{
		"policies", do_policies, 0, 0, OPT_FOR, "[--for NODE]",
		"list the policies that can be loaded",
		"Looks for *.bpf.o in the directories of --path and $NODECTL_PATH, in\n"
		"/etc/node_ext, /usr/local/lib/node_ext, /usr/lib/node_ext, and where\n"
		"nodectl has its own: bpf/ beside it, or lib/node_ext below its prefix.\n"
		"A file that is not a policy is reported, the others are listed. --for lists\n"
		"only those that are for such a node.",
		"nodectl policies",
	},
	{
		"inspect", do_inspect, 1, 1, 0, "POLICY",
		"show what a policy is and which tunables it has",
		"Reads the object only; needs no privilege and no special kernel.",
		"nodectl inspect compressible",
	},
	{
		"new", do_new, 2, 2, 0, "NAME DIR",
		"make a directory for a policy of your own",
		"Copies a policy that works, its test and a Makefile to DIR, and names them\n"
		"NAME. DIR is made if it is not there. No file is overwritten. To compile and\n"
		"test the policy takes clang and cmocka, and no kernel.",
		"nodectl new first ~/first",
	},
	{
		"check", do_check, 0, 0, 0, "",
		"list what this kernel and system must have, present or missing",
		"For everything that is missing: what follows and what to do. The exit\n"
		"status is 0 when all that is required is there, else 1.",
		"nodectl check",
	},
	{
		"load", do_load, 2, -1, OPT_LOG | OPT_DRY_RUN | OPT_FORCE,
		"NODE POLICY [KEY=VALUE]... [--force] [--dry-run] [--log FILE]",
		"attach a policy to a node that has none",
		"KEY=VALUE sets tunables before the policy runs. The policy stays when\n"
		"nodectl is gone, because its link is pinned at\n"
		"/sys/fs/bpf/node_ext/nodeN/link. If anything fails, nothing is left.\n"
		"--dry-run shows what would be done, and changes nothing.",
		"nodectl load node1 compressible threshold=600",
	},
	{
		"swap", do_swap, 2, -1,
		OPT_LOG | OPT_EXPECT | OPT_SETTLE | OPT_SETTLE_IF | OPT_FRESH |
		OPT_DRY_RUN | OPT_KEEP | OPT_FORCE,
		"NODE POLICY [KEY=VALUE]... [--expect OLD] [--settle S [--settle-if COND]...] [--fresh] [--keep-tunables] [--force] [--dry-run] [--log FILE]",
		"replace the policy of a node, with no moment without one",
		"If the new policy is refused, the old one stays. --expect swaps only if\n"
		"the node still has policy OLD, a name or an id. --settle watches the new\n"
		"policy for S seconds and goes back to the old one when the kernel ejects\n"
		"it, or when a condition of --settle-if holds: COUNTER>N, a counter of\n"
		"\"nodectl stats\", counted from the swap. Maps that both policies declare\n"
		"alike are handed over with what they hold, unless --fresh is given;\n"
		"counters start anew. --keep-tunables does the same for the tunables.",
		"nodectl swap node1 memcg_budget budget=4096 --expect compressible",
	},
	{
		"apply", do_apply, 0, -1, OPT_DRY_RUN | OPT_CONFIG | OPT_LOG | OPT_STAY,
		"[NODE]... [--dry-run] [--config DIR] [--log FILE] | NODE --stay",
		"give nodes the policies and tunables of the configuration",
		"The configuration is *.conf in /etc/node_ext and /usr/lib/node_ext;\n"
		"nodectl(8) tells what it may say. Changes only what is not so: it loads a\n"
		"policy, replaces one whose object has changed, or sets tunables. Of all\n"
		"device nodes if none is named. --dry-run shows what would be done. --stay is\n"
		"for services: it stays until the node goes, and attaches the policy again\n"
		"when the kernel has ejected it, after 5, 20 and 80 seconds, and then no more.",
		"nodectl apply --dry-run",
	},
	{
		"unload", do_unload, 1, -1, OPT_TO_CONF | OPT_CONFIG,
		"NODE... [--to-configured [--config DIR]]",
		"detach the policy of a node; the native default decides again",
		"Detaching is complete when nodectl returns. Also removes the pins that were\n"
		"left from a policy that is gone. --to-configured goes back to the policy of\n"
		"the configuration instead, as apply does, with no moment without one.",
		"nodectl unload node1",
	},
	{
		"status", do_status, 0, -1, 0, "[NODE]...",
		"show node, policy, link, tunables and counters of the policy",
		"Everything is read from the kernel. What cannot be read is reported on\n"
		"stderr, the rest is shown.",
		"nodectl status",
	},
	{
		"why", do_why, 0, -1, 0, "[NODE]...",
		"say why the last policies of a node left it",
		"The kernel keeps the last records of a node, also when the policy and the\n"
		"program that loaded it are gone: who or what ended it, in which member,\n"
		"when, and what to do next. Of all device nodes if none is named.",
		"nodectl why node1",
	},
	{
		"stats", do_stats, 0, -1, OPT_INTERVAL | OPT_COUNT | OPT_HISTOGRAM,
		"[NODE]... [--interval S [--count N] | --histogram]",
		"show the counters of nodes, once or every S seconds",
		"Of all device nodes if none is named. The counters run since the node was\n"
		"registered. With --interval, each line shows what was added in that\n"
		"interval. With --histogram, pages by the size that they were stored with.\n"
		"\"-\" is what this kernel does not count.",
		"nodectl stats node1 --interval 1 --count 10",
	},
	{
		"watch", do_watch, 0, -1, OPT_INTERVAL | OPT_COUNT | OPT_DURATION | REPEATS,
		"[NODE]... [--interval S] [--count N] [--duration S]",
		"print a line when the policy or the pressure of a node changes",
		"For operators and supervisors: a policy is attached, replaced, detached or\n"
		"ejected, pressure changes, a device node comes or goes. Begins with the\n"
		"state of each node. Looks every S seconds (0.2); ends after N lines, after\n"
		"S seconds of --duration, or with Ctrl-C.",
		"nodectl --json watch",
	},
	{
		"metrics", do_metrics, 0, 0, OPT_OUTPUT | OPT_FORMAT | TEXT_ONLY,
		"[--format FORMAT] [--output FILE]",
		"print all device nodes as metrics for a monitoring system",
		"In the OpenMetrics format. With --output, FILE is replaced in one step. If\n"
		"its name ends in .prom, it is for node_exporter and in the older format of\n"
		"Prometheus, the only one that node_exporter reads from files. --format\n"
		"chooses one of the two in any case: openmetrics or prometheus.",
		"nodectl metrics --output /var/lib/prometheus/node-exporter/node_ext.prom",
	},
	{
		"top", do_top, 0, 0, OPT_INTERVAL | OPT_COUNT | REPEATS,
		"[--interval S] [--count N]",
		"watch all device nodes",
		"Space, pressure and what happens per second, renewed every S seconds (1).\n"
		"Key q or Ctrl-C ends it. Where stdout is not a terminal, one line per\n"
		"node and interval.",
		"nodectl top --interval 2",
	},
	{
		"set", do_set, 2, -1, 0, "NODE KEY=VALUE...",
		"change tunables of the policy that runs, leave the others alone",
		"All changes are checked before the first is made.",
		"nodectl set node1 threshold=500",
	},
	{
		"trace", do_trace, 1, 1, OPT_COUNT | OPT_DURATION,
		"NODE [--count N] [--duration S]",
		"show the decisions for a node as they are made",
		"Ends after N events or S seconds, or with Ctrl-C, and says how many\n"
		"events were lost.",
		"nodectl trace node1 --duration 5",
	},
};

#define NR_VERBS	(ARRAY_SIZE(verbs))

static const struct {
	unsigned int bit;
	const char *name;
	const char *help;
} option_help[] = {
	{ OPT_EXPECT, "expect", "  --expect OLD     only if the node has this policy (name or id)" },
	{ OPT_SETTLE, "settle", "  --settle S       take the policy back if it misbehaves within S seconds" },
	{ OPT_SETTLE_IF, "settle-if", "  --settle-if C    take it back if C holds, as in \"pages_refused_device>0\"; may be repeated" },
	{ OPT_FRESH, "fresh", "  --fresh          hand no map over from the old policy" },
	{ OPT_KEEP, "keep-tunables", "  --keep-tunables  begin with the tunables that the old policy has" },
	{ OPT_FORCE, "force", "  --force          also if the policy is for other nodes" },
	{ OPT_TO_CONF, "to-configured", "  --to-configured  go back to what the configuration says" },
	{ OPT_FOR, "for", "  --for NODE       only those that are for such a node" },
	{ OPT_STAY, "stay", "  --stay           stay with the node, and attach its policy again when it was ejected" },
	{ OPT_DRY_RUN, "dry-run", "  --dry-run        verify, show what would be done, and change nothing" },
	{ OPT_CONFIG, "config", "  --config DIR     take the configuration from there, and only from there" },
	{ OPT_LOG, "log", "  --log FILE       write the verifier's log there if it refuses" },
	{ OPT_INTERVAL, "interval", "  --interval S     repeat every S seconds" },
	{ OPT_COUNT, "count", "  --count N        end after N of what is repeated" },
	{ OPT_HISTOGRAM, "histogram", "  --histogram      pages by the size that they were stored with" },
	{ OPT_OUTPUT, "output", "  --output FILE    write there, in one step, not on stdout" },
	{ OPT_FORMAT, "format", "  --format FORMAT  openmetrics or prometheus" },
	{ OPT_DURATION, "duration", "  --duration S     end after S seconds" },
	{ 0, NULL, "  -j, --json       results as JSON on stdout, errors as JSON on stderr" },
	{ 0, NULL, "  -v, --verbose    show on stderr what libbpf does" },
	{ 0, NULL, "      --path DIR   look for policies there first; may be repeated" },
	{ 0, NULL, "  -h, --help       help, also per verb" },
	{ 0, NULL, "  -V, --version    version of nodectl and of libbpf" },
};

enum { LONG_PATH = 256, LONG_EXPECT, LONG_LOG, LONG_INTERVAL, LONG_COUNT,
       LONG_DURATION, LONG_SETTLE, LONG_HISTOGRAM, LONG_FRESH, LONG_OUTPUT,
       LONG_FORMAT, LONG_SETTLE_IF, LONG_DRY_RUN, LONG_CONFIG,
       LONG_KEEP, LONG_FORCE, LONG_TO_CONF, LONG_FOR, LONG_STAY };

#define SHORT_OPTIONS	"jvhV"

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "path", required_argument, NULL, LONG_PATH },
	{ "expect", required_argument, NULL, LONG_EXPECT },
	{ "log", required_argument, NULL, LONG_LOG },
	{ "interval", required_argument, NULL, LONG_INTERVAL },
	{ "count", required_argument, NULL, LONG_COUNT },
	{ "duration", required_argument, NULL, LONG_DURATION },
	{ "settle", required_argument, NULL, LONG_SETTLE },
	{ "settle-if", required_argument, NULL, LONG_SETTLE_IF },
	{ "histogram", no_argument, NULL, LONG_HISTOGRAM },
	{ "fresh", no_argument, NULL, LONG_FRESH },
	{ "output", required_argument, NULL, LONG_OUTPUT },
	{ "format", required_argument, NULL, LONG_FORMAT },
	{ "dry-run", no_argument, NULL, LONG_DRY_RUN },
	{ "keep-tunables", no_argument, NULL, LONG_KEEP },
	{ "force", no_argument, NULL, LONG_FORCE },
	{ "to-configured", no_argument, NULL, LONG_TO_CONF },
	{ "stay", no_argument, NULL, LONG_STAY },
	{ "for", required_argument, NULL, LONG_FOR },
	{ "config", required_argument, NULL, LONG_CONFIG },
	{},
};

static void print_options(unsigned int which)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(option_help); i++)
		if (!option_help[i].bit || option_help[i].bit & which)
			puts(option_help[i].help);
}

static void help_all(void)
{
	size_t i;

	printf("Usage: nodectl VERB [ARGUMENT]... [OPTION]...\n"
	       "BPF policies for device memory nodes.\n\nVerbs:\n");
	for (i = 0; i < NR_VERBS; i++)
		printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
	printf("\nA NODE is 1 or node1. A POLICY is a name (see \"nodectl policies\") or the\n"
	       "path of an object.\n\nOptions:\n");
	print_options(~0U);
	printf("\n\"nodectl VERB --help\" tells more about a verb, nodectl(8) about all.\n"
	       "Exit status: 0 all done, 1 nothing done, 2 wrong command line, 3 partly done.\n");
}

static void help_verb(const struct verb *v)
{
	printf("Usage: nodectl %s%s%s\n%c%s.\n\n%s\n\nOptions:\n", v->name,
	       v->args[0] ? " " : "", v->args, v->summary[0] - 32, v->summary + 1,
	       v->help);
	print_options(v->options);
	printf("\nExample:\n  %s\n", v->example);
}

static void print_version(void)
{
	struct json_object *o;

	if (!out_json) {
		printf("nodectl %s (libbpf %s)\n", NODECTL_VERSION,
		       libbpf_version_string());
		return;
	}
	o = json_object_new_object();
	out_str(o, "nodectl", NODECTL_VERSION);
	out_str(o, "libbpf", libbpf_version_string());
	out_record(o);
}

static int usage(const char *next, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int usage(const char *next, const char *fmt, ...)
{
	struct failure f = {};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f.cause, sizeof(f.cause), fmt, ap);
	va_end(ap);
	snprintf(f.next, sizeof(f.next), "%s", next);
	p_failure(NULL, NULL, &f);
	return NODECTL_USAGE;
}

/* The verb of this name, or the only one that begins with it. */
static const struct verb *find_verb(const char *name)
{
	const struct verb *found = NULL;
	char list[128] = "";
	size_t i, len = 0;
	int nr = 0;

	for (i = 0; i < NR_VERBS; i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
		if (strncmp(verbs[i].name, name, strlen(name)))
			continue;
		found = &verbs[i];
		len += snprintf(list + len, sizeof(list) - len, "%s%s",
				nr++ ? ", " : "", verbs[i].name);
	}
	if (nr == 1)
		return found;
	if (nr > 1)
		usage("Type more of it.", "\"%s\" may be %s", name, list);
	else
		usage("\"nodectl --help\" lists the verbs.",
		      "there is no verb \"%s\"", name);
	return NULL;
}

static int parse_seconds(const char *option, const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end != text && !*end && isfinite(*seconds) && *seconds >= 0.01 &&
	    *seconds <= 1e9)
		return 0;
	usage("Give seconds, 0.01 or more.", "\"%s\" is no time for --%s", text,
	      option);
	return -EINVAL;
}

static int parse_count(const char *text, uint64_t *count)
{
	char *end;

	errno = 0;
	*count = strtoull(text, &end, 10);
	if (!errno && text[0] >= '0' && text[0] <= '9' && !*end && *count)
		return 0;
	usage("Give a number, 1 or more.", "\"%s\" is no number for --count", text);
	return -EINVAL;
}

/**
 * struct options - what the options said
 * @used: OPT_* that were given
 * @help: --help
 * @version: --version
 */
struct options {
	unsigned int used;
	bool help;
	bool version;
};

/* Too many, or no memory: with some left out the wrong policy may be found. */
static int bad_dirs(int err)
{
	if (err == -E2BIG)
		usage("Name fewer.",
		      "--path and $NODECTL_PATH name more than %d directories",
		      POLICY_DIRS_MAX);
	else
		p_error("cannot make a list of the directories: %s",
			strerror(-err));
	return err;
}

/* getopt() does not know @arg, or it is not how its option is written. */
static int bad_option(const char *arg)
{
	/* The value of a known option: it was given an argument. */
	if (optopt >= LONG_PATH || (optopt && strchr(SHORT_OPTIONS, optopt)))
		usage("\"nodectl --help\" lists the options.",
		      "the option in %s takes no argument", arg);
	else
		usage("\"nodectl --help\" lists the options.",
		      "there is no option %s",
		      optopt ? (char[]){ '-', optopt, 0 } : arg);
	return -EINVAL;
}

static int take_text(struct options *o, unsigned int bit, const char **text)
{
	o->used |= bit;
	*text = optarg;
	return 0;
}

static int take_flag(struct options *o, unsigned int bit, bool *flag)
{
	o->used |= bit;
	*flag = true;
	return 0;
}

static int take_condition(struct options *o, struct cmdline *c)
{
	if (c->nr_settle_if < SETTLE_IF_MAX)
		return take_text(o, OPT_SETTLE_IF,
				 &c->settle_if[c->nr_settle_if++]);
	usage("Name fewer.", "more than %d times --settle-if", SETTLE_IF_MAX);
	return -E2BIG;
}

static int parse_option(int opt, struct cmdline *c, struct options *o)
{
	int err;

	switch (opt) {
	case 'j':
		out_json = true;
		return 0;
	case 'v':
		bpflog_verbose = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case 'V':
		o->version = true;
		return 0;
	case LONG_PATH:
		err = policy_dirs_add(&c->dirs, optarg);
		return err ? bad_dirs(err) : 0;
	case LONG_EXPECT:
		return take_text(o, OPT_EXPECT, &c->expect);
	case LONG_LOG:
		return take_text(o, OPT_LOG, &c->log_file);
	case LONG_OUTPUT:
		return take_text(o, OPT_OUTPUT, &c->output);
	case LONG_FORMAT:
		return take_text(o, OPT_FORMAT, &c->format);
	case LONG_INTERVAL:
		o->used |= OPT_INTERVAL;
		return parse_seconds("interval", optarg, &c->interval);
	case LONG_DURATION:
		o->used |= OPT_DURATION;
		return parse_seconds("duration", optarg, &c->duration);
	case LONG_SETTLE:
		o->used |= OPT_SETTLE;
		return parse_seconds("settle", optarg, &c->settle);
	case LONG_SETTLE_IF:
		return take_condition(o, c);
	case LONG_HISTOGRAM:
		return take_flag(o, OPT_HISTOGRAM, &c->histogram);
	case LONG_FRESH:
		return take_flag(o, OPT_FRESH, &c->fresh);
	case LONG_KEEP:
		return take_flag(o, OPT_KEEP, &c->keep_tunables);
	case LONG_FORCE:
		return take_flag(o, OPT_FORCE, &c->force);
	case LONG_TO_CONF:
		return take_flag(o, OPT_TO_CONF, &c->to_configured);
	case LONG_STAY:
		return take_flag(o, OPT_STAY, &c->stay);
	case LONG_FOR:
		return take_text(o, OPT_FOR, &c->for_node);
	case LONG_DRY_RUN:
		return take_flag(o, OPT_DRY_RUN, &c->dry_run);
	case LONG_CONFIG:
		return take_text(o, OPT_CONFIG, &c->config);
	case LONG_COUNT:
		o->used |= OPT_COUNT;
		return parse_count(optarg, &c->count);
	case ':':
		usage("\"nodectl --help\" lists the options.",
		      "option %s needs an argument", c->args[optind - 1]);
		return -EINVAL;
	default:
		return bad_option(c->args[optind - 1]);
	}
}

static int check_usage(const struct verb *v, const struct cmdline *c,
		       const struct options *o)
{
	char next[256];
	size_t i;

	snprintf(next, sizeof(next), "Usage: nodectl %s%s%s", v->name,
		 v->args[0] ? " " : "", v->args);
	for (i = 0; i < ARRAY_SIZE(option_help); i++)
		if (option_help[i].bit & o->used & ~v->options)
			return usage(next, "verb %s takes no --%s", v->name,
				     option_help[i].name);
	if (out_json && v->options & TEXT_ONLY)
		return usage("\"nodectl --json stats NODE\" prints counters as JSON.",
			     "verb %s has a format of its own, not JSON", v->name);
	if (o->used & OPT_COUNT && v->options & OPT_INTERVAL &&
	    !(v->options & REPEATS) && !(o->used & OPT_INTERVAL))
		return usage(next, "--count needs --interval");
	if (o->used & OPT_SETTLE_IF && !(o->used & OPT_SETTLE))
		return usage(next, "--settle-if needs --settle");
	if (!strcmp(v->name, "unload") && o->used & OPT_CONFIG &&
	    !(o->used & OPT_TO_CONF))
		return usage(next, "--config needs --to-configured");
	if (o->used & OPT_STAY && (c->nr_args != 1 || o->used & OPT_DRY_RUN))
		return usage(next, "--stay is for one node, and no dry run");
	if (o->used & OPT_DRY_RUN && o->used & OPT_SETTLE)
		return usage(next, "a dry run has nothing that could settle");
	if (o->used & OPT_HISTOGRAM && o->used & OPT_INTERVAL)
		return usage(next, "--histogram is not repeated");
	if (c->nr_args < v->min_args)
		return usage(next, "verb %s needs %s", v->name,
			     v->min_args == 1 ? "an argument" : "more arguments");
	if (v->max_args >= 0 && c->nr_args > v->max_args)
		return usage(next, "verb %s does not take \"%s\"", v->name,
			     c->args[v->max_args]);
	return NODECTL_OK;
}

static bool wants_json(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j"))
			return true;
	return false;
}

static int run(int argc, char **argv, struct cmdline *c)
{
	struct options o = {};
	const struct verb *v;
	int opt, status, err;

	/* So that errors in options that come before it are JSON, too. */
	out_json = wants_json(argc, argv);
	opterr = 0;
	c->args = argv;
	while ((opt = getopt_long(argc, argv, ":" SHORT_OPTIONS,
				  long_options, NULL)) != -1)
		if (parse_option(opt, c, &o))
			return NODECTL_USAGE;
	c->args = argv + optind;
	c->nr_args = argc - optind;
	if (o.version) {
		print_version();
		return NODECTL_OK;
	}
	if (c->nr_args && !strcmp(c->args[0], "help")) {
		o.help = true;
		c->args++;
		c->nr_args--;
	}
	if (!c->nr_args) {
		if (!o.help)
			return usage("\"nodectl --help\" lists the verbs.",
				     "there is no verb");
		help_all();
		return NODECTL_OK;
	}
	v = find_verb(c->args[0]);
	if (!v)
		return NODECTL_USAGE;
	if (o.help) {
		help_verb(v);
		return NODECTL_OK;
	}
	c->args++;
	c->nr_args--;
	status = check_usage(v, c, &o);
	if (status)
		return status;
	err = policy_dirs_default(&c->dirs);
	if (err) {
		bad_dirs(err);
		return NODECTL_USAGE;
	}
	signals_catch();
	bpflog_start();
	return v->run(c);
}

int main(int argc, char **argv)
{
	struct cmdline c = {};
	int status, err;

	status = run(argc, argv, &c);
	policy_dirs_free(&c.dirs);
	err = out_flush();
	/* A reader that has seen enough is no news. */
	if (err && err != -EPIPE)
		p_error("cannot write the results: %s", strerror(-err));
	return err && !status ? NODECTL_PARTLY : status;
}
