// SPDX-License-Identifier: GPL-2.0
/*
 * nodes and status: what there is, read anew from the kernel each time.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "dax.h"
#include "exits.h"
#include "live.h"
#include "node.h"
#include "nodectl.h"
#include "orphan.h"
#include "pin.h"
#include "row.h"
#include "sample.h"
#include "trace.h"
#include "tunable.h"
#include "when.h"

static const char *const space_attrs[] = {
	"logical_total", "logical_used", "physical_total", "physical_used",
};

enum { LOGICAL_TOTAL, LOGICAL_USED, PHYSICAL_TOTAL, PHYSICAL_USED, NR_SPACE };

/* Enough to see whether the policy acts, and acts well; stats has all. */
static const struct {
	const char *attr;
	const char *word;
} activity[] = {
	{ "pages_offered", "offered" },
	{ "pages_demoted", "demoted" },
	{ "pages_denied", "denied" },
	{ "pages_kept", "kept" },
	{ "pages_slowed", "held back by rate or pressure" },
	{ "pages_promoted_write", "promoted by writes" },
};

static const struct {
	const char *attr;
	const char *meaning;
} warnings[] = {
	{ "overridden", "verdicts out of range, replaced by the native default" },
	{ "calls_no_policy", "decisions for which there was no policy" },
};

/**
 * struct summary - what both verbs print about a node
 * @driver: attribute
 * @device: the dax device that the memory is of, or ""
 * @state: attribute
 * @features: attribute
 * @featured: whether @features is known; empty, it says that there are none
 * @space: the attributes of space_attrs
 * @known: which of @space could be read
 */
struct summary {
	char driver[64];
	char device[32];
	char state[32];
	char features[128];
	bool featured;
	uint64_t space[NR_SPACE];
	bool known[NR_SPACE];
};

/* What this kernel does not have is unknown, and no error. */
static int read_summary(const struct node *node, struct summary *s)
{
	static const struct {
		const char *attr;
		size_t offset, size;
	} texts[] = {
		{ "driver", offsetof(struct summary, driver), sizeof(s->driver) },
		{ "state", offsetof(struct summary, state), sizeof(s->state) },
		{ "features", offsetof(struct summary, features),
		  sizeof(s->features) },
	};
	int err, first = 0;
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		err = node_attr(node, texts[i].attr, (char *)s + texts[i].offset,
				texts[i].size);
		first = first ?: err == -ENOENT ? 0 : err;
	}
	/* The features are the last one. */
	s->featured = !err;
	dax_of_node(node->nid, s->device, sizeof(s->device));
	for (i = 0; i < NR_SPACE; i++) {
		err = node_attr_u64(node, space_attrs[i], &s->space[i]);
		s->known[i] = !err;
		first = first ?: err == -ENOENT ? 0 : err;
	}
	return first;
}

static struct json_object *features_json(const struct summary *s)
{
	char words[sizeof(s->features)], *word, *save;
	struct json_object *features;

	if (!s->featured)
		return NULL;
	features = json_object_new_array();
	snprintf(words, sizeof(words), "%s", s->features);
	for (word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		json_object_array_add(features, json_text(word));
	return features;
}

static void add_summary(struct json_object *o, const struct node *node,
			const struct summary *s)
{
	size_t i;

	out_str(o, "node", node->name);
	out_int(o, "nid", node->nid);
	json_object_object_add(o, "driver", s->driver[0] ?
			       json_text(s->driver) : NULL);
	json_object_object_add(o, "device", s->device[0] ?
			       json_text(s->device) : NULL);
	json_object_object_add(o, "state", s->state[0] ?
			       json_text(s->state) : NULL);
	json_object_object_add(o, "features", features_json(s));
	out_bool(o, "has_memory", node_has_memory(node->nid));
	json_object_object_add(o, "demotion_enabled", node_demotion_json());
	for (i = 0; i < NR_SPACE; i++)
		json_object_object_add(o, space_attrs[i], s->known[i] ?
				       json_object_new_uint64(s->space[i]) : NULL);
}

static struct json_object *activity_json(const struct sample *s)
{
	struct json_object *o = json_object_new_object();
	uint64_t value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(activity); i++)
		if (sample_get(s, activity[i].attr, &value))
			out_uint(o, activity[i].attr, value);
	for (i = 0; i < ARRAY_SIZE(warnings); i++)
		if (sample_get(s, warnings[i].attr, &value))
			out_uint(o, warnings[i].attr, value);
	return o;
}

static void add_gauge(struct json_object *o, const char *name,
		      const struct sample *s)
{
	uint64_t value;

	json_object_object_add(o, name, sample_get(s, name, &value) ?
			       json_object_new_uint64(value) : NULL);
}

/* What a kernel does not know yet is null. */
static void add_condition(struct json_object *o, const struct sample *s)
{
	json_object_object_add(o, "ratio", number_json(sample_ratio(s)));
	json_object_object_add(o, "pressure", s->pressure[0] ?
			       json_text(s->pressure) : NULL);
	add_gauge(o, "balloon_pages", s);
	add_gauge(o, "balloon_target", s);
	add_gauge(o, "admit_rate", s);
	add_gauge(o, "promote_rate", s);
	json_object_object_add(o, "admission_rate",
			       number_json(sample_admission(s, NULL)));
	json_object_object_add(o, "bounce_rate",
			       number_json(sample_bounce(s, NULL)));
	json_object_object_add(o, "verdicts", sample_verdicts_json(s));
}

static void print_activity(const struct sample *s)
{
	const char *sep = "";
	uint64_t value;
	size_t i;

	printf("  %-11s ", "pages");
	for (i = 0; i < ARRAY_SIZE(activity); i++) {
		if (!sample_get(s, activity[i].attr, &value))
			continue;
		printf("%s%" PRIu64 " %s", sep, value, activity[i].word);
		sep = ", ";
	}
	putchar('\n');
	for (i = 0; i < ARRAY_SIZE(warnings); i++)
		if (sample_get(s, warnings[i].attr, &value) && value)
			printf("  %-11s %" PRIu64 " %s\n", "warning", value,
			       warnings[i].meaning);
}

static const char *limit_text(const struct sample *s, const char *name,
			      char *buf, size_t size)
{
	uint64_t limit;

	if (!sample_get(s, name, &limit))
		snprintf(buf, size, "-");
	else if (limit == UINT32_MAX)
		snprintf(buf, size, "no limit");
	else
		snprintf(buf, size, "at most %" PRIu64 " pages/s", limit);
	return buf;
}

/* In bytes, as the lines above it. */
static const char *balloon_size(const struct sample *s, const char *name,
				char *buf, size_t size)
{
	uint64_t pages;

	if (!sample_get(s, name, &pages))
		return NULL;
	return fmt_bytes(pages * sysconf(_SC_PAGESIZE), buf, size);
}

static void print_condition(const struct sample *s)
{
	char admit[48], promote[48], now[32], goal[32];
	const char *pages, *target;

	printf("  %-11s %s\n", "pressure", s->pressure[0] ? s->pressure : "-");
	pages = balloon_size(s, "balloon_pages", now, sizeof(now));
	target = balloon_size(s, "balloon_target", goal, sizeof(goal));
	if (pages && target && strcmp(pages, target))
		printf("  %-11s %s, on its way to %s\n", "balloon", pages,
		       target);
	else
		printf("  %-11s %s\n", "balloon", pages ?: "-");
	printf("  %-11s admission: %s; promotion by policy: %s\n", "limits",
	       limit_text(s, "admit_rate", admit, sizeof(admit)),
	       limit_text(s, "promote_rate", promote, sizeof(promote)));
}

static void print_shares(const struct sample *s)
{
	char share[16];
	uint64_t value;

	if (sample_get(s, "pages_offered", &value) && value)
		printf("  %-11s the policy let in %s of the pages offered\n",
		       "admission",
		       fmt_share(sample_admission(s, NULL), share,
				 sizeof(share)));
	if (sample_get(s, "pages_demoted", &value) && value)
		printf("  %-11s %s of the pages demoted were written and came back\n",
		       "bounce",
		       fmt_share(sample_bounce(s, NULL), share, sizeof(share)));
}

static uint64_t verdicts_of(const struct sample *s, const char *member)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < nr_counters; i++)
		if (counters[i].member && s->known[i] &&
		    !strcmp(counters[i].member, member))
			sum += s->value[i];
	return sum;
}

/* One line per member that has been asked. */
static void print_verdicts(const struct sample *s)
{
	const char *label = "verdicts", *member = "", *sep = "";
	bool shown = false;
	size_t i;

	for (i = 0; i < nr_counters; i++) {
		if (!counters[i].member)
			continue;
		if (strcmp(counters[i].member, member)) {
			if (shown)
				putchar('\n');
			member = counters[i].member;
			shown = verdicts_of(s, member) > 0;
			if (shown)
				printf("  %-11s %s: ", label, member);
			label = shown ? "" : label;
			sep = "";
		}
		if (!shown || !s->known[i])
			continue;
		printf("%s%" PRIu64 " %s", sep, s->value[i], counters[i].word);
		sep = ", ";
	}
	if (shown)
		putchar('\n');
}

static const char *used_of(const struct summary *s, int used, int total,
			   char *buf, size_t size)
{
	char a[32], b[32];

	if (!s->known[used] || !s->known[total])
		snprintf(buf, size, "?");
	else
		snprintf(buf, size, "%s/%s", fmt_bytes(s->space[used], a, sizeof(a)),
			 fmt_bytes(s->space[total], b, sizeof(b)));
	return buf;
}

/**
 * wanted_nodes - which nodes is a verb to work on?
 * @c: the command line: its arguments, or all device nodes if there is none
 * @nids: their numbers, at most NODE_MAX
 * @nr: how many
 *
 * Return: NODECTL_OK, or the exit status after an error message.
 */
int wanted_nodes(const struct cmdline *c, int *nids, int *nr)
{
	struct failure f = {};
	int i;

	*nr = c->nr_args;
	if (c->nr_args > NODE_MAX) {
		p_error("more than %d nodes", NODE_MAX);
		return NODECTL_USAGE;
	}
	for (i = 0; i < c->nr_args; i++)
		if (node_arg(c->args[i], &nids[i]))
			return NODECTL_USAGE;
	if (c->nr_args)
		return NODECTL_OK;
	*nr = node_list(nids, NODE_MAX, &f);
	if (*nr >= 0)
		return NODECTL_OK;
	p_failure(NULL, "cannot list the device nodes", &f);
	return NODECTL_NONE;
}

/**
 * verdict - exit status of a verb that works on several nodes
 * @failed: how many of them nothing was done for
 * @partly: how many of them part of it was done for
 * @nr: how many there are
 */
int verdict(int failed, int partly, int nr)
{
	if (failed && failed == nr)
		return NODECTL_NONE;
	return failed || partly ? NODECTL_PARTLY : NODECTL_OK;
}

/**
 * show_nodes - show nodes one after the other
 * @nids: their numbers
 * @nr: how many
 * @array: gets an object for each, or NULL
 * @show: prints a node, or adds it to @array if there is one; returns an exit
 *	  status
 *
 * Return: the exit status.
 */
static int show_nodes(const int *nids, int nr, struct json_object *array,
		      int (*show)(int nid, struct json_object *array))
{
	int i, status, failed = 0, partly = 0;

	if (!nr && !array)
		p_info("there is no device node; load the driver of a device first.");
	for (i = 0; i < nr; i++) {
		status = show(nids[i], array);
		failed += status == NODECTL_NONE;
		partly += status == NODECTL_PARTLY;
	}
	return verdict(failed, partly, nr);
}

/**
 * show_wanted_nodes - show nodes one after the other
 * @c: the command line
 * @show: prints a node, or adds it to @array if there is one; returns an exit
 *	  status
 *
 * Return: the exit status.
 */
int show_wanted_nodes(const struct cmdline *c,
		      int (*show)(int nid, struct json_object *array))
{
	struct json_object *array;
	int nids[NODE_MAX], nr, status;

	status = wanted_nodes(c, nids, &nr);
	if (status)
		return status;
	array = out_json ? json_object_new_array() : NULL;
	status = show_nodes(nids, nr, array, show);
	if (array)
		out_record(array);
	return status;
}

static void print_node(const struct node *node, const struct summary *s,
		       const char *policy)
{
	static bool header;
	char logical[80], physical[80];

	if (!header)
		printf("%-7s %-8s %-7s %-8s %-14s %-20s %s\n", "NODE", "DRIVER",
		       "DEVICE", "STATE", "POLICY", "LOGICAL USED/TOTAL",
		       "PHYSICAL USED/TOTAL");
	header = true;
	printf("%-7s %-8s %-7s %-8s %-14s %-20s %s\n", node->name,
	       s->driver[0] ? s->driver : "-", s->device[0] ? s->device : "-",
	       s->state[0] ? s->state : "-",
	       policy[0] ? policy : "-",
	       used_of(s, LOGICAL_USED, LOGICAL_TOTAL, logical, sizeof(logical)),
	       used_of(s, PHYSICAL_USED, PHYSICAL_TOTAL, physical,
		       sizeof(physical)));
}

/* A line about one node, or an object. What cannot be read is said. */
static int list_node(int nid, struct json_object *array)
{
	int err, status = NODECTL_NONE;
	struct failure f = {};
	struct json_object *o;
	struct summary s;
	struct live live;
	struct node node;

	err = node_open(nid, &node, &f);
	if (err)
		goto out;
	err = live_identify(&node, &live);
	if (err) {
		fail(&f, err, NULL, "cannot read which policy it has: %s",
		     strerror(-err));
		goto out;
	}
	status = NODECTL_OK;
	err = read_summary(&node, &s);
	if (err) {
		fail(&f, err, NULL, "cannot read all of its attributes: %s",
		     strerror(-err));
		status = NODECTL_PARTLY;
	}
	if (array) {
		o = json_object_new_object();
		add_summary(o, &node, &s);
		json_object_object_add(o, "policy", live.map_id ?
				       json_text(live.name) : NULL);
		out_int(o, "policy_id", live.map_id);
		json_object_array_add(array, o);
	} else {
		print_node(&node, &s, live.name);
	}
	live_close(&live);
out:
	if (err)
		p_failure(node.name, NULL, &f);
	node_close(&node);
	return status;
}

/**
 * do_nodes - nodectl nodes
 * @c: the command line
 */
int do_nodes(const struct cmdline *c)
{
	return show_wanted_nodes(c, list_node);
}

static struct json_object *policy_json(const struct live *live)
{
	struct json_object *o = json_object_new_object(), *list, *m;
	char text[DIGEST_TEXT];
	time_t when;
	uint64_t age;
	unsigned int i;

	out_str(o, "name", live->name);
	out_int(o, "id", live->map_id);
	out_uint(o, "version", live->version);
	json_object_object_add(o, "sha256", live->digest.known ?
			       json_object_new_string(digest_text(&live->digest, text,
								  sizeof(text))) :
			       NULL);
	if (live->attached_ns) {
		age = boot_age(live->attached_ns, &when);
		out_str(o, "attached", when_text(when, text, sizeof(text)));
		out_uint(o, "age_s", age);
	}
	if (live->meta.described)
		out_str(o, "summary", live->meta.summary);
	list = json_object_new_array();
	for (i = 0; i < live->nr_members; i++) {
		m = json_object_new_object();
		out_str(m, "member", live->members[i].name);
		out_int(m, "prog_id", live->members[i].prog_id);
		out_uint(m, "run_cnt", live->members[i].run_cnt);
		out_uint(m, "run_time_ns", live->members[i].run_time_ns);
		json_object_array_add(list, m);
	}
	json_object_object_add(o, "members", list);
	m = json_object_new_object();
	for (i = 0; live->values && i < live->meta.nr_tunables; i++)
		json_object_object_add(m, live->meta.tunables[i].name,
			tunable_json_value(&live->meta.tunables[i],
				tunable_load(&live->meta.tunables[i],
					     live->values)));
	json_object_object_add(o, "tunables", m);
	json_object_object_add(o, "counters", live_counters(live));
	return o;
}

static struct json_object *link_json(const struct node *node,
				     const struct live *live)
{
	struct json_object *o;
	char path[PATH_MAX];

	if (!live->link_id)
		return NULL;
	o = json_object_new_object();
	pin_path(node->nid, path, sizeof(path));
	out_int(o, "id", live->link_id);
	json_object_object_add(o, "pin", live->pinned ?
			       json_text(path) : NULL);
	return o;
}

static void print_members(const struct live *live)
{
	const struct live_member *m;
	unsigned int i;

	for (i = 0; i < live->nr_members; i++) {
		m = &live->members[i];
		printf("  %-11s %s: program %u", i ? "" : "members", m->name,
		       m->prog_id);
		if (m->run_cnt)
			printf(", %" PRIu64 " runs of %" PRIu64 " ns", m->run_cnt,
			       m->run_time_ns / m->run_cnt);
		putchar('\n');
	}
}

static void print_tunables(const struct live *live)
{
	char now[32], def[32], min[32], max[32];
	const struct tunable *tun;
	unsigned int i;

	for (i = 0; live->values && i < live->meta.nr_tunables; i++) {
		tun = &live->meta.tunables[i];
		tunable_format(tun, tunable_load(tun, live->values), now,
			       sizeof(now));
		tunable_format(tun, tun->def, def, sizeof(def));
		tunable_format(tun, tun->min, min, sizeof(min));
		tunable_format(tun, tun->max, max, sizeof(max));
		printf("  %-11s %s=%s (%s%s%s to %s, default %s)\n",
		       i ? "" : "tunables", tun->name, now, tun->unit,
		       tun->unit[0] ? " " : "", min, max, def);
	}
}

static void print_counters(const struct live *live)
{
	struct json_object *o = live_counters(live);
	const char *label = "counters";

	if (!o)
		return;
	json_object_object_foreach(o, name, value) {
		printf("  %-11s %s=%" PRIu64 "\n", label, name,
		       json_object_get_uint64(value));
		label = "";
	}
	json_object_put(o);
}

static void print_no_policy(const struct node *node, const struct exits *exits)
{
	const struct policy_exit *e = exits_ejected(0, exits);
	char age[48];
	time_t when;

	if (e)
		printf("  %-11s none: %s (id %u) was ejected %s ago, the native default decides; nodectl why %s\n",
		       "policy", e->name, e->map_id,
		       fmt_age(boot_age(e->when_ns, &when), age, sizeof(age)),
		       node->name);
	else
		printf("  %-11s none: the native default decides\n", "policy");
}

static void print_policy(const struct live *live)
{
	char age[48], text[64];
	time_t when;
	uint64_t ago;

	printf("  %-11s %s (id %u, version %" PRIu64 ")\n", "policy", live->name,
	       live->map_id, live->version);
	if (!live->attached_ns)
		return;
	ago = boot_age(live->attached_ns, &when);
	printf("  %-11s %s (%s ago)\n", "since",
	       when_text(when, text, sizeof(text)), fmt_age(ago, age, sizeof(age)));
}

static void print_link(const struct node *node, const struct live *live)
{
	char path[PATH_MAX], holders[256];

	if (!live->link_id)
		return;
	if (live->pinned) {
		pin_path(node->nid, path, sizeof(path));
		printf("  %-11s id %u, pinned at %s\n", "link", live->link_id,
		       path);
		return;
	}
	if (live->pin_err) {
		printf("  %-11s id %u; its pin cannot be read\n", "link",
		       live->link_id);
		return;
	}
	link_holders(live->link_id, holders, sizeof(holders));
	printf("  %-11s id %u, not pinned by nodectl; held by %s\n", "link",
	       live->link_id, holders[0] ? holders : "another pin");
}

/**
 * struct node_pins - what is pinned for a node besides the link
 * @maps: pins of maps
 * @nr_maps: how many
 * @err: why they cannot be told, or 0
 */
struct node_pins {
	struct map_pin *maps;
	unsigned int nr_maps;
	int err;
};

static struct json_object *pins_json(const struct node *node,
				     const struct node_pins *pins)
{
	struct json_object *array, *o;
	char path[PATH_MAX];
	unsigned int i;

	if (pins->err)
		return NULL;
	array = json_object_new_array();
	for (i = 0; i < pins->nr_maps; i++) {
		o = json_object_new_object();
		pin_map_path(node->nid, &pins->maps[i], path, sizeof(path));
		out_str(o, "path", path);
		out_int(o, "policy_id", pins->maps[i].policy);
		out_int(o, "map_id", pins->maps[i].map_id);
		out_bool(o, "left_over", pins->maps[i].left_over);
		json_object_array_add(array, o);
	}
	return array;
}

static void print_pins(const struct node *node, const struct live *live,
		       const struct node_pins *pins)
{
	const struct map_pin *pin;
	char path[PATH_MAX], note[64];
	unsigned int i;

	for (i = 0; i < pins->nr_maps; i++) {
		pin = &pins->maps[i];
		note[0] = '\0';
		if (pin->left_over)
			snprintf(note, sizeof(note),
				 ", left from a policy that is gone");
		else if (pin->policy != live->map_id)
			snprintf(note, sizeof(note), ", of policy %u",
				 pin->policy);
		pin_map_path(node->nid, pin, path, sizeof(path));
		printf("  %-11s pinned at %s%s\n", i ? "" : "maps", path, note);
	}
}

/* What is left over is no failure, but should go. */
static void advise(const struct node *node, const struct live *live,
		   const struct node_pins *pins)
{
	unsigned int i, left = 0;

	if (live->stale_id)
		p_info("%s: the link pinned for it attaches no policy (left from one that is gone); \"nodectl unload %s\" removes the pin.",
		       node->name, node->name);
	for (i = 0; i < pins->nr_maps; i++)
		left += pins->maps[i].left_over;
	if (left && live->map_id)
		p_info("%s: pins of maps are left from a policy that is gone, and their timers may go on; the next swap or unload removes them.",
		       node->name);
	else if (left)
		p_info("%s: pins of maps are left from a policy that is gone, and their timers may go on; \"nodectl unload %s\" removes them.",
		       node->name, node->name);
}

/* Without privilege nothing is said about pins, and nothing is missed. */
static bool pins_unreadable(int err)
{
	return err && err != -EPERM && err != -EACCES;
}

/* Returns false, after saying so, when not all can be told. */
static bool read_pins(const struct node *node, const struct live *live,
		      struct node_pins *pins)
{
	struct failure f = {};
	char path[PATH_MAX];

	pins->err = pin_maps_list(node->nid, &pins->maps, &pins->nr_maps);
	if (pins_unreadable(live->pin_err)) {
		pin_path(node->nid, path, sizeof(path));
		fail(&f, live->pin_err, pin_advice(live->pin_err),
		     "cannot read %s: %s", path, strerror(-live->pin_err));
	} else if (pins_unreadable(pins->err)) {
		fail(&f, pins->err, pin_advice(pins->err),
		     "cannot list the pins of maps: %s", strerror(-pins->err));
	} else {
		return true;
	}
	p_failure(node->name, "cannot tell what is pinned for it", &f);
	return false;
}

/**
 * struct status - all that status tells about a node
 * @node: the node, open
 * @summary: what nodes tells, too
 * @sample: its counters
 * @live: its policy
 * @pins: pins of maps
 * @exits: the policies that have left it
 */
struct status {
	struct node node;
	struct summary summary;
	struct sample sample;
	struct live live;
	struct node_pins pins;
	struct exits exits;
};

static int open_status(int nid, struct status *st)
{
	struct failure f = {};
	int err;

	memset(st, 0, sizeof(*st));
	err = node_open(nid, &st->node, &f);
	if (!err) {
		err = live_identify(&st->node, &st->live);
		if (err)
			fail(&f, err, NULL, "cannot read its attributes: %s",
			     strerror(-err));
	}
	if (err) {
		p_failure(st->node.name, "cannot show its status", &f);
		node_close(&st->node);
	}
	return err;
}

/* Returns false, after saying so, when something cannot be read. */
static bool read_status(struct status *st)
{
	const char *name = st->node.name;
	struct failure f = {};
	bool complete = true;
	int err;

	err = read_summary(&st->node, &st->summary);
	if (err) {
		fail(&f, err, NULL, "cannot read all of its attributes: %s",
		     strerror(-err));
		p_failure(name, NULL, &f);
		complete = false;
	}
	sample_read(&st->node, &st->sample);
	err = live_find_link(&st->node, &st->live, &f);
	if (err && st->live.map_id) {
		p_failure(name, "cannot find the link of its policy", &f);
		complete = false;
	}
	if (st->live.map_id && live_read(&st->live, &f)) {
		p_failure(name, "cannot show all about its policy", &f);
		complete = false;
	}
	if (!read_pins(&st->node, &st->live, &st->pins))
		complete = false;
	err = exits_read(&st->node, &st->exits);
	/* A kernel that is older than nodectl keeps no record. */
	if (err && err != -ENOENT) {
		fail(&f, err, NULL, "cannot read why policies left it: %s",
		     strerror(-err));
		p_failure(name, NULL, &f);
		complete = false;
	}
	failure_clear(&f);
	return complete;
}

static void close_status(struct status *st)
{
	free(st->pins.maps);
	live_close(&st->live);
	node_close(&st->node);
}

static struct json_object *status_json(const struct status *st)
{
	struct json_object *o = json_object_new_object();
	const struct live *live = &st->live;

	add_summary(o, &st->node, &st->summary);
	add_condition(o, &st->sample);
	json_object_object_add(o, "activity", activity_json(&st->sample));
	out_str(o, "decides", exits_decides(live->map_id, &st->exits));
	json_object_object_add(o, "policy", live->map_id ?
			       policy_json(live) : NULL);
	json_object_object_add(o, "link", link_json(&st->node, live));
	json_object_object_add(o, "stale_pin", live->pin_err ? NULL :
			       json_object_new_boolean(live->stale_id));
	json_object_object_add(o, "map_pins", pins_json(&st->node, &st->pins));
	return o;
}

static void print_status(const struct status *st)
{
	const struct summary *s = &st->summary;
	struct number ratio = sample_ratio(&st->sample);
	char logical[80], physical[80];

	printf("%s\n", st->node.name);
	printf("  %-11s %s%s%s, %s\n", "driver", s->driver[0] ? s->driver : "-",
	       s->device[0] ? " of " : "", s->device,
	       s->state[0] ? s->state : "-");
	printf("  %-11s %s\n", "features", !s->featured ? "-" :
	       s->features[0] ? s->features : "none");
	printf("  %-11s %s\n", "logical",
	       used_of(s, LOGICAL_USED, LOGICAL_TOTAL, logical, sizeof(logical)));
	printf("  %-11s %s", "physical",
	       used_of(s, PHYSICAL_USED, PHYSICAL_TOTAL, physical,
		       sizeof(physical)));
	if (ratio.known)
		printf(", ratio %.2f:1", ratio.value);
	putchar('\n');
	print_condition(&st->sample);
	printf("  since its driver registered it, whatever the policy:\n");
	print_activity(&st->sample);
	print_shares(&st->sample);
	print_verdicts(&st->sample);
	if (st->live.map_id)
		print_policy(&st->live);
	else
		print_no_policy(&st->node, &st->exits);
	print_link(&st->node, &st->live);
	print_pins(&st->node, &st->live, &st->pins);
	print_members(&st->live);
	print_tunables(&st->live);
	print_counters(&st->live);
}

/* Prints one node; what cannot be read is said, the rest is printed. */
static int show_status(int nid, struct json_object *array)
{
	struct status st;
	bool complete;

	if (open_status(nid, &st))
		return orphan_show(nid, array) ? NODECTL_PARTLY : NODECTL_NONE;
	complete = read_status(&st);
	advise(&st.node, &st.live, &st.pins);
	if (array)
		json_object_array_add(array, status_json(&st));
	else
		print_status(&st);
	close_status(&st);
	return complete ? NODECTL_OK : NODECTL_PARTLY;
}

/**
 * do_status - nodectl status [NODE]...
 * @c: the command line
 */
int do_status(const struct cmdline *c)
{
	struct json_object *array;
	int nids[NODE_MAX], nr, status;

	status = wanted_nodes(c, nids, &nr);
	if (status)
		return status;
	trace_remove_stale();
	array = out_json ? json_object_new_array() : NULL;
	status = show_nodes(nids, nr, array, show_status);
	if (!c->nr_args)
		orphans_show(nids, nr, array);
	if (array)
		out_record(array);
	else if (status != NODECTL_NONE && node_kernel_supported())
		node_tell_demotion();
	return status;
}
