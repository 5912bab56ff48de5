/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages by the size that they were stored with.
 */
#ifndef NODECTL_HISTOGRAM_H
#define NODECTL_HISTOGRAM_H

#include "sample.h"

#define HISTOGRAM_BAR	40

/**
 * struct histogram - pages by stored size
 * @pages: stored with at most STORED_STEP * index bytes and more than in the
 *         one before
 * @known: which could be read
 * @nr_known: how many
 * @total: sum of the known ones
 * @max: the largest
 */
struct histogram {
	uint64_t pages[STORED_NR];
	bool known[STORED_NR];
	unsigned int nr_known;
	uint64_t total;
	uint64_t max;
};

void histogram_fill(struct histogram *h, const struct sample *s);
unsigned int histogram_bar(uint64_t pages, uint64_t max, unsigned int width);
void histogram_line(const struct histogram *h, unsigned int i, char *buf,
		    size_t size);
struct json_object *histogram_json(const struct histogram *h);

#endif /* NODECTL_HISTOGRAM_H */
