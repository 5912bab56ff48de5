// SPDX-License-Identifier: GPL-2.0
/*
 * The metrics of device nodes.  The table below has the name, the help and the
 * source of each; docs/metrics.md and the dashboard are checked against it.
 *
 * A metric shows what the kernel counts per node, over all policies that the
 * node has had, so replacing a policy takes nothing back.  What the kernel does
 * not show has no series; a counter that is not in the table is shown under its
 * own name, as a label.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "metric.h"

/**
 * struct exposition - a text that is being written
 * @out: to where
 * @format: how
 * @head: the metric whose description was written last
 */
struct exposition {
	FILE *out;
	enum metric_format format;
	const struct metric *head;
};

#define NUMBER_SIZE	32

static void write_demotion(struct exposition *e, const struct metric *m,
			   const struct metric_node *n);
static void write_node(struct exposition *e, const struct metric *m,
		       const struct metric_node *n);
static void write_policy(struct exposition *e, const struct metric *m,
			 const struct metric_node *n);
static void write_state(struct exposition *e, const struct metric *m,
			const struct metric_node *n);
static void write_pressure(struct exposition *e, const struct metric *m,
			   const struct metric_node *n);
static void write_ratio(struct exposition *e, const struct metric *m,
			const struct metric_node *n);
static void write_histogram(struct exposition *e, const struct metric *m,
			    const struct metric_node *n);
static void write_unknown(struct exposition *e, const struct metric *m,
			  const struct metric_node *n);

#define SOURCES(...)	((const struct metric_source[]){ __VA_ARGS__, {} })
#define SOURCE(_counter, ...)	{ #_counter, { __VA_ARGS__ } }
#define CALLS(_member)		SOURCE(calls_##_member, #_member)
#define VERDICT(_prefix, _member, _word)				\
	SOURCE(verdicts_##_prefix##_##_word, _member, #_word),
/* Labels of buckets are floating-point numbers. */
#define BUCKET(_bytes)		SOURCE(stored_##_bytes, #_bytes ".0")

const struct metric metrics[] = {
	{
		.name = "demotion_enabled", .type = METRIC_GAUGE, .of_host = true,
		.help = "1 if reclaim demotes, 0 if not; then nothing enters a device node.",
		.write = write_demotion,
	}, {
		.name = "node", .type = METRIC_INFO,
		.help = "A device node.",
		.label = { "driver", "features" }, .write = write_node,
	}, {
		.name = "policy", .type = METRIC_INFO,
		.help = "The policy that is attached; no series while there is none.",
		.label = { "policy", "id", "version" }, .write = write_policy,
	}, {
		.name = "state", .type = METRIC_GAUGE,
		.help = "1 for the state that the node is in, 0 for the others.",
		.label = { "state" }, .write = write_state,
	}, {
		.name = "pressure", .type = METRIC_GAUGE,
		.help = "1 for the level of pressure that the node is at, 0 for the others.",
		.label = { "level" }, .write = write_pressure,
	}, {
		.name = "logical_size_bytes", .unit = "bytes", .type = METRIC_GAUGE,
		.help = "Pages of the node.",
		.sources = SOURCES(SOURCE(logical_total)),
	}, {
		.name = "logical_used_bytes", .unit = "bytes", .type = METRIC_GAUGE,
		.help = "Pages of the node that hold data.",
		.sources = SOURCES(SOURCE(logical_used)),
	}, {
		.name = "physical_size_bytes", .unit = "bytes", .type = METRIC_GAUGE,
		.help = "What the device has behind its pages.",
		.sources = SOURCES(SOURCE(physical_total)),
	}, {
		.name = "physical_used_bytes", .unit = "bytes", .type = METRIC_GAUGE,
		.help = "What is used or reserved of that.",
		.sources = SOURCES(SOURCE(physical_used)),
	}, {
		.name = "compression_ratio", .unit = "ratio", .type = METRIC_GAUGE,
		.help = "Logical bytes used per physical byte used; no series while none is used.",
		.write = write_ratio,
	}, {
		.name = "balloon_bytes", .unit = "bytes", .type = METRIC_GAUGE,
		.scale = METRIC_PAGES,
		.help = "Pages that the balloon holds back.",
		.sources = SOURCES(SOURCE(balloon_pages)),
	}, {
		.name = "balloon_target_bytes", .unit = "bytes",
		.type = METRIC_GAUGE, .scale = METRIC_PAGES,
		.help = "Pages that the balloon should hold back.",
		.sources = SOURCES(SOURCE(balloon_target)),
	}, {
		.name = "admit_limit_pages_per_second",
		.unit = "pages_per_second", .type = METRIC_GAUGE,
		.scale = METRIC_LIMIT,
		.help = "Pages that may come in, as the policy has set it.",
		.sources = SOURCES(SOURCE(admit_rate)),
	}, {
		.name = "promote_limit_pages_per_second",
		.unit = "pages_per_second", .type = METRIC_GAUGE,
		.scale = METRIC_LIMIT,
		.help = "Pages that may be promoted by policy.",
		.sources = SOURCES(SOURCE(promote_rate)),
	}, {
		.name = "offered_pages", .unit = "pages", .type = METRIC_COUNTER,
		.help = "Pages that reclaim offered to the node.",
		.sources = SOURCES(SOURCE(pages_offered)),
	}, {
		.name = "admitted_pages", .unit = "pages", .type = METRIC_COUNTER,
		.help = "Pages offered that the policy or the native default let in.",
		.sources = SOURCES(SOURCE(pages_admitted)),
	}, {
		.name = "fate_pages", .unit = "pages", .type = METRIC_COUNTER,
		.help = "What became of the pages offered: demoted, or why not.",
		.label = { "fate" },
		.sources = SOURCES(SOURCE(pages_demoted, "demoted"),
				   SOURCE(pages_denied, "denied"),
				   SOURCE(pages_kept, "kept"),
				   SOURCE(pages_slowed, "slowed"),
				   SOURCE(pages_refused_device, "refused_device"),
				   SOURCE(pages_failed, "failed")),
	}, {
		.name = "stored_page_size_bytes", .unit = "bytes",
		.type = METRIC_HISTOGRAM,
		.help = "Physical bytes that a page took when it came in.",
		.label = { "le" }, .write = write_histogram,
		/* The sum, then the buckets. */
		.sources = SOURCES(
			SOURCE(bytes_stored_total), BUCKET(0), BUCKET(256),
			BUCKET(512), BUCKET(768), BUCKET(1024), BUCKET(1280),
			BUCKET(1536), BUCKET(1792), BUCKET(2048), BUCKET(2304),
			BUCKET(2560), BUCKET(2816), BUCKET(3072), BUCKET(3328),
			BUCKET(3584), BUCKET(3840), BUCKET(4096)),
	}, {
		.name = "promoted_pages", .unit = "pages", .type = METRIC_COUNTER,
		.help = "Pages that went to DRAM because of a write, or because the policy wanted so.",
		.label = { "reason" },
		.sources = SOURCES(SOURCE(pages_promoted_write, "write"),
				   SOURCE(pages_promoted_around, "around"),
				   SOURCE(pages_promoted_hot, "hot"),
				   SOURCE(pages_promoted_victim, "victim")),
	}, {
		.name = "promotions_dropped", .type = METRIC_COUNTER,
		.help = "Promotions by policy that were dropped: too many waiting, rate used up, or no room.",
		.sources = SOURCES(SOURCE(promote_dropped)),
	}, {
		.name = "hot_reports", .type = METRIC_COUNTER,
		.help = "Reports of hot pages by the device.",
		.sources = SOURCES(SOURCE(hot_reports)),
	}, {
		.name = "hot_reports_bogus", .type = METRIC_COUNTER,
		.help = "Reports of hot pages that named none that could be asked about.",
		.sources = SOURCES(SOURCE(hot_bogus)),
	}, {
		.name = "reclaimed_pages", .unit = "pages", .type = METRIC_COUNTER,
		.help = "Pages that kswapd of the node has reclaimed.",
		.sources = SOURCES(SOURCE(pages_reclaimed)),
	}, {
		.name = "evacuated_pages", .unit = "pages", .type = METRIC_COUNTER,
		.help = "Pages that were moved to DRAM because reclaim was not enough.",
		.sources = SOURCES(SOURCE(pages_evacuated)),
	}, {
		.name = "migrated_out_pages", .unit = "pages",
		.type = METRIC_COUNTER,
		.help = "Pages that migrated away, for whatever reason.",
		.sources = SOURCES(SOURCE(pages_migrated_out)),
	}, {
		.name = "freed_pages", .unit = "pages", .type = METRIC_COUNTER,
		.help = "Pages that held data and were freed, also after the data had moved away.",
		.sources = SOURCES(SOURCE(pages_freed)),
	}, {
		.name = "killed_processes", .type = METRIC_COUNTER,
		.help = "Processes killed because the device held more than it has and nothing else helped.",
		.sources = SOURCES(SOURCE(kills)),
	}, {
		.name = "balloon_taken_pages", .unit = "pages",
		.type = METRIC_COUNTER,
		.help = "Pages that the balloon has taken.",
		.sources = SOURCES(SOURCE(balloon_in)),
	}, {
		.name = "balloon_returned_pages", .unit = "pages",
		.type = METRIC_COUNTER,
		.help = "Pages that the balloon has given back.",
		.sources = SOURCES(SOURCE(balloon_out)),
	}, {
		.name = "pressure_entered", .type = METRIC_COUNTER,
		.help = "How often a level of pressure was entered from below it.",
		.label = { "level" },
		.sources = SOURCES(SOURCE(pressure_low, "low"),
				   SOURCE(pressure_high, "high"),
				   SOURCE(pressure_critical, "critical")),
	}, {
		.name = "policy_changes", .type = METRIC_COUNTER,
		.help = "Policies attached to the node that had none, replaced, gone without a successor, and ejected.",
		.label = { "change" },
		.sources = SOURCES(SOURCE(policy_attaches, "attach"),
				   SOURCE(policy_updates, "update"),
				   SOURCE(policy_detaches, "detach"),
				   SOURCE(policy_ejects, "eject")),
	}, {
		.name = "policy_calls", .type = METRIC_COUNTER,
		.help = "Calls of each member of the policy.",
		.label = { "member" },
		.sources = SOURCES(CALLS(admit_batch), CALLS(admit_folio),
				   CALLS(choose_class), CALLS(migrated),
				   CALLS(promote_fault), CALLS(promote_hot),
				   CALLS(reclaim_folio), CALLS(pressure)),
	}, {
		.name = "policy_missing", .type = METRIC_COUNTER,
		.help = "Times that a policy was wanted and the node had none, while another node had one.",
		.sources = SOURCES(SOURCE(calls_no_policy)),
	}, {
		.name = "policy_bypassed", .type = METRIC_COUNTER,
		.help = "Times that the policy was not asked because memory was needed at once.",
		.sources = SOURCES(SOURCE(calls_bypassed)),
	}, {
		.name = "policy_verdicts", .type = METRIC_COUNTER,
		.help = "Answers of each member of the policy.",
		.label = { "member", "verdict" },
		.sources = (const struct metric_source[]){
			NODE_VERDICTS(VERDICT) {} },
	}, {
		.name = "policy_verdicts_replaced", .type = METRIC_COUNTER,
		.help = "Answers of the policy that the kernel replaced by the native default.",
		.label = { "reason" },
		.sources = SOURCES(SOURCE(overridden, "out_of_range"),
				   SOURCE(keep_capped, "keep_capped"),
				   SOURCE(victim_keep_capped, "victim_keep_capped")),
	}, {
		.name = "unknown", .type = METRIC_COUNTER,
		.help = "Counters of the kernel that this nodectl does not know, by their name there.",
		.label = { "counter" }, .write = write_unknown,
	},
};

const size_t nr_metrics = ARRAY_SIZE(metrics);

static const char *const type_names[][2] = {
	[METRIC_GAUGE]		= { "gauge", "gauge" },
	[METRIC_COUNTER]	= { "counter", "counter" },
	[METRIC_HISTOGRAM]	= { "histogram", "histogram" },
	[METRIC_INFO]		= { "info", "gauge" },
};

static const char *suffix_of(const struct metric *m)
{
	switch (m->type) {
	case METRIC_COUNTER:
		return "_total";
	case METRIC_INFO:
		return "_info";
	default:
		return "";
	}
}

/**
 * metric_name - the name that a metric is described under
 * @m: the metric
 * @format: of the text; OpenMetrics leaves the suffix to the series
 * @buf: the name
 * @size: of @buf
 */
void metric_name(const struct metric *m, enum metric_format format, char *buf,
		 size_t size)
{
	snprintf(buf, size, METRIC_PREFIX "%s%s", m->name,
		 format == METRIC_PROMETHEUS ? suffix_of(m) : "");
}

/**
 * metric_of_series - the metric that a series belongs to
 * @name: as in a query
 *
 * Return: the metric, or NULL.
 */
const struct metric *metric_of_series(const char *name)
{
	static const char *const parts[] = { "_bucket", "_sum", "_count" };
	const struct metric *m;
	char series[128];
	size_t i;

	for (m = metrics; m < metrics + nr_metrics; m++) {
		metric_name(m, METRIC_PROMETHEUS, series, sizeof(series));
		if (m->type != METRIC_HISTOGRAM && !strcmp(series, name))
			return m;
		if (m->type != METRIC_HISTOGRAM ||
		    strncmp(series, name, strlen(series)))
			continue;
		for (i = 0; i < ARRAY_SIZE(parts); i++)
			if (!strcmp(name + strlen(series), parts[i]))
				return m;
	}
	return NULL;
}

static void write_head(struct exposition *e, const struct metric *m)
{
	char name[128];

	if (e->head == m)
		return;
	e->head = m;
	metric_name(m, e->format, name, sizeof(name));
	fprintf(e->out, "# HELP %s %s\n# TYPE %s %s\n", name, m->help, name,
		type_names[m->type][e->format]);
	if (m->unit && e->format == METRIC_OPENMETRICS)
		fprintf(e->out, "# UNIT %s %s\n", name, m->unit);
}

/* How many bytes the UTF-8 character has that @text begins with, 0 for none. */
static unsigned int utf8_length(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int i, len;
	uint32_t c;

	if (p[0] < 0x80)
		return 1;
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc0 || p[0] >= 0xf8)
		return 0;
	c = p[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return len;
}

/* What is not UTF-8 would make the reader refuse the whole text. */
static void write_label(struct exposition *e, const char *name,
			const char *value)
{
	unsigned int len;

	fprintf(e->out, "%s=\"", name);
	for (; *value; value += len ?: 1) {
		len = utf8_length(value);
		if (!len)
			fputs("\xef\xbf\xbd", e->out);
		else if (*value == '\n')
			fputs("\\n", e->out);
		else if (*value == '"' || *value == '\\')
			fprintf(e->out, "\\%c", *value);
		else
			fwrite(value, 1, len, e->out);
	}
	fputc('"', e->out);
}

/* One line: @values of the metric's labels, NULL for those that are left out. */
static void write_series(struct exposition *e, const struct metric *m,
			 const struct metric_node *n, const char *suffix,
			 const char *const *values, const char *number)
{
	char nid[16];
	size_t i;

	write_head(e, m);
	fprintf(e->out, METRIC_PREFIX "%s%s", m->name, suffix);
	if (n) {
		snprintf(nid, sizeof(nid), "%d", n->nid);
		fputc('{', e->out);
		write_label(e, "node", nid);
		for (i = 0; i < METRIC_LABELS && m->label[i]; i++) {
			if (!values || !values[i])
				continue;
			fputc(',', e->out);
			write_label(e, m->label[i], values[i]);
		}
		fputc('}', e->out);
	}
	fprintf(e->out, " %s\n", number);
}

static const char *number_u64(uint64_t value, char *buf)
{
	snprintf(buf, NUMBER_SIZE, "%" PRIu64, value);
	return buf;
}

static void write_sources(struct exposition *e, const struct metric *m,
			  const struct metric_node *n)
{
	const struct metric_source *s;
	char number[NUMBER_SIZE];
	uint64_t value;

	for (s = m->sources; s->counter; s++) {
		if (!sample_get(&n->sample, s->counter, &value))
			continue;
		if (m->scale == METRIC_PAGES)
			value *= sysconf(_SC_PAGESIZE);
		number_u64(value, number);
		if (m->scale == METRIC_LIMIT && value == UINT32_MAX)
			strcpy(number, "+Inf");
		write_series(e, m, n, suffix_of(m), s->value, number);
	}
}

static void write_demotion(struct exposition *e, const struct metric *m,
			   const struct metric_node *n)
{
	int on = node_demotion();

	if (on >= 0)
		write_series(e, m, n, "", NULL, on ? "1" : "0");
}

static void write_node(struct exposition *e, const struct metric *m,
		       const struct metric_node *n)
{
	const char *const values[METRIC_LABELS] = { n->driver, n->features };

	write_series(e, m, n, suffix_of(m), values, "1");
}

static void write_policy(struct exposition *e, const struct metric *m,
			 const struct metric_node *n)
{
	char id[NUMBER_SIZE], version[NUMBER_SIZE];
	const char *const values[METRIC_LABELS] = {
		n->policy, number_u64(n->policy_id, id),
		number_u64(n->policy_version, version),
	};

	if (n->policy_id)
		write_series(e, m, n, suffix_of(m), values, "1");
}

/* A series per word that can be, also for one that this nodectl never heard. */
static void write_words(struct exposition *e, const struct metric *m,
			const struct metric_node *n, const char *const *words,
			const char *now)
{
	const char *values[METRIC_LABELS] = {};
	bool found = false, is;

	if (!now[0])
		return;
	for (; *words; words++) {
		is = !strcmp(*words, now);
		found |= is;
		values[0] = *words;
		write_series(e, m, n, "", values, is ? "1" : "0");
	}
	values[0] = now;
	if (!found)
		write_series(e, m, n, "", values, "1");
}

static void write_state(struct exposition *e, const struct metric *m,
			const struct metric_node *n)
{
	static const char *const words[] = { "live", "draining", NULL };

	write_words(e, m, n, words, n->state);
}

static void write_pressure(struct exposition *e, const struct metric *m,
			   const struct metric_node *n)
{
	static const char *const words[] = {
		"ok", "low", "high", "critical", NULL
	};

	write_words(e, m, n, words, n->sample.pressure);
}

static void write_ratio(struct exposition *e, const struct metric *m,
			const struct metric_node *n)
{
	struct number ratio = sample_ratio(&n->sample);
	char number[NUMBER_SIZE];

	if (!ratio.known)
		return;
	snprintf(number, sizeof(number), "%.6g", ratio.value);
	write_series(e, m, n, "", NULL, number);
}

/* All of it or nothing: a histogram without a bucket is wrong. */
static void write_histogram(struct exposition *e, const struct metric *m,
			    const struct metric_node *n)
{
	static const char *const all[METRIC_LABELS] = { "+Inf" };
	const struct metric_source *s;
	char number[NUMBER_SIZE];
	uint64_t value, count = 0;

	for (s = m->sources; s->counter; s++)
		if (!sample_get(&n->sample, s->counter, &value))
			return;
	for (s = m->sources + 1; s->counter; s++) {
		sample_get(&n->sample, s->counter, &value);
		count += value;
		write_series(e, m, n, "_bucket", s->value,
			     number_u64(count, number));
	}
	write_series(e, m, n, "_bucket", all, number);
	write_series(e, m, n, "_count", NULL, number);
	sample_get(&n->sample, m->sources[0].counter, &value);
	write_series(e, m, n, "_sum", NULL, number_u64(value, number));
}

static void write_unknown(struct exposition *e, const struct metric *m,
			  const struct metric_node *n)
{
	const char *values[METRIC_LABELS] = {}, *pos = n->stat.text;
	char name[128], number[NUMBER_SIZE];
	uint64_t value;

	values[0] = name;
	while (node_stat_next(&pos, name, sizeof(name), &value))
		if (!counter_is_known(name))
			write_series(e, m, n, suffix_of(m), values,
				     number_u64(value, number));
}

/**
 * metric_write - write the metrics of all nodes
 * @out: to where
 * @format: how
 * @nodes: the nodes
 * @nr: how many
 */
void metric_write(FILE *out, enum metric_format format,
		  struct metric_node *const *nodes, size_t nr)
{
	struct exposition e = { .out = out, .format = format };
	const struct metric *m;
	size_t i;

	for (m = metrics; m < metrics + nr_metrics; m++) {
		if (m->of_host) {
			m->write(&e, m, NULL);
			continue;
		}
		for (i = 0; i < nr; i++)
			(m->write ?: write_sources)(&e, m, nodes[i]);
	}
	fputs("# EOF\n", out);
}

/* Name and id in one: they are read from files of their own. */
static int read_policy(const struct node *node, struct metric_node *n)
{
	uint64_t before;
	int i, err;

	err = node_attr_u64(node, "policy_id", &n->policy_id);
	for (i = 0; !err && i < 8; i++) {
		before = n->policy_id;
		if (node_attr(node, "policy_name", n->policy, sizeof(n->policy)))
			n->policy[0] = '\0';
		if (node_attr_u64(node, "policy_version", &n->policy_version))
			n->policy_version = 0;
		err = node_attr_u64(node, "policy_id", &n->policy_id);
		if (n->policy_id == before)
			break;
	}
	return err;
}

/**
 * metric_node_read - read what the metrics of a node are made of
 * @nid: the node
 * @n: filled; what the kernel does not show is empty or unknown
 *
 * Return: 0, -ENODEV when the node has left.
 */
int metric_node_read(int nid, struct metric_node *n)
{
	struct failure ignored = {};
	struct node node;

	memset(n, 0, sizeof(*n));
	n->nid = nid;
	if (node_open(nid, &node, &ignored))
		return -ENODEV;
	node_attr(&node, "driver", n->driver, sizeof(n->driver));
	node_attr(&node, "state", n->state, sizeof(n->state));
	node_attr(&node, "features", n->features, sizeof(n->features));
	read_policy(&node, n);
	sample_read_stat(&node, &n->stat, &n->sample);
	node_close(&node);
	return n->sample.nr_known ? 0 : -ENODEV;
}
