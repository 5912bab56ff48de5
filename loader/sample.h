/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counters of a node at one moment, and what follows from two moments.
 */
#ifndef NODECTL_SAMPLE_H
#define NODECTL_SAMPLE_H

#include "node.h"

#define SAMPLE_MAX	128
#define STORED_STEP	256
#define STORED_NR	17

struct json_object;

enum counter_group {
	SPACE, CAPACITY, PAGES, CALLS, VERDICTS, POLICY, STORED, NR_GROUPS
};

/**
 * struct counter - one number that the kernel shows below nodeN/device
 * @name: of the line in stat, or of the file
 * @group: what it is listed with
 * @gauge: goes up and down: has a file of its own, and no difference worth
 *         printing
 * @member: whose verdict it counts, or NULL
 * @word: that verdict
 */
struct counter {
	const char *name;
	enum counter_group group;
	bool gauge;
	const char *member;
	const char *word;
};

/*
 * Each verdict that the kernel counts: the prefix of its counter, the member,
 * the word for it.
 */
#define NODE_VERDICTS(VERDICT)						\
	VERDICT(batch, "admit_batch", nolimit)				\
	VERDICT(batch, "admit_batch", budget)				\
	VERDICT(batch, "admit_batch", none)				\
	VERDICT(admit, "admit_folio", default)				\
	VERDICT(admit, "admit_folio", accept)				\
	VERDICT(admit, "admit_folio", deny)				\
	VERDICT(admit, "admit_folio", keep)				\
	VERDICT(class, "choose_class", default)				\
	VERDICT(class, "choose_class", chosen)				\
	VERDICT(class, "choose_class", refused)				\
	VERDICT(promote, "promote_fault", default)			\
	VERDICT(promote, "promote_fault", one)				\
	VERDICT(promote, "promote_fault", around)			\
	VERDICT(promote, "promote_fault", skip)				\
	VERDICT(hot, "promote_hot", default)				\
	VERDICT(hot, "promote_hot", one)				\
	VERDICT(hot, "promote_hot", around)				\
	VERDICT(hot, "promote_hot", skip)				\
	VERDICT(victim, "reclaim_folio", default)			\
	VERDICT(victim, "reclaim_folio", evict)				\
	VERDICT(victim, "reclaim_folio", keep)				\
	VERDICT(victim, "reclaim_folio", promote)

extern const struct counter counters[];
extern const size_t nr_counters;
extern const char *const group_names[NR_GROUPS];

/**
 * struct sample - all counters at one moment
 * @value: of each counter
 * @known: which could be read
 * @nr_known: how many
 * @nr_failed: how many are there, but could not be read; a kernel that is older
 *             than nodectl lacks some, which is no failure
 * @time: CLOCK_MONOTONIC, seconds
 * @pressure: its level, empty when the kernel does not say
 */
struct sample {
	uint64_t value[SAMPLE_MAX];
	bool known[SAMPLE_MAX];
	unsigned int nr_known;
	unsigned int nr_failed;
	double time;
	char pressure[16];
};

/**
 * struct number - a number that may be unknown
 * @value: it
 * @known: is it?
 */
struct number {
	double value;
	bool known;
};

void sample_read(const struct node *node, struct sample *s);
void sample_read_stat(const struct node *node, struct node_stat *stat,
		      struct sample *s);
bool counter_is_known(const char *name);
bool sample_get(const struct sample *s, const char *name, uint64_t *value);
bool sample_delta(const struct sample *now, const struct sample *before,
		  const char *name, uint64_t *delta);
struct json_object *sample_delta_json(const struct sample *now,
				      const struct sample *before);
struct number sample_gauge(const struct sample *s, const char *name);
struct number sample_rate(const struct sample *now, const struct sample *before,
			  const char *const *names);
struct number sample_share(const struct sample *now, const struct sample *before,
			   const char *part, const char *whole);
struct number sample_bounce(const struct sample *now, const struct sample *before);
struct number sample_admission(const struct sample *now,
			       const struct sample *before);
struct number sample_ratio(const struct sample *s);
struct json_object *number_json(struct number n);
struct json_object *sample_verdicts_json(const struct sample *s);

#endif /* NODECTL_SAMPLE_H */
