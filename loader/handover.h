/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maps that the next policy of a node takes over from the one before.
 */
#ifndef NODECTL_HANDOVER_H
#define NODECTL_HANDOVER_H

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "live.h"
#include "object.h"

/**
 * struct map_shape - what two maps have in common if one can replace the other
 * @name: as declared, or as the kernel has it: cut after 15 characters
 * @type: enum bpf_map_type
 * @key_size: bytes
 * @value_size: bytes
 * @max_entries: most entries
 * @flags: BPF_F_*
 * @extra: map_extra
 * @btf: types of its object, or NULL
 * @key_type: in @btf, 0 when not described
 * @value_type: in @btf, 0 when not described
 */
struct map_shape {
	const char *name;
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t flags;
	uint64_t extra;
	const struct btf *btf;
	uint32_t key_type;
	uint32_t value_type;
};

enum name_match { NAME_DIFFERS, NAME_EQUAL, NAME_UNCLEAR };

/**
 * struct handover_map - a map of the new policy
 * @name: its name, a copy: libbpf frees its own when a map is reused
 * @id: of the map that it got from the old policy, 0 when it starts empty
 * @namesake: the old policy has a map of this name
 * @why: why it starts empty
 */
struct handover_map {
	char *name;
	uint32_t id;
	bool namesake;
	char why[192];
};

/**
 * struct handover - all maps of the new policy, until handover_free()
 * @maps: they, without those that libbpf makes from sections
 * @nr: how many
 * @nr_done: how many were handed over
 */
struct handover {
	struct handover_map *maps;
	unsigned int nr;
	unsigned int nr_done;
};

bool btf_equal(const struct btf *a, uint32_t a_id, const struct btf *b,
	       uint32_t b_id);
struct map_shape map_shape_declared(const struct object *o,
				    const struct bpf_map *map);
enum name_match map_name_match(const struct map_shape *old, const char *name);
bool map_may_replace(const struct map_shape *old, const struct map_shape *new,
		     char *why, size_t size);
bool map_runs_callbacks(const struct map_shape *m);
int handover_maps(const struct live *live, struct object *o, bool fresh,
		  struct handover *h, struct failure *f);
void handover_free(struct handover *h);
struct json_object *handover_json(const struct handover *h);

#endif /* NODECTL_HANDOVER_H */
