// SPDX-License-Identifier: GPL-2.0
/*
 * What load and swap have in common: a policy on its way to a node.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <json-c/json.h>

#include "attempt.h"
#include "bpffs.h"
#include "caps.h"
#include "exits.h"
#include "keep.h"
#include "kernel.h"
#include "pin.h"
#include "trace.h"
#include "traits.h"

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

/**
 * attempt_arguments - what is wrong with NODE POLICY [KEY=VALUE]...
 * @c: the command line
 * @nid: gets the node
 *
 * The policy is not looked at. It says later which tunables it has.
 *
 * Return: 0, or -EINVAL after an error message.
 */
int attempt_arguments(const struct cmdline *c, int *nid)
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
 * attempt_init - make an attempt that attempt_close() can take back
 * @a: it
 */
void attempt_init(struct attempt *a)
{
	memset(a, 0, sizeof(*a));
	a->node.dirfd = -1;
	a->live.map_fd = a->live.link_fd = -1;
	a->live.values_fd = a->live.counters_fd = -1;
}

/**
 * attempt_close - let go of all that an attempt holds
 * @a: it; what is pinned stays
 */
void attempt_close(struct attempt *a)
{
	free(a->kept);
	object_close(&a->obj);
	handover_free(&a->maps);
	live_close(&a->live);
	node_close(&a->node);
}

/**
 * attempt_node - the steps that load and swap begin with
 * @a: gets the node, and the policy that it has
 * @nid: its number
 * @c: the command line
 * @f: filled on failure
 *
 * Return: 0 or a negative errno.
 */
int attempt_node(struct attempt *a, int nid, const struct cmdline *c,
		 struct failure *f)
{
	int err;

	if (!c->dry_run)
		trace_remove_stale();
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
		len += snprintf(f->next + len, sizeof(f->next) - len, "%s%.64s",
				sep, a->maps.maps[i].name);
		sep = ", ";
	}
	snprintf(f->next + len, sizeof(f->next) - len,
		 "; --fresh gives it empty ones.");
}

/* Is the policy for such a node at all? */
static int check_fit(const struct attempt *a, const struct cmdline *c,
		     struct failure *f)
{
	const struct policy_match *m = &a->obj.meta.match;
	struct traits traits;
	char why[256];
	int err;

	if (!m->said)
		return 0;
	err = traits_read(&a->node, &traits, f);
	if (err || policy_fits(m, &traits, why, sizeof(why)))
		return err;
	return fail(f, -EPERM, c->configured_at ?
		    "\"force = yes\" in the section attaches it all the same; \"nodectl policies --for NODE\" lists the policies for a node." :
		    "--force attaches it all the same; \"nodectl policies --for NODE\" lists the policies for a node.",
		    "the policy is for other nodes: %s", why);
}

/**
 * attempt_open - find and read the new policy and set its tunables
 * @a: gets the object and the file
 * @c: the command line
 * @f: filled on failure
 *
 * All that can be wrong with them before the kernel sees the policy.
 *
 * Return: 0 or a negative errno.
 */
int attempt_open(struct attempt *a, const struct cmdline *c, struct failure *f)
{
	struct settings set;
	int err;

	err = policy_find(&c->dirs, c->args[1], a->file, sizeof(a->file), f);
	if (!err)
		err = object_open(a->file, &a->obj, f);
	/* The command line was checked before; this cannot fail. */
	if (!err)
		err = settings_parse(c->args + 2, c->nr_args - 2, &set, f);
	if (!err)
		err = object_set_tunables(&a->obj, &set, f);
	if (!err && a->node.dirfd >= 0 && !c->force)
		err = check_fit(a, c, f);
	if (!err && c->keep_tunables && a->live.map_id)
		err = keep_tunables(a, &set, f);
	return err;
}

/**
 * attempt_is_offline - is this a dry run where no kernel can be asked?
 * @c: the command line
 */
bool attempt_is_offline(const struct cmdline *c)
{
	return c->dry_run && !node_kernel_supported();
}

/**
 * attempt_offline - all of a dry run that needs no kernel
 * @a: gets the object; the node has its number and name only
 * @nid: the node
 * @c: the command line
 * @f: filled on failure
 *
 * Return: 0 or a negative errno.
 */
int attempt_offline(struct attempt *a, int nid, const struct cmdline *c,
		    struct failure *f)
{
	a->node.nid = nid;
	snprintf(a->node.name, sizeof(a->node.name), "node%d", nid);
	return attempt_open(a, c, f);
}

/**
 * attempt_object - bring the policy into the kernel, not yet to the node
 * @a: node and object; gets what became of the maps
 * @c: the command line
 * @f: filled on failure
 *
 * Return: 0 or a negative errno.
 */
int attempt_object(struct attempt *a, const struct cmdline *c,
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

/**
 * attempt_has_init - does the new policy have init()?
 * @a: the attempt
 */
bool attempt_has_init(const struct attempt *a)
{
	struct bpf_program *prog;
	unsigned int pos = 0;
	const char *name;

	while ((name = object_next_func(&a->obj, &pos, &prog)))
		if (!strcmp(name, "init"))
			return true;
	return false;
}

/* Did init() call bpf_node_device_policy_exit()? The kernel has it on record. */
static bool left_in_init(const struct attempt *a, char *reason, size_t size)
{
	struct exits exits;

	if (exits_read(&a->node, &exits) || !exits.nr ||
	    exits.exit[0].map_id != attempt_map_id(a))
		return false;
	exit_reason(&exits.exit[0], reason, size);
	return true;
}

/**
 * attempt_refused - the errors that attaching and replacing have in common
 * @a: what was tried
 * @err: what the kernel said
 * @f: filled
 *
 * What the kernel says init() may say as well: then only what can be seen counts.
 *
 * Return: @err.
 */
int attempt_refused(struct attempt *a, int err, struct failure *f)
{
	bool init = attempt_has_init(a);
	char reason[512];
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
	if (err == -E2BIG || err == -EFBIG)
		return fail(f, err, "docs/safety.md has the limits.", "%s%s%s",
			    err == -E2BIG ? "a member may run for too long" :
			    "a member uses a map that is too large, or of a kind that policies may not use",
			    init ? ", or its init() refused the node: " : "",
			    init ? strerror(-err) : "");
	if (err == -ECANCELED && left_in_init(a, reason, sizeof(reason)))
		return fail(f, err,
			    "The policy's description (\"nodectl inspect\") may say what the code means.",
			    "%s", reason);
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

/**
 * attempt_json - the new policy, attached, as JSON
 * @a: the attempt
 * @action: "load" or "swap"
 * @c: the command line
 * @id: id of the policy, 0 for a dry run
 * @link_id: id of its link, 0 for a dry run
 */
struct json_object *attempt_json(const struct attempt *a, const char *action,
				 const struct cmdline *c, uint32_t id,
				 uint32_t link_id)
{
	struct json_object *o = json_object_new_object();
	char path[PATH_MAX], unload[64];

	pin_path(a->node.nid, path, sizeof(path));
	snprintf(unload, sizeof(unload), "nodectl unload %s", a->node.name);
	out_str(o, "node", a->node.name);
	out_int(o, "nid", a->node.nid);
	out_str(o, "action", action);
	out_bool(o, "dry_run", c->dry_run);
	json_object_object_add(o, "configured_at", c->configured_at ?
			       json_object_new_string(c->configured_at) : NULL);
	out_str(o, "policy", a->obj.name);
	json_object_object_add(o, "id", id ? json_object_new_int64(id) : NULL);
	out_int(o, "version", a->obj.version);
	json_object_object_add(o, "link_id", link_id ?
			       json_object_new_int64(link_id) : NULL);
	json_object_object_add(o, "pin", id ? json_object_new_string(path) : NULL);
	out_str(o, "path", a->file);
	json_object_object_add(o, "tunables", tunables_json(&a->obj));
	json_object_object_add(o, "demotion_enabled", node_demotion_json());
	if (c->dry_run)
		out_bool(o, "verified", !attempt_is_offline(c));
	else
		out_str(o, "unload", unload);
	return o;
}

/**
 * attempt_print_dry - say what would be done, and with which tunables
 * @a: the attempt
 * @action: what would become of the policy
 * @c: the command line
 */
void attempt_print_dry(const struct attempt *a, const char *action,
		       const struct cmdline *c)
{
	const struct tunable *tun;
	char value[32];
	unsigned int i;

	printf("%s: dry run: policy %s would %s; %s\n", a->node.name, a->obj.name,
	       action, attempt_is_offline(c) ?
	       "not verified, this kernel knows no device nodes" :
	       "the verifier accepts it");
	for (i = 0; i < a->obj.meta.nr_tunables; i++) {
		tun = &a->obj.meta.tunables[i];
		printf("%s:     %s=%s%s%s\n", a->node.name, tun->name,
		       tunable_format(tun, object_tunable(&a->obj, tun), value,
				      sizeof(value)),
		       tun->unit[0] ? " " : "", tun->unit);
	}
}

static uint32_t map_fd_id(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return bpf_map_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/**
 * attempt_map_id - id of the new policy
 * @a: the attempt, after attempt_object()
 *
 * Return: the id, or 0 if it cannot be read.
 */
uint32_t attempt_map_id(const struct attempt *a)
{
	return map_fd_id(bpf_map__fd(a->obj.ops_map));
}

/**
 * attempt_pin_maps - pin the maps whose timers and work go on without nodectl
 * @a: the attempt, whose policy is not attached yet: a nodectl that is killed
 *     afterwards has done it
 * @id: id of the policy
 * @f: filled on failure
 *
 * Return: 0 or a negative errno; then some may be pinned.
 */
int attempt_pin_maps(const struct attempt *a, uint32_t id, struct failure *f)
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

/**
 * attempt_replace - put one policy in the place of another
 * @link_fd: link of the node
 * @new_fd: map of the policy that comes
 * @old_fd: map of the one that must be there: the kernel compares
 *
 * Return: 0 or a negative errno.
 */
int attempt_replace(int link_fd, int new_fd, int old_fd)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE,
		    .old_map_fd = old_fd);

	return bpf_link_update(link_fd, new_fd, &opts) ? -errno : 0;
}

/**
 * change_status - exit status of load and swap
 * @done: what was done; a load that failed has made nothing
 * @err: 0 or a negative errno
 */
int change_status(const struct change *done, int err)
{
	if (err)
		return done->made || done->left ? NODECTL_PARTLY : NODECTL_NONE;
	return done->left ? NODECTL_PARTLY : NODECTL_OK;
}

/**
 * attempt_explain - say on stderr why an attempt failed
 * @verb: what was tried
 * @a: the attempt
 * @policy: as the user named it
 * @f: why
 */
void attempt_explain(const char *verb, const struct attempt *a,
		     const char *policy, const struct failure *f)
{
	char what[128];

	snprintf(what, sizeof(what), "cannot %s policy %s", verb,
		 policy[0] ? policy : "\"\"");
	p_failure(a->node.name, what, f);
}
