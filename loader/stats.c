// SPDX-License-Identifier: GPL-2.0
/*
 * stats: the counters that the kernel keeps per node.  They run since the
 * node was registered; a policy change does not reset them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "node.h"
#include "nodectl.h"

enum counter_group { SPACE, PAGES, CALLS, VERDICTS, POLICY, NR_GROUPS };

static const char *const group_names[NR_GROUPS] = {
	[SPACE]		= "space (bytes)",
	[PAGES]		= "pages",
	[CALLS]		= "calls of members",
	[VERDICTS]	= "verdicts",
	[POLICY]	= "policies",
};

static const struct counter {
	const char *name;
	enum counter_group group;
	bool gauge;	/* goes up and down: has no difference worth printing */
} counters[] = {
	{ "logical_total", SPACE, true },
	{ "logical_used", SPACE, true },
	{ "physical_total", SPACE, true },
	{ "physical_used", SPACE, true },
	{ "bytes_stored_total", SPACE, false },
	{ "pages_offered", PAGES, false },
	{ "pages_admitted", PAGES, false },
	{ "pages_demoted", PAGES, false },
	{ "pages_denied", PAGES, false },
	{ "pages_kept", PAGES, false },
	{ "pages_refused_device", PAGES, false },
	{ "pages_failed", PAGES, false },
	{ "pages_promoted_write", PAGES, false },
	{ "pages_migrated_out", PAGES, false },
	{ "pages_freed", PAGES, false },
	{ "calls_admit_batch", CALLS, false },
	{ "calls_admit_folio", CALLS, false },
	{ "calls_choose_class", CALLS, false },
	{ "calls_migrated", CALLS, false },
	{ "calls_promote_fault", CALLS, false },
	{ "calls_no_policy", CALLS, false },
	{ "verdicts_batch_nolimit", VERDICTS, false },
	{ "verdicts_batch_budget", VERDICTS, false },
	{ "verdicts_batch_none", VERDICTS, false },
	{ "verdicts_admit_default", VERDICTS, false },
	{ "verdicts_admit_accept", VERDICTS, false },
	{ "verdicts_admit_deny", VERDICTS, false },
	{ "verdicts_admit_keep", VERDICTS, false },
	{ "verdicts_class_default", VERDICTS, false },
	{ "verdicts_class_chosen", VERDICTS, false },
	{ "verdicts_class_refused", VERDICTS, false },
	{ "verdicts_promote_default", VERDICTS, false },
	{ "verdicts_promote_one", VERDICTS, false },
	{ "overridden", VERDICTS, false },
	{ "keep_capped", VERDICTS, false },
	{ "policy_attaches", POLICY, false },
	{ "policy_updates", POLICY, false },
	{ "policy_detaches", POLICY, false },
};

#define NR_COUNTERS	(ARRAY_SIZE(counters))

/**
 * struct sample - all counters at one moment
 * @value: of each counter
 * @known: which could be read
 * @nr_known: how many
 */
struct sample {
	uint64_t value[NR_COUNTERS];
	bool known[NR_COUNTERS];
	unsigned int nr_known;
};

static void read_sample(const struct node *node, struct sample *s)
{
	size_t i;

	s->nr_known = 0;
	for (i = 0; i < NR_COUNTERS; i++) {
		s->known[i] = !node_attr_u64(node, counters[i].name, &s->value[i]);
		s->nr_known += s->known[i];
	}
}

static uint64_t sample_get(const struct sample *s, const char *name)
{
	size_t i;

	for (i = 0; i < NR_COUNTERS; i++)
		if (!strcmp(counters[i].name, name))
			return s->known[i] ? s->value[i] : 0;
	return 0;
}

static void print_json(const struct node *node, const struct sample *now,
		       const struct sample *before)
{
	struct json_object *o = json_object_new_object(), *values;
	struct timespec ts;
	size_t i;

	clock_gettime(CLOCK_REALTIME, &ts);
	out_str(o, "node", node->name);
	out_int(o, "nid", node->nid);
	out_seconds(o, "time", ts.tv_sec + ts.tv_nsec / 1e9);
	values = json_object_new_object();
	for (i = 0; i < NR_COUNTERS; i++)
		json_object_object_add(values, counters[i].name, now->known[i] ?
				       json_object_new_uint64(now->value[i]) : NULL);
	json_object_object_add(o, "totals", values);
	if (before) {
		values = json_object_new_object();
		for (i = 0; i < NR_COUNTERS; i++)
			if (!counters[i].gauge && now->known[i] && before->known[i])
				out_uint(values, counters[i].name,
					 now->value[i] - before->value[i]);
		json_object_object_add(o, "delta", values);
	}
	out_record(o);
}

static void print_all(const struct node *node, const struct sample *s)
{
	enum counter_group g;
	size_t i;

	printf("%s, since it was registered\n", node->name);
	for (g = 0; g < NR_GROUPS; g++) {
		printf("%s\n", group_names[g]);
		for (i = 0; i < NR_COUNTERS; i++) {
			if (counters[i].group != g)
				continue;
			if (s->known[i])
				printf("  %-26s %20" PRIu64 "\n", counters[i].name,
				       s->value[i]);
			else
				printf("  %-26s %20s\n", counters[i].name, "?");
		}
	}
}

/* Columns of the running table: pages in the interval, then space at its end. */
static const struct {
	const char *head;
	const char *counter;
} columns[] = {
	{ "OFFERED", "pages_offered" },	 { "DEMOTED", "pages_demoted" },
	{ "DENIED", "pages_denied" },	 { "KEPT", "pages_kept" },
	{ "REFUSED", "pages_refused_device" },
	{ "PROMOTED", "pages_promoted_write" },
	{ "FREED", "pages_freed" },
};

static void print_row(const struct sample *now, const struct sample *before,
		      uint64_t row)
{
	uint64_t logical = sample_get(now, "logical_used");
	uint64_t physical = sample_get(now, "physical_used");
	size_t i;

	if (row % 20 == 0) {
		for (i = 0; i < ARRAY_SIZE(columns); i++)
			printf("%8s ", columns[i].head);
		printf("%8s %s\n", "PHYS-MiB", "RATIO");
	}
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		printf("%8" PRIu64 " ", sample_get(now, columns[i].counter) -
					 sample_get(before, columns[i].counter));
	if (physical)
		printf("%8.1f %.2f\n", physical / 1048576.0,
		       (double)logical / physical);
	else
		printf("%8.1f -\n", 0.0);
}

/* A node that goes away ends the table; a partly unknown kernel is said once. */
static int check_sample(const struct node *node, const struct sample *s)
{
	struct failure f = {};

	if (!s->nr_known) {
		fail(&f, -ENODEV, "\"nodectl nodes\" lists the device nodes.",
		     "its counters are gone: the driver has left");
		p_failure(node->name, "cannot show its counters", &f);
		return NODECTL_NONE;
	}
	if (s->nr_known == NR_COUNTERS)
		return NODECTL_OK;
	fail(&f, -ENOENT, "Use the nodectl that belongs to this kernel.",
	     "%u of %zu counters could not be read",
	     (unsigned int)NR_COUNTERS - s->nr_known, NR_COUNTERS);
	p_failure(node->name, NULL, &f);
	return NODECTL_PARTLY;
}

static int follow(const struct node *node, const struct cmdline *c)
{
	struct sample samples[2];
	uint64_t row = 0;
	int status;

	read_sample(node, &samples[1]);
	status = check_sample(node, &samples[1]);
	if (status == NODECTL_NONE)
		return status;
	if (out_json)
		print_json(node, &samples[1], NULL);
	while (!c->count || row < c->count) {
		signals_sleep(c->interval);
		if (signals_stop())
			break;
		read_sample(node, &samples[row % 2]);
		if (!samples[row % 2].nr_known) {
			check_sample(node, &samples[row % 2]);
			return row ? NODECTL_PARTLY : NODECTL_NONE;
		}
		if (out_json)
			print_json(node, &samples[row % 2], &samples[(row + 1) % 2]);
		else
			print_row(&samples[row % 2], &samples[(row + 1) % 2], row);
		if (out_flush())
			break;
		row++;
	}
	return status;
}

/**
 * do_stats - nodectl stats NODE [--interval S [--count N]]
 * @c: the command line
 */
int do_stats(const struct cmdline *c)
{
	struct failure f = {};
	struct sample s;
	struct node node;
	int nid, status;

	if (node_arg(c->args[0], &nid))
		return NODECTL_USAGE;
	if (node_open(nid, &node, &f)) {
		p_failure(node.name, "cannot show its counters", &f);
		return NODECTL_NONE;
	}
	if (c->interval > 0) {
		status = follow(&node, c);
	} else {
		read_sample(&node, &s);
		status = check_sample(&node, &s);
		if (status != NODECTL_NONE && out_json)
			print_json(&node, &s, NULL);
		else if (status != NODECTL_NONE)
			print_all(&node, &s);
	}
	node_close(&node);
	return status;
}
