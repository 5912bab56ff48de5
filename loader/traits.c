// SPDX-License-Identifier: GPL-2.0
/*
 * Does a node fit? A section of the configuration asks so, and a policy that says
 * what it is for.
 */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "traits.h"

/**
 * traits_read - read what conditions ask about
 * @node: the node
 * @t: the result
 * @f: why not
 *
 * The physical size is what the device reports at the moment; the logical one
 * stays, and so does what a match means.
 *
 * Return: 0 or a negative errno.
 */
int traits_read(const struct node *node, struct traits *t, struct failure *f)
{
	int err;

	memset(t, 0, sizeof(*t));
	err = node_attr(node, "driver", t->driver, sizeof(t->driver));
	if (!err)
		err = node_attr(node, "features", t->features,
				sizeof(t->features));
	if (!err)
		err = node_attr_u64(node, "logical_total", &t->size);
	if (!err)
		err = node_attr_u64(node, "nr_classes", &t->classes);
	return err ? fail(f, err, "Try again.", "cannot read what it is: %s",
			  strerror(-err)) : 0;
}

/* The first of the features that the node lacks, or NULL. */
static const char *lacks(const struct traits *t, const char *features,
			 size_t *len)
{
	static const char sep[] = " ,";
	const char *p, *q;
	size_t has;

	for (p = features + strspn(features, sep); *p; p += strspn(p, sep)) {
		*len = strcspn(p, sep);
		for (q = t->features; *q; q += has + strspn(q + has, sep)) {
			has = strcspn(q, sep);
			if (has == *len && !strncmp(p, q, *len))
				break;
		}
		if (!*q)
			return p;
		p += *len;
	}
	return NULL;
}

/**
 * traits_hold - do all conditions hold?
 * @t: the node
 * @c: the conditions
 * @why: the first that does not, in words; NULL if nobody asks
 * @size: of @why
 */
bool traits_hold(const struct traits *t, const struct conditions *c, char *why,
		 size_t size)
{
	char want[32], have[32];
	const char *feature;
	size_t len;

	if (c->driver && fnmatch(c->driver, t->driver, 0)) {
		snprintf(why, size, "its driver is %s, not %s", t->driver,
			 c->driver);
		return false;
	}
	feature = c->features ? lacks(t, c->features, &len) : NULL;
	if (feature) {
		snprintf(why, size, "it lacks the feature %.*s", (int)len,
			 feature);
		return false;
	}
	if (t->size < c->min_size || t->size > c->max_size) {
		snprintf(why, size, "its size is %s, %s than %s",
			 fmt_bytes(t->size, have, sizeof(have)),
			 t->size < c->min_size ? "less" : "more",
			 fmt_bytes(t->size < c->min_size ? c->min_size :
				   c->max_size, want, sizeof(want)));
		return false;
	}
	if (t->classes < c->min_classes) {
		snprintf(why, size, "it has %" PRIu64
			 " compression classes, less than %" PRIu64, t->classes,
			 c->min_classes);
		return false;
	}
	return true;
}

/**
 * policy_fits - is a policy for this node?
 * @m: what the policy says
 * @t: the node
 * @why: why not, in words
 * @size: of @why
 */
bool policy_fits(const struct policy_match *m, const struct traits *t, char *why,
		 size_t size)
{
	const struct conditions c = {
		.driver = m->driver[0] ? m->driver : NULL,
		.features = m->features,
		.min_size = m->min_size,
		.max_size = m->max_size,
		.min_classes = m->min_classes,
	};

	return !m->said || traits_hold(t, &c, why, size);
}
