// SPDX-License-Identifier: GPL-2.0
/*
 * What the configuration wants for a node: of its own section, or else of the
 * first match whose conditions all hold.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wanted.h"

static bool matches(const struct conf_section *s, const struct traits *t)
{
	const struct conf_value *v = s->values;
	const struct conditions c = {
		.driver = v[CONF_DRIVER].text,
		.features = v[CONF_FEATURES].text,
		.min_size = v[CONF_MIN_SIZE].number,
		.max_size = v[CONF_MAX_SIZE].text ? v[CONF_MAX_SIZE].number :
						    UINT64_MAX,
		.min_classes = v[CONF_MIN_CLASSES].number,
	};

	return traits_hold(t, &c, NULL, 0);
}

static bool same_key(const struct conf_tunable *a, const struct conf_tunable *b)
{
	return a->key_len == b->key_len &&
	       !strncmp(a->text, b->text, a->key_len);
}

static int add_tunables(struct conf *conf, const struct conf_section *s,
			struct wanted *w, struct failure *f)
{
	unsigned int i, j, nr = w->nr;

	for (i = 0; i < s->nr_tunables; i++) {
		for (j = 0; j < nr; j++)
			if (same_key(w->tunables[j], &s->tunables[i]))
				break;
		if (j < nr)
			continue;
		if (w->nr == SETTINGS_MAX)
			return conf_wrong(conf, &w->section->at,
					  fail(f, -E2BIG, NULL,
					       "more than %d tunables, with those of its profile",
					       SETTINGS_MAX));
		w->tunables[w->nr++] = &s->tunables[i];
	}
	return 0;
}

/**
 * wanted_of_section - what a section wants, with its profile
 * @conf: the configuration
 * @s: one of its sections
 * @w: the result; ->policy is NULL for a profile that names none
 * @f: what is wrong
 *
 * Return: 0 or a negative errno.
 */
int wanted_of_section(struct conf *conf, const struct conf_section *s,
		      struct wanted *w, struct failure *f)
{
	const struct conf_section *profile = NULL;
	int err;

	memset(w, 0, sizeof(*w));
	w->section = s;
	if (s->values[CONF_PROFILE_NAME].text)
		profile = conf_section(conf, CONF_PROFILE,
				       s->values[CONF_PROFILE_NAME].text);
	if (s->values[CONF_POLICY].text)
		w->policy = &s->values[CONF_POLICY];
	else if (profile && profile->values[CONF_POLICY].text)
		w->policy = &profile->values[CONF_POLICY];
	err = add_tunables(conf, s, w, f);
	if (!err && profile)
		err = add_tunables(conf, profile, w, f);
	return err;
}

/**
 * wanted_for_node - what the configuration wants for a node
 * @conf: the configuration
 * @nid: the node
 * @t: what it is, NULL if that is not known: then no match holds
 * @w: the result; ->section is NULL when nothing is said
 * @f: what is wrong
 *
 * Return: 0 or a negative errno.
 */
int wanted_for_node(struct conf *conf, int nid, const struct traits *t,
		    struct wanted *w, struct failure *f)
{
	const struct conf_section *s;
	char name[NODE_NAME_SIZE];
	unsigned int i;

	snprintf(name, sizeof(name), "node%d", nid);
	s = conf_section(conf, CONF_NODE, name);
	for (i = 0; t && !s && i < conf->nr; i++)
		if (conf->sections[i]->kind == CONF_MATCH &&
		    matches(conf->sections[i], t))
			s = conf->sections[i];
	if (s)
		return wanted_of_section(conf, s, w, f);
	memset(w, 0, sizeof(*w));
	return 0;
}

/**
 * wanted_vet - does the policy have these tunables, with these values?
 * @conf: the configuration; knows afterwards which line is wrong
 * @w: what is wanted
 * @meta: what the policy says about itself
 * @f: what is wrong
 *
 * Return: 0 or a negative errno.
 */
int wanted_vet(struct conf *conf, const struct wanted *w,
	       const struct policy_meta *meta, struct failure *f)
{
	struct tunable_change change;
	struct settings set;
	unsigned int i;
	char *arg;
	int err;

	for (i = 0; i < w->nr; i++) {
		arg = w->tunables[i]->text;
		err = settings_parse(&arg, 1, &set, f);
		if (!err)
			err = tunables_vet(meta, &set, &change, f);
		if (err)
			return conf_wrong(conf, &w->tunables[i]->at, err);
	}
	return 0;
}

/**
 * wanted_vet_all - are the tunables of all sections right?
 * @conf: the configuration
 * @dirs: where policies are
 * @f: what is wrong
 *
 * A policy that is not there, or damaged, is no error of the configuration: it
 * costs only the nodes that it is for.
 *
 * Return: 0 or a negative errno.
 */
int wanted_vet_all(struct conf *conf, const struct policy_dirs *dirs,
		   struct failure *f)
{
	struct failure ignored = {};
	char file[PATH_MAX];
	struct object obj;
	struct wanted w;
	unsigned int i;
	int err;

	for (i = 0; i < conf->nr; i++) {
		err = wanted_of_section(conf, conf->sections[i], &w, f);
		if (err)
			return err;
		if (!w.policy || policy_find(dirs, w.policy->text, file,
					     sizeof(file), &ignored))
			continue;
		if (!object_open(file, &obj, &ignored))
			err = wanted_vet(conf, &w, &obj.meta, f);
		object_close(&obj);
		failure_clear(&ignored);
		if (err)
			return err;
	}
	return 0;
}

/**
 * wanted_tell_missing - say where policies are named that are not there
 * @conf: the configuration
 * @dirs: where policies are
 *
 * They may be those of a node that is not there either.
 */
void wanted_tell_missing(struct conf *conf, const struct policy_dirs *dirs)
{
	const struct conf_value *policy;
	struct failure f = {};
	char file[PATH_MAX];
	unsigned int i;

	for (i = 0; i < conf->nr; i++) {
		policy = &conf->sections[i]->values[CONF_POLICY];
		if (policy->text && policy_find(dirs, policy->text, file,
						sizeof(file), &f))
			p_info("%s:%u: %s. %s", policy->at.file,
			       policy->at.line, f.cause, f.next);
	}
	failure_clear(&f);
}

/**
 * wanted_args - the tunables as arguments for load
 * @w: what is wanted
 * @args: gets KEY=VALUE texts of the configuration
 *
 * Return: how many.
 */
unsigned int wanted_args(const struct wanted *w, char **args)
{
	unsigned int i;

	for (i = 0; i < w->nr; i++)
		args[i] = w->tunables[i]->text;
	return w->nr;
}
