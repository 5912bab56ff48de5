/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a policy says about itself, see include/node_ext_meta.h.
 */
#ifndef NODECTL_META_H
#define NODECTL_META_H

#include <stdint.h>

#include "../include/node_ext_meta.h"
#include "out.h"

struct btf;
struct btf_type;

enum tunable_type {
	TUNABLE_U32,
	TUNABLE_S32,
	TUNABLE_U64,
	TUNABLE_S64,
	TUNABLE_BOOL,
};

/**
 * struct tunable - a tunable after vetting
 * @name: terminated copies of the record's texts
 * @unit: what it counts
 * @desc: one sentence
 * @type: its type
 * @def: default
 * @min: smallest value allowed
 * @max: largest value allowed
 * @offset: where its value is in the tunables' section
 * @size: of its value
 *
 * Values are 64 bits wide, sign extended for the signed types.
 */
struct tunable {
	char name[NODE_EXT_NAME_LEN + 1];
	char unit[NODE_EXT_UNIT_LEN + 1];
	char desc[NODE_EXT_TEXT_LEN + 1];
	enum tunable_type type;
	uint64_t def, min, max;
	uint32_t offset;
	uint32_t size;
};

/**
 * struct policy_match - which nodes a policy is for
 * @said: it says so
 * @driver: terminated copies of the record's texts, empty for any
 * @features: separated by blanks
 * @min_size: bytes
 * @max_size: bytes, UINT64_MAX for no limit
 * @min_classes: compression classes
 */
struct policy_match {
	bool said;
	char driver[NODE_EXT_NAME_LEN + 1];
	char features[NODE_EXT_TEXT_LEN + 1];
	uint64_t min_size;
	uint64_t max_size;
	uint32_t min_classes;
};

/**
 * struct policy_meta - all that a policy says about itself
 * @described: there is a struct node_ext_policy
 * @name: from it
 * @summary: from it
 * @ops_version: from it
 * @match: from struct node_ext_match
 * @tunables: in the order of the file
 * @nr_tunables: how many
 * @values_size: size of the tunables' section
 */
struct policy_meta {
	bool described;
	char name[NODE_EXT_POLICY_NAME_LEN + 1];
	char summary[NODE_EXT_TEXT_LEN + 1];
	uint32_t ops_version;
	struct policy_match match;
	struct tunable *tunables;
	unsigned int nr_tunables;
	uint32_t values_size;
};

int meta_parse(const struct btf *btf, const void *records, size_t records_size,
	       size_t values_size, struct policy_meta *meta, struct failure *f);
void meta_free(struct policy_meta *meta);

#endif /* NODECTL_META_H */
