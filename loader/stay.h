/* SPDX-License-Identifier: GPL-2.0 */
/*
 * apply --stay: one node is looked after until it goes.
 */
#ifndef NODECTL_STAY_H
#define NODECTL_STAY_H

#include "exits.h"

#define EJECTIONS_MAX	4	/* in a row; so many does the kernel remember */

/**
 * struct retry - may a policy be attached again?
 * @ejections: how often it was ejected in a row
 * @last: the newest ejection, which may be that of another policy
 * @seconds: how long to wait before it is attached again
 */
struct retry {
	unsigned int ejections;
	const struct policy_exit *last;
	double seconds;
};

/**
 * struct seen - the last look at a node with a policy
 * @id: the policy
 * @at_ns: CLOCK_BOOTTIME before the look
 */
struct seen {
	uint32_t id;
	uint64_t at_ns;
};

int retry_after(const struct exits *exits, const char *policy, uint64_t now_ns,
		struct retry *r, struct failure *f);
const struct policy_exit *exit_of_last(const struct exits *exits,
				       const struct seen *seen);
int retry_of_node(const struct node *node, const char *policy, double *seconds,
		  struct failure *f);
int stay(int nid, int (*once)(int nid, const void *arg, double *wait),
	 const void *arg);

#endif /* NODECTL_STAY_H */
