/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Only one nodectl at a time changes what a node has.
 */
#ifndef NODECTL_LOCK_H
#define NODECTL_LOCK_H

#include "out.h"

extern double lock_seconds;

int lock_node(int nid, struct failure *f);
int lock_node_again(int nid);
void unlock_node(int nid, int lock);

#endif /* NODECTL_LOCK_H */
