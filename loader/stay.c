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
 * What another policy did is not counted against it.  But whoever watched that
 * one, a swap that lets it settle for example, gets the first pause to finish.
 * And what the administrator ejected was to leave the node without a policy,
 * whichever it was.
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
	if (!exits->nr || !exit_is_ejection(&exits->exit[0]))
		return 0;
	r->last = &exits->exit[0];
	exit_reason(r->last, reason, sizeof(reason));
	if (!strcmp(r->last->kind, "operator"))
		return fail(f, -ECANCELED, "When the reason is gone, \"nodectl apply\" attaches it.",
			    "policy %s is not attached by itself; the last one here was %s: %s",
			    policy, r->last->name, reason);
	for (i = 0; i < exits->nr; i++) {
		e = &exits->exit[i];
		if (!exit_is_ejection(e) || strcmp(e->name, policy))
			break;
		r->ejections++;
		if (e->runtime_ns >= RAN_WELL_NS)
			break;
	}
	if (r->ejections >= EJECTIONS_MAX)
		return fail(f, -ECANCELED, next,
			    "policy %s was ejected %u times in a row and is not attached again by itself; the last time, %s",
			    policy, r->ejections, reason);
	i = r->ejections ? r->ejections - 1 : 0;
	due_ns = r->last->when_ns + waits[i] * 1000000000ULL;
	if (due_ns > now_ns)
		r->seconds = (due_ns - now_ns) / 1e9;
	return 0;
}

/**
 * exit_of_last - what became of the policy that was seen last?
 * @exits: the record of the node, which has no policy now
 * @seen: that policy, and when
 *
 * Another one may have taken its place since, and that is the one that left.  A
 * swap is not on record.
 *
 * Return: the newest record, or NULL if it is older than that.
 */
const struct policy_exit *exit_of_last(const struct exits *exits,
				       const struct seen *seen)
{
	const struct policy_exit *e = &exits->exit[0];

	if (!exits->nr || (e->map_id != seen->id && e->when_ns < seen->at_ns))
		return NULL;
	return e;
}

static void tell(const struct node *node, const char *policy,
		 const struct retry *r)
{
	char reason[512], row[32] = "";
	struct json_object *o;

	exit_reason(r->last, reason, sizeof(reason));
	if (!out_json) {
		if (r->ejections)
			snprintf(row, sizeof(row), ", %u in a row",
				 r->ejections);
		printf("%s: policy %s was ejected%s: %s; policy %s is attached in %.0f s, unless another one is there by then\n",
		       node->name, r->last->name, row, reason, policy,
		       r->seconds);
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
 * @node: the node
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

/*
 * Return: 0 if the node is live, -EBUSY while its driver comes or goes, or why
 * it is no device node.
 */
static int look_at(int nid)
{
	struct failure ignored = {};
	char state[32] = "";
	struct node node;
	int err;

	err = node_open(nid, &node, &ignored);
	if (err)
		return err;
	if (node_attr(&node, "state", state, sizeof(state)))
		state[0] = '\0';
	node_close(&node);
	return strcmp(state, "live") ? -EBUSY : 0;
}

/*
 * The node is announced before its driver has registered it completely, and a
 * driver may be loaded at any time.  An ordinary node never becomes one of devices.
 */
static bool appears(int nid)
{
	double waited = 0, pause;
	bool exists;
	int err;

	while ((err = look_at(nid)) && !signals_stop()) {
		exists = err == -EBUSY || err == -ENODEV;
		if (node_is_ordinary(nid) || (!exists && waited > APPEAR_SECONDS)) {
			p_info("node%d: it is no device node, there is nothing to do",
			       nid);
			return false;
		}
		pause = waited > APPEAR_SECONDS ? WATCH_EVERY : LOOK_EVERY;
		signals_sleep(pause);
		waited += pause;
	}
	return !err;
}

/* Waits while the driver is between two states. False after a signal, too. */
static bool is_there(int nid)
{
	int err;

	while ((err = look_at(nid)) == -EBUSY && !signals_stop())
		signals_sleep(LOOK_EVERY);
	return !err && !signals_stop();
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
	while (seconds > 0 && is_there(nid) && !policy_of(nid)) {
		signals_sleep(seconds < 1 ? seconds : 1);
		seconds -= 1;
	}
}

/*
 * Looks from time to time.  To be told by the link, nodectl would have to hold it,
 * and then the policy would outlive its pin, or the program that has attached it.
 */
static void wait_for_end(int nid, struct seen *seen)
{
	uint64_t now;
	uint32_t id;

	for (;;) {
		now = boot_ns();
		id = policy_of(nid);
		if (!id || signals_stop())
			return;
		*seen = (struct seen){ .id = id, .at_ns = now };
		signals_sleep(WATCH_EVERY);
	}
}

/* The record may come a moment after the policy has left. */
static bool was_ejected(int nid, const struct seen *seen)
{
	const struct policy_exit *e;
	struct failure ignored = {};
	struct exits exits;
	struct node node;
	int i;

	for (i = 0; i < RECORD_LOOKS && !signals_stop(); i++) {
		if (node_open(nid, &node, &ignored))
			return false;
		if (exits_read(&node, &exits))
			exits.nr = 0;
		node_close(&node);
		e = exit_of_last(&exits, seen);
		if (e)
			return exit_is_ejection(e);
		signals_sleep(LOOK_EVERY);
	}
	return false;
}

/**
 * stay - keep a node as it is configured, until it goes
 * @nid: the node
 * @once: makes it so; if it is too early for that, it sets @wait to seconds, and
 *	  to -1 if nothing is configured
 * @arg: for @once
 *
 * Whoever detaches the policy wants it so, and then nothing is left to do.  Whoever
 * attaches another one meanwhile wants that, and it is looked after instead.
 *
 * Return: the exit status.
 */
int stay(int nid, int (*once)(int nid, const void *arg, double *wait),
	 const void *arg)
{
	struct seen seen;
	bool told = false;
	uint32_t before;
	double wait;
	int status;

	if (!appears(nid))
		return NODECTL_OK;
	while (is_there(nid)) {
		seen.at_ns = boot_ns();
		seen.id = before = policy_of(nid);
		wait = 0;
		status = once(nid, arg, &wait);
		if (signals_stop())
			break;
		if (wait < 0)
			return status;
		if (wait > 0) {
			wait_turn(nid, wait);
			if (!policy_of(nid))
				continue;
		} else if (status == NODECTL_NONE && policy_of(nid) == before) {
			if (!look_at(nid))
				return status;
			continue;
		}
		if (!told)
			node_tell_demotion();
		told = true;
		wait_for_end(nid, &seen);
		if (!was_ejected(nid, &seen))
			break;
	}
	return NODECTL_OK;
}
