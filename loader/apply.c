// SPDX-License-Identifier: GPL-2.0
/*
 * apply: each node gets what the configuration says, and only what is not so is
 * changed.  What is so is read from the kernel: the policy by the digest of its
 * file, which it carries, and the tunables from their map.
 *
 * The changes themselves are those of load, swap and set, with the same checks
 * and the same promises.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "attempt.h"
#include "caps.h"
#include "stay.h"
#include "wanted.h"

enum action { NOTHING, UNCONFIGURED, LOAD, SWAP, SET };

/**
 * struct plan - what is to be done with a node
 * @action: it
 * @node: the node, as far as it could be opened
 * @wanted: what the configuration says
 * @live: the policy that it has
 * @obj: the policy that it is to have
 * @at: FILE:LINE of the section
 * @id: of the policy that it has
 * @args: command line of the verb that does it
 * @nr_args: how many
 * @settings: those of @args that are not of the configuration
 * @nr_settings: how many
 */
struct plan {
	enum action action;
	struct node node;
	struct wanted wanted;
	struct live live;
	struct object obj;
	char at[PATH_MAX + 16];
	char id[16];
	char *args[SETTINGS_MAX + 2];
	int nr_args;
	char *settings[SETTINGS_MAX];
	unsigned int nr_settings;
};

static void plan_init(struct plan *p, int nid)
{
	memset(p, 0, sizeof(*p));
	p->node.nid = nid;
	p->node.dirfd = -1;
	snprintf(p->node.name, sizeof(p->node.name), "node%d", nid);
	p->live.map_fd = p->live.link_fd = -1;
	p->live.values_fd = p->live.counters_fd = -1;
}

static void plan_close(struct plan *p)
{
	while (p->nr_settings)
		free(p->settings[--p->nr_settings]);
	object_close(&p->obj);
	live_close(&p->live);
	node_close(&p->node);
}

static int find_wanted(struct plan *p, struct conf *conf, bool offline,
		       struct failure *f)
{
	struct traits traits;
	int err;

	if (offline)
		return wanted_for_node(conf, p->node.nid, NULL, &p->wanted, f);
	err = node_open(p->node.nid, &p->node, f);
	if (!err)
		err = traits_read(&p->node, &traits, f);
	return err ?: wanted_for_node(conf, p->node.nid, &traits, &p->wanted, f);
}

static int open_wanted(struct plan *p, struct conf *conf,
		       const struct policy_dirs *dirs, struct failure *f)
{
	struct settings set;
	char file[PATH_MAX];
	int err;

	err = policy_find(dirs, p->wanted.policy->text, file, sizeof(file), f);
	if (!err)
		err = object_open(file, &p->obj, f);
	if (err)
		return conf_wrong(conf, &p->wanted.policy->at, err);
	/* The file may have been replaced since all were vetted. */
	err = wanted_vet(conf, &p->wanted, &p->obj.meta, f);
	if (!err)
		err = settings_parse(p->args + 2, p->nr_args - 2, &set, f);
	return err ?: object_set_tunables(&p->obj, &set, f);
}

static bool differs(const struct plan *p, const struct tunable *tun)
{
	return tunable_load(tun, p->live.values) != object_tunable(&p->obj, tun);
}

/* Can the tunables of the one be found in those of the other, and set at once? */
static bool may_set(const struct plan *p)
{
	unsigned int i, nr = 0;

	if (!p->live.values || !p->obj.meta.nr_tunables)
		return true;
	if (p->live.meta.values_size != p->obj.meta.values_size)
		return false;
	for (i = 0; i < p->obj.meta.nr_tunables; i++)
		nr += differs(p, &p->obj.meta.tunables[i]);
	return nr <= SETTINGS_MAX;
}

/* Only the tunables that differ: others may set the rest meanwhile. */
static int compare_tunables(struct plan *p, struct failure *f)
{
	const struct tunable *tun;
	char value[32];
	unsigned int i;

	p->nr_args = 1;
	for (i = 0; p->live.values && i < p->obj.meta.nr_tunables; i++) {
		tun = &p->obj.meta.tunables[i];
		if (!differs(p, tun))
			continue;
		tunable_format(tun, object_tunable(&p->obj, tun), value,
			       sizeof(value));
		if (asprintf(&p->settings[p->nr_settings], "%s=%s", tun->name,
			     value) < 0)
			return fail(f, -ENOMEM, NULL, "no memory");
		p->args[p->nr_args++] = p->settings[p->nr_settings++];
	}
	p->action = p->nr_settings ? SET : NOTHING;
	return 0;
}

static int compare(struct plan *p, struct failure *f)
{
	int err;

	err = live_identify(&p->node, &p->live);
	if (err)
		return fail(f, err, NULL, "cannot read which policy it has: %s",
			    strerror(-err));
	p->action = LOAD;
	if (!p->live.map_id)
		return 0;
	snprintf(p->id, sizeof(p->id), "%u", p->live.map_id);
	err = privilege_require(f) ?: live_read(&p->live, f);
	if (err)
		return err;
	p->action = SWAP;
	if (!digest_equal(&p->live.digest, &p->obj.digest) || !may_set(p))
		return 0;
	return compare_tunables(p, f);
}

static int make_plan(struct plan *p, struct conf *conf, const struct cmdline *c,
		     struct failure *f)
{
	bool offline = attempt_is_offline(c);
	const struct conf_section *s;
	int err;

	err = find_wanted(p, conf, offline, f);
	if (err)
		return err;
	s = p->wanted.section;
	p->action = UNCONFIGURED;
	if (!s && c->to_configured)
		return fail(f, -ENOENT, "Without --to-configured it is left to the native default.",
			    "the configuration says nothing about it");
	if (!s)
		return 0;
	snprintf(p->at, sizeof(p->at), "%s:%u", s->at.file, s->at.line);
	p->args[0] = p->node.name;
	p->args[1] = p->wanted.policy->text;
	p->nr_args = 2 + wanted_args(&p->wanted, p->args + 2);
	err = open_wanted(p, conf, &c->dirs, f);
	p->action = LOAD;
	return err || offline ? err : compare(p, f);
}

static void print_nothing(const struct plan *p, const struct cmdline *c)
{
	bool configured = p->action != UNCONFIGURED;
	struct json_object *o;

	if (!out_json) {
		if (configured)
			printf("%s: policy %s (id %u) is as configured\n",
			       p->node.name, p->live.name, p->live.map_id);
		else
			printf("%s: the configuration says nothing about it; it stays as it is\n",
			       p->node.name);
		return;
	}
	o = json_object_new_object();
	out_str(o, "node", p->node.name);
	out_int(o, "nid", p->node.nid);
	out_str(o, "action", configured ? "none" : "unconfigured");
	out_bool(o, "dry_run", c->dry_run);
	json_object_object_add(o, "configured_at", configured ?
			       json_object_new_string(p->at) : NULL);
	json_object_object_add(o, "policy", configured ?
			       json_object_new_string(p->live.name) : NULL);
	json_object_object_add(o, "id", configured ?
			       json_object_new_int64(p->live.map_id) : NULL);
	out_record(o);
}

/* As if the verb had been typed. What was seen must still be so. */
static int carry_out(struct plan *p, const struct cmdline *c)
{
	struct cmdline verb = *c;

	verb.args = p->args;
	verb.nr_args = p->nr_args;
	verb.configured_at = p->at;
	verb.force = p->wanted.section &&
		     p->wanted.section->values[CONF_FORCE].number;
	switch (p->action) {
	case LOAD:
		return do_load(&verb);
	case SWAP:
		verb.expect = p->id;
		return do_swap(&verb);
	case SET:
		verb.expect = p->id;
		return do_set(&verb);
	case NOTHING:
	case UNCONFIGURED:
		break;
	}
	print_nothing(p, c);
	return NODECTL_OK;
}

/* @wait: how long to wait first, NULL if nobody would */
static int apply_node(int nid, struct conf *conf, const struct cmdline *c,
		      double *wait)
{
	struct failure f = {};
	struct plan *p;
	int err, status;

	p = malloc(sizeof(*p));
	if (!p) {
		p_error("no memory");
		return NODECTL_NONE;
	}
	plan_init(p, nid);
	conf->wrong[0] = '\0';
	err = signals_stop() ? fail(&f, -EINTR, NULL, "interrupted") :
			       make_plan(p, conf, c, &f);
	if (!err && wait && p->action == UNCONFIGURED)
		*wait = -1;
	if (!err && wait && (p->action == LOAD || p->action == SWAP))
		err = retry_of_node(&p->node, p->obj.name, wait, &f);
	if (err)
		p_failure(p->node.name, conf->wrong[0] ? conf->wrong :
			  "cannot apply the configuration", &f);
	if (err)
		status = NODECTL_NONE;
	else
		status = wait && *wait > 0 ? NODECTL_OK : carry_out(p, c);
	failure_clear(&f);
	plan_close(p);
	free(p);
	return status;
}

static int read_conf(struct conf *conf, const struct cmdline *c)
{
	struct failure f = {};
	int err;

	err = conf_read(c->config, conf, &f);
	if (!err)
		err = wanted_vet_all(conf, &c->dirs, &f);
	if (err)
		p_failure(conf->wrong[0] ? conf->wrong : NULL, NULL, &f);
	else if (!conf->nr_files)
		p_info("there is no configuration: no *%s in %s%s%s", CONF_SUFFIX,
		       c->config ?: conf_system_dirs[0],
		       c->config ? "" : " and ",
		       c->config ? "" : conf_system_dirs[1]);
	failure_clear(&f);
	return err;
}

/* Without the kernel's help only those that are named are known. */
static int offline_nodes(const struct conf *conf, int *nids)
{
	unsigned int i;
	int nr = 0;

	for (i = 0; i < conf->nr && nr < NODE_MAX; i++)
		if (conf->sections[i]->kind == CONF_NODE)
			nids[nr++] = conf->sections[i]->nid;
	return nr;
}

/* The configuration is read anew each time: it may have changed meanwhile. */
static int apply_once(int nid, const void *arg, double *wait)
{
	const struct cmdline *c = arg;
	struct conf conf = {};
	int status = NODECTL_NONE;

	if (!read_conf(&conf, c))
		status = apply_node(nid, &conf, c, wait);
	conf_free(&conf);
	/* Who reads the log of a service need not wait for more. */
	out_flush();
	return status;
}

/**
 * do_apply - nodectl apply [NODE]... [--stay] [--dry-run] [--config DIR]
 * @c: the command line
 */
int do_apply(const struct cmdline *c)
{
	int nids[NODE_MAX], nr = 0, i, status, failed = 0, partly = 0;
	bool offline = attempt_is_offline(c);
	struct conf conf = {};

	status = offline && !c->nr_args ? NODECTL_OK : wanted_nodes(c, nids, &nr);
	if (status)
		return status;
	if (c->stay)
		return stay(nids[0], apply_once, c);
	if (read_conf(&conf, c)) {
		conf_free(&conf);
		return NODECTL_NONE;
	}
	if (c->dry_run)
		wanted_tell_missing(&conf, &c->dirs);
	if (offline && !c->nr_args)
		nr = offline_nodes(&conf, nids);
	for (i = 0; i < nr; i++) {
		status = apply_node(nids[i], &conf, c, NULL);
		failed += status == NODECTL_NONE;
		partly += status == NODECTL_PARTLY;
	}
	conf_free(&conf);
	if (nr && !c->dry_run)
		node_tell_demotion();
	return verdict(failed, partly, nr);
}
