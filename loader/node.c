// SPDX-License-Identifier: GPL-2.0
/*
 * Device nodes: which there are, and their attributes in
 * /sys/devices/system/node/nodeN/device.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node.h"

/* The unit tests point these to files of their own. */
const char *sys_node_dir = "/sys/devices/system/node";
const char *sys_demotion = "/sys/kernel/mm/numa/demotion_enabled";

/**
 * node_parse - read the name of a node
 * @text: "1" or "node1"
 * @nid: its number
 *
 * Return: 0 or -EINVAL.
 */
int node_parse(const char *text, int *nid)
{
	const char *p = text;
	long value = 0;

	if (!strncmp(p, "node", 4))
		p += 4;
	if (!*p || strlen(p) > 4)
		return -EINVAL;
	for (; *p; p++) {
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
		value = value * 10 + *p - '0';
	}
	if (value >= NODE_MAX)
		return -EINVAL;
	*nid = value;
	return 0;
}

/**
 * nodelist_parse - read a list as sysfs prints it
 * @text: "0-1,3"
 * @set: which numbers are in it; the others are cleared
 * @max: size of @set; larger numbers are an error
 *
 * Return: how many numbers, or -EINVAL.
 */
int nodelist_parse(const char *text, bool *set, int max)
{
	unsigned long first, last, i;
	const char *p = text;
	char *end;
	int nr = 0;

	memset(set, 0, max * sizeof(*set));
	while (isspace((unsigned char)*p))
		p++;
	while (*p) {
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
		first = last = strtoul(p, &end, 10);
		if (*end == '-') {
			p = end + 1;
			if (!isdigit((unsigned char)*p))
				return -EINVAL;
			last = strtoul(p, &end, 10);
		}
		if (last < first || last >= (unsigned long)max)
			return -EINVAL;
		for (i = first; i <= last; i++) {
			nr += !set[i];
			set[i] = true;
		}
		p = end;
		if (*p == ',' && isdigit((unsigned char)p[1]))
			p++;
		else if (isspace((unsigned char)*p) && !p[strspn(p, " \t\n")])
			break;
		else if (*p)
			return -EINVAL;
	}
	return nr;
}

static int read_trimmed(int dirfd, const char *path, char *buf, size_t size)
{
	ssize_t len;
	int fd, err;

	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	err = -errno;
	close(fd);
	if (len < 0)
		return err;
	while (len && isspace((unsigned char)buf[len - 1]))
		len--;
	buf[len] = '\0';
	return 0;
}

static bool read_list(const char *name, bool *set)
{
	char path[PATH_MAX], text[4096];

	snprintf(path, sizeof(path), "%s/%s", sys_node_dir, name);
	if (read_trimmed(AT_FDCWD, path, text, sizeof(text)))
		return false;
	return nodelist_parse(text, set, NODE_MAX) >= 0;
}

static bool has_device_memory(bool *set)
{
	return read_list("has_device_memory", set);
}

/**
 * node_kernel_supported - does this kernel know device nodes?
 */
bool node_kernel_supported(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/has_device_memory", sys_node_dir);
	return !access(path, F_OK);
}

/**
 * node_has_memory - is device memory of this node online?
 * @nid: the node
 */
bool node_has_memory(int nid)
{
	bool set[NODE_MAX];

	return nid >= 0 && nid < NODE_MAX && has_device_memory(set) && set[nid];
}

/**
 * node_is_ordinary - has this node memory that is of no device?
 * @nid: the node
 */
bool node_is_ordinary(int nid)
{
	bool set[NODE_MAX];

	return nid >= 0 && nid < NODE_MAX && read_list("has_memory", set) &&
	       set[nid] && !node_has_memory(nid);
}

/**
 * node_demotion - does reclaim demote at all?
 *
 * Return: 1 or 0, or a negative errno if the kernel does not say.
 */
int node_demotion(void)
{
	char text[16];
	int err;

	err = read_trimmed(AT_FDCWD, sys_demotion, text, sizeof(text));
	if (err)
		return err;
	return !strcmp(text, "true") || !strcmp(text, "1");
}

/**
 * node_demotion_json - node_demotion() as a value, null if the kernel does not
 * say
 */
struct json_object *node_demotion_json(void)
{
	int on = node_demotion();

	return on < 0 ? NULL : json_object_new_boolean(on);
}

/**
 * node_tell_demotion - say so if nothing can enter a device node
 */
void node_tell_demotion(void)
{
	if (!node_demotion())
		p_info("demotion is off, so nothing enters a device node. Turn it on: "
		       DEMOTION_ON);
}

static bool node_has_device(int nid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/node%d/device/driver", sys_node_dir, nid);
	return !access(path, F_OK);
}

/**
 * node_list - which nodes are device nodes
 * @nids: their numbers, ascending
 * @max: size of @nids
 * @f: why not
 *
 * A node counts when a driver has registered it or when it holds device
 * memory; the two differ only while a driver comes or goes.
 *
 * Return: how many, or a negative errno.
 */
int node_list(int *nids, int max, struct failure *f)
{
	bool memory[NODE_MAX];
	int nid, nr = 0;

	if (access(sys_node_dir, F_OK))
		return fail(f, -ENOENT,
			    "The kernel needs CONFIG_NUMA, and sysfs must be mounted.",
			    "%s does not exist", sys_node_dir);
	if (!node_kernel_supported())
		return fail(f, -EOPNOTSUPP,
			    "Boot the kernel of this project; \"nodectl check\" lists what is missing.",
			    "this kernel knows no device nodes (no %s/has_device_memory)",
			    sys_node_dir);
	if (!has_device_memory(memory))
		return fail(f, -EIO, NULL, "cannot read %s/has_device_memory",
			    sys_node_dir);
	for (nid = 0; nid < NODE_MAX && nr < max; nid++)
		if (memory[nid] || node_has_device(nid))
			nids[nr++] = nid;
	return nr;
}

static int not_a_device_node(int nid, struct failure *f)
{
	char list[256] = "", next[400], path[PATH_MAX];
	int nids[NODE_MAX], nr, i;
	size_t len = 0;
	struct failure ignored = {};

	nr = node_list(nids, NODE_MAX, &ignored);
	for (i = 0; i < nr && len < sizeof(list) - 16; i++)
		len += snprintf(list + len, sizeof(list) - len, "%snode%d",
				i ? ", " : "", nids[i]);
	if (nr > 0)
		snprintf(next, sizeof(next), "Device nodes here: %s.", list);
	else
		snprintf(next, sizeof(next),
			 "There is no device node here; load the driver of the device first.");
	snprintf(path, sizeof(path), "%s/node%d", sys_node_dir, nid);
	if (access(path, F_OK))
		return fail(f, -ENOENT, next, "the node does not exist");
	return fail(f, -ENODEV, next,
		    "it is not a device node (no driver has registered it)");
}

/**
 * node_open - open a device node
 * @nid: its number
 * @node: to be closed with node_close()
 * @f: why not: no such node, not a device node, kernel without device nodes
 *
 * Return: 0 or a negative errno.
 */
int node_open(int nid, struct node *node, struct failure *f)
{
	char path[PATH_MAX];
	int err;

	node->nid = nid;
	node->dirfd = -1;
	snprintf(node->name, sizeof(node->name), "node%d", nid);
	if (!node_kernel_supported()) {
		int none;

		return node_list(&none, 0, f);
	}
	snprintf(path, sizeof(path), "%s/%s/device", sys_node_dir, node->name);
	node->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (node->dirfd < 0) {
		err = -errno;
		if (err == -ENOENT || err == -ENOTDIR)
			return not_a_device_node(nid, f);
		return fail(f, err, NULL, "cannot open %s: %s", path,
			    strerror(-err));
	}
	if (faccessat(node->dirfd, "driver", F_OK, 0)) {
		node_close(node);
		return not_a_device_node(nid, f);
	}
	return 0;
}

/**
 * node_close - close a device node
 * @node: opened or zero-initialised with dirfd -1
 */
void node_close(struct node *node)
{
	if (node->dirfd >= 0)
		close(node->dirfd);
	node->dirfd = -1;
}

/**
 * node_attr - read one attribute
 * @node: the node
 * @attr: name of the file
 * @buf: its text, without the newline
 * @size: of @buf
 *
 * Return: 0 or a negative errno.
 */
int node_attr(const struct node *node, const char *attr, char *buf, size_t size)
{
	return read_trimmed(node->dirfd, attr, buf, size);
}

static int parse_u64(const char *text, char last, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || !isdigit((unsigned char)text[0]) || (*end && *end != last))
		return -EINVAL;
	return 0;
}

/**
 * node_attr_u64 - read one attribute that is a number
 * @node: the node
 * @attr: name of the file
 * @value: the number
 *
 * Return: 0 or a negative errno.
 */
int node_attr_u64(const struct node *node, const char *attr, uint64_t *value)
{
	char text[64];
	int err;

	err = node_attr(node, attr, text, sizeof(text));
	return err ?: parse_u64(text, '\0', value);
}

/**
 * node_stat - read all counters at once
 * @node: the node
 * @stat: they, for node_stat_u64()
 *
 * Return: 0 or a negative errno.
 */
int node_stat(const struct node *node, struct node_stat *stat)
{
	return node_attr(node, "stat", stat->text, sizeof(stat->text));
}

/**
 * node_stat_u64 - one of them
 * @stat: from node_stat()
 * @name: the counter
 * @value: its value
 *
 * Return: 0, -ENOENT when there is none of that name, -EINVAL when its value is
 * no number.
 */
int node_stat_u64(const struct node_stat *stat, const char *name,
		  uint64_t *value)
{
	const char *line = stat->text;
	size_t len = strlen(name);

	while (strncmp(line, name, len) || line[len] != ' ') {
		line = strchr(line, '\n');
		if (!line)
			return -ENOENT;
		line++;
	}
	return parse_u64(line + len + 1, '\n', value);
}

/**
 * node_stat_next - the counters one after the other, whatever they are called
 * @pos: where to go on; begins as the text of a struct node_stat
 * @name: of the counter
 * @size: of @name; a line with a longer name is left out
 * @value: its value
 *
 * A line that is no name and number is left out, too.
 *
 * Return: false at the end.
 */
bool node_stat_next(const char **pos, char *name, size_t size, uint64_t *value)
{
	const char *line, *next;
	size_t len;

	for (line = *pos; *line; line = next) {
		next = strchrnul(line, '\n');
		next += *next == '\n';
		len = strcspn(line, " \n");
		if (!len || len >= size || line[len] != ' ' ||
		    parse_u64(line + len + 1, '\n', value))
			continue;
		memcpy(name, line, len);
		name[len] = '\0';
		*pos = next;
		return true;
	}
	*pos = line;
	return false;
}

/**
 * node_arg - read the NODE argument of a verb
 * @arg: the argument
 * @nid: the node
 *
 * Return: 0, or -EINVAL after an error message.
 */
int node_arg(const char *arg, int *nid)
{
	struct failure f = {};

	if (!node_parse(arg, nid))
		return 0;
	fail(&f, -EINVAL, "Write 1 or node1.", "\"%s\" is not a node", arg);
	p_failure(NULL, NULL, &f);
	return -EINVAL;
}
