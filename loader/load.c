// SPDX-License-Identifier: GPL-2.0
/*
 * load: a policy for a node that has none.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <json-c/json.h>

#include "attempt.h"
#include "lock.h"
#include "pin.h"

/* Who has the node?  "policy "x" (id 1, link 2 pinned at ..., held by ...)" */
static void describe_owner(const struct node *node, struct live *live, char *buf,
			   size_t size)
{
	char where[PATH_MAX + 16] = "", holders[256] = "", path[PATH_MAX];
	struct failure ignored = {};

	if (live->link_fd < 0)
		live_find_link(node, live, &ignored);
	failure_clear(&ignored);
	if (live->pinned) {
		pin_path(node->nid, path, sizeof(path));
		snprintf(where, sizeof(where), ", pinned at %s", path);
	}
	if (live->link_id)
		link_holders(live->link_id, holders, sizeof(holders));
	if (live->link_id)
		snprintf(buf, size, "policy \"%s\" (id %u, link %u%s%s%s)",
			 live->name, live->map_id, live->link_id, where,
			 holders[0] ? ", held by " : "", holders);
	else
		snprintf(buf, size, "policy \"%s\" (id %u)", live->name,
			 live->map_id);
}

static int busy(struct attempt *a, const char *policy, struct failure *f)
{
	char owner[PATH_MAX + 512], next[512];

	describe_owner(&a->node, &a->live, owner, sizeof(owner));
	if (!a->live.map_id)
		return fail(f, -EAGAIN, "Try again.",
			    "its policy has just been detached by somebody else");
	snprintf(next, sizeof(next),
		 "Replace it: nodectl swap %s %s. Or detach it first: nodectl unload %s",
		 a->node.name, policy, a->node.name);
	return fail(f, -EBUSY, next, "the node has %s", owner);
}

static int attach(struct attempt *a, const char *policy, int *link_fd,
		  struct failure *f)
{
	char state[32];
	int fd, err;

	fd = bpf_link_create(bpf_map__fd(a->obj.ops_map), 0, BPF_STRUCT_OPS, NULL);
	if (fd >= 0) {
		*link_fd = fd;
		return 0;
	}
	err = -errno;
	if (err != -EBUSY)
		return attempt_refused(a, err, f);
	/* Somebody was faster than we. */
	live_close(&a->live);
	if (!live_identify(&a->node, &a->live) && a->live.map_id)
		return busy(a, policy, f);
	if (attempt_has_init(a) &&
	    !node_attr(&a->node, "state", state, sizeof(state)) &&
	    !strcmp(state, "live"))
		return attempt_refused(a, err, f);
	return fail(f, err, "Try again when the driver has settled.",
		    "the node takes no policy now (draining)");
}

/* Success is what the kernel says, not that no call failed. */
static int check_attached(const struct attempt *a, int link_fd, uint32_t *id,
			  uint32_t *link_id, struct failure *f)
{
	struct failure ignored = {};

	*id = link_map_id(link_fd, link_id);
	if (!*id) {
		pin_remove(a->node.nid, *link_id, &ignored);
		return fail(f, -ENOLINK, "Try again.",
			    "somebody else has detached it at once");
	}
	if (pin_link_id(a->node.nid) != *link_id)
		return fail(f, -ENOENT, "Try again.",
			    "somebody else has removed its pin at once");
	return 0;
}

/* A program that knows no lock may have put another policy in its place. */
static void print_loaded(const struct attempt *a, const struct cmdline *c,
			 const struct change *done)
{
	uint32_t id = done->id, now = done->now;
	struct json_object *o;

	if (out_json) {
		o = attempt_json(a, "load", c, id, done->link_id);
		json_object_object_add(o, "replaced_by", id == now ? NULL :
				       json_object_new_int64(now));
		out_record(o);
		return;
	}
	if (c->dry_run)
		attempt_print_dry(a, "be attached", c);
	else if (id == now)
		printf("%s: policy %s (id %u) is attached; detach it with: nodectl unload %s\n",
		       a->node.name, a->obj.name, id, a->node.name);
	else
		printf("%s: policy %s (id %u) was attached, and somebody else has just replaced it by id %u; look with: nodectl status %s\n",
		       a->node.name, a->obj.name, id, now, a->node.name);
}

static int prepare_load(struct attempt *a, int nid, const struct cmdline *c,
			struct failure *f)
{
	int err;

	if (attempt_is_offline(c))
		return attempt_offline(a, nid, c, f);
	err = attempt_node(a, nid, c, f);
	/* Before "busy": the way out of that is to give the same to swap. */
	if (!err)
		err = attempt_open(a, c, f);
	if (!err && a->live.map_id)
		err = busy(a, c->args[1], f);
	return err ?: attempt_object(a, c, f);
}

static int attach_pinned(struct attempt *a, const char *policy,
			 struct change *done, struct failure *f)
{
	int link_fd = -1, err;

	err = attempt_pin_maps(a, done->id, f);
	if (!err)
		err = attach(a, policy, &link_fd, f);
	if (!err && signals_stop())
		err = fail(f, -EINTR, NULL, "interrupted");
	if (!err)
		err = pin_create(a->node.nid, link_fd, f);
	if (!err)
		err = check_attached(a, link_fd, &done->now, &done->link_id, f);
	/* Unless it is pinned, closing it detaches. */
	if (link_fd >= 0)
		close(link_fd);
	return err;
}

/* Make the prepared policy that of the node, while nobody else changes it. */
static int load_locked(struct attempt *a, const char *policy,
		       struct change *done, struct failure *f)
{
	unsigned int removed = 0;
	bool gone;
	int lock, err;

	done->id = attempt_map_id(a);
	lock = lock_node(a->node.nid, f);
	if (lock < 0)
		return lock;
	err = attach_pinned(a, policy, done, f);
	gone = err || done->now != done->id;
	done->left = !pin_clean_up(a->node.nid, gone ? done->id : 0, &removed);
	unlock_node(a->node.nid, lock);
	return err;
}

/**
 * do_load - nodectl load NODE POLICY [KEY=VALUE]... [--dry-run]
 * @c: the command line
 */
int do_load(const struct cmdline *c)
{
	struct change done = {};
	struct failure f = {};
	struct attempt a;
	int nid, err;

	if (attempt_arguments(c, &nid))
		return NODECTL_USAGE;
	attempt_init(&a);
	err = prepare_load(&a, nid, c, &f);
	if (!err && !c->dry_run)
		err = load_locked(&a, c->args[1], &done, &f);
	if (err) {
		attempt_explain("load", &a, c->args[1], &f);
	} else {
		print_loaded(&a, c, &done);
		if (!c->configured_at && !c->dry_run)
			node_tell_demotion();
	}
	failure_clear(&f);
	attempt_close(&a);
	return change_status(&done, err);
}
