// SPDX-License-Identifier: GPL-2.0
/*
 * apply --stay: one node is looked after until it goes.  A policy that the kernel
 * has ejected is attached again, each time after a longer wait, and not for ever.
 *
 * How often it was ejected is on record in the kernel, so whoever starts anew
 * knows it as well, and nothing is kept here.  The record has four entries, which
 * is why the fourth ejection in a row is the last.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "nodectl.h"
#include "stay.h"

/* Seconds to wait after the first ejection, the second, the third. */
static const unsigned int waits[EJECTIONS_MAX - 1] = { 5, 20, 80 };

/* A policy that ran for so long was not ejected for what it did at its start. */
#define RAN_WELL_NS	(3600 * 1000000000ULL)

#define APPEAR_SECONDS	30
#define LOOK_EVERY	0.2
#define RECORD_LOOKS	25
#define WATCH_EVERY	2.0

static uint64_t boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/**
 * retry_after - when may a policy be attached again?
 * @exits: the record of the node
 * @policy: the policy that is to be attached
 * @now_ns: CLOCK_BOOTTIME
 * @r: the answer
 * @f: why never
 *
 * What another policy did does not count.
 *
 * Return: 0, or -ECANCELED when it is not to be attached by itself any more.
 */
int retry_after(const struct exits *exits, const char *policy, uint64_t now_ns,
		struct retry *r, struct failure *f)
{
	static const char next[] =
		"Mend it, or put another one into the configuration; \"nodectl apply\" attaches it at once.";
	const struct policy_exit *e;
	char reason[512];
	uint64_t due_ns;
	unsigned int i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < exits->nr; i++) {
		e = &exits->exit[i];
		if (!exit_is_ejection(e) || strcmp(e->name, policy))
			break;
		r->ejections++;
		if (e->runtime_ns >= RAN_WELL_NS)
			break;
	}
	if (!r->ejections)
		return 0;
	r->last = &exits->exit[0];
	exit_reason(r->last, reason, sizeof(reason));
	if (!strcmp(r->last->kind, "operator"))
		return fail(f, -ECANCELED, "When the reason is gone, \"nodectl apply\" attaches it.",
			    "policy %s is not attached again by itself: %s", policy,
			    reason);
	if (r->ejections >= EJECTIONS_MAX)
		return fail(f, -ECANCELED, next,
			    "policy %s was ejected %u times in a row and is not attached again by itself; the last time, %s",
			    policy, r->ejections, reason);
	due_ns = r->last->when_ns + waits[r->ejections - 1] * 1000000000ULL;
	if (due_ns > now_ns)
		r->seconds = (due_ns - now_ns) / 1e9;
	return 0;
}

static void tell(const struct node *node, const char *policy,
		 const struct retry *r)
{
	struct json_object *o;
	char reason[512];

	exit_reason(r->last, reason, sizeof(reason));
	if (!out_json) {
		printf("%s: policy %s was ejected, %u in a row: %s; it is attached again in %.0f s\n",
		       node->name, policy, r->ejections, reason, r->seconds);
		out_flush();
		return;
	}
	o = json_object_new_object();
	out_str(o, "node", node->name);
	out_int(o, "nid", node->nid);
	out_str(o, "action", "wait");
	out_str(o, "policy", policy);
	out_int(o, "ejections", r->ejections);
	out_str(o, "reason", reason);
	out_seconds(o, "seconds", r->seconds);
	out_record(o);
}

/**
 * retry_of_node - how long to wait before a policy is attached to a node
 * @node: the node, which has no policy
 * @policy: the policy
 * @seconds: the answer; it was said if it is not 0
 * @f: why never
 *
 * Return: 0 or a negative errno.
 */
int retry_of_node(const struct node *node, const char *policy, double *seconds,
		  struct failure *f)
{
	struct exits exits;
	struct retry r;
	int err;

	err = exits_read(node, &exits);
	if (err)
		return fail(f, err, "Use a kernel and a nodectl of the same age.",
			    "cannot read why policies left it: %s",
			    strerror(-err));
	err = retry_after(&exits, policy, boot_ns(), &r, f);
	*seconds = r.seconds;
	if (!err && r.seconds > 0)
		tell(node, policy, &r);
	return err;
}

static bool is_live(int nid)
{
	struct failure ignored = {};
	char state[32] = "";
	struct node node;

	if (node_open(nid, &node, &ignored))
		return false;
	if (node_attr(&node, "state", state, sizeof(state)))
		state[0] = '\0';
	node_close(&node);
	return !strcmp(state, "live");
}

/*
 * The node is announced before its driver has registered it completely. An
 * ordinary node never becomes one of devices.
 */
static bool appears(int nid)
{
	double left = APPEAR_SECONDS;

	while (!is_live(nid)) {
		if (left <= 0 || signals_stop() || node_is_ordinary(nid))
			return false;
		signals_sleep(LOOK_EVERY);
		left -= LOOK_EVERY;
	}
	return true;
}

static uint32_t policy_of(int nid)
{
	struct failure ignored = {};
	struct node node;
	uint64_t id = 0;

	if (node_open(nid, &node, &ignored))
		return 0;
	if (node_attr_u64(&node, "policy_id", &id))
		id = 0;
	node_close(&node);
	return id;
}

/* Until it is time, or somebody else has attached a policy, or the node goes. */
static void wait_turn(int nid, double seconds)
{
	while (seconds > 0 && !signals_stop() && is_live(nid) && !policy_of(nid)) {
		signals_sleep(seconds < 1 ? seconds : 1);
		seconds -= 1;
	}
}

/*
 * Looks from time to time.  To be told by the link, nodectl would have to hold it,
 * and then the policy would outlive its pin, or the program that has attached it.
 *
 * Return: id of the policy that was seen last, 0 for none.
 */
static uint32_t wait_for_end(int nid)
{
	uint32_t id = 0, now;

	while (!signals_stop() && (now = policy_of(nid))) {
		id = now;
		signals_sleep(WATCH_EVERY);
	}
	return id;
}

static bool on_record(const struct exits *exits, uint32_t id, bool *ejected)
{
	unsigned int i;

	for (i = 0; i < exits->nr; i++) {
		if (id && exits->exit[i].map_id != id)
			continue;
		*ejected = exit_is_ejection(&exits->exit[i]);
		return true;
	}
	return false;
}

/*
 * Was policy @id, which has left, ejected?  If it was never seen, that was the
 * newest.  The record may come a moment after the policy has left.
 */
static bool was_ejected(int nid, uint32_t id)
{
	struct failure ignored = {};
	bool ejected = false;
	struct exits exits;
	struct node node;
	int i;

	for (i = 0; i < RECORD_LOOKS; i++) {
		if (node_open(nid, &node, &ignored))
			return false;
		if (exits_read(&node, &exits))
			exits.nr = 0;
		node_close(&node);
		if (on_record(&exits, id, &ejected))
			break;
		signals_sleep(LOOK_EVERY);
	}
	return ejected;
}

/**
 * stay - keep a node as it is configured, until it goes
 * @nid: the node
 * @once: makes it so; if it is too early for that, it sets @wait to seconds, and
 *	  to -1 if nothing is configured
 * @arg: for @once
 *
 * Whoever detaches the policy wants it so, and then nothing is left to do.
 *
 * Return: the exit status.
 */
int stay(int nid, int (*once)(int nid, const void *arg, double *wait),
	 const void *arg)
{
	int status = NODECTL_OK;
	double wait;
	uint32_t id;

	if (!appears(nid)) {
		p_info("node%d: it is no device node, there is nothing to do",
		       nid);
		return NODECTL_OK;
	}
	while (!signals_stop()) {
		wait = 0;
		status = once(nid, arg, &wait);
		if (wait > 0) {
			wait_turn(nid, wait);
			if (is_live(nid))
				continue;
			break;
		}
		if (wait < 0 || (status == NODECTL_NONE && is_live(nid)))
			return status;
		id = wait_for_end(nid);
		if (signals_stop() || !was_ejected(nid, id))
			break;
	}
	return NODECTL_OK;
}
