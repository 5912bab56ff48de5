/* SPDX-License-Identifier: GPL-2.0 */
/*
 * swap --keep-tunables: the new policy begins with the values of the old one.
 */
#ifndef NODECTL_KEEP_H
#define NODECTL_KEEP_H

#include "attempt.h"

int keep_tunables(struct attempt *a, const struct settings *set,
		  struct failure *f);

#endif /* NODECTL_KEEP_H */
