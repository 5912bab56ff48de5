// SPDX-License-Identifier: GPL-2.0
/*
 * The pin keeps the link, and so the policy, when nodectl is gone.  A swap
 * updates the link itself and never touches the pin: no two things have to
 * change together, so no crash can leave them apart.
 *
 * A map with timers or work needs a pin of its own: the kernel cancels them
 * when user space no longer refers to the map.  Such a pin is named after the
 * policy (its struct_ops) and the map.  So several nodectl never touch the same
 * one, and whoever comes after a crash sees whose it is: what belongs to a
 * policy that is gone from the kernel is left over.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "pin.h"

#define BPFFS_MAGIC	0xcafe4a11
#define PIN_ROOT	"node_ext"
#define MAP_PIN		"policy%u_map%u"

/* The unit tests point this to a directory of their own. */
const char *bpffs_dir = "/sys/fs/bpf";

/**
 * bpffs_mounted - is a BPF file system mounted where it belongs?
 */
bool bpffs_mounted(void)
{
	struct statfs st;

	return !statfs(bpffs_dir, &st) && (unsigned int)st.f_type == BPFFS_MAGIC;
}

/**
 * bpffs_require - fail when no BPF file system is mounted, or it is read-only
 * @f: says how to mount it
 *
 * It is not mounted silently: where and with which rights is the
 * administrator's business.
 *
 * Return: 0, -ENODEV or -EROFS.
 */
int bpffs_require(struct failure *f)
{
	struct statfs st;
	char next[256];

	if (!bpffs_mounted()) {
		snprintf(next, sizeof(next), "Mount it: mount -t bpf bpf %s",
			 bpffs_dir);
		return fail(f, -ENODEV, next,
			    "no BPF file system is mounted at %s", bpffs_dir);
	}
	if (!statfs(bpffs_dir, &st) && st.f_flags & ST_RDONLY)
		return fail(f, -EROFS, pin_advice(-EROFS),
			    "the BPF file system at %s is mounted read-only",
			    bpffs_dir);
	return 0;
}

/**
 * pin_advice - what to do when something in bpffs fails
 * @err: the error
 *
 * Return: the next step, NULL where none is known; valid until the next call.
 */
const char *pin_advice(int err)
{
	static char next[256];

	switch (err) {
	case -EACCES:
	case -EPERM:
		return "Run it as root.";
	case -EROFS:
		snprintf(next, sizeof(next),
			 "Make it writable: mount -o remount,rw %s", bpffs_dir);
		return next;
	case -ENOSPC:
	case -ENOMEM:
		return "The kernel has no memory for it: free some and try again.";
	default:
		return NULL;
	}
}

static void root_path(char *path, size_t size)
{
	snprintf(path, size, "%s/" PIN_ROOT, bpffs_dir);
}

static void node_path(int nid, char *path, size_t size)
{
	snprintf(path, size, "%s/" PIN_ROOT "/node%d", bpffs_dir, nid);
}

/**
 * pin_path - where a node's link is pinned
 * @nid: the node
 * @path: the path
 * @size: of @path
 */
void pin_path(int nid, char *path, size_t size)
{
	snprintf(path, size, "%s/" PIN_ROOT "/node%d/link", bpffs_dir, nid);
}

/**
 * pin_open - get the pinned link of a node
 * @nid: the node
 * @link_fd: the link
 *
 * Return: 0, -ENOENT when there is none, or another negative errno.
 */
int pin_open(int nid, int *link_fd)
{
	char path[PATH_MAX];
	int fd;

	pin_path(nid, path, sizeof(path));
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	*link_fd = fd;
	return 0;
}

static int make_dir(const char *path, bool *made, struct failure *f)
{
	int err;

	if (!mkdir(path, 0700)) {
		*made = true;
		return 0;
	}
	if (errno == EEXIST)
		return 0;
	err = -errno;
	return fail(f, err, pin_advice(err), "cannot make directory %s: %s", path,
		    strerror(-err));
}

/**
 * pin_dirs_make - make the directories of a node's pin
 * @nid: the node
 * @made: which of them were not there
 * @f: why not; then none was made
 *
 * Return: 0 or a negative errno.
 */
int pin_dirs_make(int nid, struct pin_dirs *made, struct failure *f)
{
	char path[PATH_MAX];
	int err;

	memset(made, 0, sizeof(*made));
	root_path(path, sizeof(path));
	err = make_dir(path, &made->root, f);
	if (err)
		return err;
	node_path(nid, path, sizeof(path));
	err = make_dir(path, &made->node, f);
	if (err)
		pin_dirs_undo(nid, made);
	return err;
}

/**
 * pin_dirs_undo - remove the directories that pin_dirs_make() made
 * @nid: the node
 * @made: which; one that somebody else uses by now stays
 */
void pin_dirs_undo(int nid, const struct pin_dirs *made)
{
	char path[PATH_MAX];

	if (made->node) {
		node_path(nid, path, sizeof(path));
		rmdir(path);
	}
	if (made->root) {
		root_path(path, sizeof(path));
		rmdir(path);
	}
}

/**
 * pin_create - pin a link
 * @nid: the node
 * @link_fd: its link
 * @f: why not
 *
 * A pin that is left from a policy that is gone is replaced.
 *
 * Return: 0 or a negative errno.
 */
int pin_create(int nid, int link_fd, struct failure *f)
{
	char path[PATH_MAX];
	struct pin_dirs made;
	int err;

	pin_path(nid, path, sizeof(path));
	err = bpf_obj_pin(link_fd, path) ? -errno : 0;
	/*
	 * The node has one policy, and this link has it.  What is pinned here
	 * is therefore a link without a policy.
	 */
	if (err == -EEXIST && !unlink(path))
		err = bpf_obj_pin(link_fd, path) ? -errno : 0;
	/* An unload on its way out may just have removed the directories. */
	if (err == -ENOENT && !pin_dirs_make(nid, &made, f)) {
		err = bpf_obj_pin(link_fd, path) ? -errno : 0;
		if (err)
			pin_dirs_undo(nid, &made);
	}
	if (err)
		return fail(f, err, pin_advice(err), "cannot pin the link at %s: %s", path,
			    strerror(-err));
	return 0;
}

/**
 * pin_map - pin a map of a policy
 * @nid: the node
 * @policy: the policy's id
 * @map_id: the map's id
 * @map_fd: the map
 * @f: why not
 *
 * Return: 0 (also when it was pinned before) or a negative errno.
 */
int pin_map(int nid, uint32_t policy, uint32_t map_id, int map_fd,
	    struct failure *f)
{
	char path[PATH_MAX], dir[PATH_MAX - 64];
	struct pin_dirs made = {};
	int err;

	node_path(nid, dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/" MAP_PIN, dir, policy, map_id);
	err = bpf_obj_pin(map_fd, path) ? -errno : 0;
	/* A load has made them, a swap has not; an unload may remove them. */
	if (err == -ENOENT) {
		err = pin_dirs_make(nid, &made, f);
		if (err)
			return err;
		err = bpf_obj_pin(map_fd, path) ? -errno : 0;
	}
	if (!err || err == -EEXIST)
		return 0;
	pin_dirs_undo(nid, &made);
	return fail(f, err, pin_advice(err),
		    "cannot pin a map with timers or work at %s: %s", path,
		    strerror(-err));
}

/* One that is being attached exists, too: nodectl holds it. */
static bool policy_is_gone(uint32_t policy)
{
	int fd = bpf_map_get_fd_by_id(policy);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == ENOENT;
}

/**
 * pin_map_path - where a map is pinned
 * @nid: the node
 * @pin: the pin
 * @path: the path
 * @size: of @path
 */
void pin_map_path(int nid, const struct map_pin *pin, char *path, size_t size)
{
	snprintf(path, size, "%s/" PIN_ROOT "/node%d/" MAP_PIN, bpffs_dir, nid,
		 pin->policy, pin->map_id);
}

/* Only the very names that nodectl gives: others are somebody else's. */
static bool map_pin_parse(const char *name, struct map_pin *pin)
{
	char again[64];

	if (sscanf(name, MAP_PIN, &pin->policy, &pin->map_id) != 2)
		return false;
	snprintf(again, sizeof(again), MAP_PIN, pin->policy, pin->map_id);
	return !strcmp(name, again);
}

/**
 * pin_maps_list - which maps are pinned for a node
 * @nid: the node
 * @pins: the pins, to be freed
 * @nr: how many
 *
 * Return: 0 or a negative errno; then there is nothing to free.
 */
int pin_maps_list(int nid, struct map_pin **pins, unsigned int *nr)
{
	struct map_pin pin, *more;
	char dir[PATH_MAX];
	struct dirent *de;
	int err = 0;
	DIR *d;

	*pins = NULL;
	*nr = 0;
	node_path(nid, dir, sizeof(dir));
	d = opendir(dir);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((de = readdir(d))) {
		if (!map_pin_parse(de->d_name, &pin))
			continue;
		more = realloc(*pins, (*nr + 1) * sizeof(pin));
		if (!more) {
			err = -ENOMEM;
			free(*pins);
			*pins = NULL;
			*nr = 0;
			break;
		}
		pin.left_over = policy_is_gone(pin.policy);
		more[(*nr)++] = pin;
		*pins = more;
	}
	closedir(d);
	return err;
}

/**
 * pin_maps_remove - remove pins of maps, and directories that are empty then
 * @nid: the node
 * @policy: the policy whose maps are meant, 0 for none; those of policies that
 *	    do not exist any more always go
 * @removed: how many were removed is added to it
 * @f: which could not be removed, and why
 *
 * Return: 0, or the first error; the others are removed all the same.
 */
int pin_maps_remove(int nid, uint32_t policy, unsigned int *removed,
		    struct failure *f)
{
	static const struct pin_dirs both = { true, true };
	char path[PATH_MAX], next[PATH_MAX + 32];
	struct map_pin *pins;
	unsigned int i, nr;
	int err, ret;

	err = pin_maps_list(nid, &pins, &nr);
	if (err) {
		node_path(nid, path, sizeof(path));
		snprintf(next, sizeof(next), "Look into it: ls %s", path);
		return fail(f, err, next,
			    "cannot read directory %s: %s; pins of maps may be left there, and their timers go on",
			    path, strerror(-err));
	}
	for (i = 0; i < nr; i++) {
		if (pins[i].policy != policy && !pins[i].left_over)
			continue;
		pin_map_path(nid, &pins[i], path, sizeof(path));
		ret = unlink(path) ? -errno : 0;
		*removed += !ret;
		if (!ret || ret == -ENOENT || err)
			continue;
		err = ret;
		snprintf(next, sizeof(next), "Remove it: rm %s", path);
		fail(f, err, next,
		     "cannot remove %s: %s; timers and work of that map go on without their policy",
		     path, strerror(-err));
	}
	free(pins);
	pin_dirs_undo(nid, &both);
	return err;
}

/* Id of the link that is pinned for a node, 0 when there is none. */
static uint32_t pinned_id(int nid)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	int fd = -1;

	if (pin_open(nid, &fd))
		return 0;
	if (bpf_link_get_info_by_fd(fd, &info, &len))
		info.id = 0;
	close(fd);
	return info.id;
}

/**
 * pin_remove - remove a node's pin and the directories that are empty then
 * @nid: the node
 * @link_id: the link whose pin is meant, 0 for any
 * @f: why not
 *
 * A pin of another link stays: somebody has attached a policy since we looked.
 *
 * Return: 0 (also when there was none) or a negative errno.
 */
int pin_remove(int nid, uint32_t link_id, struct failure *f)
{
	static const struct pin_dirs both = { true, true };
	char path[PATH_MAX];
	int err;

	pin_path(nid, path, sizeof(path));
	if (link_id && pinned_id(nid) != link_id)
		return 0;
	if (unlink(path) && errno != ENOENT) {
		err = -errno;
		return fail(f, err, pin_advice(err), "cannot remove %s: %s", path,
			    strerror(-err));
	}
	pin_dirs_undo(nid, &both);
	return 0;
}
