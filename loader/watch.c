// SPDX-License-Identifier: GPL-2.0
/*
 * watch: a line for each change of a node that an operator or a supervisor has
 * to know.  sysfs is read every so often.  Of what happens twice in between, the
 * kernel's record tells which policies have left; a level of pressure that was
 * reached and left is not seen.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "exits.h"
#include "live.h"
#include "nodectl.h"
#include "when.h"

#define LOOK_EVERY	0.2

/**
 * struct state - what is told of a node
 * @there: it is a device node
 * @id: its policy, 0 for none
 * @policy: name of that
 * @pressure: its level, empty when the kernel does not say
 */
struct state {
	bool there;
	uint32_t id;
	char policy[NODE_EXT_POLICY_NAME_LEN + 1];
	char pressure[16];
};

/**
 * struct look - a node at one moment
 * @nid: its number
 * @name: its name
 * @state: its state
 * @recorded: the kernel keeps a record of the policies that have left it
 * @exits: that record
 */
struct look {
	int nid;
	char name[NODE_NAME_SIZE];
	struct state state;
	bool recorded;
	struct exits exits;
};

/**
 * struct watched - what was told last of a node
 * @wanted: it was named on the command line
 * @state: its state
 * @late: its policy has gone, and the record did not say so at the last look
 * @newest_id: the newest policy that has left
 * @newest_ns: when
 */
struct watched {
	bool wanted;
	struct state state;
	bool late;
	uint32_t newest_id;
	uint64_t newest_ns;
};

/**
 * struct watch - a running watch
 * @limit: so many events are told at most, 0 for no limit
 * @told: events so far
 * @nodes: by number
 */
struct watch {
	uint64_t limit;
	uint64_t told;
	struct watched nodes[NODE_MAX];
};

static struct json_object *event(const struct look *l, const char *name)
{
	struct json_object *o = json_object_new_object();
	char when[64];

	out_str(o, "time", when_text(time(NULL), when, sizeof(when)));
	out_str(o, "node", l->name);
	out_int(o, "nid", l->nid);
	out_str(o, "event", name);
	return o;
}

static bool told_enough(const struct watch *w)
{
	return w->limit && w->told >= w->limit;
}

/* Tells an event: as the object @o, which is used up, or as a line. */
static void tell(struct watch *w, const struct look *l, struct json_object *o,
		 const char *text)
{
	char when[64];

	if (!told_enough(w)) {
		w->told++;
		if (out_json) {
			out_record(o);
			return;
		}
		printf("%s %s: %s\n", when_text(time(NULL), when, sizeof(when)),
		       l->name, text);
	}
	json_object_put(o);
}

static const char *level(const struct state *s)
{
	return s->pressure[0] ? s->pressure : "-";
}

static struct json_object *level_json(const struct state *s)
{
	return s->pressure[0] ? json_text(s->pressure) : NULL;
}

static void tell_state(struct watch *w, const struct look *l)
{
	struct json_object *o = event(l, "state");
	const struct state *s = &l->state;
	char text[256];

	out_str(o, "decides", exits_decides(s->id, &l->exits));
	json_object_object_add(o, "policy", s->id ?
			       json_text(s->policy) : NULL);
	out_uint(o, "id", s->id);
	json_object_object_add(o, "pressure", level_json(s));
	if (s->id)
		snprintf(text, sizeof(text), "has policy %s (id %u), pressure %s",
			 s->policy, s->id, level(s));
	else
		snprintf(text, sizeof(text), "has no policy, pressure %s",
			 level(s));
	tell(w, l, o, text);
}

static void tell_exit(struct watch *w, const struct look *l,
		      const struct policy_exit *e)
{
	struct json_object *o = event(l, exit_is_ejection(e) ? "ejected" : e->kind);
	char text[768], reason[512];

	exit_add(o, e, l->name);
	snprintf(text, sizeof(text), "policy %s (id %u) left, because %s", e->name,
		 e->map_id, exit_reason(e, reason, sizeof(reason)));
	tell(w, l, o, text);
}

static bool is_newest(const struct watched *was, const struct policy_exit *e)
{
	return e->map_id == was->newest_id && e->when_ns == was->newest_ns;
}

static void note_newest(struct watched *was, const struct exits *exits)
{
	was->newest_id = exits->nr ? exits->exit[0].map_id : 0;
	was->newest_ns = exits->nr ? exits->exit[0].when_ns : 0;
}

/* Tells which policies have left. Returns whether the one last seen is among them. */
static bool tell_exits(struct watch *w, const struct look *l)
{
	struct watched *was = &w->nodes[l->nid];
	unsigned int nr = 0;
	bool left = false;

	while (nr < l->exits.nr && !is_newest(was, &l->exits.exit[nr]))
		nr++;
	while (nr--) {
		left |= l->exits.exit[nr].map_id == was->state.id;
		tell_exit(w, l, &l->exits.exit[nr]);
	}
	note_newest(was, &l->exits);
	return left;
}

static void tell_attached(struct watch *w, const struct look *l)
{
	struct json_object *o = event(l, "attached");
	char text[128];

	out_str(o, "policy", l->state.policy);
	out_uint(o, "id", l->state.id);
	snprintf(text, sizeof(text), "policy %s (id %u) is attached",
		 l->state.policy, l->state.id);
	tell(w, l, o, text);
}

static void tell_replaced(struct watch *w, const struct look *l)
{
	const struct state *was = &w->nodes[l->nid].state;
	struct json_object *o = event(l, "replaced");
	char text[128];

	out_str(o, "policy", l->state.policy);
	out_uint(o, "id", l->state.id);
	out_str(o, "replaced", was->policy);
	out_uint(o, "replaced_id", was->id);
	snprintf(text, sizeof(text), "policy %s (id %u) replaced %s (id %u)",
		 l->state.policy, l->state.id, was->policy, was->id);
	tell(w, l, o, text);
}

/* It left, and there is no record of it, as on a kernel without ejection. */
static void tell_left(struct watch *w, const struct look *l)
{
	const struct state *was = &w->nodes[l->nid].state;
	struct json_object *o = event(l, "detached");
	char text[128];

	out_str(o, "policy", was->policy);
	out_uint(o, "id", was->id);
	snprintf(text, sizeof(text), "policy %s (id %u) left", was->policy,
		 was->id);
	tell(w, l, o, text);
}

static void tell_pressure(struct watch *w, const struct look *l)
{
	const struct state *was = &w->nodes[l->nid].state;
	struct json_object *o = event(l, "pressure");
	char text[64];

	json_object_object_add(o, "pressure", level_json(&l->state));
	json_object_object_add(o, "before", level_json(was));
	snprintf(text, sizeof(text), "pressure %s, was %s", level(&l->state),
		 level(was));
	tell(w, l, o, text);
}

/*
 * The policy has gone, and nothing is on record. That comes a moment later, so
 * wait for the next look.
 */
static void wait_for_record(struct watch *w, struct look *l)
{
	struct watched *was = &w->nodes[l->nid];

	if (!l->recorded || was->late) {
		tell_left(w, l);
		return;
	}
	was->late = true;
	l->state.id = was->state.id;
	memcpy(l->state.policy, was->state.policy, sizeof(l->state.policy));
}

static void tell_changes(struct watch *w, struct look *l)
{
	struct watched *was = &w->nodes[l->nid];
	bool left = tell_exits(w, l);

	/* It left after its id was read. */
	if (left && l->state.id == was->state.id)
		l->state.id = 0;
	if (!l->state.id && was->state.id && !left) {
		wait_for_record(w, l);
	} else {
		was->late = false;
		if (l->state.id && l->state.id != was->state.id) {
			if (was->state.id && !left)
				tell_replaced(w, l);
			else
				tell_attached(w, l);
		}
	}
	if (strcmp(l->state.pressure, was->state.pressure))
		tell_pressure(w, l);
}

/* Tell what is new about a node, and remember it. */
static void compare(struct watch *w, struct look *l)
{
	struct watched *was = &w->nodes[l->nid];

	if (l->state.there && was->state.there) {
		tell_changes(w, l);
	} else if (l->state.there) {
		tell_state(w, l);
		was->late = false;
		note_newest(was, &l->exits);
	} else if (was->state.there) {
		tell(w, l, event(l, "gone"), "is no device node any more");
	}
	was->state = l->state;
}

/* The record is read last: it tells of a policy that has left meanwhile. */
static void look(int nid, struct look *l)
{
	struct state *s = &l->state;
	struct failure ignored = {};
	struct node node;
	struct live live;

	memset(l, 0, sizeof(*l));
	l->nid = nid;
	s->there = !node_open(nid, &node, &ignored) &&
		   !live_identify(&node, &live);
	snprintf(l->name, sizeof(l->name), "%s", node.name);
	if (s->there) {
		s->id = live.map_id;
		snprintf(s->policy, sizeof(s->policy), "%s", live.name);
		if (node_attr(&node, "pressure", s->pressure, sizeof(s->pressure)))
			s->pressure[0] = '\0';
		l->recorded = !exits_read(&node, &l->exits);
		live_close(&live);
	}
	failure_clear(&ignored);
	node_close(&node);
}

/* Nodes that come later are watched as well, unless some are named. */
static void look_at_all(struct watch *w, bool named)
{
	int nids[NODE_MAX], nr = 0, i;
	struct failure ignored = {};
	bool wanted[NODE_MAX];
	struct look now;

	for (i = 0; i < NODE_MAX; i++)
		wanted[i] = w->nodes[i].wanted || w->nodes[i].state.there;
	if (!named)
		nr = node_list(nids, NODE_MAX, &ignored);
	failure_clear(&ignored);
	for (i = 0; i < nr; i++)
		wanted[nids[i]] = true;
	for (i = 0; i < NODE_MAX; i++) {
		if (!wanted[i])
			continue;
		look(i, &now);
		compare(w, &now);
	}
}

/* Nodes that are named have to be there at the beginning. */
static int check_nodes(const struct cmdline *c, struct watch *w)
{
	int nids[NODE_MAX], nr, i, status;
	struct failure f = {};
	struct node node;

	status = wanted_nodes(c, nids, &nr);
	for (i = 0; !status && i < c->nr_args; i++) {
		if (node_open(nids[i], &node, &f)) {
			p_failure(node.name, "cannot watch it", &f);
			status = NODECTL_NONE;
		}
		node_close(&node);
		w->nodes[nids[i]].wanted = true;
	}
	failure_clear(&f);
	return status;
}

static void watch(struct watch *w, const struct cmdline *c)
{
	double every = c->interval > 0 ? c->interval : LOOK_EVERY;
	double left = c->duration > 0 ? c->duration : INFINITY;

	while (!signals_stop()) {
		look_at_all(w, c->nr_args);
		if (out_flush() || told_enough(w) || left <= 0)
			break;
		signals_sleep(left < every ? left : every);
		left -= every;
	}
}

/**
 * do_watch - nodectl watch [NODE]... [--interval S] [--count N] [--duration S]
 * @c: the command line
 */
int do_watch(const struct cmdline *c)
{
	struct watch *w = calloc(1, sizeof(*w));
	int status;

	if (!w) {
		p_error("no memory");
		return NODECTL_NONE;
	}
	w->limit = c->count;
	status = check_nodes(c, w);
	if (!status)
		watch(w, c);
	free(w);
	return status;
}
