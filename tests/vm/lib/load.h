/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that demote, read and write pages of the node all the time, and
 * compare what they hold.
 */
#ifndef LOAD_H
#define LOAD_H

struct load;

struct load *load_start(void);
void load_stop(struct load *load);

#endif
