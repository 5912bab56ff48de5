// SPDX-License-Identifier: GPL-2.0
/*
 * unload: the native default decides again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <json-c/json.h>

#include "bpffs.h"
#include "caps.h"
#include "live.h"
#include "lock.h"
#include "nodectl.h"
#include "pin.h"
#include "trace.h"

/**
 * struct unloaded - what an unload has done
 * @pins: pins that were removed
 * @left: something could not be removed, which was said
 */
struct unloaded {
	unsigned int pins;
	bool left;
};

static void print_unloaded(const struct node *node, const struct live *live,
			   const struct unloaded *done)
{
	struct json_object *o;

	if (!out_json) {
		if (live->map_id)
			printf("%s: policy %s (id %u) is detached; the native default decides\n",
			       node->name, live->name, live->map_id);
		else
			printf("%s: no policy to detach; %u %s from an earlier one %s removed\n",
			       node->name, done->pins,
			       done->pins == 1 ? "pin that was left" :
						 "pins that were left",
			       done->pins == 1 ? "is" : "are");
		return;
	}
	o = json_object_new_object();
	out_str(o, "node", node->name);
	out_int(o, "nid", node->nid);
	json_object_object_add(o, "policy", live->map_id ?
			       json_text(live->name) : NULL);
	out_int(o, "id", live->map_id);
	out_bool(o, "unloaded", live->map_id);
	out_int(o, "removed_pins", done->pins);
	out_record(o);
}

/* A policy that was loaded in another mount namespace has its pins there. */
static bool pins_are_elsewhere(int nid)
{
	char name[NODE_NAME_SIZE], next[64];
	struct failure f = {};

	if (!bpffs_require_lasting(&f))
		return false;
	snprintf(name, sizeof(name), "node%d", nid);
	snprintf(next, sizeof(next), "Remove them: nsenter -t 1 -m nodectl unload %s",
		 name);
	fail(&f, -EXDEV, next,
	     "the BPF file system of process 1, where its pins may be, is not seen from this mount namespace");
	p_failure(name, "not all is cleaned up", &f);
	return true;
}

/*
 * The pins of maps go when exit() has run.  Should nodectl be killed after the
 * link's pin, its file descriptor goes with it, and so does the policy.
 */
static int detach(int nid, struct live *live, struct unloaded *done,
		  struct failure *f)
{
	struct failure ignored = {};
	int err;

	err = live->pinned ? pin_remove(nid, live->link_id, f) :
			     pin_remove_stale(nid, &done->pins, f);
	if (err)
		return err;
	if (!bpf_link_detach(live->link_fd)) {
		done->pins += live->pinned;
		done->left |= !pin_clean_up(nid, live->map_id, &done->pins);
		done->left |= !live->pinned && pins_are_elsewhere(nid);
		return 0;
	}
	err = -errno;
	if (live->pinned)
		pin_create(nid, live->link_fd, &ignored);
	return fail(f, err, NULL, "cannot detach policy \"%s\" (link %u): %s",
		    live->name, live->link_id, strerror(-err));
}

/* There is no policy, but pins may have outlived one. */
static int remove_left_over(const struct node *node, const struct live *live,
			    struct unloaded *done, struct failure *f)
{
	int err;

	done->left |= !pin_clean_up(node->nid, 0, &done->pins);
	err = pin_remove_stale(node->nid, &done->pins, f);
	if (!err && !done->pins)
		err = fail(f, -ENOENT, NULL,
			   "it has no policy, there is nothing to detach");
	if (!err)
		print_unloaded(node, live, done);
	return err;
}

/* The node has left. Return: @err, that it is none, where nothing is left. */
static int unload_orphan(const struct node *node, int err,
			 struct unloaded *done, struct failure *f)
{
	static const struct live none = {};
	struct failure ignored = {};
	char path[PATH_MAX];
	int lock, ret;

	pin_dir(node->nid, path, sizeof(path));
	if ((err != -ENOENT && err != -ENODEV) || access(path, F_OK))
		return err;
	ret = privilege_require(f) ?: bpffs_require(f);
	lock = ret ?: lock_node(node->nid, f);
	if (lock < 0)
		return lock;
	ret = remove_left_over(node, &none, done, &ignored);
	unlock_node(node->nid, lock);
	if (ret == -ENOENT)
		return err;
	if (ret)
		*f = ignored;
	return ret;
}

static int unload_locked(const struct node *node, struct unloaded *done,
			 struct failure *f)
{
	struct live live;
	int err;

	err = live_identify(node, &live);
	if (err)
		return fail(f, err, NULL, "cannot read which policy it has: %s",
			    strerror(-err));
	err = live_find_link(node, &live, f);
	if (!live.map_id)
		err = remove_left_over(node, &live, done, f);
	else if (!err)
		err = detach(node->nid, &live, done, f);
	if (!err && live.map_id)
		print_unloaded(node, &live, done);
	live_close(&live);
	return err;
}

static int unload_node(int nid, struct unloaded *done, struct failure *f)
{
	struct node node;
	int lock = -1, err;

	err = node_open(nid, &node, f);
	if (err)
		return unload_orphan(&node, err, done, f);
	err = privilege_require(f);
	/* Without bpffs there are no pins, and the policy can be detached. */
	if (!err && bpffs_mounted()) {
		err = bpffs_require(f);
		lock = err ?: lock_node(nid, f);
		err = lock < 0 ? lock : 0;
	}
	if (!err)
		err = unload_locked(&node, done, f);
	unlock_node(nid, lock);
	node_close(&node);
	return err;
}

/**
 * do_unload - nodectl unload NODE... [--to-configured [--config DIR]]
 * @c: the command line
 */
int do_unload(const struct cmdline *c)
{
	struct failure f = {};
	char name[NODE_NAME_SIZE];
	int i, nid, failed = 0, partly = 0;
	struct unloaded done;

	if (c->to_configured)
		return do_apply(c);

	for (i = 0; i < c->nr_args; i++)
		if (node_arg(c->args[i], &nid))
			return NODECTL_USAGE;
	trace_remove_stale();
	for (i = 0; i < c->nr_args; i++) {
		node_parse(c->args[i], &nid);
		memset(&done, 0, sizeof(done));
		if (!unload_node(nid, &done, &f)) {
			partly += done.left;
			continue;
		}
		failed++;
		snprintf(name, sizeof(name), "node%d", nid);
		p_failure(name, "cannot unload", &f);
		failure_clear(&f);
	}
	if (!failed && !partly)
		return NODECTL_OK;
	return failed == c->nr_args ? NODECTL_NONE : NODECTL_PARTLY;
}
