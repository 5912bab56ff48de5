// SPDX-License-Identifier: GPL-2.0
/*
 * metrics: all device nodes as text for monitoring systems, on stdout or in a
 * file that is replaced in one step.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"
#include "node.h"
#include "nodectl.h"
#include "replace.h"

/**
 * struct collection - the nodes that there are
 * @nodes: what was read of each
 * @nr: how many
 * @nr_failed: how many numbers are there, but could not be read
 */
struct collection {
	struct metric_node *nodes[NODE_MAX];
	size_t nr;
	unsigned int nr_failed;
};

static void forget(struct collection *c)
{
	while (c->nr)
		free(c->nodes[--c->nr]);
}

/* A node that leaves while it is read is left out: it has left. */
static int collect(struct collection *c, struct failure *f)
{
	int nids[NODE_MAX], nr, i;
	struct metric_node *n;

	nr = node_list(nids, NODE_MAX, f);
	for (i = 0; i < nr; i++) {
		n = malloc(sizeof(*n));
		if (!n)
			return fail(f, -ENOMEM, NULL, "no memory");
		if (metric_node_read(nids[i], n)) {
			free(n);
			continue;
		}
		c->nodes[c->nr++] = n;
		c->nr_failed += n->sample.nr_failed;
	}
	return nr < 0 ? nr : 0;
}

/* node_exporter reads files of this name, and only in this format. */
static bool is_for_node_exporter(const char *path)
{
	size_t len = path ? strlen(path) : 0;

	return len >= 5 && !strcmp(path + len - 5, ".prom");
}

static int parse_format(const struct cmdline *c, enum metric_format *format)
{
	struct failure f = {};

	*format = is_for_node_exporter(c->output) ? METRIC_PROMETHEUS :
						    METRIC_OPENMETRICS;
	if (!c->format)
		return 0;
	if (!strcmp(c->format, "openmetrics")) {
		*format = METRIC_OPENMETRICS;
		return 0;
	}
	if (!strcmp(c->format, "prometheus")) {
		*format = METRIC_PROMETHEUS;
		return 0;
	}
	fail(&f, -EINVAL, "Write openmetrics or prometheus.",
	     "\"%s\" is no format", c->format);
	p_failure(NULL, NULL, &f);
	return -EINVAL;
}

static int put_text(const struct cmdline *c, enum metric_format format,
		    const struct collection *all, struct failure *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int err = 0;

	out = open_memstream(&text, &len);
	if (!out)
		return fail(f, -ENOMEM, NULL, "no memory");
	metric_write(out, format, all->nodes, all->nr);
	if (fclose(out))
		err = fail(f, -ENOMEM, NULL, "no memory");
	else if (c->output)
		err = replace_file(c->output, text, len, f);
	else
		fwrite(text, 1, len, stdout);
	free(text);
	return err;
}

/**
 * do_metrics - nodectl metrics [--format FORMAT] [--output FILE]
 * @c: the command line
 */
int do_metrics(const struct cmdline *c)
{
	struct collection all = {};
	enum metric_format format;
	struct failure f = {};
	int err;

	if (parse_format(c, &format))
		return NODECTL_USAGE;
	err = collect(&all, &f);
	if (err) {
		p_failure(NULL, "cannot read the device nodes", &f);
	} else {
		err = put_text(c, format, &all, &f);
		if (err)
			p_failure(c->output, "cannot write the metrics", &f);
	}
	forget(&all);
	if (err)
		return NODECTL_NONE;
	if (!all.nr_failed)
		return NODECTL_OK;
	fail(&f, -EIO, "The others are written.",
	     "%u numbers could not be read", all.nr_failed);
	p_failure(NULL, NULL, &f);
	return NODECTL_PARTLY;
}
