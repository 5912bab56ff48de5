// SPDX-License-Identifier: GPL-2.0
/*
 * Open, tune, attach and question a test policy. Where a tunable or counter
 * is comes from the object's BTF.
 *
 * Environment: VMTEST_POLICIES, the directories of the objects, as in PATH.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pages.h"
#include "policy.h"

#define TUNABLES	".data.tunables"

/*
 * What struct bpf_link_info is for a struct_ops link; the system's
 * linux/bpf.h may be older than such links.
 */
#define LINK_TYPE_STRUCT_OPS	9
struct struct_ops_link_info {
	uint32_t type;
	uint32_t id;
	uint32_t prog_id;
	uint32_t map_id __attribute__((aligned(8)));
	uint32_t rest[60];
};

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (getenv("VMTEST_VERBOSE"))
		return vfprintf(stderr, fmt, ap);
	(void)level;
	return 0;
}

/**
 * policy_open - open object @name for node @nid, load nothing
 */
void policy_open(struct policy *p, const char *name, int nid)
{
	const char *dir = getenv("VMTEST_POLICIES");
	char path[512] = "";
	struct bpf_map *map;

	memset(p, 0, sizeof(*p));
	libbpf_set_print(quiet);
	while (dir && *dir) {
		size_t len = strcspn(dir, ":");

		snprintf(path, sizeof(path), "%.*s/%s.bpf.o", (int)len, dir,
			 name);
		if (!access(path, R_OK))
			break;
		dir += len + (dir[len] == ':');
	}
	p->obj = bpf_object__open_file(path, NULL);
	CHECK_SYS(p->obj, "open %s", path);
	bpf_object__for_each_map(map, p->obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			p->ops = map;
	if (p->ops)
		memcpy(policy_member(p, "nid"), &nid, sizeof(nid));
}

/**
 * policy_open_one - open object @name, which has several policies, for @ops only
 */
void policy_open_one(struct policy *p, const char *name, const char *ops,
		     int nid)
{
	struct bpf_map *map, *wanted;

	policy_open(p, name, nid);
	wanted = bpf_object__find_map_by_name(p->obj, ops);
	CHECK(wanted, "there is no %s in %s.bpf.o", ops, name);
	bpf_object__for_each_map(map, p->obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			CHECK(bpf_map__set_autocreate(map, map == wanted) == 0,
			      "%s", bpf_map__name(map));
	p->ops = wanted;
	memcpy(policy_member(p, "nid"), &nid, sizeof(nid));
}

/**
 * policy_load - have the kernel verify it
 *
 * Return: 0 or -errno
 */
int policy_load(struct policy *p)
{
	return bpf_object__load(p->obj);
}

/**
 * policy_attach - let it govern its node
 *
 * Return: 0 or -errno, from registering the map or from creating the link
 */
int policy_attach(struct policy *p)
{
	p->link = bpf_map__attach_struct_ops(p->ops);
	return p->link ? 0 : -errno;
}

void policy_close(struct policy *p)
{
	if (p->link)
		bpf_link__destroy(p->link);
	bpf_object__close(p->obj);
	memset(p, 0, sizeof(*p));
}

/**
 * policy_start - open, load and attach to the device node, or fail
 */
void policy_start(struct policy *p, const char *name)
{
	int ret;

	policy_open(p, name, device_nid());
	ret = policy_load(p);
	CHECK(ret == 0, "load %s: %s", name, strerror(-ret));
	ret = policy_attach(p);
	CHECK(ret == 0, "attach %s: %s", name, strerror(-ret));
}

/**
 * policy_id - id of the struct_ops map, as sysfs shows it
 */
unsigned int policy_id(const struct policy *p)
{
	struct bpf_map_info info = { };
	unsigned int len = sizeof(info);

	CHECK_SYS(bpf_map_get_info_by_fd(bpf_map__fd(p->ops), &info, &len) ==
		  0, "info of the map");
	return info.id;
}

/**
 * policy_link_map - id of the map behind the link, 0 if it was detached
 */
unsigned int policy_link_map(const struct policy *p)
{
	struct struct_ops_link_info info = { };
	unsigned int len = sizeof(info);

	CHECK_SYS(bpf_link_get_info_by_fd(bpf_link__fd(p->link),
					  (struct bpf_link_info *)&info,
					  &len) == 0, "info of the link");
	CHECK(info.type == LINK_TYPE_STRUCT_OPS, "link of type %u",
	      info.type);
	return info.map_id;
}

static struct bpf_map *find_map(const struct policy *p, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(p->obj, name);

	CHECK(map, "the object has no map '%s'", name);
	return map;
}

int policy_map_fd(const struct policy *p, const char *name)
{
	return bpf_map__fd(find_map(p, name));
}

/* Offset of a member; *@size is set to its length. */
static size_t member_offset(const struct btf *btf, const struct btf_type *t,
			    const char *name, size_t *size)
{
	const struct btf_member *m = btf_members(t);
	unsigned int i;

	for (i = 0; i < btf_vlen(t); i++) {
		if (strcmp(btf__name_by_offset(btf, m[i].name_off), name))
			continue;
		*size = btf__resolve_size(btf, m[i].type);
		return btf_member_bit_offset(t, i) / 8;
	}
	vmtest_fail("no member '%s'", name);
}

/**
 * policy_member - where a member of the ops is, before the object is loaded
 */
void *policy_member(struct policy *p, const char *name)
{
	const struct btf *btf = bpf_object__btf(p->obj);
	size_t len, size;
	char *ops;
	int id;

	id = btf__find_by_name_kind(btf, "node_device_ops", BTF_KIND_STRUCT);
	CHECK(id > 0, "the object knows no node_device_ops");
	ops = bpf_map__initial_value(p->ops, &len);
	CHECK(ops, "the struct_ops map has no value");
	return ops + member_offset(btf, btf__type_by_id(btf, id), name,
				   &size);
}

static const struct btf_var_secinfo *find_tunable(const struct btf *btf,
						  const char *name)
{
	const struct btf_var_secinfo *v;
	const struct btf_type *sec, *t;
	unsigned int i;
	int id;

	id = btf__find_by_name_kind(btf, TUNABLES, BTF_KIND_DATASEC);
	CHECK(id > 0, "the object has no tunables");
	sec = btf__type_by_id(btf, id);
	v = btf_var_secinfos(sec);
	for (i = 0; i < btf_vlen(sec); i++, v++) {
		t = btf__type_by_id(btf, v->type);
		if (!strcmp(btf__name_by_offset(btf, t->name_off), name))
			return v;
	}
	vmtest_fail("no tunable '%s'", name);
}

/**
 * policy_tune - store a tunable, before or after loading
 */
void policy_tune(struct policy *p, const char *name, long value)
{
	const struct btf_var_secinfo *v;
	size_t len;
	char *data;

	v = find_tunable(bpf_object__btf(p->obj), name);
	data = bpf_map__initial_value(find_map(p, TUNABLES), &len);
	CHECK(data, "the tunables cannot be written");
	/* little endian: the low bytes come first */
	memcpy(data + v->offset, &value, v->size);
}

/* The map's only value, of each CPU, @stride bytes apart; to be freed. */
static char *read_percpu(const struct bpf_map *map, int cpus, size_t stride)
{
	char *values = calloc(cpus, stride);
	uint32_t key = 0;

	CHECK(values, "no memory");
	CHECK_SYS(bpf_map__lookup_elem(map, &key, sizeof(key), values,
				       cpus * stride, 0) == 0, "counters");
	return values;
}

/**
 * policy_count - a counter of the policy's own, summed over all CPUs
 */
long policy_count(const struct policy *p, const char *name)
{
	const struct btf *btf = bpf_object__btf(p->obj);
	struct bpf_map *map = find_map(p, "counters");
	size_t stride = (bpf_map__value_size(map) + 7) / 8 * 8, off, size;
	int cpus = libbpf_num_possible_cpus();
	uint64_t sum = 0;
	char *values;

	off = member_offset(btf, btf__type_by_id(btf,
						 bpf_map__btf_value_type_id(map)),
			    name, &size);
	values = read_percpu(map, cpus, stride);
	while (cpus--)
		sum += *(uint64_t *)(values + cpus * stride + off);
	free(values);
	return sum;
}

/**
 * exit_record - what exit() was told
 * @fd: map "exits" of a policy that includes record.h
 */
struct exit_record exit_record(int fd)
{
	struct exit_record rec = { };
	uint32_t key = 0;

	CHECK_SYS(bpf_map_lookup_elem(fd, &key, &rec) == 0, "exit record");
	return rec;
}

/**
 * policy_expect_successor - the next policy can come at once, and does its work
 *
 * It is asked about cold memory, finds the contexts in order, and the data is
 * what it was.
 */
void policy_expect_successor(void)
{
	const size_t pages = 64;
	long calls = nd_counter("calls_admit_batch");
	struct policy p;
	struct area a;

	policy_start(&p, "verdicts");
	area_demoted(&a, pages, FILL_TEXT);
	CHECK(nd_counter("calls_admit_batch") > calls,
	      "the next policy is not asked");
	CHECK(policy_count(&p, "bad_ctx") == 0, "bad_ctx is %ld",
	      policy_count(&p, "bad_ctx"));
	policy_close(&p);
	area_verify(&a);
	area_unmap(&a);
}
