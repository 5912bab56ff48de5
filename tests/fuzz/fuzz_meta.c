// SPDX-License-Identifier: GPL-2.0
/*
 * The records that a policy has about itself, as they come from a file or from
 * a map of the kernel. The types are good: of a policy and of five tunables,
 * as those of tests/unit/objects/good.bpf.c.
 *
 * Input: two bytes, the size of the tunables' section, and then the records.
 */
#include "fuzz.h"

#include <string.h>

#include <bpf/btf.h>
#include <json-c/json.h>

#include "meta.h"
#include "text.h"
#include "tunable.h"

static const struct {
	const char *name;
	int size;
	int encoding;
} vars[] = {
	{ "limit", 4, 0 },
	{ "bias", 4, BTF_INT_SIGNED },
	{ "budget", 8, 0 },
	{ "delay", 8, BTF_INT_SIGNED },
	{ "enabled", 1, BTF_INT_BOOL },
};

static struct btf *make_types(void)
{
	struct btf *btf = btf__new_empty();
	int id, offset = 0, var[ARRAY_SIZE(vars)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vars); i++) {
		id = btf__add_int(btf, vars[i].name, vars[i].size,
				  vars[i].encoding);
		var[i] = btf__add_var(btf, vars[i].name, BTF_VAR_GLOBAL_ALLOCATED,
				      id);
	}
	btf__add_datasec(btf, NODE_EXT_TUNABLES_SECTION, 64);
	for (i = 0; i < ARRAY_SIZE(vars); i++)
		btf__add_datasec_var_info(btf, var[i], 8 * i, vars[i].size);
	id = btf__add_struct(btf, "node_ext_policy",
			     sizeof(struct node_ext_policy));
	var[0] = btf__add_var(btf, "policy", BTF_VAR_GLOBAL_ALLOCATED, id);
	id = btf__add_struct(btf, "node_ext_tunable",
			     sizeof(struct node_ext_tunable));
	var[1] = btf__add_var(btf, "tunable", BTF_VAR_GLOBAL_ALLOCATED, id);
	btf__add_datasec(btf, NODE_EXT_META_SECTION, 4096);
	btf__add_datasec_var_info(btf, var[0], 0, sizeof(struct node_ext_policy));
	offset = sizeof(struct node_ext_policy);
	for (i = 0; i < ARRAY_SIZE(vars); i++) {
		btf__add_datasec_var_info(btf, var[1], offset,
					  sizeof(struct node_ext_tunable));
		offset += sizeof(struct node_ext_tunable);
	}
	return btf;
}

static void use(const struct policy_meta *meta)
{
	char text[32], *values = calloc(1, meta->values_size ?: 1);
	const struct tunable *tun;
	unsigned int i;

	must(text_is_printable(meta->name) && text_is_printable(meta->summary));
	for (i = 0; i < meta->nr_tunables; i++) {
		tun = &meta->tunables[i];
		must(tun->offset + tun->size <= meta->values_size);
		must(tunable_in_range(tun, tun->def));
		must(text_is_name(tun->name) && text_is_printable(tun->unit) &&
		     text_is_printable(tun->desc));
		tunable_store(tun, values, tun->def);
		must(tunable_load(tun, values) == tun->def);
		tunable_format(tun, tun->def, text, sizeof(text));
		json_object_put(tunable_json(tun));
	}
	free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct btf *btf;
	struct policy_meta meta;
	struct failure f = {};
	uint16_t values_size;
	void *copy;

	if (size < sizeof(values_size))
		return 0;
	if (!btf)
		btf = make_types();
	memcpy(&values_size, data, sizeof(values_size));
	size -= sizeof(values_size);
	copy = fuzz_copy(data + sizeof(values_size), size, 0);
	if (meta_parse(btf, copy, size, values_size, &meta, &f))
		must(f.cause[0] && f.next[0]);
	else
		use(&meta);
	meta_free(&meta);
	free(copy);
	return 0;
}
