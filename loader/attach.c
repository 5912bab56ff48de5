// SPDX-License-Identifier: GPL-2.0
/*
 * load, swap and unload.  Whatever fails, the node keeps the policy it had
 * and nothing is left behind: what is made on the way is held by file
 * descriptors only, until the link is pinned as the very last step.  Pins of
 * maps come before it; they say whose they are, so what a kill leaves of them is
 * found by the next load, swap or unload.
 *
 * The node is locked from the first pin to the clean-up.  What was seen before
 * that may have changed: the kernel compares when it attaches and replaces.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <json-c/json.h>

#include "bpffs.h"
#include "caps.h"
#include "handover.h"
#include "kernel.h"
#include "live.h"
#include "lock.h"
#include "node.h"
#include "nodectl.h"
#include "pin.h"

/**
 * struct attempt - a policy on its way to a node
 * @node: the node
 * @live: the policy that the node had when we looked
 * @obj: the new policy
 * @maps: what became of its maps
 * @file: its file
 */
struct attempt {
	struct node node;
	struct live live;
	struct object obj;
	struct handover maps;
	char file[PATH_MAX];
};

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

static int check_state(const struct node *node, struct failure *f)
{
	char state[32];
	int err;

	err = node_attr(node, "state", state, sizeof(state));
	if (err)
		return fail(f, err, NULL, "cannot read its state: %s",
			    strerror(-err));
	if (strcmp(state, "live"))
		return fail(f, -EBUSY, "Wait until its driver has registered it again.",
			    "the node is %s: its driver is about to leave", state);
	return 0;
}

static void attempt_init(struct attempt *a)
{
	memset(a, 0, sizeof(*a));
	a->node.dirfd = -1;
	a->live.map_fd = a->live.link_fd = -1;
	a->live.values_fd = a->live.counters_fd = -1;
}

static void attempt_close(struct attempt *a)
{
	object_close(&a->obj);
	handover_free(&a->maps);
	live_close(&a->live);
	node_close(&a->node);
}

/* The steps that load and swap begin with. */
static int attempt_node(struct attempt *a, int nid, struct failure *f)
{
	int err;

	err = node_open(nid, &a->node, f);
	if (!err)
		err = check_state(&a->node, f);
	if (!err)
		err = privilege_require(f);
	if (!err)
		err = bpffs_require(f);
	if (!err)
		err = bpffs_require_lasting(f);
	if (err)
		return err;
	err = live_identify(&a->node, &a->live);
	if (err)
		return fail(f, err, NULL, "cannot read which policy it has: %s",
			    strerror(-err));
	return 0;
}

/* A swap: the new policy gets what the old one has learned. */
static int attempt_maps(struct attempt *a, const struct cmdline *c,
			struct failure *f)
{
	size_t len;
	int err = 0;

	if (!c->fresh)
		err = live_maps(&a->live, f);
	if (!err)
		return handover_maps(&a->live, &a->obj, c->fresh, &a->maps, f);
	len = strlen(f->next);
	snprintf(f->next + len, sizeof(f->next) - len,
		 "%s--fresh swaps without looking at the old maps.",
		 len ? " " : "");
	return err;
}

/* It is not tried again without them: what was learned would be lost. */
static void blame_maps(const struct attempt *a, struct failure *f)
{
	size_t len = strlen(f->next);
	const char *sep = " ";
	unsigned int i;

	if (!a->maps.nr_done || len + 256 > sizeof(f->next))
		return;
	len += snprintf(f->next + len, sizeof(f->next) - len,
			"%sIt was to take over from the old policy the maps",
			len ? " " : "");
	for (i = 0; i < a->maps.nr && len + 160 < sizeof(f->next); i++) {
		if (!a->maps.maps[i].id)
			continue;
		len += snprintf(f->next + len, sizeof(f->next) - len, "%s%s", sep,
				a->maps.maps[i].name);
		sep = ", ";
	}
	snprintf(f->next + len, sizeof(f->next) - len,
		 "; --fresh gives it empty ones.");
}

/* All that can be wrong with a policy and its tunables before the kernel sees it. */
static int attempt_open(struct attempt *a, const struct cmdline *c,
			struct failure *f)
{
	struct settings set;
	int err;

	err = policy_find(&c->dirs, c->args[1], a->file, sizeof(a->file), f);
	if (!err)
		err = object_open(a->file, &a->obj, f);
	/* The command line was checked before; this cannot fail. */
	if (!err)
		err = settings_parse(c->args + 2, c->nr_args - 2, &set, f);
	return err ?: object_set_tunables(&a->obj, &set, f);
}

static int attempt_object(struct attempt *a, const struct cmdline *c,
			  struct failure *f)
{
	int err;

	err = object_set_nid(&a->obj, a->node.nid, f);
	if (!err && a->live.map_id)
		err = attempt_maps(a, c, f);
	if (err)
		return err;
	err = object_load(&a->obj, c->log_file, f);
	if (err && err != -EINTR)
		blame_maps(a, f);
	if (!err)
		err = object_register(&a->obj, f);
	if (!err && signals_stop())
		err = fail(f, -EINTR, NULL, "interrupted");
	return err;
}

static bool has_init(const struct object *o)
{
	struct bpf_program *prog;
	unsigned int pos = 0;
	const char *name;

	while ((name = object_next_func(o, &pos, &prog)))
		if (!strcmp(name, "init"))
			return true;
	return false;
}

/*
 * The errors that attaching and replacing have in common.  What the kernel says
 * init() may say as well: then only what can be seen counts.
 */
static int refused(struct attempt *a, int err, struct failure *f)
{
	bool init = has_init(&a->obj);
	uint64_t id;

	if (err == -ENODEV && (!init || node_attr_u64(&a->node, "policy_id", &id)))
		return fail(f, err, "\"nodectl nodes\" lists the device nodes.",
			    "it is not a device node any more");
	if (err == -EOPNOTSUPP && !init)
		return fail(f, err,
			    "Use a newer kernel or a version of the policy for this one.",
			    "it was written for version %u of struct " OPS_TYPE
			    ", which this kernel does not offer", a->obj.version);
	if (err == -EMLINK)
		return fail(f, err, "Load it again.",
			    "its programs were also put into another struct_ops map%s",
			    init ? ", or its init() refused the node with EMLINK" : "");
	if (err == -ECANCELED && init)
		return fail(f, err,
			    "init() must return 0 or a negative error number.",
			    "the policy's init() refused the node with a positive value, or with ECANCELED");
	if (init)
		return fail(f, err,
			    "The policy's description (\"nodectl inspect\") may say what its init() asks for.",
			    "the policy's init(), or the kernel, refused the node: %s",
			    strerror(-err));
	return fail(f, err, err == -EPERM ? "Run it as root." : NULL,
		    "the kernel refused the policy: %s", strerror(-err));
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
		return refused(a, err, f);
	/* Somebody was faster than we. */
	live_close(&a->live);
	if (!live_identify(&a->node, &a->live) && a->live.map_id)
		return busy(a, policy, f);
	if (has_init(&a->obj) &&
	    !node_attr(&a->node, "state", state, sizeof(state)) &&
	    !strcmp(state, "live"))
		return refused(a, err, f);
	return fail(f, err, "Try again when the driver has settled.",
		    "the node takes no policy now (draining)");
}

static struct json_object *tunables_json(const struct object *o)
{
	struct json_object *values = json_object_new_object();
	unsigned int i;

	for (i = 0; i < o->meta.nr_tunables; i++)
		json_object_object_add(values, o->meta.tunables[i].name,
			tunable_json_value(&o->meta.tunables[i],
				object_tunable(o, &o->meta.tunables[i])));
	return values;
}

static struct json_object *attached_json(const struct attempt *a, uint32_t id,
					 uint32_t link_id)
{
	struct json_object *o = json_object_new_object();
	char path[PATH_MAX], unload[64];

	pin_path(a->node.nid, path, sizeof(path));
	snprintf(unload, sizeof(unload), "nodectl unload %s", a->node.name);
	out_str(o, "node", a->node.name);
	out_int(o, "nid", a->node.nid);
	out_str(o, "policy", a->obj.name);
	out_int(o, "id", id);
	out_int(o, "version", a->obj.version);
	out_int(o, "link_id", link_id);
	out_str(o, "pin", path);
	out_str(o, "path", a->file);
	json_object_object_add(o, "tunables", tunables_json(&a->obj));
	json_object_object_add(o, "demotion_enabled", node_demotion_json());
	out_str(o, "unload", unload);
	return o;
}

static uint32_t map_fd_id(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return bpf_map_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/*
 * Timers and work of the policy go on when nodectl ends.  This comes before the
 * policy is attached: a nodectl that is killed afterwards has done it.
 */
static int pin_maps(const struct attempt *a, uint32_t id, struct failure *f)
{
	struct map_shape shape;
	struct bpf_map *map;
	uint32_t map_id;
	int fd, err = 0;

	bpf_object__for_each_map(map, a->obj.obj) {
		fd = bpf_map__fd(map);
		shape = map_shape_declared(&a->obj, map);
		if (fd < 0 || !map_runs_callbacks(&shape))
			continue;
		map_id = map_fd_id(fd);
		if (!id || !map_id)
			return fail(f, -EIO, "Try again.",
				    "cannot read the id of map \"%s\"",
				    bpf_map__name(map));
		err = pin_map(a->node.nid, id, map_id, fd, f);
		if (err)
			break;
	}
	return err;
}

/* What cannot be removed is said, also where the verb itself went well. */
static bool clean_up(int nid, uint32_t policy, unsigned int *removed)
{
	struct failure f = {};
	char name[NODE_NAME_SIZE];

	if (!pin_maps_remove(nid, policy, removed, &f))
		return true;
	snprintf(name, sizeof(name), "node%d", nid);
	p_failure(name, "not all is cleaned up", &f);
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

static void explain(const char *verb, const struct attempt *a,
		    const char *policy, const struct failure *f)
{
	char what[128];

	snprintf(what, sizeof(what), "cannot %s policy %s", verb,
		 policy[0] ? policy : "\"\"");
	p_failure(a->node.name, what, f);
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
static void print_loaded(const struct attempt *a, uint32_t id, uint32_t link_id,
			 uint32_t now)
{
	struct json_object *o;

	if (out_json) {
		o = attached_json(a, id, link_id);
		json_object_object_add(o, "replaced_by", id == now ? NULL :
				       json_object_new_int64(now));
		out_record(o);
		return;
	}
	if (id == now)
		printf("%s: policy %s (id %u) is attached; detach it with: nodectl unload %s\n",
		       a->node.name, a->obj.name, id, a->node.name);
	else
		printf("%s: policy %s (id %u) was attached, and somebody else has just replaced it by id %u; look with: nodectl status %s\n",
		       a->node.name, a->obj.name, id, now, a->node.name);
}

/**
 * struct change - what a load or a swap has done to a node
 * @id: id of the new policy
 * @now: id of the policy that the node had right after a load
 * @link_id: id of the link that a load has made
 * @made: a swap was made, and not taken back
 * @left: something could not be removed, which was said
 */
struct change {
	uint32_t id;
	uint32_t now;
	uint32_t link_id;
	bool made;
	bool left;
};

static int prepare_load(struct attempt *a, int nid, const struct cmdline *c,
			struct failure *f)
{
	int err;

	err = attempt_node(a, nid, f);
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

	err = pin_maps(a, done->id, f);
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

	done->id = map_fd_id(bpf_map__fd(a->obj.ops_map));
	lock = lock_node(a->node.nid, f);
	if (lock < 0)
		return lock;
	err = attach_pinned(a, policy, done, f);
	gone = err || done->now != done->id;
	done->left = !clean_up(a->node.nid, gone ? done->id : 0, &removed);
	unlock_node(a->node.nid, lock);
	return err;
}

/*
 * What is wrong with NODE POLICY [KEY=VALUE]... before the policy is looked at.
 * It says later which tunables it has.
 *
 * Return: 0, or -EINVAL after an error message.
 */
static int check_arguments(const struct cmdline *c, int *nid)
{
	struct failure f = {};
	struct settings set;

	if (node_arg(c->args[0], nid))
		return -EINVAL;
	if (!settings_parse(c->args + 2, c->nr_args - 2, &set, &f))
		return 0;
	p_failure(NULL, NULL, &f);
	return -EINVAL;
}

/**
 * do_load - nodectl load NODE POLICY [KEY=VALUE]...
 * @c: the command line
 */
int do_load(const struct cmdline *c)
{
	struct change done = {};
	struct failure f = {};
	struct attempt a;
	int nid, err;

	if (check_arguments(c, &nid))
		return NODECTL_USAGE;
	attempt_init(&a);
	err = prepare_load(&a, nid, c, &f);
	if (!err)
		err = load_locked(&a, c->args[1], &done, &f);
	if (err) {
		explain("load", &a, c->args[1], &f);
	} else {
		print_loaded(&a, done.id, done.link_id, done.now);
		node_tell_demotion();
	}
	failure_clear(&f);
	attempt_close(&a);
	if (err)
		return NODECTL_NONE;
	return done.left ? NODECTL_PARTLY : NODECTL_OK;
}

/* --expect: is the policy still the one that the user means? */
static int check_expected(const struct live *live, const char *expect,
			  struct failure *f)
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

static int replace(int link_fd, int new_fd, int old_fd)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE,
		    .old_map_fd = old_fd);

	return bpf_link_update(link_fd, new_fd, &opts) ? -errno : 0;
}

static int update(struct attempt *a, struct failure *f)
{
	struct live now;
	int err;

	err = replace(a->live.link_fd, bpf_map__fd(a->obj.ops_map),
		      a->live.map_fd);
	if (err != -EPERM && err != -ENOLINK)
		return err ? refused(a, err, f) : 0;
	/* Not what we saw any more: the kernel compared under its lock. */
	if (live_identify(&a->node, &now) || !now.map_id)
		fail(f, err, "Attach the policy with \"nodectl load\".",
		     "somebody else has just detached policy \"%s\" (id %u)",
		     a->live.name, a->live.map_id);
	else if (now.map_id != a->live.map_id)
		fail(f, err, "Look at it with \"nodectl status\" and decide again.",
		     "somebody else was faster: policy \"%s\" (id %u) has just been replaced by \"%s\" (id %u)",
		     a->live.name, a->live.map_id, now.name, now.map_id);
	else
		refused(a, err, f);
	live_close(&now);
	return err;
}

/* Verdicts on this node that the kernel had to override, of all its policies. */
static int count_overridden(const struct node *node, uint64_t *nr)
{
	struct node_stat stat;
	int err = node_stat(node, &stat);

	return err ?: node_stat_u64(&stat, "overridden", nr);
}

/*
 * --settle: watch the new policy for a while.  The kernel counts for the node,
 * so @before must have been read before the swap.
 *
 * Return: 0 when it may stay, -ECANCELED when it must go back, with the
 * @reason, -ESTALE when it is not there any more.
 */
static int watch(const struct attempt *a, double seconds, uint32_t new_id,
		 uint64_t before, char *reason, size_t size, struct failure *f)
{
	uint64_t now = before, id = new_id;
	double left = seconds;

	while (left > 0 && !signals_stop()) {
		signals_sleep(left < 0.1 ? left : 0.1);
		left -= 0.1;
		if (node_attr_u64(&a->node, "policy_id", &id) || id != new_id)
			return fail(f, -ESTALE,
				    "Look at it with \"nodectl status\".",
				    "policy \"%s\" (id %u) did not stay", a->obj.name,
				    new_id);
		if (!count_overridden(&a->node, &now) && now > before)
			break;
	}
	if (now > before)
		snprintf(reason, size,
			 "the kernel had to override %llu of its verdicts",
			 (unsigned long long)(now - before));
	else if (signals_stop())
		snprintf(reason, size, "interrupted while it settled");
	else
		return 0;
	return -ECANCELED;
}

/* The kernel compares: a policy that somebody else has attached stays. */
static int take_back(const struct attempt *a, const char *reason,
		     struct failure *f)
{
	int err;

	err = replace(a->live.link_fd, a->live.map_fd,
		      bpf_map__fd(a->obj.ops_map));
	if (err)
		return fail(f, err, "Look at it with \"nodectl status\".",
			    "%s, and going back to \"%s\" failed: %s", reason,
			    a->live.name, strerror(-err));
	return fail(f, -ECANCELED, NULL, "%s; it was taken back", reason);
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

static void print_swapped(const struct attempt *a, uint32_t id, uint32_t link_id,
			  bool fresh)
{
	struct json_object *o, *old;

	if (!out_json) {
		printf("%s: policy %s (id %u) replaced %s (id %u); detach it with: nodectl unload %s\n",
		       a->node.name, a->obj.name, id, a->live.name,
		       a->live.map_id, a->node.name);
		print_maps(a, fresh);
		return;
	}
	o = attached_json(a, id, link_id);
	json_object_object_add(o, "maps", handover_json(&a->maps));
	old = json_object_new_object();
	out_str(old, "policy", a->live.name);
	out_int(old, "id", a->live.map_id);
	json_object_object_add(o, "replaced", old);
	if (!a->live.pinned)
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
			 "%sThe node keeps policy \"%s\" (id %u).",
			 len ? " " : "", now.name, now.map_id);
	live_close(&now);
}

/*
 * What follows a swap.  The lock is let go while the new policy settles.  Going
 * back does not depend on it: then a clean-up of somebody else may miss a pin,
 * which the next verb finds.
 *
 * Return: 0, -ECANCELED when the old policy is back, or another negative errno.
 */
static int settle(const struct attempt *a, const struct cmdline *c, uint32_t id,
		  uint64_t before, int *lock, struct failure *f)
{
	char reason[128];
	int err;

	if (c->settle <= 0)
		return 0;
	unlock_node(a->node.nid, *lock);
	err = watch(a, c->settle, id, before, reason, sizeof(reason), f);
	*lock = lock_node_again(a->node.nid);
	return err == -ECANCELED ? take_back(a, reason, f) : err;
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
	p_info("%s: link %u is not pinned by nodectl: the policy stays as long as whoever made the link keeps it. Pins of its maps, if any, then stay; \"nodectl unload %s\" removes them.",
	       a->node.name, a->live.link_id, a->node.name);
	return true;
}

static int prepare_swap(struct attempt *a, int nid, const struct cmdline *c,
			struct failure *f)
{
	int err;

	err = attempt_node(a, nid, f);
	if (!err)
		err = live_find_link(&a->node, &a->live, f);
	if (!err)
		err = check_expected(&a->live, c->expect, f);
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
static int finish_swap(struct attempt *a, const struct cmdline *c,
		       uint64_t overridden, int *lock, struct change *done,
		       struct failure *f)
{
	unsigned int removed = 0;
	uint64_t now;
	int err;

	done->left = !look_at_pin(a);
	err = settle(a, c, done->id, overridden, lock, f);
	done->made = err != -ECANCELED;
	done->left |= !clean_up(a->node.nid, done->made ? a->live.map_id :
				done->id, &removed);
	/* Somebody else has detached it while it settled. */
	if (!node_attr_u64(&a->node, "policy_id", &now) && !now)
		done->left |= !clean_up(a->node.nid, done->id, &removed);
	return err;
}

/* Put the prepared policy in the place of the node's, while nobody else does. */
static int swap_locked(struct attempt *a, const struct cmdline *c,
		       struct change *done, struct failure *f)
{
	unsigned int removed = 0;
	uint64_t overridden = 0;
	int lock, err;

	done->id = map_fd_id(bpf_map__fd(a->obj.ops_map));
	lock = lock_node(a->node.nid, f);
	if (lock < 0)
		return lock;
	err = pin_maps(a, done->id, f);
	if (count_overridden(&a->node, &overridden))
		overridden = 0;
	if (!err)
		err = update(a, f);
	if (err)
		clean_up(a->node.nid, done->id, &removed);
	else
		err = finish_swap(a, c, overridden, &lock, done, f);
	unlock_node(a->node.nid, lock);
	return err;
}

/**
 * do_swap - nodectl swap NODE POLICY [KEY=VALUE]... [--expect OLD] [--settle S]
 *	     [--fresh]
 * @c: the command line
 */
int do_swap(const struct cmdline *c)
{
	struct change done = {};
	struct failure f = {};
	struct attempt a;
	int nid, err;

	if (check_arguments(c, &nid))
		return NODECTL_USAGE;
	attempt_init(&a);
	err = prepare_swap(&a, nid, c, &f);
	if (!err)
		err = swap_locked(&a, c, &done, &f);
	if (!err) {
		print_swapped(&a, done.id, a.live.link_id, c->fresh);
	} else {
		if (a.node.dirfd >= 0)
			say_what_stays(&a, &f);
		explain("swap to", &a, c->args[1], &f);
	}
	failure_clear(&f);
	attempt_close(&a);
	if (err)
		return done.made ? NODECTL_PARTLY : NODECTL_NONE;
	return done.left ? NODECTL_PARTLY : NODECTL_OK;
}

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
			       json_object_new_string(live->name) : NULL);
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
		done->left |= !clean_up(nid, live->map_id, &done->pins);
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

	done->left |= !clean_up(node->nid, 0, &done->pins);
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
 * do_unload - nodectl unload NODE...
 * @c: the command line
 */
int do_unload(const struct cmdline *c)
{
	struct failure f = {};
	char name[NODE_NAME_SIZE];
	int i, nid, failed = 0, partly = 0;
	struct unloaded done;

	for (i = 0; i < c->nr_args; i++)
		if (node_arg(c->args[i], &nid))
			return NODECTL_USAGE;
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
