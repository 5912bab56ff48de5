// SPDX-License-Identifier: GPL-2.0
/*
 * Opens a policy object and vets all that can be vetted without a kernel.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpflog.h"
#include "btfcheck.h"
#include "elfcheck.h"
#include "object.h"

/* No policy comes near this; it bounds what a wrong argument makes us read. */
#define OBJECT_SIZE_MAX	(64UL << 20)

static int read_file(const char *path, void **data, size_t *size,
		     struct failure *f)
{
	size_t done = 0;
	struct stat st;
	ssize_t len;
	int fd, err;

	*data = NULL;
	/* O_NONBLOCK: a FIFO must not hang us before it is refused. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		err = -errno;
		return fail(f, err, NULL, "cannot open %s: %s", path,
			    strerror(-err));
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		err = fail(f, -EINVAL, NULL, "%s is not a regular file", path);
		goto out;
	}
	if ((unsigned long)st.st_size > OBJECT_SIZE_MAX) {
		err = fail(f, -EFBIG, NULL,
			   "%s is larger than any policy (%lld bytes)", path,
			   (long long)st.st_size);
		goto out;
	}
	*size = st.st_size;
	*data = malloc(*size + 1);
	if (!*data) {
		err = fail(f, -ENOMEM, NULL, "no memory");
		goto out;
	}
	while (done < *size) {
		len = read(fd, (char *)*data + done, *size - done);
		if (len < 0) {
			err = -errno;
			fail(f, err, NULL, "cannot read %s: %s", path,
			     strerror(-err));
			goto out;
		}
		if (!len)
			break;
		done += len;
	}
	*size = done;
	err = 0;
out:
	if (err) {
		free(*data);
		*data = NULL;
	}
	close(fd);
	return err;
}

/**
 * btf_find_member - find a member of a struct
 * @btf: where the struct is
 * @t: the struct
 * @name: the member
 */
const struct btf_member *btf_find_member(const struct btf *btf,
					 const struct btf_type *t,
					 const char *name)
{
	const struct btf_member *m = btf_members(t);
	unsigned int i;

	for (i = 0; i < btf_vlen(t); i++, m++)
		if (!strcmp(btf__name_by_offset(btf, m->name_off), name))
			return m;
	return NULL;
}

/**
 * btf_member_is_func - is a member a function pointer?
 * @btf: where the struct is
 * @m: the member
 */
bool btf_member_is_func(const struct btf *btf, const struct btf_member *m)
{
	const struct btf_type *t;
	int id;

	id = btf__resolve_type(btf, m->type);
	t = id < 0 ? NULL : btf__type_by_id(btf, id);
	if (!t || !btf_is_ptr(t))
		return false;
	id = btf__resolve_type(btf, t->type);
	t = id < 0 ? NULL : btf__type_by_id(btf, id);
	return t && btf_is_func_proto(t);
}

/**
 * btf_value_ops - the ops within the value of a struct_ops map
 * @btf: types of the kernel
 * @value: type of the value, or NULL
 * @offset: set to where they are in the value
 *
 * Return: their type, NULL when @value is another kind of value.
 */
const struct btf_type *btf_value_ops(const struct btf *btf,
				     const struct btf_type *value,
				     size_t *offset)
{
	const struct btf_member *data;
	const struct btf_type *ops;

	if (!value || !btf_is_struct(value))
		return NULL;
	data = btf_find_member(btf, value, "data");
	ops = data ? btf__type_by_id(btf, btf__resolve_type(btf, data->type)) :
		     NULL;
	if (!ops || !btf_is_struct(ops))
		return NULL;
	*offset = data->offset / 8;
	return ops;
}

/**
 * object_member - a member of the policy's struct_ops
 * @o: the object
 * @name: the member
 * @size: its size
 *
 * Return: where its value is, or NULL when there is none of this size. Copy it:
 * the offset comes from the object, so the value need not be aligned.
 */
void *object_member(const struct object *o, const char *name, size_t size)
{
	const struct btf_member *m;
	size_t off;

	m = btf_find_member(o->btf, o->ops_type, name);
	if (!m || btf__resolve_size(o->btf, m->type) != (int64_t)size)
		return NULL;
	off = m->offset / 8;
	if (off > o->ops_size || size > o->ops_size - off)
		return NULL;
	return (char *)o->ops + off;
}

/**
 * object_next_func - walk the members that the policy implements
 * @o: the object
 * @pos: 0 before the first call
 * @prog: the program behind the member
 *
 * Return: name of the next member, or NULL.
 */
const char *object_next_func(const struct object *o, unsigned int *pos,
			     struct bpf_program **prog)
{
	const struct btf_member *m;
	size_t off;

	while (*pos < btf_vlen(o->ops_type)) {
		m = btf_members(o->ops_type) + (*pos)++;
		off = m->offset / 8;
		if (!btf_member_is_func(o->btf, m) ||
		    off + sizeof(*prog) > o->ops_size)
			continue;
		memcpy(prog, (char *)o->ops + off, sizeof(*prog));
		if (*prog)
			return btf__name_by_offset(o->btf, m->name_off);
	}
	return NULL;
}

static int find_struct_ops(struct object *o, struct failure *f)
{
	static const char one[] =
		"A policy has exactly one struct node_device_ops in SEC(\".struct_ops.link\").";
	const struct btf_type *t;
	const char *type;
	struct bpf_map *map;

	bpf_object__for_each_map(map, o->obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		t = btf__type_by_id(o->btf, bpf_map__btf_value_type_id(map));
		type = t ? btf__name_by_offset(o->btf, t->name_off) : NULL;
		if (!type || strcmp(type, OPS_TYPE))
			return fail(f, -EINVAL, one,
				    "its struct_ops \"%s\" is a struct %s, which is not for device nodes",
				    bpf_map__name(map), type ?: "?");
		if (o->ops_map)
			return fail(f, -EINVAL, one,
				    "it has two policies, \"%s\" and \"%s\"",
				    bpf_map__name(o->ops_map), bpf_map__name(map));
		if (!(bpf_map__map_flags(map) & BPF_F_LINK))
			return fail(f, -EINVAL, one,
				    "\"%s\" cannot be attached to a node by a link",
				    bpf_map__name(map));
		o->ops_map = map;
		o->ops_type = t;
	}
	if (!o->ops_map)
		return fail(f, -EINVAL, one, "the object has no struct_ops");
	o->ops = bpf_map__initial_value(o->ops_map, &o->ops_size);
	if (!o->ops)
		return fail(f, -EINVAL, one, "\"%s\" has no value",
			    bpf_map__name(o->ops_map));
	return 0;
}

/*
 * libbpf would pin a map on its way into the kernel, also for a dry run and for a
 * policy that is refused then.
 */
static int vet_maps(const struct object *o, struct failure *f)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, o->obj) {
		if (digest_map_name(bpf_map__name(map)))
			return fail(f, -EINVAL, "Give it a name as C has them.",
				    "map \"%s\" has the name by which nodectl keeps the digest of the file",
				    bpf_map__name(map));
		if (bpf_map__pin_path(map))
			return fail(f, -EINVAL,
				    "Remove its LIBBPF_PIN_BY_NAME; \"nodectl swap\" hands maps over without it.",
				    "map \"%s\" asks to be pinned",
				    bpf_map__name(map));
	}
	return 0;
}

static bool is_member(const struct object *o, const struct bpf_program *prog)
{
	struct bpf_program *member;
	unsigned int pos = 0;

	while (object_next_func(o, &pos, &member))
		if (member == prog)
			return true;
	return false;
}

/* libbpf would refuse it, too, but only when it loads the object. */
static int vet_members(const struct object *o, struct failure *f)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, o->obj)
		if (bpf_program__type(prog) == BPF_PROG_TYPE_STRUCT_OPS &&
		    bpf_program__autoload(prog) && !is_member(o, prog))
			return fail(f, -EINVAL,
				    "Name its member in NODE_OPS(), or remove it.",
				    "program \"%s\" is defined, but \"%s\" does not use it",
				    bpf_program__name(prog),
				    bpf_map__name(o->ops_map));
	return 0;
}

static int vet_struct_ops(struct object *o, struct failure *f)
{
	static const char built[] =
		"Build it against the headers of this kernel (include/node_ext.bpf.h).";
	const char *name = object_member(o, "name", OPS_NAME_LEN);
	const void *flags_at = object_member(o, "flags", sizeof(uint64_t));
	const void *version_at = object_member(o, "version", sizeof(o->version));
	uint64_t flags;
	size_t i, len;

	if (!name || !flags_at || !version_at || !object_member(o, "nid", 4))
		return fail(f, -EINVAL, built,
			    "its struct node_device_ops lacks name, flags, version or nid");
	len = strnlen(name, OPS_NAME_LEN);
	if (!len)
		return fail(f, -EINVAL, "Set .name of its struct node_device_ops.",
			    "the policy's name is empty");
	if (len == OPS_NAME_LEN)
		return fail(f, -EINVAL, "Set .name to at most 15 characters.",
			    "the policy's name is not terminated");
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' &&
		    name[i] != '.')
			return fail(f, -EINVAL,
				    "A name has letters, digits, '_' and '.'.",
				    "the policy's name has the character 0x%02x",
				    (unsigned char)name[i]);
	memcpy(o->name, name, len + 1);
	memcpy(&o->version, version_at, sizeof(o->version));
	memcpy(&flags, flags_at, sizeof(flags));
	if (!o->version)
		return fail(f, -EINVAL,
			    "Set .version = NODE_DEVICE_OPS_VERSION.",
			    "policy \"%s\" does not say which version it was written for",
			    o->name);
	if (flags)
		return fail(f, -EINVAL, "Set .flags to 0.",
			    "policy \"%s\" sets flags that do not exist (0x%llx)",
			    o->name, (unsigned long long)flags);
	return 0;
}

static int vet_meta(struct object *o, struct failure *f)
{
	struct bpf_map *records;
	const void *bytes = NULL;
	size_t size = 0, values_size = 0;
	const struct tunable *tun;
	unsigned int i;
	int err;

	records = bpf_object__find_map_by_name(o->obj, NODE_EXT_META_SECTION);
	if (records)
		bytes = bpf_map__initial_value(records, &size);
	o->values_map = bpf_object__find_map_by_name(o->obj,
						     NODE_EXT_TUNABLES_SECTION);
	if (o->values_map && !bpf_map__initial_value(o->values_map, &values_size))
		values_size = 0;
	err = meta_parse(o->btf, bytes, size, values_size, &o->meta, f);
	if (err)
		return err;
	if (o->meta.described && strcmp(o->meta.name, o->name))
		return fail(f, -EINVAL, "Give NODE_POLICY() the name of the struct_ops.",
			    "it describes policy \"%s\", but its struct_ops is \"%s\"",
			    o->meta.name, o->name);
	for (i = 0; i < o->meta.nr_tunables; i++) {
		tun = &o->meta.tunables[i];
		if (object_tunable(o, tun) != tun->def)
			return fail(f, -EINVAL, "Define tunables with NODE_TUNABLE() only.",
				    "tunable \"%s\" does not start with its default",
				    tun->name);
	}
	return 0;
}

/**
 * object_open_mem - open a policy object that is in memory
 * @data: the object
 * @size: of @data
 * @path: what to call it
 * @o: the result, to be closed with object_close() also after an error
 * @f: why not
 *
 * Return: 0 or a negative errno.
 */
int object_open_mem(const void *data, size_t size, const char *path,
		    struct object *o, struct failure *f)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	char copy[PATH_MAX], name[64], *dot;
	const char *said;
	int err;

	memset(o, 0, sizeof(*o));
	snprintf(o->path, sizeof(o->path), "%s", path);
	digest_make(data, size, &o->digest);
	bpflog_start();
	err = elf_check(data, size, f);
	if (!err)
		err = btf_check(data, f);
	if (err)
		return err;
	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(name, sizeof(name), "%s", basename(copy));
	dot = strchr(name, '.');
	if (dot)
		*dot = '\0';
	opts.object_name = name;
	bpflog_start();
	o->obj = bpf_object__open_mem(data, size, &opts);
	if (!o->obj) {
		err = -errno;
		said = bpflog_warning();
		return fail(f, err, "Build or copy it again.",
			    "libbpf cannot read the object: %s",
			    said ?: strerror(-err));
	}
	o->btf = bpf_object__btf(o->obj);
	if (!o->btf)
		return fail(f, -EINVAL, "Compile it with -g.",
			    "the object has no BTF");
	err = find_struct_ops(o, f);
	if (!err)
		err = vet_struct_ops(o, f);
	if (!err)
		err = vet_members(o, f);
	if (!err)
		err = vet_maps(o, f);
	if (!err)
		err = vet_meta(o, f);
	return err;
}

/**
 * object_open - open a policy object
 * @path: the file
 * @o: the result, to be closed with object_close() also after an error
 * @f: why not
 *
 * The file is read once, so that what was vetted is what is loaded.
 *
 * Return: 0 or a negative errno.
 */
int object_open(const char *path, struct object *o, struct failure *f)
{
	size_t size = 0;
	void *data;
	int err;

	memset(o, 0, sizeof(*o));
	err = read_file(path, &data, &size, f);
	if (err)
		return err;
	err = object_open_mem(data, size, path, o, f);
	free(data);
	return err;
}

/**
 * object_close - close a policy object
 * @o: the object; what the kernel got from it stays
 */
void object_close(struct object *o)
{
	meta_free(&o->meta);
	bpf_object__close(o->obj);
	memset(o, 0, sizeof(*o));
}

/**
 * object_set_nid - say which node the policy is for
 * @o: the object, before it is loaded
 * @nid: the node
 * @f: why not
 *
 * Return: 0 or a negative errno.
 */
int object_set_nid(struct object *o, int nid, struct failure *f)
{
	const int32_t value = nid;
	void *p = object_member(o, "nid", sizeof(value));

	if (!p)
		return fail(f, -EINVAL, NULL, "struct node_device_ops has no nid");
	memcpy(p, &value, sizeof(value));
	return 0;
}

/**
 * object_set_tunables - make settings before the policy is loaded
 * @o: the object
 * @set: the settings
 * @f: why not; then none was made
 *
 * Return: 0 or a negative errno.
 */
int object_set_tunables(struct object *o, const struct settings *set,
			struct failure *f)
{
	struct tunable_change changes[SETTINGS_MAX];
	unsigned int i;
	int err;

	err = tunables_vet(&o->meta, set, changes, f);
	if (err)
		return err;
	for (i = 0; i < set->nr; i++)
		object_store_tunable(o, changes[i].tun, changes[i].value);
	return 0;
}

/**
 * object_store_tunable - say with which value a tunable will start
 * @o: the object, before it is loaded
 * @tun: one of its tunables
 * @value: vetted value
 */
void object_store_tunable(struct object *o, const struct tunable *tun,
			  uint64_t value)
{
	size_t size;

	tunable_store(tun, bpf_map__initial_value(o->values_map, &size), value);
}

/**
 * object_tunable - value that a tunable will start with
 * @o: the object
 * @tun: one of its tunables
 */
uint64_t object_tunable(const struct object *o, const struct tunable *tun)
{
	size_t size;

	return tunable_load(tun, bpf_map__initial_value(o->values_map, &size));
}
