// SPDX-License-Identifier: GPL-2.0
/*
 * stats: the counters that the kernel keeps per node, as they are, as what an
 * interval added to them, or as the histogram of stored sizes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "histogram.h"
#include "node.h"
#include "nodectl.h"
#include "row.h"
#include "sample.h"

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
	for (i = 0; i < nr_counters; i++)
		json_object_object_add(values, counters[i].name, now->known[i] ?
				       json_object_new_uint64(now->value[i]) : NULL);
	json_object_object_add(o, "totals", values);
	json_object_object_add(o, "pressure", now->pressure[0] ?
			       json_object_new_string(now->pressure) : NULL);
	json_object_object_add(o, "ratio", number_json(sample_ratio(now)));
	json_object_object_add(o, "bounce_rate",
			       number_json(sample_bounce(now, before)));
	json_object_object_add(o, "admission_rate",
			       number_json(sample_admission(now, before)));
	if (before) {
		values = json_object_new_object();
		for (i = 0; i < nr_counters; i++)
			if (!counters[i].gauge && now->known[i] && before->known[i])
				out_uint(values, counters[i].name,
					 now->value[i] - before->value[i]);
		json_object_object_add(o, "delta", values);
	}
	out_record(o);
}

static void print_all(const struct node *node, const struct sample *s)
{
	struct number ratio = sample_ratio(s);
	char bounce[16], admission[16];
	enum counter_group g;
	size_t i;

	printf("%s, since it was registered\n", node->name);
	for (g = 0; g < NR_GROUPS; g++) {
		/* That is what --histogram is for. */
		if (g == STORED)
			continue;
		printf("%s\n", group_names[g]);
		for (i = 0; i < nr_counters; i++) {
			if (counters[i].group != g)
				continue;
			if (s->known[i])
				printf("  %-26s %20" PRIu64 "\n", counters[i].name,
				       s->value[i]);
			else
				printf("  %-26s %20s\n", counters[i].name, "-");
		}
	}
	printf("derived\n");
	printf("  %-26s %20s\n", "pressure", s->pressure[0] ? s->pressure : "-");
	if (ratio.known)
		printf("  %-26s %20.2f\n", "ratio", ratio.value);
	else
		printf("  %-26s %20s\n", "ratio", "-");
	printf("  %-26s %20s\n", "bounce_rate",
	       fmt_share(sample_bounce(s, NULL), bounce, sizeof(bounce)));
	printf("  %-26s %20s\n", "admission_rate",
	       fmt_share(sample_admission(s, NULL), admission,
			 sizeof(admission)));
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
	struct number ratio = sample_ratio(now);
	uint64_t delta, physical;
	char text[16];
	size_t i;

	if (row % 20 == 0) {
		for (i = 0; i < ARRAY_SIZE(columns); i++)
			printf("%8s ", columns[i].head);
		printf("%8s %5s %7s %6s %s\n", "PHYS-MiB", "RATIO", "BALLOON",
		       "BOUNCE", "PRESSURE");
	}
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		if (sample_delta(now, before, columns[i].counter, &delta))
			printf("%8" PRIu64 " ", delta);
		else
			printf("%8s ", "-");
	if (sample_get(now, "physical_used", &physical))
		printf("%8.1f ", physical / 1048576.0);
	else
		printf("%8s ", "-");
	if (ratio.known)
		printf("%5.2f ", ratio.value);
	else
		printf("%5s ", "-");
	printf("%7s ", fmt_pages_short(sample_gauge(now, "balloon_pages"), text,
				       sizeof(text)));
	printf("%6s ", fmt_share(sample_bounce(now, before), text, sizeof(text)));
	printf("%s\n", now->pressure[0] ? now->pressure : "-");
}

/* A node that goes away ends the table; what cannot be read is said once. */
static int check_sample(const struct node *node, const struct sample *s)
{
	struct failure f = {};

	if (!s->nr_known) {
		fail(&f, -ENODEV, "\"nodectl nodes\" lists the device nodes.",
		     "its counters are gone: the driver has left");
		p_failure(node->name, "cannot show its counters", &f);
		return NODECTL_NONE;
	}
	if (!s->nr_failed)
		return NODECTL_OK;
	fail(&f, -EIO, "The others are shown.",
	     "%u of %zu counters could not be read", s->nr_failed, nr_counters);
	p_failure(node->name, NULL, &f);
	return NODECTL_PARTLY;
}

static int show_histogram(const struct node *node, const struct sample *s)
{
	struct failure f = {};
	struct histogram h;
	uint64_t bytes;
	unsigned int i;
	char line[128];

	histogram_fill(&h, s);
	if (!h.nr_known) {
		fail(&f, -EOPNOTSUPP, "Boot the kernel that belongs to this nodectl.",
		     "this kernel does not count pages by stored size");
		p_failure(node->name, "cannot show the histogram", &f);
		return NODECTL_NONE;
	}
	if (out_json) {
		out_record(histogram_json(&h));
		return NODECTL_OK;
	}
	printf("%s, pages stored since it was registered: %" PRIu64, node->name,
	       h.total);
	if (h.total && sample_get(s, "bytes_stored_total", &bytes))
		printf(", %.0f bytes each on average", (double)bytes / h.total);
	printf("\n  %11s %12s\n", "BYTES", "PAGES");
	for (i = 0; i < STORED_NR; i++) {
		histogram_line(&h, i, line, sizeof(line));
		puts(line);
	}
	return NODECTL_OK;
}

static int follow(const struct node *node, const struct cmdline *c)
{
	struct sample samples[2];
	uint64_t row = 0;
	int status;

	sample_read(node, &samples[1]);
	status = check_sample(node, &samples[1]);
	if (status == NODECTL_NONE)
		return status;
	if (out_json)
		print_json(node, &samples[1], NULL);
	while (!c->count || row < c->count) {
		signals_sleep(c->interval);
		if (signals_stop())
			break;
		sample_read(node, &samples[row % 2]);
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
 * do_stats - nodectl stats NODE [--interval S [--count N] | --histogram]
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
		sample_read(&node, &s);
		status = check_sample(&node, &s);
		if (status != NODECTL_NONE && c->histogram)
			status = show_histogram(&node, &s) ?: status;
		else if (status != NODECTL_NONE && out_json)
			print_json(&node, &s, NULL);
		else if (status != NODECTL_NONE)
			print_all(&node, &s);
	}
	node_close(&node);
	return status;
}
