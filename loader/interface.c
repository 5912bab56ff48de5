// SPDX-License-Identifier: GPL-2.0
/*
 * What a kernel has of the interface to policies, by its types.
 *
 * Required is what the first kernels with policies had. What came later is
 * needed by some policies only; those are named.
 */
#include <stdio.h>

#include "interface.h"
#include "object.h"
#include "out.h"

static const struct {
	const char *name;
	bool required;
	const char *consequence;
} members[] = {
	{ "admit_batch", true, NULL },
	{ "admit_folio", true, NULL },
	{ "choose_class", true, NULL },
	{ "migrated", true, NULL },
	{ "promote_fault", true, NULL },
	{ "promote_hot", false,
	  "Policies that promote hot pages (tpp) do not load" },
	{ "reclaim_folio", false,
	  "Policies that choose victims (ratio_keeper, tpp) do not load" },
	{ "pressure", false,
	  "Policies that follow the pressure (ratio_keeper, watermark, tpp) do not load" },
	{ "init", true, NULL },
	{ "exit", true, NULL },
	{ "nid", true, NULL },
	{ "version", true, NULL },
	{ "flags", true, NULL },
	{ "name", true, NULL },
};

static const struct {
	const char *name;
	bool required;
	const char *consequence;
} kfuncs[] = {
	{ "bpf_node_device_folio_sample", true,
	  "Policies that look at the content of pages do not load" },
	{ "bpf_node_device_folio_estimate", true,
	  "Policies that estimate compressibility (compressible, ratio_keeper) do not load" },
	{ "bpf_node_device_folio_info", true,
	  "Policies that look at owner and flags (memcg_budget, ratio_keeper, tpp, anti_thrash) do not load" },
	{ "bpf_node_device_stat", false,
	  "Policies that ask how the node is (ratio_keeper, watermark, tpp) do not load" },
	{ "bpf_iter_node_device_folio_new", false,
	  "Policies that walk a chunk (ratio_keeper, anti_thrash) do not load" },
	{ "bpf_node_device_admit_set", false,
	  "Policies that decide about a chunk at once (ratio_keeper, anti_thrash) do not load" },
	{ "bpf_node_device_admit_rate", false,
	  "Policies that limit the rate of admission (watermark) do not load" },
	{ "bpf_node_device_request_reclaim", false,
	  "Policies that have the node reclaimed (ratio_keeper, watermark, tpp) do not load" },
	{ "bpf_node_device_policy_exit", false,
	  "Policies that leave by themselves do not load, and the kernel ejects none" },
};

/* Fields that came later: name of the struct, of the field, who looks at it. */
static const struct {
	const char *type;
	const char *name;
	const char *consequence;
} fields[] = {
	{ "node_folio_info", "area",
	  "Policies that recognise pages (ratio_keeper, anti_thrash, tpp) do not load" },
	{ "node_admit_ctx", "pressure",
	  "Policies that see the pressure on admission (watermark) do not load" },
};

static enum presence has_type(const struct btf *btf, const char *name, int kind)
{
	if (!btf)
		return UNKNOWN;
	return btf__find_by_name_kind(btf, name, kind) > 0 ? PRESENT : MISSING;
}

static enum presence has_field(const struct btf *btf, const char *type,
			       const char *name)
{
	int id;

	if (!btf)
		return UNKNOWN;
	id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	return id > 0 && btf_find_member(btf, btf__type_by_id(btf, id), name) ?
	       PRESENT : MISSING;
}

/**
 * interface_check - what is there and what is missing
 * @btf: types of the kernel, or NULL
 * @found: called for each thing, always in the same order; members are told
 *	only where there is a struct that could have them
 * @arg: passed on
 */
void interface_check(const struct btf *btf, interface_found_t found, void *arg)
{
	enum presence ops = has_type(btf, OPS_TYPE, BTF_KIND_STRUCT);
	char name[128];
	size_t i;

	found(arg, true, ops, "struct " OPS_TYPE,
	      "The kernel takes no policies for device nodes");
	found(arg, true, has_type(btf, OPS_VALUE_TYPE, BTF_KIND_STRUCT),
	      "struct " OPS_VALUE_TYPE,
	      "The kernel was built without its BPF side");
	for (i = 0; ops == PRESENT && i < ARRAY_SIZE(members); i++) {
		snprintf(name, sizeof(name), "member %s", members[i].name);
		found(arg, members[i].required,
		      has_field(btf, OPS_TYPE, members[i].name), name,
		      members[i].consequence ?:
		      "Policies that have this member do not load");
	}
	for (i = 0; i < ARRAY_SIZE(kfuncs); i++) {
		snprintf(name, sizeof(name), "kernel function %s",
			 kfuncs[i].name);
		found(arg, kfuncs[i].required,
		      has_type(btf, kfuncs[i].name, BTF_KIND_FUNC), name,
		      kfuncs[i].consequence);
	}
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		snprintf(name, sizeof(name), "field %s of struct %s",
			 fields[i].name, fields[i].type);
		found(arg, false, has_field(btf, fields[i].type, fields[i].name),
		      name, fields[i].consequence);
	}
}
