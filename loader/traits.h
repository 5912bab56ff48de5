/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a node is, and conditions about it.
 */
#ifndef NODECTL_TRAITS_H
#define NODECTL_TRAITS_H

#include "meta.h"
#include "node.h"

/**
 * struct traits - what a node is
 * @driver: attribute
 * @features: attribute
 * @size: attribute logical_total, bytes
 * @classes: attribute nr_classes
 */
struct traits {
	char driver[64];
	char features[128];
	uint64_t size;
	uint64_t classes;
};

/**
 * struct conditions - what a node must be
 * @driver: pattern of the shell for its driver, or NULL
 * @features: it has all of these, separated by blanks or commas, or NULL
 * @min_size: bytes that it has at least
 * @max_size: bytes that it has at most
 * @min_classes: compression classes that it has at least
 */
struct conditions {
	const char *driver;
	const char *features;
	uint64_t min_size;
	uint64_t max_size;
	uint64_t min_classes;
};

int traits_read(const struct node *node, struct traits *t, struct failure *f);
bool policy_fits(const struct policy_match *m, const struct traits *t, char *why,
		 size_t size);
bool traits_hold(const struct traits *t, const struct conditions *c, char *why,
		 size_t size);

#endif /* NODECTL_TRAITS_H */
