// SPDX-License-Identifier: GPL-2.0
/*
 * stats: the counters that the kernel keeps per node, as they are, as what an
 * interval added to them, or as the histogram of stored sizes; of one node or of
 * several.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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
			       json_text(now->pressure) : NULL);
	json_object_object_add(o, "ratio", number_json(sample_ratio(now)));
	json_object_object_add(o, "bounce_rate",
			       number_json(sample_bounce(now, before)));
	json_object_object_add(o, "admission_rate",
			       number_json(sample_admission(now, before)));
	if (before)
		json_object_object_add(o, "delta",
				       sample_delta_json(now, before));
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

static void print_head(bool with_node)
{
	size_t i;

	if (with_node)
		printf("%-8s ", "NODE");
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		printf("%8s ", columns[i].head);
	printf("%8s %5s %7s %6s %s\n", "PHYS-MiB", "RATIO", "BALLOON",
	       "BOUNCE", "PRESSURE");
}

static void print_row(const struct sample *now, const struct sample *before,
		      const char *name)
{
	struct number ratio = sample_ratio(now);
	uint64_t delta, physical;
	char text[16];
	size_t i;

	if (name)
		printf("%-8s ", name);
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
	struct json_object *sizes;
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
		sizes = histogram_json(&h);
		for (i = 0; i < json_object_array_length(sizes); i++)
			out_str(json_object_array_get_idx(sizes, i), "node",
				node->name);
		out_record(sizes);
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

/**
 * struct watch - a node whose counters are shown
 * @node: the node
 * @samples: its counters now and before, in turns
 * @rows: how many times what was added has been shown
 * @status: how it went so far
 * @gone: it could not be opened, or has left
 */
struct watch {
	struct node node;
	struct sample samples[2];
	uint64_t rows;
	int status;
	bool gone;
};

static void start(struct watch *w, int nid)
{
	struct failure f = {};

	w->status = NODECTL_NONE;
	w->gone = true;
	if (node_open(nid, &w->node, &f)) {
		p_failure(w->node.name, "cannot show its counters", &f);
		return;
	}
	sample_read(&w->node, &w->samples[1]);
	w->status = check_sample(&w->node, &w->samples[1]);
	w->gone = w->status == NODECTL_NONE;
}

static void show_once(struct watch *w, bool histogram)
{
	const struct sample *s = &w->samples[1];

	if (histogram)
		w->status = show_histogram(&w->node, s) ?: w->status;
	else if (out_json)
		print_json(&w->node, s, NULL);
	else
		print_all(&w->node, s);
}

static void show_added(struct watch *w, bool with_node)
{
	struct sample *now = &w->samples[w->rows % 2];
	const struct sample *before = &w->samples[(w->rows + 1) % 2];

	sample_read(&w->node, now);
	if (!now->nr_known) {
		check_sample(&w->node, now);
		w->gone = true;
		w->status = w->rows ? NODECTL_PARTLY : NODECTL_NONE;
		return;
	}
	if (out_json)
		print_json(&w->node, now, before);
	else
		print_row(now, before, with_node ? w->node.name : NULL);
	w->rows++;
}

/* One round after the other, until the last node has left. */
static void follow(struct watch *watches, int nr, const struct cmdline *c)
{
	uint64_t round, lines = 20;
	int i, left = nr;

	for (round = 0; left && (!c->count || round < c->count); round++) {
		signals_sleep(c->interval);
		if (signals_stop())
			break;
		if (!out_json && lines >= 20) {
			print_head(nr > 1);
			lines = 0;
		}
		for (i = 0, left = 0; i < nr; i++) {
			if (!watches[i].gone)
				show_added(&watches[i], nr > 1);
			left += !watches[i].gone;
		}
		lines += left;
		if (out_flush())
			break;
	}
}

static int show(struct watch *watches, int nr, const struct cmdline *c)
{
	int i, failed = 0, partly = 0, left = 0;

	for (i = 0; i < nr; i++) {
		if (watches[i].gone)
			continue;
		/* Lines show what is added; objects begin with what was. */
		if (c->interval <= 0 || out_json)
			show_once(&watches[i], c->histogram);
		left++;
	}
	if (c->interval > 0 && left)
		follow(watches, nr, c);
	for (i = 0; i < nr; i++) {
		failed += watches[i].status == NODECTL_NONE;
		partly += watches[i].status == NODECTL_PARTLY;
	}
	return verdict(failed, partly, nr);
}

/**
 * do_stats - nodectl stats [NODE]... [--interval S [--count N] | --histogram]
 * @c: the command line
 */
int do_stats(const struct cmdline *c)
{
	int nids[NODE_MAX], nr, i, status;
	struct watch *watches;

	status = wanted_nodes(c, nids, &nr);
	if (status)
		return status;
	watches = calloc(nr ?: 1, sizeof(*watches));
	if (!watches) {
		p_error("no memory");
		return NODECTL_NONE;
	}
	if (!nr && !out_json)
		p_info("there is no device node; load the driver of a device first.");
	for (i = 0; i < nr; i++)
		start(&watches[i], nids[i]);
	status = show(watches, nr, c);
	for (i = 0; i < nr; i++)
		node_close(&watches[i].node);
	free(watches);
	return status;
}
