// SPDX-License-Identifier: GPL-2.0
/*
 * swap --keep-tunables: the new policy begins with the values of the old one.  A
 * value that the new policy would read otherwise, or does not take, is refused
 * and not replaced: who asks to keep values wants to know.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keep.h"

static const struct tunable *find_tunable(const struct policy_meta *meta,
					  const char *name)
{
	unsigned int i;

	for (i = 0; i < meta->nr_tunables; i++)
		if (!strcmp(meta->tunables[i].name, name))
			return &meta->tunables[i];
	return NULL;
}

static bool is_set(const struct settings *set, const char *name)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (!strcmp(set->list[i].key, name))
			return true;
	return false;
}

static int keep_one(struct attempt *a, const struct tunable *old,
		    uint64_t value, const struct tunable *new,
		    struct failure *f)
{
	uint64_t again;
	char text[32];

	tunable_format(old, value, text, sizeof(text));
	if (strcmp(old->unit, new->unit) ||
	    (old->type == TUNABLE_BOOL) != (new->type == TUNABLE_BOOL))
		return fail(f, -EINVAL, "Give its new value as KEY=VALUE.",
			    "tunable \"%s\" of the old policy is a %s (\"%s\"), that of the new one a %s (\"%s\"): its value cannot be kept",
			    old->name, tunable_type_name(old->type), old->unit,
			    tunable_type_name(new->type), new->unit);
	if (tunable_parse_value(new, text, &again, f))
		return -ERANGE;
	object_store_tunable(&a->obj, new, again);
	a->kept[a->nr_kept++] = new;
	return 0;
}

static int read_old(const struct attempt *a, struct live *old, struct failure *f)
{
	int err;

	err = live_identify(&a->node, old);
	if (err || old->map_id != a->live.map_id)
		return fail(f, err ?: -ESTALE, "Try again.",
			    "somebody else has just replaced policy \"%s\" (id %u)",
			    a->live.name, a->live.map_id);
	return live_read(old, f);
}

/**
 * keep_tunables - give the new policy the values of the old one
 * @a: the swap; knows afterwards which were kept
 * @set: tunables that the user has given a value
 * @f: why not
 *
 * Return: 0 or a negative errno.
 */
int keep_tunables(struct attempt *a, const struct settings *set,
		  struct failure *f)
{
	const struct policy_meta *meta = &a->obj.meta;
	const struct tunable *old;
	struct live *live;
	unsigned int i;
	int err;

	live = malloc(sizeof(*live));
	a->kept = calloc(meta->nr_tunables ?: 1, sizeof(*a->kept));
	if (!live || !a->kept) {
		free(live);
		return fail(f, -ENOMEM, NULL, "no memory");
	}
	err = read_old(a, live, f);
	for (i = 0; !err && live->values && i < meta->nr_tunables; i++) {
		old = find_tunable(&live->meta, meta->tunables[i].name);
		if (!old || is_set(set, old->name))
			continue;
		err = keep_one(a, old, tunable_load(old, live->values),
			       &meta->tunables[i], f);
	}
	live_close(live);
	free(live);
	return err;
}
