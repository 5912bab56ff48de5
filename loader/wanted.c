// SPDX-License-Identifier: GPL-2.0
/*
 * What the configuration wants for a node: of its own section, or else of the
 * first match whose conditions all hold.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wanted.h"

/**
 * traits_read - read what conditions ask about
 * @node: the node
 * @t: the result
 * @f: why not
 *
 * The physical size is what the device reports at the moment; the logical one
 * stays, and so does what a match means.
 *
 * Return: 0 or a negative errno.
 */
int traits_read(const struct node *node, struct traits *t, struct failure *f)
{
	int err;

	memset(t, 0, sizeof(*t));
	err = node_attr(node, "driver", t->driver, sizeof(t->driver));
	if (!err)
		err = node_attr(node, "features", t->features,
				sizeof(t->features));
	if (!err)
		err = node_attr_u64(node, "logical_total", &t->size);
	if (!err)
		err = node_attr_u64(node, "nr_classes", &t->classes);
	return err ? fail(f, err, "Try again.", "cannot read what it is: %s",
			  strerror(-err)) : 0;
}

/**
 * traits_have - does a node have all of these features?
 * @t: the node
 * @features: their names, separated by blanks or commas
 */
bool traits_have(const struct traits *t, const char *features)
{
	static const char sep[] = " ,";
	const char *p, *q;
	size_t len, has;

	for (p = features + strspn(features, sep); *p; p += strspn(p, sep)) {
		len = strcspn(p, sep);
		for (q = t->features; *q; q += has + strspn(q + has, sep)) {
			has = strcspn(q, sep);
			if (has == len && !strncmp(p, q, len))
				break;
		}
		if (!*q)
			return false;
		p += len;
	}
	return true;
}

static bool matches(const struct conf_section *s, const struct traits *t)
{
	const struct conf_value *v = s->values;

	return (!v[CONF_DRIVER].text ||
		!fnmatch(v[CONF_DRIVER].text, t->driver, 0)) &&
	       (!v[CONF_FEATURES].text ||
		traits_have(t, v[CONF_FEATURES].text)) &&
	       (!v[CONF_MIN_SIZE].text || t->size >= v[CONF_MIN_SIZE].number) &&
	       (!v[CONF_MAX_SIZE].text || t->size <= v[CONF_MAX_SIZE].number) &&
	       (!v[CONF_MIN_CLASSES].text ||
		t->classes >= v[CONF_MIN_CLASSES].number);
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
