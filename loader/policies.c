// SPDX-License-Identifier: GPL-2.0
/*
 * policies and inspect: policy objects as files.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "nodectl.h"
#include "object.h"
#include "text.h"
#include "traits.h"

/* Names found so far: the first directory of the search path wins. */
static bool seen_before(struct json_object *seen, const char *name)
{
	if (json_object_object_get_ex(seen, name, NULL))
		return true;
	out_bool(seen, name, true);
	return false;
}

static struct json_object *match_json(const struct policy_match *m)
{
	struct json_object *o;

	if (!m->said)
		return NULL;
	o = json_object_new_object();
	json_object_object_add(o, "driver", m->driver[0] ?
			       json_object_new_string(m->driver) : NULL);
	out_str(o, "features", m->features);
	out_uint(o, "min_size", m->min_size);
	json_object_object_add(o, "max_size", m->max_size != UINT64_MAX ?
			       json_object_new_uint64(m->max_size) : NULL);
	out_uint(o, "min_classes", m->min_classes);
	return o;
}

static int show_policy(const char *path, const char *name, bool shadowed,
		       const struct traits *node, struct json_object *array)
{
	struct failure f = {};
	struct json_object *o;
	struct object obj;
	char called[32] = "", why[256];
	int err;

	err = object_open(path, &obj, &f);
	if (!err && node && !policy_fits(&obj.meta.match, node, why, sizeof(why)))
		goto out;
	if (err) {
		if (array) {
			o = json_object_new_object();
			out_str(o, "path", path);
			out_str(o, "error", f.cause);
			json_object_array_add(array, o);
		}
		p_failure(path, NULL, &f);
	} else if (array) {
		o = json_object_new_object();
		out_str(o, "name", name);
		out_str(o, "policy", obj.name);
		out_str(o, "path", path);
		out_str(o, "summary", obj.meta.summary);
		out_int(o, "version", obj.version);
		out_int(o, "tunables", obj.meta.nr_tunables);
		out_bool(o, "shadowed", shadowed);
		json_object_object_add(o, "match", match_json(&obj.meta.match));
		json_object_array_add(array, o);
	} else if (!shadowed) {
		/* Loaded by the one name, shown and expected by the other. */
		if (strcmp(name, obj.name))
			snprintf(called, sizeof(called), "(policy %s) ",
				 obj.name);
		printf("%-16s %s%s\n", name, called, obj.meta.described ?
		       obj.meta.summary : "(says nothing about itself)");
	}
out:
	object_close(&obj);
	failure_clear(&f);
	return err;
}

static int is_policy_file(const struct dirent *de)
{
	size_t len = strlen(de->d_name), suffix = strlen(POLICY_SUFFIX);

	return de->d_name[0] != '.' && len > suffix &&
	       !strcmp(de->d_name + len - suffix, POLICY_SUFFIX);
}

/* Many directories need not be there; one that was asked for must be. */
static void dir_is_missing(const char *dir, int err)
{
	struct failure f = {};

	fail(&f, err, "Look at what --path says.",
	     "cannot look for policies there: %s", strerror(-err));
	p_failure(dir, NULL, &f);
}

static void show_dir(const char *dir, bool asked, const struct traits *node,
		     struct json_object *seen, struct json_object *array,
		     int *shown, int *failed)
{
	char path[PATH_MAX], name[256];
	struct dirent **list;
	int nr, i, err;

	nr = scandir(dir, &list, is_policy_file, alphasort);
	if (nr < 0 && asked) {
		dir_is_missing(dir, -errno);
		(*failed)++;
	}
	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "%s", list[i]->d_name);
		name[strlen(name) - strlen(POLICY_SUFFIX)] = '\0';
		text_clean(name);
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir,
				     list[i]->d_name) < sizeof(path)) {
			err = show_policy(path, name, seen_before(seen, name),
					  node, array);
			*failed += !!err;
			*shown += !err;
		}
		free(list[i]);
	}
	if (nr >= 0)
		free(list);
}

/* --for: what is the node? */
static int read_node(const struct cmdline *c, struct traits *traits)
{
	struct failure f = {};
	struct node node;
	int nid, err;

	if (!c->for_node)
		return NODECTL_OK;
	if (node_arg(c->for_node, &nid))
		return NODECTL_USAGE;
	err = node_open(nid, &node, &f);
	if (!err)
		err = traits_read(&node, traits, &f);
	if (err)
		p_failure(node.name, "cannot tell which policies are for it", &f);
	node_close(&node);
	return err ? NODECTL_NONE : NODECTL_OK;
}

/**
 * do_policies - nodectl policies [--for NODE]
 * @c: the command line
 */
int do_policies(const struct cmdline *c)
{
	struct json_object *array, *seen;
	int shown = 0, failed = 0, status;
	struct traits traits;
	unsigned int i;

	status = read_node(c, &traits);
	if (status)
		return status;
	array = out_json ? json_object_new_array() : NULL;
	seen = json_object_new_object();
	for (i = 0; i < c->dirs.nr; i++)
		show_dir(c->dirs.dirs[i], i < c->dirs.nr_asked,
			 c->for_node ? &traits : NULL, seen, array, &shown,
			 &failed);
	if (array)
		out_record(array);
	if (!shown && !failed) {
		p_info("no policy found in these directories:");
		for (i = 0; i < c->dirs.nr; i++)
			p_info("    %s", c->dirs.dirs[i]);
	}
	json_object_put(seen);
	if (!failed)
		return NODECTL_OK;
	return shown ? NODECTL_PARTLY : NODECTL_NONE;
}

/* "for         nodes of driver cram*, with fence, of 1.0 GiB or more" */
static void print_match(const struct policy_match *m)
{
	const char *sep = " ";
	char size[32];

	if (!m->said)
		return;
	printf("%-11s nodes", "for");
	if (m->driver[0]) {
		printf("%sof driver %s", sep, m->driver);
		sep = ", ";
	}
	if (m->features[0]) {
		printf("%swith %s", sep, m->features);
		sep = ", ";
	}
	if (m->min_size) {
		printf("%sof %s or more", sep,
		       fmt_bytes(m->min_size, size, sizeof(size)));
		sep = ", ";
	}
	if (m->max_size != UINT64_MAX) {
		printf("%sof %s or less", sep,
		       fmt_bytes(m->max_size, size, sizeof(size)));
		sep = ", ";
	}
	if (m->min_classes)
		printf("%swith %u compression classes or more", sep,
		       m->min_classes);
	putchar('\n');
}

static void print_tunable(const char *heading, const struct tunable *tun)
{
	char def[32], min[32], max[32];

	printf("%-11s %s=%s (%s, %s%s%s to %s)\n%-11s     %s\n", heading, tun->name,
	       tunable_format(tun, tun->def, def, sizeof(def)),
	       tunable_type_name(tun->type), tun->unit, tun->unit[0] ? " " : "",
	       tunable_format(tun, tun->min, min, sizeof(min)),
	       tunable_format(tun, tun->max, max, sizeof(max)), "", tun->desc);
}

static void print_object(const struct object *o)
{
	struct bpf_program *prog;
	unsigned int i, pos = 0;
	char file[PATH_MAX], digest[DIGEST_TEXT];
	const char *name;

	printf("%-11s %s\n", "policy", o->name);
	snprintf(file, sizeof(file), "%s", o->path);
	text_clean(file);
	printf("%-11s %s\n", "file", file);
	printf("%-11s %s\n", "sha256",
	       digest_text(&o->digest, digest, sizeof(digest)));
	if (o->meta.described)
		printf("%-11s %s\n", "summary", o->meta.summary);
	print_match(&o->meta.match);
	printf("%-11s %u of struct " OPS_TYPE "\n", "version", o->version);
	printf("%-11s", "members");
	while ((name = object_next_func(o, &pos, &prog)))
		printf(" %s", name);
	putchar('\n');
	if (!o->meta.nr_tunables)
		printf("%-11s none\n", "tunables");
	for (i = 0; i < o->meta.nr_tunables; i++)
		print_tunable(i ? "" : "tunables", &o->meta.tunables[i]);
}

static struct json_object *object_json(const struct object *o)
{
	struct json_object *root = json_object_new_object(), *list;
	struct bpf_program *prog;
	char digest[DIGEST_TEXT];
	unsigned int i, pos = 0;
	struct bpf_map *map;
	const char *name;

	out_str(root, "name", o->name);
	out_str(root, "path", o->path);
	out_str(root, "sha256", digest_text(&o->digest, digest, sizeof(digest)));
	out_str(root, "summary", o->meta.summary);
	out_int(root, "version", o->version);
	json_object_object_add(root, "match", match_json(&o->meta.match));
	list = json_object_new_array();
	while ((name = object_next_func(o, &pos, &prog)))
		json_object_array_add(list, json_text(name));
	json_object_object_add(root, "members", list);
	list = json_object_new_array();
	for (i = 0; i < o->meta.nr_tunables; i++)
		json_object_array_add(list, tunable_json(&o->meta.tunables[i]));
	json_object_object_add(root, "tunables", list);
	list = json_object_new_array();
	bpf_object__for_each_map(map, o->obj)
		if (!bpf_map__is_internal(map) && map != o->ops_map)
			json_object_array_add(list,
				json_text(bpf_map__name(map)));
	json_object_object_add(root, "maps", list);
	return root;
}

/**
 * do_inspect - nodectl inspect POLICY
 * @c: the command line
 */
int do_inspect(const struct cmdline *c)
{
	struct failure f = {};
	char file[PATH_MAX];
	struct object o = {};
	int err;

	err = policy_find(&c->dirs, c->args[0], file, sizeof(file), &f);
	if (!err)
		err = object_open(file, &o, &f);
	if (err)
		p_failure(c->args[0][0] ? c->args[0] : NULL, "cannot inspect", &f);
	else if (out_json)
		out_record(object_json(&o));
	else
		print_object(&o);
	object_close(&o);
	failure_clear(&f);
	return err ? NODECTL_NONE : NODECTL_OK;
}
