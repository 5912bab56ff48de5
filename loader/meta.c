// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the records of include/node_ext_meta.h through the BTF of their
 * section.  The bytes come from a file or from a map; neither is trusted: a
 * record counts only when the BTF of the tunable it names agrees with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "meta.h"
#include "text.h"
#include "tunable.h"

static const char hint_rebuild[] =
	"Describe tunables with NODE_TUNABLE(), the policy with NODE_POLICY() and its nodes with NODE_MATCH() only, and build it again.";

/* Copies a fixed-size text that need not be terminated. */
static void copy_text(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	memcpy(to, from, len);
	to[len] = '\0';
}

static const struct btf_type *find_datasec(const struct btf *btf,
					   const char *section)
{
	int id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);

	return id < 0 ? NULL : btf__type_by_id(btf, id);
}

static const char *var_name(const struct btf *btf, const struct btf_var_secinfo *vsi)
{
	const struct btf_type *var = btf__type_by_id(btf, vsi->type);

	return var && btf_is_var(var) ?
		       btf__name_by_offset(btf, var->name_off) : NULL;
}

/* Does the variable's type fit the type that the record claims? */
static bool type_agrees(const struct btf *btf, const struct btf_var_secinfo *vsi,
			enum tunable_type type)
{
	const struct btf_type *t;
	int id, encoding;

	id = btf__resolve_type(btf, vsi->type);
	if (id < 0)
		return false;
	t = btf__type_by_id(btf, id);
	if (!btf_is_int(t) || t->size != tunable_type_size(type) ||
	    vsi->size != t->size)
		return false;
	encoding = btf_int_encoding(t);
	switch (type) {
	case TUNABLE_BOOL:
		return encoding & BTF_INT_BOOL;
	case TUNABLE_S32:
	case TUNABLE_S64:
		return encoding & BTF_INT_SIGNED;
	case TUNABLE_U32:
	case TUNABLE_U64:
		return !encoding;
	}
	return false;
}

/* Finds where the tunable's value is. */
static int place_tunable(const struct btf *btf, struct tunable *tun,
			 size_t values_size, struct failure *f)
{
	const struct btf_type *values =
		find_datasec(btf, NODE_EXT_TUNABLES_SECTION);
	const struct btf_var_secinfo *vsi;
	const char *name;
	unsigned int i;

	if (!values)
		return fail(f, -EINVAL, hint_rebuild,
			    "it describes tunable \"%s\" but has no section "
			    NODE_EXT_TUNABLES_SECTION, tun->name);
	vsi = btf_var_secinfos(values);
	for (i = 0; i < btf_vlen(values); i++, vsi++) {
		name = var_name(btf, vsi);
		if (!name || strcmp(name, tun->name))
			continue;
		if (!type_agrees(btf, vsi, tun->type))
			return fail(f, -EINVAL, hint_rebuild,
				    "tunable \"%s\" is described as %s but is of another type",
				    tun->name, tunable_type_name(tun->type));
		if (vsi->offset % vsi->size || vsi->offset > values_size ||
		    vsi->size > values_size - vsi->offset)
			return fail(f, -EINVAL, hint_rebuild,
				    "tunable \"%s\" does not lie inside its section",
				    tun->name);
		tun->offset = vsi->offset;
		tun->size = vsi->size;
		return 0;
	}
	return fail(f, -EINVAL, hint_rebuild,
		    "it describes tunable \"%s\", which is not in section "
		    NODE_EXT_TUNABLES_SECTION, tun->name);
}

/* A name is typed, completed by the shell, and found by programs. */
static int check_texts(const struct tunable *tun, struct failure *f)
{
	if (!text_is_name(tun->name))
		return fail(f, -EINVAL, hint_rebuild,
			    "\"%s\" cannot be the name of a tunable", tun->name);
	if (!text_is_printable(tun->unit) || !text_is_printable(tun->desc))
		return fail(f, -EINVAL, hint_rebuild,
			    "the description of tunable \"%s\" cannot be printed",
			    tun->name);
	return 0;
}

static int add_tunable(const struct btf *btf, const void *bytes,
		       struct policy_meta *meta, struct failure *f)
{
	struct node_ext_tunable rec;
	struct tunable *tun;
	char type[NODE_EXT_TYPE_LEN + 1];
	unsigned int i;
	int err;

	memcpy(&rec, bytes, sizeof(rec));
	tun = realloc(meta->tunables,
		      (meta->nr_tunables + 1) * sizeof(*meta->tunables));
	if (!tun)
		return fail(f, -ENOMEM, NULL, "no memory");
	meta->tunables = tun;
	tun += meta->nr_tunables;
	memset(tun, 0, sizeof(*tun));
	copy_text(tun->name, rec.name, sizeof(rec.name));
	copy_text(tun->unit, rec.unit, sizeof(rec.unit));
	copy_text(tun->desc, rec.desc, sizeof(rec.desc));
	copy_text(type, rec.type, sizeof(rec.type));
	tun->def = rec.def;
	tun->min = rec.min;
	tun->max = rec.max;
	err = check_texts(tun, f);
	if (err)
		return err;
	if (tunable_type_parse(type, &tun->type))
		return fail(f, -EINVAL, hint_rebuild,
			    "tunable \"%s\" has the unknown type \"%s\"",
			    tun->name, type);
	if (!tunable_in_range(tun, tun->def) || !tunable_fits(tun->type, tun->min) ||
	    !tunable_fits(tun->type, tun->max))
		return fail(f, -EINVAL, hint_rebuild,
			    "default and range of tunable \"%s\" do not fit together",
			    tun->name);
	for (i = 0; i < meta->nr_tunables; i++)
		if (!strcmp(meta->tunables[i].name, tun->name))
			return fail(f, -EINVAL, hint_rebuild,
				    "tunable \"%s\" is described twice", tun->name);
	err = place_tunable(btf, tun, meta->values_size, f);
	if (err)
		return err;
	meta->nr_tunables++;
	return 0;
}

static int add_policy(const void *bytes, struct policy_meta *meta,
		      struct failure *f)
{
	struct node_ext_policy rec;

	memcpy(&rec, bytes, sizeof(rec));
	if (meta->described)
		return fail(f, -EINVAL, hint_rebuild,
			    "it has two NODE_POLICY() descriptions");
	if (!rec.meta_version || rec.meta_version > NODE_EXT_META_VERSION)
		return fail(f, -EOPNOTSUPP, "Use the nodectl that belongs to it.",
			    "its metadata is of version %u, this nodectl knows 1 to %u",
			    rec.meta_version, NODE_EXT_META_VERSION);
	copy_text(meta->name, rec.name, sizeof(rec.name));
	copy_text(meta->summary, rec.summary, sizeof(rec.summary));
	if (!text_is_printable(meta->name) || !text_is_printable(meta->summary))
		return fail(f, -EINVAL, hint_rebuild,
			    "what it says about itself cannot be printed");
	meta->ops_version = rec.ops_version;
	meta->described = true;
	return 0;
}

static int add_match(const void *bytes, struct policy_meta *meta,
		     struct failure *f)
{
	struct policy_match *m = &meta->match;
	struct node_ext_match rec;

	memcpy(&rec, bytes, sizeof(rec));
	if (m->said)
		return fail(f, -EINVAL, hint_rebuild,
			    "it has two NODE_MATCH() descriptions");
	copy_text(m->driver, rec.driver, sizeof(rec.driver));
	copy_text(m->features, rec.features, sizeof(rec.features));
	m->min_size = rec.min_size;
	m->max_size = rec.max_size ?: UINT64_MAX;
	m->min_classes = rec.min_classes;
	m->said = true;
	if (!text_is_printable(m->driver) || !text_is_printable(m->features))
		return fail(f, -EINVAL, hint_rebuild,
			    "what it says about its nodes cannot be printed");
	if (rec.reserved)
		return fail(f, -EOPNOTSUPP, "Use the nodectl that belongs to it.",
			    "it has conditions for its nodes that this nodectl does not know");
	if (m->min_size > m->max_size)
		return fail(f, -EINVAL, hint_rebuild,
			    "no node has the sizes that it is for");
	return 0;
}

static const struct {
	const char *name;
	size_t size;
} record_types[] = {
	{ "node_ext_policy", sizeof(struct node_ext_policy) },
	{ "node_ext_match", sizeof(struct node_ext_match) },
	{ "node_ext_tunable", sizeof(struct node_ext_tunable) },
};

enum { POLICY_RECORD, MATCH_RECORD, TUNABLE_RECORD, NR_RECORD_TYPES };

/* A variable of the section; what is no record of ours does not matter. */
static int add_record(const struct btf *btf, const struct btf_var_secinfo *vsi,
		      const char *records, size_t records_size,
		      struct policy_meta *meta, struct failure *f)
{
	int id = btf__resolve_type(btf, vsi->type);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, id);
	const char *name = t && btf_is_struct(t) ?
				   btf__name_by_offset(btf, t->name_off) : "";
	unsigned int type;
	size_t size;

	for (type = 0; type < NR_RECORD_TYPES; type++)
		if (!strcmp(record_types[type].name, name))
			break;
	if (type == NR_RECORD_TYPES)
		return 0;
	size = record_types[type].size;
	if (t->size != size || vsi->size != size ||
	    vsi->offset > records_size || size > records_size - vsi->offset)
		return fail(f, -EINVAL, hint_rebuild,
			    "a struct %s in section " NODE_EXT_META_SECTION
			    " has the wrong size", name);
	records += vsi->offset;
	switch (type) {
	case POLICY_RECORD:
		return add_policy(records, meta, f);
	case MATCH_RECORD:
		return add_match(records, meta, f);
	default:
		return add_tunable(btf, records, meta, f);
	}
}

/**
 * meta_parse - read and vet what a policy says about itself
 * @btf: BTF of the object
 * @records: bytes of NODE_EXT_META_SECTION, or NULL when there is none
 * @records_size: of @records
 * @values_size: size of NODE_EXT_TUNABLES_SECTION, 0 when there is none
 * @meta: the result, to be freed with meta_free() also after an error
 * @f: why not
 *
 * A policy without any description is not an error: it has no tunables.
 *
 * Return: 0 or a negative errno.
 */
int meta_parse(const struct btf *btf, const void *records, size_t records_size,
	       size_t values_size, struct policy_meta *meta, struct failure *f)
{
	const struct btf_var_secinfo *vsi;
	const struct btf_type *sec;
	unsigned int i;
	int err;

	memset(meta, 0, sizeof(*meta));
	meta->values_size = values_size;
	sec = find_datasec(btf, NODE_EXT_META_SECTION);
	if (!records || !sec)
		return 0;
	vsi = btf_var_secinfos(sec);
	for (i = 0; i < btf_vlen(sec); i++, vsi++) {
		err = add_record(btf, vsi, records, records_size, meta, f);
		if (err)
			return err;
	}
	return 0;
}

/**
 * meta_free - free what meta_parse() made
 * @meta: may be zero
 */
void meta_free(struct policy_meta *meta)
{
	free(meta->tunables);
	memset(meta, 0, sizeof(*meta));
}
