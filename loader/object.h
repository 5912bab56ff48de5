/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy as a file.
 */
#ifndef NODECTL_OBJECT_H
#define NODECTL_OBJECT_H

#include <limits.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "digest.h"
#include "meta.h"
#include "tunable.h"

#define OPS_TYPE		"node_device_ops"
#define OPS_VALUE_TYPE		"bpf_struct_ops_node_device_ops"
#define OPS_NAME_LEN		16

/**
 * struct object - a policy object, opened but not loaded
 * @path: the file
 * @obj: of libbpf
 * @btf: of the object
 * @ops_map: the struct_ops
 * @ops_type: its type in @btf
 * @ops: its members' values; function pointers are struct bpf_program *
 * @ops_size: of @ops
 * @name: its .name
 * @version: its .version
 * @meta: what it says about itself
 * @values_map: the tunables' section, or NULL
 * @digest: of the file
 */
struct object {
	char path[PATH_MAX];
	struct bpf_object *obj;
	const struct btf *btf;
	struct bpf_map *ops_map;
	const struct btf_type *ops_type;
	void *ops;
	size_t ops_size;
	char name[OPS_NAME_LEN + 1];
	uint32_t version;
	struct policy_meta meta;
	struct bpf_map *values_map;
	struct digest digest;
};

int object_open(const char *path, struct object *o, struct failure *f);
int object_open_mem(const void *data, size_t size, const char *path,
		    struct object *o, struct failure *f);
void object_close(struct object *o);
void *object_member(const struct object *o, const char *name, size_t size);
int object_set_nid(struct object *o, int nid, struct failure *f);
int object_set_tunables(struct object *o, const struct settings *set,
			struct failure *f);
void object_store_tunable(struct object *o, const struct tunable *tun,
			  uint64_t value);
uint64_t object_tunable(const struct object *o, const struct tunable *tun);
const struct btf_member *btf_find_member(const struct btf *btf,
					 const struct btf_type *t,
					 const char *name);
bool btf_member_is_func(const struct btf *btf, const struct btf_member *m);
const struct btf_type *btf_value_ops(const struct btf *btf,
				     const struct btf_type *value,
				     size_t *offset);
const char *object_next_func(const struct object *o, unsigned int *pos,
			     struct bpf_program **prog);

#endif /* NODECTL_OBJECT_H */
