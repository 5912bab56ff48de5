// SPDX-License-Identifier: GPL-2.0
/*
 * Finds everything about a running policy from the kernel alone: sysfs names
 * the struct_ops map, its value names the programs, these name their maps.
 * So it does not matter who attached it, or whether its file still exists.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <json-c/json.h>

#include "live.h"
#include "object.h"
#include "pin.h"
#include "text.h"
#include "tunable.h"

/* How often to look again when policies are replaced at the same time. */
#define LOOKS_MAX	3

/**
 * vmlinux_btf - types of the running kernel, loaded once
 * @f: why not
 */
struct btf *vmlinux_btf(struct failure *f)
{
	static struct btf *btf;
	int err;

	if (btf)
		return btf;
	btf = btf__load_vmlinux_btf();
	if (!btf) {
		err = errno;
		fail(f, -err, "The kernel needs CONFIG_DEBUG_INFO_BTF; \"nodectl check\" tells more.",
		     "cannot read the kernel's types from /sys/kernel/btf/vmlinux: %s",
		     strerror(err));
	}
	return btf;
}

/**
 * link_map_id - which struct_ops does a link attach?
 * @link_fd: the link
 * @link_id: its id, may be NULL
 *
 * Return: the map's id, or 0: no struct_ops link, or it is detached.
 */
uint32_t link_map_id(int link_fd, uint32_t *link_id)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	if (bpf_link_get_info_by_fd(link_fd, &info, &len))
		return 0;
	if (link_id)
		*link_id = info.id;
	return info.type == BPF_LINK_TYPE_STRUCT_OPS ? info.struct_ops.map_id : 0;
}

static void read_identity(const struct node *node, struct live *live)
{
	if (node_attr(node, "policy_name", live->name, sizeof(live->name)))
		live->name[0] = '\0';
	if (node_attr_u64(node, "policy_version", &live->version))
		live->version = 0;
	if (node_attr_u64(node, "policy_attached_ns", &live->attached_ns))
		live->attached_ns = 0;
}

/**
 * live_identify - which policy does a node have?
 * @node: the node
 * @live: the result, to be closed with live_close(); needs no privilege
 *
 * It is in several files.  A swap in between would mix two policies, so it is
 * read again then.
 *
 * Return: 0 (also when there is none) or a negative errno.
 */
int live_identify(const struct node *node, struct live *live)
{
	uint64_t id, after = 0;
	int i, err;

	memset(live, 0, sizeof(*live));
	live->map_fd = -1;
	live->link_fd = -1;
	live->values_fd = -1;
	live->counters_fd = -1;
	err = node_attr_u64(node, "policy_id", &id);
	for (i = 0; !err && id && i < LOOKS_MAX; i++) {
		read_identity(node, live);
		err = node_attr_u64(node, "policy_id", &after);
		if (after == id)
			break;
		id = after;
	}
	if (err)
		return err;
	live->map_id = id;
	if (!id)
		live->name[0] = '\0';
	return 0;
}

/**
 * live_expect - is the policy still the one that the user means?
 * @live: the policy of the node
 * @expect: its name or its id, NULL for any
 * @f: why not
 *
 * Return: 0 or -EPERM.
 */
int live_expect(const struct live *live, const char *expect, struct failure *f)
{
	char id[16];

	if (!expect || !strcmp(expect, live->name))
		return 0;
	snprintf(id, sizeof(id), "%u", live->map_id);
	if (!strcmp(expect, id))
		return 0;
	return fail(f, -EPERM, "Look at it with \"nodectl status\" and decide again.",
		    "the node has policy \"%s\" (id %u), not the expected %s",
		    live->name, live->map_id, expect);
}

/* Walks all links of the system for the one that attaches a struct_ops. */
static int find_link_by_map(uint32_t map_id, uint32_t *link_id)
{
	__u32 id = 0;
	int fd;

	while (!bpf_link_get_next_id(id, &id)) {
		fd = bpf_link_get_fd_by_id(id);
		if (fd < 0)
			continue;
		if (link_map_id(fd, link_id) == map_id)
			return fd;
		close(fd);
	}
	*link_id = 0;
	return errno == EPERM ? -EPERM : -ENOENT;
}

/**
 * link_is_dead - is this a link that attached a policy once, and does no more?
 * @link_fd: the link
 * @link_id: its id
 *
 * The kernel takes the map from a link that is detached, and whose node left.
 */
bool link_is_dead(int link_fd, uint32_t *link_id)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	if (bpf_link_get_info_by_fd(link_fd, &info, &len))
		return false;
	*link_id = info.id;
	return info.type == BPF_LINK_TYPE_STRUCT_OPS && !info.struct_ops.map_id;
}

/*
 * Return: 0 when the pinned link attaches the policy, -ESTALE when it attaches
 * another one, -ENOENT when it attaches none or there is none.
 */
static int find_pinned_link(const struct node *node, struct live *live)
{
	uint32_t id = 0, map_id;
	int fd, err;

	err = pin_open(node->nid, &fd);
	if (err) {
		live->pin_err = err == -ENOENT ? 0 : err;
		return err;
	}
	map_id = link_map_id(fd, &id);
	if (map_id && map_id == live->map_id) {
		live->link_fd = fd;
		live->link_id = id;
		live->pinned = true;
		return 0;
	}
	if (link_is_dead(fd, &id))
		live->stale_id = id;
	close(fd);
	return map_id ? -ESTALE : -ENOENT;
}

static int find_link(const struct node *node, struct live *live)
{
	int fd, err;

	err = find_pinned_link(node, live);
	if (!err || !live->map_id)
		return err;
	fd = find_link_by_map(live->map_id, &live->link_id);
	if (fd < 0)
		return fd == -EPERM || err == -EACCES ? -EPERM : err;
	live->link_fd = fd;
	return 0;
}

/**
 * live_find_link - find the link that attaches a node's policy
 * @node: the node
 * @live: after live_identify(), before anything of it was opened; it is
 *	  identified again when the policy was replaced meanwhile
 * @f: why not
 *
 * Prefers the pinned one.  Also notes a pin that attaches no policy.
 *
 * Return: 0, -ENOENT when there is none, or another negative errno.
 */
int live_find_link(const struct node *node, struct live *live, struct failure *f)
{
	uint32_t map_id;
	int i, err;

	for (i = 0; i < LOOKS_MAX; i++) {
		err = find_link(node, live);
		if (!err)
			return 0;
		if (err == -EPERM && live->map_id)
			return fail(f, err, "Run it as root.",
				    "no permission to look at BPF links");
		if (!live->map_id && err != -ESTALE)
			break;
		map_id = live->map_id;
		live_close(live);
		err = live_identify(node, live);
		if (err)
			return fail(f, err, NULL,
				    "cannot read which policy it has: %s",
				    strerror(-err));
		if (live->map_id == map_id)
			break;
	}
	if (!live->map_id)
		return fail(f, -ENOENT, "Attach one with \"nodectl load\".",
			    "the node has no policy");
	return fail(f, -ENOENT, "Try again: it may just be replaced.",
		    "no link attaches policy \"%s\" (id %u)", live->name,
		    live->map_id);
}

static void add_maps(struct live *live, const __u32 *ids, unsigned int nr)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < live->nr_maps; j++)
			if (live->map_ids[j] == ids[i])
				break;
		if (j == live->nr_maps)
			live->map_ids[live->nr_maps++] = ids[i];
	}
}

static int read_member(struct live *live, const char *name, uint32_t prog_id)
{
	struct bpf_prog_info info = {};
	struct live_member *m;
	__u32 ids[PROG_MAPS_MAX], len = sizeof(info);
	int fd, err;

	if (live->nr_members == LIVE_MEMBERS_MAX)
		return -E2BIG;
	fd = bpf_prog_get_fd_by_id(prog_id);
	if (fd < 0)
		return -errno;
	info.nr_map_ids = PROG_MAPS_MAX;
	info.map_ids = (uintptr_t)ids;
	err = bpf_prog_get_info_by_fd(fd, &info, &len) ? -errno : 0;
	close(fd);
	if (err)
		return err;
	m = &live->members[live->nr_members++];
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->prog_id = prog_id;
	m->run_cnt = info.run_cnt;
	m->run_time_ns = info.run_time_ns;
	add_maps(live, ids, info.nr_map_ids < PROG_MAPS_MAX ?
				    info.nr_map_ids : PROG_MAPS_MAX);
	return 0;
}

/* The kernel shows ops with program ids in place of the function pointers. */
static int read_members(struct live *live, const struct btf *btf,
			const struct btf_type *ops, const char *bytes,
			struct failure *f)
{
	const struct btf_member *m = btf_members(ops);
	unsigned long prog_id;
	unsigned int i;
	int err;

	for (i = 0; i < btf_vlen(ops); i++, m++) {
		if (!btf_member_is_func(btf, m))
			continue;
		memcpy(&prog_id, bytes + m->offset / 8, sizeof(prog_id));
		if (!prog_id)
			continue;
		err = read_member(live, btf__name_by_offset(btf, m->name_off),
				  prog_id);
		if (err)
			return fail(f, err, NULL,
				    "cannot read about program %lu: %s",
				    prog_id, strerror(-err));
	}
	return 0;
}

static int read_ops(struct live *live, const struct btf *btf, struct failure *f)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), zero = 0;
	const struct btf_type *vt, *ops;
	size_t offset;
	char *value;
	int err;

	if (bpf_map_get_info_by_fd(live->map_fd, &info, &len)) {
		err = -errno;
		return fail(f, err, NULL, "cannot read about map %u: %s",
			    live->map_id, strerror(-err));
	}
	vt = btf__type_by_id(btf, info.btf_vmlinux_value_type_id);
	ops = info.type == BPF_MAP_TYPE_STRUCT_OPS ?
		      btf_value_ops(btf, vt, &offset) : NULL;
	if (!ops || offset + ops->size > info.value_size)
		return fail(f, -EINVAL, NULL, "map %u is not a struct_ops",
			    live->map_id);
	value = calloc(1, info.value_size);
	if (!value)
		return fail(f, -ENOMEM, NULL, "no memory");
	if (bpf_map_lookup_elem(live->map_fd, &zero, value)) {
		err = -errno;
		fail(f, err, NULL, "cannot read struct_ops map %u: %s",
		     live->map_id, strerror(-err));
	} else {
		err = read_members(live, btf, ops, value + offset, f);
	}
	free(value);
	return err;
}

/**
 * live_maps - find the maps that a policy's programs use
 * @live: the policy, its map_fd open
 * @f: why not
 *
 * Return: 0 or a negative errno.
 */
int live_maps(struct live *live, struct failure *f)
{
	struct btf *btf = vmlinux_btf(f);

	return btf ? read_ops(live, btf, f) : -EOPNOTSUPP;
}

/**
 * struct live_section - a data section of the object that became a map
 * @fd: the map, or -1
 * @size: of its value
 * @bytes: copy of its value
 */
struct live_section {
	int fd;
	uint32_t size;
	void *bytes;
};

static void section_close(struct live_section *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->bytes);
	s->fd = -1;
	s->bytes = NULL;
}

static int section_read(int fd, uint32_t size, struct live_section *s)
{
	__u32 zero = 0;
	int err;

	s->bytes = calloc(1, size);
	if (!s->bytes)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, s->bytes)) {
		err = -errno;
		free(s->bytes);
		s->bytes = NULL;
		return err;
	}
	s->fd = fd;
	s->size = size;
	return 0;
}

/* Names of maps are cut at 15 characters; their BTF has the whole name. */
static const char *map_datasec(const struct btf *btf,
			       const struct bpf_map_info *info)
{
	const struct btf_type *t = btf__type_by_id(btf, info->btf_value_type_id);

	return t && btf_is_datasec(t) ? btf__name_by_offset(btf, t->name_off) : "";
}

static bool is_counters(const struct btf *btf, const struct bpf_map_info *info)
{
	const struct btf_type *t;

	if (info->type != BPF_MAP_TYPE_PERCPU_ARRAY || info->max_entries != 1 ||
	    strcmp(info->name, "counters"))
		return false;
	t = btf__type_by_id(btf, info->btf_value_type_id);
	return t && btf_is_struct(t) && t->size == info->value_size;
}

/**
 * struct found_maps - maps that tell what a policy says about itself
 * @records: metadata
 * @values: tunables
 * @btf: of @records, or NULL
 */
struct found_maps {
	struct live_section records;
	struct live_section values;
	struct btf *btf;
};

/* Keeps @fd and its types if it is a map that tells something, or closes it. */
static void sort_map(struct live *live, int fd, struct found_maps *found)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	const char *section;
	struct btf *btf;

	if (bpf_map_get_info_by_fd(fd, &info, &len) ||
	    digest_read(fd, &info, &live->digest) || !info.btf_id)
		goto close;
	btf = btf__load_from_kernel_by_id(info.btf_id);
	if (!btf)
		goto close;
	section = map_datasec(btf, &info);
	if (found->records.fd < 0 && !strcmp(section, NODE_EXT_META_SECTION) &&
	    !section_read(fd, info.value_size, &found->records)) {
		found->btf = btf;
		return;
	}
	if (found->values.fd < 0 &&
	    !strcmp(section, NODE_EXT_TUNABLES_SECTION) &&
	    !section_read(fd, info.value_size, &found->values)) {
		btf__free(btf);
		return;
	}
	if (live->counters_fd < 0 && is_counters(btf, &info)) {
		live->counters_fd = fd;
		live->counters_btf = btf;
		live->counters_type = info.btf_value_type_id;
		return;
	}
	btf__free(btf);
close:
	close(fd);
}

/**
 * live_read - read all about a policy that live_identify() found
 * @live: the policy
 * @f: why not; what was found until then can be used
 *
 * Return: 0 or a negative errno.
 */
int live_read(struct live *live, struct failure *f)
{
	struct found_maps found = { .records.fd = -1, .values.fd = -1 };
	struct btf *kernel;
	unsigned int i;
	int fd, err;

	live->map_fd = bpf_map_get_fd_by_id(live->map_id);
	if (live->map_fd < 0) {
		err = -errno;
		return fail(f, err, err == -EPERM ? "Run it as root." : NULL,
			    "cannot open the policy's map %u: %s", live->map_id,
			    err == -EPERM ? "no permission" : strerror(-err));
	}
	kernel = vmlinux_btf(f);
	if (!kernel)
		return -EOPNOTSUPP;
	err = read_ops(live, kernel, f);
	if (err)
		return err;
	for (i = 0; i < live->nr_maps; i++) {
		fd = bpf_map_get_fd_by_id(live->map_ids[i]);
		if (fd >= 0)
			sort_map(live, fd, &found);
	}
	if (found.btf)
		err = meta_parse(found.btf, found.records.bytes,
				 found.records.size, found.values.size,
				 &live->meta, f);
	if (found.values.fd >= 0) {
		live->values_fd = found.values.fd;
		live->values = found.values.bytes;
	}
	btf__free(found.btf);
	section_close(&found.records);
	return err;
}

/**
 * live_close - forget a policy
 * @live: the policy; nothing changes in the kernel
 */
void live_close(struct live *live)
{
	int fds[] = { live->map_fd, live->link_fd, live->values_fd,
		      live->counters_fd };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	meta_free(&live->meta);
	free(live->values);
	btf__free(live->counters_btf);
	memset(live, 0, sizeof(*live));
	live->map_fd = live->link_fd = live->values_fd = live->counters_fd = -1;
}

/**
 * live_store - change tunables of a running policy, all or none
 * @live: after live_read()
 * @changes: vetted
 * @nr: how many
 * @f: why not
 *
 * The map is mapped and the values stored in place.  Writing the map's element
 * would write all tunables at once and could undo what somebody else changed
 * since it was read.
 *
 * Return: 0 or a negative errno.
 */
int live_store(struct live *live, const struct tunable_change *changes,
	       unsigned int nr, struct failure *f)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t size = (live->meta.values_size + page - 1) / page * page;
	unsigned int i;
	void *values;
	int err;

	values = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      live->values_fd, 0);
	if (values == MAP_FAILED) {
		err = -errno;
		return fail(f, err,
			    "Tunables must be global variables, not static ones; NODE_TUNABLE() makes them so.",
			    "cannot map the tunables of policy \"%s\": %s",
			    live->name, strerror(-err));
	}
	for (i = 0; i < nr; i++)
		tunable_store(changes[i].tun, values, changes[i].value);
	munmap(values, size);
	return 0;
}

/* The sum of a number of which each CPU has one, @stride bytes apart. */
static struct json_object *sum_of_cpus(const char *first, size_t stride,
				       int nr_cpus)
{
	uint64_t sum = 0, one;

	for (; nr_cpus; nr_cpus--, first += stride) {
		memcpy(&one, first, sizeof(one));
		sum += one;
	}
	return json_object_new_uint64(sum);
}

/**
 * live_counters - counters of a running policy, summed over the CPUs
 * @live: after live_read()
 *
 * Return: JSON object, NULL when the policy has none.
 */
struct json_object *live_counters(const struct live *live)
{
	int nr_cpus = libbpf_num_possible_cpus();
	const struct btf_member *m;
	const struct btf_type *t;
	unsigned int i, stride;
	struct json_object *o;
	__u32 zero = 0;
	char *values;

	if (live->counters_fd < 0 || nr_cpus <= 0)
		return NULL;
	t = btf__type_by_id(live->counters_btf, live->counters_type);
	stride = (t->size + 7) / 8 * 8;
	values = calloc(nr_cpus, stride);
	if (!values)
		return NULL;
	if (bpf_map_lookup_elem(live->counters_fd, &zero, values)) {
		free(values);
		return NULL;
	}
	o = json_object_new_object();
	for (i = 0; i < btf_vlen(t); i++) {
		m = btf_members(t) + i;
		if (btf__resolve_size(live->counters_btf, m->type) != 8 ||
		    m->offset / 8 + 8 > t->size)
			continue;
		json_object_object_add(o,
			btf__name_by_offset(live->counters_btf, m->name_off),
			sum_of_cpus(values + m->offset / 8, stride, nr_cpus));
	}
	free(values);
	return o;
}

/* Does this file below /proc/PID/fdinfo tell of the link? */
static bool is_link(const char *path, uint32_t link_id)
{
	const char *line;
	char text[1024];
	unsigned int id;
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	line = strstr(text, "link_id:");
	return line && sscanf(line, "link_id: %u", &id) == 1 && id == link_id;
}

static bool holds_link(const char *pid, uint32_t link_id)
{
	char dir[300], path[600];
	bool found = false;
	struct dirent *de;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%s/fdinfo", pid);
	d = opendir(dir);
	if (!d)
		return false;
	while (!found && (de = readdir(d))) {
		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		found = is_link(path, link_id);
	}
	closedir(d);
	return found;
}

/**
 * process_describe - a process for people
 * @pid: its number
 * @buf: "pid 12 (name)"
 * @size: of @buf
 */
void process_describe(int pid, char *buf, size_t size)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (fgets(comm, sizeof(comm), f))
			comm[strcspn(comm, "\n")] = '\0';
		text_clean(comm);
		fclose(f);
	}
	snprintf(buf, size, "pid %d (%s)", pid, comm);
}

/**
 * link_holders - processes that hold a link open
 * @link_id: the link
 * @buf: "pid 12 (name), pid 34 (name)", empty when none was found
 * @size: of @buf
 */
void link_holders(uint32_t link_id, char *buf, size_t size)
{
	char process[64];
	struct dirent *de;
	size_t len = 0;
	DIR *d;

	buf[0] = '\0';
	d = opendir("/proc");
	if (!d)
		return;
	while ((de = readdir(d)) && len + 48 < size) {
		if (de->d_name[0] < '1' || de->d_name[0] > '9' ||
		    atoi(de->d_name) == getpid() ||
		    !holds_link(de->d_name, link_id))
			continue;
		process_describe(atoi(de->d_name), process, sizeof(process));
		len += snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
				process);
	}
	closedir(d);
}
