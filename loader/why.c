// SPDX-License-Identifier: GPL-2.0
/*
 * why: why the last policies of a node have left it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "exits.h"
#include "live.h"
#include "nodectl.h"
#include "when.h"

static void print_exit(const struct policy_exit *e, const char *node)
{
	char age[48], when[64], run[48], text[512];
	time_t at;
	uint64_t ago = boot_age(e->when_ns, &at);

	printf("  %s (%s ago): policy %s (id %u) left, because %s\n",
	       when_text(at, when, sizeof(when)), fmt_age(ago, age, sizeof(age)),
	       e->name, e->map_id, exit_reason(e, text, sizeof(text)));
	printf("      it ran for %s and was asked %" PRIu64 " times\n",
	       fmt_age(e->runtime_ns / 1000000000ULL, run, sizeof(run)), e->calls);
	if (exit_next(e, node, text, sizeof(text))[0])
		printf("      next: %s\n", text);
}

static void print_why(const struct node *node, const struct live *live,
		      const struct exits *exits)
{
	unsigned int i;

	if (live->map_id)
		printf("%s: policy %s (id %u) is attached\n", node->name, live->name,
		       live->map_id);
	else
		printf("%s: no policy; the native default decides\n", node->name);
	if (!exits->nr)
		printf("  no policy has left it since its driver registered it\n");
	for (i = 0; i < exits->nr; i++)
		print_exit(&exits->exit[i], node->name);
}

static struct json_object *why_json(const struct node *node,
				    const struct live *live,
				    const struct exits *exits)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array(), *e;
	unsigned int i;

	out_str(o, "node", node->name);
	out_int(o, "nid", node->nid);
	out_str(o, "decides", exits_decides(live->map_id, exits));
	json_object_object_add(o, "policy", live->map_id ?
			       json_text(live->name) : NULL);
	out_uint(o, "policy_id", live->map_id);
	for (i = 0; i < exits->nr; i++) {
		e = json_object_new_object();
		exit_add(e, &exits->exit[i], node->name);
		json_object_array_add(list, e);
	}
	json_object_object_add(o, "exits", list);
	return o;
}

static int read_why(int nid, struct node *node, struct live *live,
		    struct exits *exits, struct failure *f)
{
	int err;

	err = node_open(nid, node, f);
	if (err)
		return err;
	err = live_identify(node, live);
	if (err)
		return fail(f, err, NULL, "cannot read which policy it has: %s",
			    strerror(-err));
	err = exits_read(node, exits);
	if (err == -ENOENT)
		return fail(f, err, "Use a kernel with the newer series.",
			    "this kernel keeps no record of policies that left");
	if (err)
		return fail(f, err, "Use a nodectl of the same age as the kernel.",
			    "cannot read the record of its policies: %s",
			    strerror(-err));
	return 0;
}

static int show_why(int nid, struct json_object *array)
{
	struct failure f = {};
	struct exits exits;
	struct live live;
	struct node node;
	int err;

	err = read_why(nid, &node, &live, &exits, &f);
	if (err)
		p_failure(node.name, "cannot say why policies left it", &f);
	else if (array)
		json_object_array_add(array, why_json(&node, &live, &exits));
	else
		print_why(&node, &live, &exits);
	failure_clear(&f);
	node_close(&node);
	return err ? NODECTL_NONE : NODECTL_OK;
}

/**
 * do_why - nodectl why [NODE]...
 * @c: the command line
 */
int do_why(const struct cmdline *c)
{
	return show_wanted_nodes(c, show_why);
}
