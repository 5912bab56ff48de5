/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages with a memory error, and who reads them.
 */
#ifndef POISON_H
#define POISON_H

#include <stddef.h>

struct area;

void poison_as_reader(const struct area *a, size_t page);
int read_in_child(const struct area *a, size_t first, size_t nr);

#endif /* POISON_H */
