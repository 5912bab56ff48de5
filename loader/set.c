// SPDX-License-Identifier: GPL-2.0
/*
 * set: changes tunables of a running policy and leaves the others alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "caps.h"
#include "live.h"
#include "node.h"
#include "nodectl.h"
#include "tunable.h"

static int find_tunables(const struct node *node, const char *expect,
			 struct live *live, struct failure *f)
{
	int err;

	err = live_identify(node, live);
	if (err)
		return fail(f, err, NULL, "cannot read which policy it has: %s",
			    strerror(-err));
	if (!live->map_id)
		return fail(f, -ENOENT, "Attach one with \"nodectl load\".",
			    "the node has no policy");
	err = live_expect(live, expect, f) ?: privilege_require(f);
	if (!err)
		err = live_read(live, f);
	if (!err && live->meta.nr_tunables && !live->values)
		err = fail(f, -ENOENT,
			   "A tunable that no program uses is not in the kernel.",
			   "the tunables of policy \"%s\" are not in any map of it",
			   live->name);
	return err;
}

static void print_change(const struct cmdline *c, const struct node *node,
			 const struct live *live,
			 const struct tunable_change *changes,
			 unsigned int nr)
{
	struct json_object *o, *set, *one;
	char old[32], new[32];
	unsigned int i;

	if (!out_json) {
		for (i = 0; i < nr; i++)
			printf("%s: %s%s: %s %s -> %s%s%s\n", node->name,
			       c->dry_run ? "dry run: " : "", live->name,
			       changes[i].tun->name,
			       tunable_format(changes[i].tun,
					      tunable_load(changes[i].tun,
							   live->values),
					      old, sizeof(old)),
			       tunable_format(changes[i].tun, changes[i].value,
					      new, sizeof(new)),
			       changes[i].tun->unit[0] ? " " : "",
			       changes[i].tun->unit);
		return;
	}
	o = json_object_new_object();
	out_str(o, "node", node->name);
	out_int(o, "nid", node->nid);
	out_str(o, "action", "set");
	out_bool(o, "dry_run", c->dry_run);
	json_object_object_add(o, "configured_at", c->configured_at ?
			       json_object_new_string(c->configured_at) : NULL);
	out_str(o, "policy", live->name);
	out_int(o, "id", live->map_id);
	set = json_object_new_object();
	for (i = 0; i < nr; i++) {
		one = json_object_new_object();
		json_object_object_add(one, "old",
			tunable_json_value(changes[i].tun,
				tunable_load(changes[i].tun, live->values)));
		json_object_object_add(one, "new",
			tunable_json_value(changes[i].tun, changes[i].value));
		json_object_object_add(set, changes[i].tun->name, one);
	}
	json_object_object_add(o, "set", set);
	out_record(o);
}

static int store(const struct node *node, struct live *live,
		 const struct tunable_change *changes, unsigned int nr,
		 struct failure *f)
{
	uint64_t id;
	int err;

	err = live_store(live, changes, nr, f);
	if (err)
		return err;
	/* A swap in between leaves us with a policy that nobody asks any more. */
	if (node_attr_u64(node, "policy_id", &id) || id != live->map_id)
		return fail(f, -ESTALE, "Set it again for the new one.",
			    "policy \"%s\" (id %u) has just been replaced or detached",
			    live->name, live->map_id);
	return 0;
}

static int set_tunables(const struct cmdline *c, const struct node *node,
			const struct settings *set, struct failure *f)
{
	struct tunable_change changes[SETTINGS_MAX];
	struct live live;
	int err;

	err = find_tunables(node, c->expect, &live, f);
	if (!err)
		err = tunables_vet(&live.meta, set, changes, f);
	if (!err && !c->dry_run)
		err = store(node, &live, changes, set->nr, f);
	/* The copy in @live has the values that were there before. */
	if (!err)
		print_change(c, node, &live, changes, set->nr);
	live_close(&live);
	return err;
}

/**
 * do_set - nodectl set NODE KEY=VALUE...
 * @c: the command line
 */
int do_set(const struct cmdline *c)
{
	struct failure f = {};
	struct settings set;
	struct node node;
	int nid, err;

	if (node_arg(c->args[0], &nid))
		return NODECTL_USAGE;
	if (settings_parse(c->args + 1, c->nr_args - 1, &set, &f)) {
		p_failure(NULL, NULL, &f);
		return NODECTL_USAGE;
	}
	err = node_open(nid, &node, &f);
	if (!err)
		err = set_tunables(c, &node, &set, &f);
	if (err)
		p_failure(node.name, "cannot set", &f);
	failure_clear(&f);
	node_close(&node);
	return err ? NODECTL_NONE : NODECTL_OK;
}
