// SPDX-License-Identifier: GPL-2.0
/*
 * swap: another policy for a node that has one.
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
#include "settle.h"

static int update(struct attempt *a, struct failure *f)
{
	struct live now;
	int err;

	err = attempt_replace(a->live.link_fd, bpf_map__fd(a->obj.ops_map),
			      a->live.map_fd);
	if (err != -EPERM && err != -ENOLINK)
		return err ? attempt_refused(a, err, f) : 0;
	/* Not what we saw any more: the kernel compared under its lock. */
	if (live_identify(&a->node, &now) || !now.map_id)
		fail(f, err, "Attach the policy with \"nodectl load\".",
		     "somebody else has just detached policy \"%s\" (id %u)",
		     a->live.name, a->live.map_id);
	else if (now.map_id != a->live.map_id)
		fail(f, err, "Look at it with \"nodectl status\" and decide again.",
		     "somebody else was faster: policy \"%s\" (id %u) has just been replaced by \"%s\" (id %u)",
		     a->live.name, a->live.map_id, now.name, now.map_id);
	else if (err == -ENOLINK)
		fail(f, err, "In a moment \"nodectl why\" tells why. Then attach the policy with \"nodectl load\".",
		     "policy \"%s\" (id %u) is being ejected", a->live.name,
		     a->live.map_id);
	else
		attempt_refused(a, err, f);
	live_close(&now);
	return err;
}

/* A map that only the new policy has is no news. */
static void print_maps(const struct attempt *a, bool fresh)
{
	const struct handover_map *m;
	unsigned int i, told = 0;

	for (i = 0; i < a->maps.nr; i++) {
		m = &a->maps.maps[i];
		told += m->id || m->namesake;
		if (m->id)
			printf("%s: map %s was handed over with what it holds\n",
			       a->node.name, m->name);
		else if (m->namesake)
			printf("%s: map %s starts empty: %s\n", a->node.name,
			       m->name, m->why);
	}
	if (fresh)
		printf("%s: all maps start empty, as --fresh asks\n",
		       a->node.name);
	else if (!told)
		printf("%s: no map is handed over: the policies have none in common\n",
		       a->node.name);
}

static void print_kept(const struct attempt *a)
{
	char value[32];
	unsigned int i;

	for (i = 0; i < a->nr_kept; i++)
		printf("%s: tunable %s keeps its value %s%s%s\n", a->node.name,
		       a->kept[i]->name,
		       tunable_format(a->kept[i],
				      object_tunable(&a->obj, a->kept[i]),
				      value, sizeof(value)),
		       a->kept[i]->unit[0] ? " " : "", a->kept[i]->unit);
}

static struct json_object *kept_json(const struct attempt *a)
{
	struct json_object *array = json_object_new_array();
	unsigned int i;

	for (i = 0; i < a->nr_kept; i++)
		json_object_array_add(array,
				      json_object_new_string(a->kept[i]->name));
	return array;
}

static void print_swapped(const struct attempt *a, uint32_t id,
			  const struct cmdline *c)
{
	struct json_object *o, *old = NULL;

	if (!out_json && c->dry_run) {
		attempt_print_dry(a, "replace the node's", c);
		if (!attempt_is_offline(c))
			print_maps(a, c->fresh);
		return;
	}
	if (!out_json) {
		printf("%s: policy %s (id %u) replaced %s (id %u); detach it with: nodectl unload %s\n",
		       a->node.name, a->obj.name, id, a->live.name,
		       a->live.map_id, a->node.name);
		print_kept(a);
		print_maps(a, c->fresh);
		return;
	}
	o = attempt_json(a, "swap", c, id, a->live.link_id);
	if (!attempt_is_offline(c)) {
		json_object_object_add(o, "maps", handover_json(&a->maps));
		old = json_object_new_object();
		out_str(old, "policy", a->live.name);
		out_int(old, "id", a->live.map_id);
	}
	json_object_object_add(o, "replaced", old);
	json_object_object_add(o, "kept_tunables", kept_json(a));
	if (!c->dry_run && !a->live.pinned)
		json_object_object_add(o, "pin", NULL);
	out_record(o);
}

/* Says which policy the node has after a swap that failed. */
static void say_what_stays(const struct attempt *a, struct failure *f)
{
	struct live now;
	size_t len = strlen(f->next);

	if (live_identify(&a->node, &now))
		return;
	if (now.map_id)
		snprintf(f->next + len, sizeof(f->next) - len,
			 "%sThe node has policy \"%s\" (id %u).",
			 len ? " " : "", now.name, now.map_id);
	else
		snprintf(f->next + len, sizeof(f->next) - len,
			 "%sThe node has no policy, the native default decides.",
			 len ? " " : "");
	live_close(&now);
}

/* A load may not have pinned its link yet when we looked first. */
static bool look_at_pin(struct attempt *a)
{
	struct failure f = {};
	char path[PATH_MAX];
	int fd, err;

	a->live.pinned = pin_link_id(a->node.nid) == a->live.link_id;
	if (a->live.pinned)
		return true;
	err = pin_open(a->node.nid, &fd);
	if (!err)
		close(fd);
	if (err && err != -ENOENT) {
		pin_path(a->node.nid, path, sizeof(path));
		fail(&f, err, pin_advice(err), "cannot read %s: %s", path,
		     strerror(-err));
		p_failure(a->node.name, "cannot tell whether its link is pinned",
			  &f);
		return false;
	}
	p_info("%s: link %u is not pinned by nodectl: the policy stays as long as whoever made the link keeps it. If its maps are pinned, these pins stay when it goes; \"nodectl unload %s\" removes them.",
	       a->node.name, a->live.link_id, a->node.name);
	return true;
}

static int prepare_swap(struct attempt *a, int nid, const struct cmdline *c,
			struct failure *f)
{
	int err;

	if (attempt_is_offline(c))
		return attempt_offline(a, nid, c, f);
	err = attempt_node(a, nid, c, f);
	if (!err)
		err = live_find_link(&a->node, &a->live, f);
	if (!err)
		err = live_expect(&a->live, c->expect, f);
	if (err)
		return err;
	a->live.map_fd = bpf_map_get_fd_by_id(a->live.map_id);
	if (a->live.map_fd < 0)
		return fail(f, -errno, "Try again.",
			    "policy \"%s\" (id %u) has just gone",
			    a->live.name, a->live.map_id);
	err = attempt_open(a, c, f);
	return err ?: attempt_object(a, c, f);
}

/* The new policy is there. Let it settle, and remove what the other leaves. */
static int finish_swap(struct attempt *a, struct settle *s, int *lock,
		       struct change *done, struct failure *f)
{
	unsigned int removed = 0;
	bool back = false;
	uint64_t now;
	int err;

	done->left = !look_at_pin(a);
	err = settle(s, a, done->id, lock, &back, f);
	done->made = !back;
	done->left |= !pin_clean_up(a->node.nid, done->made ? a->live.map_id :
				done->id, &removed);
	/* Somebody else has detached it while it settled. */
	if (!node_attr_u64(&a->node, "policy_id", &now) && !now)
		done->left |= !pin_clean_up(a->node.nid, done->id, &removed);
	return err;
}

/* Put the prepared policy in the place of the node's, while nobody else does. */
static int swap_locked(struct attempt *a, struct settle *s, struct change *done,
		       struct failure *f)
{
	unsigned int removed = 0;
	int lock, err;

	done->id = attempt_map_id(a);
	lock = lock_node(a->node.nid, f);
	if (lock < 0)
		return lock;
	err = attempt_pin_maps(a, done->id, f);
	if (!err)
		err = settle_begin(s, &a->node, f);
	if (!err)
		err = update(a, f);
	if (err)
		done->left = !pin_clean_up(a->node.nid, done->id, &removed);
	else
		err = finish_swap(a, s, &lock, done, f);
	unlock_node(a->node.nid, lock);
	return err;
}

/**
 * do_swap - nodectl swap NODE POLICY [KEY=VALUE]... [--expect OLD]
 *	     [--settle S [--settle-if COND]...] [--fresh] [--dry-run]
 * @c: the command line
 */
int do_swap(const struct cmdline *c)
{
	struct change done = {};
	struct failure f = {};
	struct settle s = {};
	struct attempt a;
	int nid, err;

	if (attempt_arguments(c, &nid) || settle_parse(c, &s))
		return NODECTL_USAGE;
	attempt_init(&a);
	err = prepare_swap(&a, nid, c, &f);
	if (!err && !c->dry_run)
		err = swap_locked(&a, &s, &done, &f);
	if (!err) {
		print_swapped(&a, done.id, c);
	} else {
		if (a.node.dirfd >= 0)
			say_what_stays(&a, &f);
		attempt_explain("swap to", &a, c->args[1], &f);
	}
	failure_clear(&f);
	attempt_close(&a);
	return change_status(&done, err);
}
