// SPDX-License-Identifier: GPL-2.0
/*
 * What a policy has learned is in its maps.  When the next policy of the node
 * declares the same map, it gets the old one with what it holds, instead of an
 * empty one.  "The same" is strict: a map that is misread is worse than an
 * empty one.
 *
 * During the swap both policies use the map for a moment, as two CPUs with the
 * same policy do all the time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "handover.h"

#define MAP_NAME_MAX	(BPF_OBJ_NAME_LEN - 1)
#define COUNTERS_MAP	"counters"

/* How a file descriptor may be used is no property of the map. */
#define FLAGS_MASK	(~(uint32_t)(BPF_F_RDONLY | BPF_F_WRONLY))

/* ---- types ------------------------------------------------------------------ */

static const char *name_of(const struct btf *btf, const struct btf_type *t)
{
	return btf__name_by_offset(btf, t->name_off) ?: "";
}

/* Qualifiers do not change what a value means; the name of a typedef may. */
static const struct btf_type *unqualified(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_const(t) || btf_is_volatile(t) || btf_is_restrict(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

static bool enums_equal(const struct btf *a, const struct btf_type *at,
			const struct btf *b, const struct btf_type *bt)
{
	const struct btf_enum64 *a64 = btf_enum64(at), *b64 = btf_enum64(bt);
	const struct btf_enum *a32 = btf_enum(at), *b32 = btf_enum(bt);
	bool wide = btf_is_enum64(at);
	const char *an, *bn;
	unsigned int i;

	for (i = 0; i < btf_vlen(at); i++) {
		an = btf__name_by_offset(a, wide ? a64[i].name_off : a32[i].name_off);
		bn = btf__name_by_offset(b, wide ? b64[i].name_off : b32[i].name_off);
		if (strcmp(an ?: "", bn ?: ""))
			return false;
		if (wide ? btf_enum64_value(&a64[i]) != btf_enum64_value(&b64[i]) :
			   a32[i].val != b32[i].val)
			return false;
	}
	return true;
}

static bool members_equal(const struct btf *a, const struct btf_type *at,
			  const struct btf *b, const struct btf_type *bt)
{
	const struct btf_member *am = btf_members(at), *bm = btf_members(bt);
	const char *an, *bn;
	unsigned int i;

	for (i = 0; i < btf_vlen(at); i++) {
		an = btf__name_by_offset(a, am[i].name_off) ?: "";
		bn = btf__name_by_offset(b, bm[i].name_off) ?: "";
		if (am[i].offset != bm[i].offset || strcmp(an, bn) ||
		    !btf_equal(a, am[i].type, b, bm[i].type))
			return false;
	}
	return true;
}

/**
 * btf_equal - do two types have the same names and the same layout?
 * @a: where the first is
 * @a_id: the first, 0 for void
 * @b: where the second is
 * @b_id: the second, 0 for void
 *
 * Of what a pointer points to only kind and name count: it is not part of the
 * value.  So types that refer to themselves end here, too.
 */
bool btf_equal(const struct btf *a, uint32_t a_id, const struct btf *b,
	       uint32_t b_id)
{
	const struct btf_type *at = unqualified(a, a_id);
	const struct btf_type *bt = unqualified(b, b_id);

	if (!at || !bt || btf_kind(at) != btf_kind(bt) ||
	    strcmp(name_of(a, at), name_of(b, bt)))
		return false;
	switch (btf_kind(at)) {
	case BTF_KIND_UNKN:
		return true;
	case BTF_KIND_INT:
		return at->size == bt->size &&
		       *(uint32_t *)(at + 1) == *(uint32_t *)(bt + 1);
	case BTF_KIND_FLOAT:
		return at->size == bt->size;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_TYPE_TAG:
		return btf_equal(a, at->type, b, bt->type);
	case BTF_KIND_PTR:
		at = unqualified(a, at->type);
		bt = unqualified(b, bt->type);
		return at && bt && btf_kind(at) == btf_kind(bt) &&
		       !strcmp(name_of(a, at), name_of(b, bt));
	case BTF_KIND_ARRAY:
		return btf_array(at)->nelems == btf_array(bt)->nelems &&
		       btf_equal(a, btf_array(at)->type, b, btf_array(bt)->type);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return at->size == bt->size && btf_vlen(at) == btf_vlen(bt) &&
		       btf_kflag(at) == btf_kflag(bt) &&
		       enums_equal(a, at, b, bt);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return at->size == bt->size && btf_vlen(at) == btf_vlen(bt) &&
		       btf_kflag(at) == btf_kflag(bt) &&
		       members_equal(a, at, b, bt);
	default:
		return false;
	}
}

/*
 * What the kernel ties to the object that made it: callbacks, and pointers
 * whose types are looked up in that object.  The callbacks come first.
 */
static const char *const tied[] = {
	"bpf_timer", "bpf_wq", "bpf_task_work", "bpf_list_head",
	"bpf_list_node", "bpf_rb_root", "bpf_rb_node", "bpf_refcount",
};

#define NR_CALLBACKS	3

/* The first of the @nr names of tied[] in a type; of all, also a pointer. */
static const char *tied_part(const struct btf *btf, uint32_t id, size_t nr)
{
	const struct btf_type *t = unqualified(btf, id), *target;
	const char *found = NULL;
	size_t i;

	if (!t)
		return NULL;
	switch (btf_kind(t)) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_TYPE_TAG:
		return tied_part(btf, t->type, nr);
	case BTF_KIND_ARRAY:
		return tied_part(btf, btf_array(t)->type, nr);
	case BTF_KIND_PTR:
		if (nr < ARRAY_SIZE(tied))
			return NULL;
		target = unqualified(btf, t->type);
		return target && btf_is_type_tag(target) ?
		       name_of(btf, target) : NULL;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (i = 0; i < nr; i++)
			if (!strcmp(name_of(btf, t), tied[i]))
				return tied[i];
		for (i = 0; i < btf_vlen(t) && !found; i++)
			found = tied_part(btf, btf_members(t)[i].type, nr);
		return found;
	default:
		return NULL;
	}
}

/* ---- two maps ---------------------------------------------------------------- */

/* Maps of plain values; the others hold programs, maps or file descriptors. */
static bool holds_values(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_BLOOM_FILTER:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_CGRP_STORAGE:
		return true;
	default:
		return false;
	}
}

/* An LRU map with one list per CPU is rounded by the kernel. */
static uint32_t entries_in_kernel(const struct map_shape *m)
{
	int cpus = libbpf_num_possible_cpus();

	if ((m->type != BPF_MAP_TYPE_LRU_HASH &&
	     m->type != BPF_MAP_TYPE_LRU_PERCPU_HASH) ||
	    !(m->flags & BPF_F_NO_COMMON_LRU) || cpus <= 0 ||
	    m->max_entries > UINT32_MAX - cpus)
		return m->max_entries;
	return (m->max_entries + cpus - 1) / cpus * cpus;
}

static const char *type_name(uint32_t type)
{
	return libbpf_bpf_map_type_str(type) ?: "unknown";
}

/**
 * map_name_match - is a map of the old policy declared with this name?
 * @old: the map as the kernel has it
 * @name: the name
 *
 * The kernel keeps 15 characters; the types of its object have whole names.
 */
enum name_match map_name_match(const struct map_shape *old, const char *name)
{
	const struct btf_type *sec, *var;
	const char *declared;
	int id, nr = 0;
	bool found = false;
	unsigned int i;

	if (strlen(old->name) < MAP_NAME_MAX)
		return strcmp(old->name, name) ? NAME_DIFFERS : NAME_EQUAL;
	if (strncmp(old->name, name, MAP_NAME_MAX))
		return NAME_DIFFERS;
	id = old->btf ? btf__find_by_name_kind(old->btf, ".maps",
					       BTF_KIND_DATASEC) : -ENOENT;
	if (id < 0)
		return strcmp(old->name, name) ? NAME_UNCLEAR : NAME_EQUAL;
	sec = btf__type_by_id(old->btf, id);
	for (i = 0; i < btf_vlen(sec); i++) {
		var = btf__type_by_id(old->btf, btf_var_secinfos(sec)[i].type);
		declared = var ? name_of(old->btf, var) : "";
		nr += !strncmp(declared, old->name, MAP_NAME_MAX);
		found |= !strcmp(declared, name);
	}
	if (!found)
		return NAME_DIFFERS;
	return nr == 1 ? NAME_EQUAL : NAME_UNCLEAR;
}

static void differs(char *why, size_t size, const char *what, uint64_t old,
		    uint64_t new)
{
	snprintf(why, size, "%s differs (was %llu, is %llu)", what,
		 (unsigned long long)old, (unsigned long long)new);
}

/**
 * map_may_replace - can the old policy's map stand for the new policy's one?
 * @old: map of the old policy, as the kernel has it
 * @new: map of the new policy, as it is declared; the name has been compared
 * @why: why not
 * @size: of @why
 */
bool map_may_replace(const struct map_shape *old, const struct map_shape *new,
		     char *why, size_t size)
{
	uint32_t old_flags = old->flags & FLAGS_MASK;
	uint32_t new_flags = new->flags & FLAGS_MASK;
	const char *part;

	if (old->type != new->type)
		snprintf(why, size, "its type differs (was %s, is %s)",
			 type_name(old->type), type_name(new->type));
	else if (!holds_values(new->type))
		snprintf(why, size, "a map of type %s is never handed over",
			 type_name(new->type));
	else if (old->key_size != new->key_size)
		differs(why, size, "the size of its key", old->key_size,
			new->key_size);
	else if (old->value_size != new->value_size)
		differs(why, size, "the size of its value", old->value_size,
			new->value_size);
	else if (entries_in_kernel(old) != entries_in_kernel(new))
		differs(why, size, "max_entries", old->max_entries,
			new->max_entries);
	else if (old_flags != new_flags)
		snprintf(why, size, "map_flags differ (were 0x%x, are 0x%x)",
			 old_flags, new_flags);
	else if (old->extra != new->extra)
		differs(why, size, "map_extra", old->extra, new->extra);
	else if (!old->btf || !new->btf || !old->value_type || !new->value_type)
		snprintf(why, size, "its types are not described; declare it with __type()");
	else if (!btf_equal(old->btf, old->key_type, new->btf, new->key_type))
		snprintf(why, size, "the type of its key differs");
	else if (!btf_equal(old->btf, old->value_type, new->btf, new->value_type))
		snprintf(why, size, "the type of its value differs");
	else if ((part = tied_part(new->btf, new->value_type,
				   ARRAY_SIZE(tied))))
		snprintf(why, size, "its value holds a %s, which belongs to the old policy's programs",
			 part);
	else
		return true;
	return false;
}

/**
 * map_runs_callbacks - does a map hold timers or work of any kind?
 * @m: the map
 *
 * The kernel cancels them, and starts none, when user space no longer refers to
 * the map.
 */
bool map_runs_callbacks(const struct map_shape *m)
{
	return m->btf && m->value_type &&
	       tied_part(m->btf, m->value_type, NR_CALLBACKS);
}

/* ---- all maps ------------------------------------------------------------------ */

/**
 * struct old_map - a map of the policy that runs
 * @fd: the map, or -1
 * @id: its id
 * @name: as the kernel has it
 * @btf: of its object, or NULL
 * @shape: refers to @name and @btf
 */
struct old_map {
	int fd;
	uint32_t id;
	char name[BPF_OBJ_NAME_LEN];
	struct btf *btf;
	struct map_shape shape;
};

static void old_map_close(struct old_map *m)
{
	btf__free(m->btf);
	if (m->fd >= 0)
		close(m->fd);
}

static int old_map_open(uint32_t id, struct old_map *m, struct failure *f)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int err;

	memset(m, 0, sizeof(*m));
	m->id = id;
	m->fd = bpf_map_get_fd_by_id(id);
	if (m->fd < 0 || bpf_map_get_info_by_fd(m->fd, &info, &len)) {
		err = -errno;
		return fail(f, err,
			    "Try again; --fresh swaps without looking at the old maps.",
			    "cannot read about map %u of the old policy: %s", id,
			    strerror(-err));
	}
	/* Maps without BTF are none that could be handed over. */
	if (info.btf_id)
		m->btf = btf__load_from_kernel_by_id(info.btf_id);
	snprintf(m->name, sizeof(m->name), "%s", info.name);
	m->shape = (struct map_shape){
		.name = m->name,
		.type = info.type,
		.key_size = info.key_size,
		.value_size = info.value_size,
		.max_entries = info.max_entries,
		.flags = info.map_flags,
		.extra = info.map_extra,
		.btf = m->btf,
		.key_type = info.btf_key_type_id,
		.value_type = info.btf_value_type_id,
	};
	return 0;
}

/**
 * map_shape_declared - what an object declares of a map
 * @o: the object
 * @map: one of its maps
 */
struct map_shape map_shape_declared(const struct object *o,
				    const struct bpf_map *map)
{
	return (struct map_shape){
		.name = bpf_map__name(map),
		.type = bpf_map__type(map),
		.key_size = bpf_map__key_size(map),
		.value_size = bpf_map__value_size(map),
		.max_entries = bpf_map__max_entries(map),
		.flags = bpf_map__map_flags(map),
		.extra = bpf_map__map_extra(map),
		.btf = o->btf,
		.key_type = bpf_map__btf_key_type_id(map),
		.value_type = bpf_map__btf_value_type_id(map),
	};
}

/* The old map of this name, the only one; NULL with @result->why if not. */
static const struct old_map *find_namesake(const struct old_map *old,
					   unsigned int nr_old,
					   struct handover_map *result)
{
	const struct old_map *found = NULL;
	enum name_match match;
	bool unclear = false;
	unsigned int i;

	for (i = 0; i < nr_old; i++) {
		match = map_name_match(&old[i].shape, result->name);
		if (match == NAME_DIFFERS)
			continue;
		unclear |= match == NAME_UNCLEAR || found;
		found = &old[i];
	}
	result->namesake = found;
	if (!found)
		snprintf(result->why, sizeof(result->why),
			 "the old policy has no map of this name");
	else if (unclear)
		snprintf(result->why, sizeof(result->why),
			 "the first 15 characters of its name, all that the kernel keeps, fit several maps");
	return unclear ? NULL : found;
}

static int hand_over(struct object *o, struct bpf_map *map,
		     const struct old_map *old, unsigned int nr_old,
		     struct handover *h, struct failure *f)
{
	struct handover_map *result = &h->maps[h->nr];
	struct map_shape shape = map_shape_declared(o, map);
	const struct old_map *from;
	int err;

	memset(result, 0, sizeof(*result));
	result->name = strdup(shape.name);
	if (!result->name)
		return fail(f, -ENOMEM, NULL, "no memory");
	h->nr++;
	if (!strcmp(result->name, COUNTERS_MAP)) {
		snprintf(result->why, sizeof(result->why),
			 "counters start afresh with each policy");
		return 0;
	}
	from = find_namesake(old, nr_old, result);
	if (!from || !map_may_replace(&from->shape, &shape, result->why,
				      sizeof(result->why)))
		return 0;
	err = bpf_map__reuse_fd(map, from->fd);
	if (err)
		return fail(f, err, "--fresh swaps with empty maps.",
			    "map \"%s\" of the old policy cannot be taken over: %s",
			    result->name, strerror(-err));
	result->id = from->id;
	h->nr_done++;
	return 0;
}

/**
 * handover_maps - give a policy the maps of the one that it replaces
 * @live: the old policy, its maps known
 * @o: the new one, opened, not loaded
 * @fresh: do not
 * @h: what became of each map of the new one, to be freed in any case
 * @f: why not
 *
 * Return: 0 or a negative errno.  That no map was handed over is no error.
 */
int handover_maps(const struct live *live, struct object *o, bool fresh,
		  struct handover *h, struct failure *f)
{
	struct old_map *old;
	unsigned int i, nr = 0, nr_old = 0;
	struct bpf_map *map;
	int err = 0;

	memset(h, 0, sizeof(*h));
	bpf_object__for_each_map(map, o->obj)
		nr++;
	h->maps = calloc(nr ?: 1, sizeof(*h->maps));
	old = calloc(live->nr_maps ?: 1, sizeof(*old));
	if (!old || !h->maps) {
		free(old);
		return fail(f, -ENOMEM, NULL, "no memory");
	}
	for (i = 0; !fresh && !err && i < live->nr_maps; i++)
		err = old_map_open(live->map_ids[i], &old[nr_old++], f);
	bpf_object__for_each_map(map, o->obj) {
		if (err)
			break;
		if (bpf_map__is_internal(map) || map == o->ops_map)
			continue;
		err = hand_over(o, map, old, nr_old, h, f);
		if (fresh && !err)
			snprintf(h->maps[h->nr - 1].why,
				 sizeof(h->maps->why), "--fresh was given");
	}
	for (i = 0; i < nr_old; i++)
		old_map_close(&old[i]);
	free(old);
	return err;
}

/**
 * handover_free - forget what became of the maps
 * @h: filled by handover_maps(), or zero-initialised
 */
void handover_free(struct handover *h)
{
	unsigned int i;

	for (i = 0; i < h->nr; i++)
		free(h->maps[i].name);
	free(h->maps);
	memset(h, 0, sizeof(*h));
}

/**
 * handover_json - what became of each map, for JSON
 * @h: the maps
 */
struct json_object *handover_json(const struct handover *h)
{
	struct json_object *array = json_object_new_array(), *o;
	const struct handover_map *m;
	unsigned int i;

	for (i = 0; i < h->nr; i++) {
		m = &h->maps[i];
		o = json_object_new_object();
		out_str(o, "name", m->name);
		out_bool(o, "handed_over", m->id);
		if (m->id)
			out_int(o, "id", m->id);
		else
			out_str(o, "reason", m->why);
		json_object_array_add(array, o);
	}
	return array;
}
