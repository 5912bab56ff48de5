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
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "live.h"
#include "pin.h"

#define BPFFS_MAGIC	0xcafe4a11
#define PIN_ROOT	"node_ext"
#define MAP_PIN		"policy%u_map%u"
#define HANG_UP_MS	10000

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

/**
 * pin_root - the directory of all pins
 * @path: its path
 * @size: of @path
 */
void pin_root(char *path, size_t size)
{
	snprintf(path, size, "%s/" PIN_ROOT, bpffs_dir);
}

/**
 * pin_dir - the directory of a node's pins; lock_node() makes it
 * @nid: the node
 * @path: its path
 * @size: of @path
 */
void pin_dir(int nid, char *path, size_t size)
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

/*
 * The kernel detaches the link of an ejected policy some time after it lets the
 * next one attach: two grace periods and exit(). Wait for that. poll() returns at
 * once if it is done, and for links of other kinds: they are always ready.
 */
static void wait_for_hang_up(int nid)
{
	struct pollfd pfd = { .events = POLLIN };

	if (pin_open(nid, &pfd.fd))
		return;
	poll(&pfd, 1, HANG_UP_MS);
	close(pfd.fd);
}

/* Only the pin of a link that attaches nothing any more makes room. */
static int make_room(int nid, const char *path, struct failure *f)
{
	char next[2 * PATH_MAX + 128];
	unsigned int removed = 0;
	int err;

	wait_for_hang_up(nid);
	err = pin_remove_stale(nid, &removed, f);
	if (err || removed)
		return err;
	snprintf(next, sizeof(next),
		 "See what it is: bpftool link show pinned %s. If it may go, remove it: rm %s",
		 path, path);
	return fail(f, -EEXIST, next,
		    "something else, that is in use, is pinned at %s", path);
}

/**
 * pin_create - pin a link; the node is locked
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
	int err;

	pin_path(nid, path, sizeof(path));
	err = bpf_obj_pin(link_fd, path) ? -errno : 0;
	if (err == -EEXIST) {
		err = make_room(nid, path, f);
		if (err)
			return err;
		err = bpf_obj_pin(link_fd, path) ? -errno : 0;
	}
	if (err)
		return fail(f, err, pin_advice(err),
			    "cannot pin the link at %s: %s", path,
			    strerror(-err));
	return 0;
}

/**
 * pin_map - pin a map of a policy; the node is locked
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
	char path[PATH_MAX];
	int err;

	pin_map_path(nid, &(struct map_pin){ policy, map_id, false }, path,
		     sizeof(path));
	err = bpf_obj_pin(map_fd, path) ? -errno : 0;
	if (!err || err == -EEXIST)
		return 0;
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
	pin_dir(nid, dir, sizeof(dir));
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
 * pin_maps_remove - remove pins of maps
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
	char path[PATH_MAX], next[PATH_MAX + 32];
	struct map_pin *pins;
	unsigned int i, nr;
	int err, ret;

	err = pin_maps_list(nid, &pins, &nr);
	if (err) {
		pin_dir(nid, path, sizeof(path));
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
	return err;
}

/**
 * pin_link_id - which link is pinned for a node?
 * @nid: the node
 *
 * Return: its id, 0 when there is none.
 */
uint32_t pin_link_id(int nid)
{
	uint32_t id = 0;
	int fd;

	if (pin_open(nid, &fd))
		return 0;
	link_map_id(fd, &id);
	close(fd);
	return id;
}

static int remove_pin(int nid, struct failure *f)
{
	char path[PATH_MAX];
	int err;

	pin_path(nid, path, sizeof(path));
	if (!unlink(path) || errno == ENOENT)
		return 0;
	err = -errno;
	return fail(f, err, pin_advice(err), "cannot remove %s: %s", path,
		    strerror(-err));
}

/**
 * pin_remove - remove a node's pin; the node is locked
 * @nid: the node
 * @link_id: the link whose pin is meant; that of another one stays
 * @f: why not
 *
 * Return: 0 (also when there was none) or a negative errno.
 */
int pin_remove(int nid, uint32_t link_id, struct failure *f)
{
	return pin_link_id(nid) == link_id ? remove_pin(nid, f) : 0;
}

/**
 * pin_remove_stale - remove the pin of a link that attaches nothing any more;
 *		      the node is locked
 * @nid: the node
 * @removed: one is added to it when there was such a pin
 * @f: why not
 *
 * Return: 0 (also when there was none) or a negative errno.
 */
int pin_remove_stale(int nid, unsigned int *removed, struct failure *f)
{
	uint32_t id;
	bool dead;
	int fd, err;

	if (pin_open(nid, &fd))
		return 0;
	dead = link_is_dead(fd, &id);
	close(fd);
	if (!dead)
		return 0;
	err = remove_pin(nid, f);
	*removed += !err;
	return err;
}

/**
 * pin_clean_up - remove the pins of maps that policies have left
 * @nid: the node
 * @policy: id of a policy that is gone, or 0
 * @removed: counts them
 *
 * What cannot be removed is said, also where the verb itself went well.
 *
 * Return: whether all are gone.
 */
bool pin_clean_up(int nid, uint32_t policy, unsigned int *removed)
{
	struct failure f = {};
	char name[NODE_NAME_SIZE];

	if (!pin_maps_remove(nid, policy, removed, &f))
		return true;
	snprintf(name, sizeof(name), "node%d", nid);
	p_failure(name, "not all is cleaned up", &f);
	return false;
}
