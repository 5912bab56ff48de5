/* SPDX-License-Identifier: GPL-2.0 */
/*
 * swap --settle: the new policy is watched for a while.
 */
#ifndef NODECTL_SETTLE_H
#define NODECTL_SETTLE_H

#include "attempt.h"

uint64_t settle_overridden(const struct node *node);
int settle(const struct attempt *a, const struct cmdline *c, uint32_t id,
	   uint64_t before, int *lock, struct failure *f);

#endif /* NODECTL_SETTLE_H */
