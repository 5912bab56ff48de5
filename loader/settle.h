/* SPDX-License-Identifier: GPL-2.0 */
/*
 * swap --settle: the new policy is watched for a while.
 */
#ifndef NODECTL_SETTLE_H
#define NODECTL_SETTLE_H

#include "attempt.h"
#include "sample.h"

/**
 * struct condition - one --settle-if
 * @counter: the counter
 * @limit: the condition holds above it
 */
struct condition {
	const struct counter *counter;
	uint64_t limit;
};

/**
 * struct settle - what a new policy has to stand
 * @seconds: how long it is watched, 0 for not at all
 * @conds: conditions under which it goes back
 * @nr: how many
 * @before: the counters right after the swap, if there are conditions
 */
struct settle {
	double seconds;
	struct condition conds[SETTLE_IF_MAX];
	unsigned int nr;
	struct sample before;
};

int settle_parse(const struct cmdline *c, struct settle *s);
int settle_begin(struct settle *s, const struct node *node, struct failure *f);
int settle(struct settle *s, const struct attempt *a, uint32_t id,
	   int *lock, bool *back, struct failure *f);

#endif /* NODECTL_SETTLE_H */
