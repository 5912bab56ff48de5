// SPDX-License-Identifier: GPL-2.0
/*
 * The histogram of stored sizes: text bars and JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "histogram.h"

/**
 * histogram_fill - take the histogram out of a sample
 * @h: the histogram; nothing is known where the kernel does not count it
 * @s: the sample
 */
void histogram_fill(struct histogram *h, const struct sample *s)
{
	char name[32];
	unsigned int i;

	memset(h, 0, sizeof(*h));
	for (i = 0; i < STORED_NR; i++) {
		snprintf(name, sizeof(name), "stored_%u", i * STORED_STEP);
		h->known[i] = sample_get(s, name, &h->pages[i]);
		if (!h->known[i])
			continue;
		h->nr_known++;
		h->total += h->pages[i];
		if (h->pages[i] > h->max)
			h->max = h->pages[i];
	}
}

/**
 * histogram_bar - length of a bar
 * @pages: what it stands for
 * @max: what the longest one stands for
 * @width: of the longest one
 *
 * Return: rounded; 0 is for no pages only.
 */
unsigned int histogram_bar(uint64_t pages, uint64_t max, unsigned int width)
{
	unsigned int len;

	if (!pages || !max)
		return 0;
	len = (double)pages / max * width + 0.5;
	return len ?: 1;
}

/**
 * histogram_line - one line of text
 * @h: the histogram
 * @i: which line
 * @buf: where to write
 * @size: of @buf
 */
void histogram_line(const struct histogram *h, unsigned int i, char *buf,
		    size_t size)
{
	char range[32], bar[HISTOGRAM_BAR + 1];
	unsigned int len;

	if (i)
		snprintf(range, sizeof(range), "%u - %u",
			 (i - 1) * STORED_STEP + 1, i * STORED_STEP);
	else
		snprintf(range, sizeof(range), "0");
	if (!h->known[i]) {
		snprintf(buf, size, "  %11s %12s", range, "-");
		return;
	}
	len = histogram_bar(h->pages[i], h->max, HISTOGRAM_BAR);
	memset(bar, '#', len);
	bar[len] = '\0';
	snprintf(buf, size, "  %11s %12" PRIu64 " %5.1f %%%s%s", range,
		 h->pages[i],
		 h->total ? 100.0 * h->pages[i] / h->total : 0.0,
		 len ? " " : "", bar);
}

/**
 * histogram_json - the histogram for JSON
 * @h: the histogram
 *
 * Return: array, one object per size, in ascending order.
 */
struct json_object *histogram_json(const struct histogram *h)
{
	struct json_object *array = json_object_new_array(), *o;
	unsigned int i;

	for (i = 0; i < STORED_NR; i++) {
		o = json_object_new_object();
		out_int(o, "min_bytes", i ? (i - 1) * STORED_STEP + 1 : 0);
		out_int(o, "max_bytes", i * STORED_STEP);
		json_object_object_add(o, "pages", h->known[i] ?
				       json_object_new_uint64(h->pages[i]) : NULL);
		json_object_array_add(array, o);
	}
	return array;
}
