/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The metrics of device nodes: one table of names and help, and the text that
 * monitoring systems read.
 */
#ifndef NODECTL_METRIC_H
#define NODECTL_METRIC_H

#include <stdio.h>

#include "node.h"
#include "node_ext_meta.h"
#include "sample.h"

#define METRIC_PREFIX	"node_ext_"
#define METRIC_LABELS	3

/**
 * enum metric_format - how the text is written
 * @METRIC_OPENMETRICS: OpenMetrics 1.0
 * @METRIC_PROMETHEUS: the older text format of Prometheus, the only one that
 *                     node_exporter reads from files
 */
enum metric_format { METRIC_OPENMETRICS, METRIC_PROMETHEUS };

enum metric_type {
	METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM, METRIC_INFO
};

/**
 * enum metric_scale - what is done to a number of the kernel
 * @METRIC_AS_IS: nothing
 * @METRIC_PAGES: pages become bytes
 * @METRIC_LIMIT: UINT32_MAX, which is no limit, becomes infinite
 */
enum metric_scale { METRIC_AS_IS, METRIC_PAGES, METRIC_LIMIT };

/**
 * struct metric_source - a counter of the kernel that a metric shows
 * @counter: its name in struct counter
 * @value: value of each label of the metric
 */
struct metric_source {
	const char *counter;
	const char *value[METRIC_LABELS];
};

struct exposition;
struct metric_node;

/**
 * struct metric - one metric
 * @name: without prefix, and without the suffix that follows from @type
 * @unit: which @name ends with, or NULL
 * @help: one sentence
 * @type: its type
 * @scale: of all its numbers
 * @of_host: one number for the machine, not one per node
 * @label: names of the labels besides "node"
 * @sources: where its numbers come from, ends with an empty one; or NULL
 * @write: writes its numbers where they are more than counters; @n is NULL with
 *         @of_host
 */
struct metric {
	const char *name;
	const char *unit;
	const char *help;
	enum metric_type type;
	enum metric_scale scale;
	bool of_host;
	const char *label[METRIC_LABELS];
	const struct metric_source *sources;
	void (*write)(struct exposition *e, const struct metric *m,
		      const struct metric_node *n);
};

extern const struct metric metrics[];
extern const size_t nr_metrics;

/**
 * struct metric_node - what the metrics of a node are made of
 * @nid: its number
 * @driver: its driver
 * @state: its state, empty when the kernel does not say
 * @features: of its device
 * @policy: name of its policy
 * @policy_id: id of its policy, 0 for none
 * @policy_version: version of the interface that the policy was written for
 * @sample: its counters
 * @stat: the same as the kernel shows them
 */
struct metric_node {
	int nid;
	char driver[64];
	char state[16];
	char features[64];
	char policy[NODE_EXT_POLICY_NAME_LEN + 1];
	uint64_t policy_id;
	uint64_t policy_version;
	struct sample sample;
	struct node_stat stat;
};

int metric_node_read(int nid, struct metric_node *n);
void metric_name(const struct metric *m, enum metric_format format, char *buf,
		 size_t size);
const struct metric *metric_of_series(const char *name);
void metric_write(FILE *out, enum metric_format format,
		  struct metric_node *const *nodes, size_t nr);

#endif /* NODECTL_METRIC_H */
