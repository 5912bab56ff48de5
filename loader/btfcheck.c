// SPDX-License-Identifier: GPL-2.0
/*
 * Can the types in an object be trusted? libbpf checks that they refer to each
 * other and to their names, and no more. What it and nodectl rely on besides is
 * checked here, before libbpf opens the object:
 *
 * - A variable lies inside its section. libbpf adds its offset and its size as
 *   32-bit numbers, and a sum that wraps makes it copy from outside the file.
 *   (It may take the offset from the symbol: elf_check() looks at that.)
 * - No type holds itself, and none is nested deeper than the kernel allows.
 *   libbpf and nodectl follow types to their end.
 * - Names can be printed.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <bpf/btf.h>

#include "bpflog.h"
#include "btfcheck.h"
#include "elfcheck.h"
#include "text.h"

/* The kernel's MAX_RESOLVE_DEPTH: it refuses what is deeper. */
#define DEPTH_MAX	32

/* Parts of a type, with those of its parts. No real one comes near it. */
#define PARTS_MAX	(1U << 20)

static const char hint[] = "Build or copy it again.";

/**
 * struct measure - what is known of a type
 * @depth: how deep other types are nested in it, itself counted; 0 is unknown
 * @parts: of how many it consists, each counted as often as it occurs
 */
struct measure {
	uint32_t depth;
	uint32_t parts;
};

/**
 * struct types - the types of an object while they are checked
 * @btf: they
 * @known: by number of a type
 * @level: of the type that is measured now
 */
struct types {
	struct btf *btf;
	struct measure *known;
	unsigned int level;
};

static unsigned int nr_parts(const struct btf_type *t)
{
	return btf_is_composite(t) || btf_is_datasec(t) ? btf_vlen(t) : 1;
}

/* The @i-th type that is a part of @t, 0 where there is none. */
static uint32_t part(const struct btf_type *t, unsigned int i)
{
	switch (btf_kind(t)) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_VAR:
		return t->type;
	case BTF_KIND_ARRAY:
		return btf_array(t)->type;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return btf_members(t)[i].type;
	case BTF_KIND_DATASEC:
		return btf_var_secinfos(t)[i].type;
	default:
		return 0;
	}
}

/* Also ends for types that hold themselves: they are endlessly deep. */
static int measure(struct types *types, uint32_t id, struct failure *f)
{
	const struct btf_type *t = btf__type_by_id(types->btf, id);
	struct measure m = { 1, 1 }, *known = types->known;
	unsigned int i;
	uint32_t p;
	int err;

	if (known[id].depth)
		return 0;
	if (types->level == DEPTH_MAX)
		goto too_deep;
	for (i = 0; i < nr_parts(t); i++) {
		p = part(t, i);
		types->level++;
		err = p ? measure(types, p, f) : 0;
		types->level--;
		if (err)
			return err;
		if (known[p].depth >= m.depth)
			m.depth = known[p].depth + 1;
		m.parts += known[p].parts;
		if (m.depth > DEPTH_MAX || m.parts > PARTS_MAX)
			goto too_deep;
	}
	known[id] = m;
	return 0;
too_deep:
	return fail(f, -EINVAL, hint,
		    "its types are damaged (number %u holds itself, or more than the kernel allows)",
		    id);
}

static int check_nesting(struct types *types, struct failure *f)
{
	unsigned int id, nr = btf__type_cnt(types->btf);
	int err = 0;

	types->known = calloc(nr, sizeof(*types->known));
	if (!types->known)
		return fail(f, -ENOMEM, NULL, "no memory");
	for (id = 1; id < nr && !err; id++)
		err = measure(types, id, f);
	free(types->known);
	return err;
}

static bool name_is_good(const struct btf *btf, uint32_t off)
{
	const char *name = btf__name_by_offset(btf, off);

	return name && text_is_printable(name);
}

/* Those of members, too: "inspect" shows them. */
static int check_names(const struct btf *btf, struct failure *f)
{
	unsigned int id, i, nr = btf__type_cnt(btf);
	const struct btf_type *t;
	bool good = true;

	for (id = 1; id < nr && good; id++) {
		t = btf__type_by_id(btf, id);
		good = name_is_good(btf, t->name_off);
		for (i = 0; good && btf_is_composite(t) && i < btf_vlen(t); i++)
			good = name_is_good(btf, btf_members(t)[i].name_off);
	}
	if (!good)
		return fail(f, -EINVAL, hint,
			    "its types are damaged (a name in number %u cannot be printed)",
			    id - 1);
	return 0;
}

static int check_var(const void *data, const struct btf *btf,
		     const char *section, const struct btf_var_secinfo *vsi,
		     struct failure *f)
{
	const struct btf_type *var = btf__type_by_id(btf, vsi->type);
	int64_t size = btf__resolve_size(btf, vsi->type);
	unsigned int pos = 0;
	Elf64_Shdr sh;

	if (!btf_is_var(var) || size < 0)
		return fail(f, -EINVAL, hint,
			    "its types are damaged (section %s has what is no variable)",
			    section);
	if (size < vsi->size)
		size = vsi->size;
	while (elf_section(data, section, &pos, &sh))
		if ((uint64_t)vsi->offset + size > sh.sh_size)
			return fail(f, -EINVAL, hint,
				    "its types are damaged (variable \"%s\" does not lie inside section %s)",
				    btf__name_by_offset(btf, var->name_off),
				    section);
	return 0;
}

/* Sections that are not in the file name what the kernel has. */
static int check_vars(const void *data, const struct btf *btf, struct failure *f)
{
	unsigned int id, i, pos, nr = btf__type_cnt(btf);
	const struct btf_type *t;
	const char *section;
	Elf64_Shdr sh;
	int err = 0;

	for (id = 1; id < nr && !err; id++) {
		t = btf__type_by_id(btf, id);
		if (!btf_is_datasec(t))
			continue;
		section = btf__name_by_offset(btf, t->name_off);
		pos = 0;
		if (!elf_section(data, section, &pos, &sh))
			continue;
		for (i = 0; i < btf_vlen(t) && !err; i++)
			err = check_var(data, btf, section,
					&btf_var_secinfos(t)[i], f);
	}
	return err;
}

static int check_types(const void *data, const Elf64_Shdr *sh, struct failure *f)
{
	struct types types = {};
	const char *said;
	int err;

	types.btf = btf__new((const char *)data + sh->sh_offset, sh->sh_size);
	if (!types.btf) {
		err = -errno;
		said = bpflog_warning();
		return fail(f, err, hint, "its types are damaged%s%s",
			    said ? ": " : "", said ?: "");
	}
	err = check_names(types.btf, f);
	if (!err)
		err = check_nesting(&types, f);
	if (!err)
		err = check_vars(data, types.btf, f);
	btf__free(types.btf);
	return err;
}

/**
 * btf_check - check the types of an object
 * @data: a file that passed elf_check()
 * @f: why they are not good
 *
 * Return: 0 or a negative errno.
 */
int btf_check(const void *data, struct failure *f)
{
	unsigned int pos = 0;
	Elf64_Shdr sh;
	int err = 0;

	while (!err && elf_section(data, ".BTF", &pos, &sh))
		err = sh.sh_size ? check_types(data, &sh, f) : 0;
	return err;
}
