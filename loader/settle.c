// SPDX-License-Identifier: GPL-2.0
/*
 * swap --settle: the new policy is watched for a while.  It goes back when the
 * kernel ejects it, or when a condition of --settle-if holds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "exits.h"
#include "lock.h"
#include "pin.h"
#include "settle.h"

#define LOOK_EVERY	0.1	/* seconds */
#define EJECT_WAIT	20	/* looks, for the record of an ejection */

/**
 * struct judged - what was seen of a policy that settles
 * @reason: why it has to go back
 * @ejected: the kernel has ended it, and with it the link
 */
struct judged {
	char reason[512];
	bool ejected;
};

static int parse_condition(const char *text, struct condition *cond)
{
	size_t i, len = strcspn(text, ">");
	char *end;

	cond->counter = NULL;
	for (i = 0; i < nr_counters; i++)
		if (strlen(counters[i].name) == len &&
		    !strncmp(counters[i].name, text, len))
			cond->counter = &counters[i];
	if (!cond->counter || text[len] != '>' || text[len + 1] < '0' ||
	    text[len + 1] > '9')
		return -EINVAL;
	errno = 0;
	cond->limit = strtoull(text + len + 1, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

/**
 * settle_parse - read --settle and --settle-if
 * @c: the command line
 * @s: what they say
 *
 * Return: 0, or -EINVAL after an error message.
 */
int settle_parse(const struct cmdline *c, struct settle *s)
{
	struct failure f = {};

	s->seconds = c->settle;
	for (s->nr = 0; s->nr < c->nr_settle_if; s->nr++) {
		if (!parse_condition(c->settle_if[s->nr], &s->conds[s->nr]))
			continue;
		fail(&f, -EINVAL,
		     "Write COUNTER>NUMBER, with a counter that \"nodectl stats\" shows.",
		     "\"%s\" is no condition for --settle-if",
		     c->settle_if[s->nr]);
		p_failure(NULL, NULL, &f);
		return -EINVAL;
	}
	return 0;
}

/**
 * settle_begin - does the kernel tell the counters of the conditions?
 * @s: gets them, as before the swap
 * @node: the node
 * @f: filled on failure
 *
 * Return: 0, or -ENOENT when the kernel lacks the counter of a condition.
 */
int settle_begin(struct settle *s, const struct node *node, struct failure *f)
{
	const char *name;
	unsigned int i;
	uint64_t value;

	if (!s->nr)
		return 0;
	sample_read(node, &s->before);
	for (i = 0; i < s->nr; i++) {
		name = s->conds[i].counter->name;
		if (!sample_get(&s->before, name, &value))
			return fail(f, -ENOENT, "Name a counter that \"nodectl stats\" shows.",
				    "this kernel does not tell %s, which --settle-if names",
				    name);
	}
	return 0;
}

/* Does a condition hold? A counter counts from the swap, a gauge is as it is. */
static bool condition_holds(const struct settle *s, const struct sample *now,
			    char *reason, size_t size)
{
	const struct condition *cond;
	const char *name;
	uint64_t value;
	bool known;

	for (cond = s->conds; cond < s->conds + s->nr; cond++) {
		name = cond->counter->name;
		known = cond->counter->gauge ?
			sample_get(now, name, &value) :
			sample_delta(now, &s->before, name, &value);
		if (!known || value <= cond->limit)
			continue;
		snprintf(reason, size, "%s %s %" PRIu64 ", more than %" PRIu64,
			 name, cond->counter->gauge ? "is" : "rose by", value,
			 cond->limit);
		return true;
	}
	return false;
}

static const struct policy_exit *find_exit(const struct exits *exits, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < exits->nr; i++)
		if (exits->exit[i].map_id == id)
			return &exits->exit[i];
	return NULL;
}

/*
 * Has the kernel ejected policy @id, which has left or is about to? That is on
 * record a moment later, but before the next policy is attached.
 */
static bool was_ejected(const struct node *node, uint32_t id, struct judged *j)
{
	const struct policy_exit *e;
	struct exits exits;
	uint64_t there;
	bool last;
	int i;

	for (i = 0; i < EJECT_WAIT; i++) {
		last = node_attr_u64(node, "policy_id", &there) ||
		       (there && there != id);
		if (exits_read(node, &exits))
			return false;
		e = find_exit(&exits, id);
		if (e) {
			j->ejected = exit_is_ejection(e);
			if (j->ejected)
				exit_reason(e, j->reason, sizeof(j->reason));
			return j->ejected;
		}
		if (last)
			return false;
		usleep(LOOK_EVERY * 1e6);
	}
	return false;
}

/*
 * Return: 0 when it may stay, -ECANCELED when it must go back, with the reason
 * in @j, -ESTALE when it is not there any more.
 */
static int watch(const struct settle *s, const struct attempt *a, uint32_t id,
		 struct judged *j, struct failure *f)
{
	double left = s->seconds;
	struct sample now;
	uint64_t there;

	while (left > 0 && !signals_stop()) {
		signals_sleep(left < LOOK_EVERY ? left : LOOK_EVERY);
		left -= LOOK_EVERY;
		if (node_attr_u64(&a->node, "policy_id", &there) || there != id) {
			if (was_ejected(&a->node, id, j))
				return -ECANCELED;
			return fail(f, -ESTALE, "Look at it with \"nodectl status\".",
				    "policy \"%s\" (id %u) did not stay",
				    a->obj.name, id);
		}
		if (!s->nr)
			continue;
		sample_read(&a->node, &now);
		if (condition_holds(s, &now, j->reason, sizeof(j->reason)))
			return -ECANCELED;
	}
	if (!signals_stop())
		return 0;
	snprintf(j->reason, sizeof(j->reason), "interrupted while it settled");
	return -ECANCELED;
}

/*
 * The link of a policy that was ejected attaches nothing any more, so the old
 * policy needs one of its own. Until then the native default decides.
 */
static int attach_again(const struct attempt *a, struct failure *f)
{
	int fd, err;

	if (!a->live.pinned)
		return fail(f, -ENOLINK, "Ask the program that has attached it to do so again.",
			    "its link was not pinned by nodectl");
	fd = bpf_link_create(a->live.map_fd, 0, BPF_STRUCT_OPS, NULL);
	if (fd < 0)
		return fail(f, -errno, NULL, "%s", errno == EBUSY ?
			    "somebody else has attached another policy" :
			    strerror(errno));
	/* Its policy was ejected, but the kernel may still be about to detach it. */
	err = pin_remove(a->node.nid, a->live.link_id, f);
	if (!err)
		err = pin_create(a->node.nid, fd, f);
	/* Unless it is pinned, closing it detaches. */
	close(fd);
	return err;
}

/*
 * The kernel compares: a policy that somebody else has attached stays. Sets @back
 * if the old one is there: an error alone does not tell, init() of the old policy
 * may refuse with any of them.
 */
static int take_back(const struct attempt *a, uint32_t id, struct judged *j,
		     bool *back, struct failure *f)
{
	struct failure why = {};
	int err = 0;

	if (!j->ejected)
		err = attempt_replace(a->live.link_fd, a->live.map_fd,
				      bpf_map__fd(a->obj.ops_map));
	if (j->ejected || (err == -ENOLINK && was_ejected(&a->node, id, j)))
		err = attach_again(a, &why);
	else if (err)
		fail(&why, err, NULL, "%s", strerror(-err));
	if (err)
		fail(f, err, why.next[0] ? why.next :
		     "Look at it with \"nodectl status\".",
		     "%s, and going back to \"%s\" failed: %s", j->reason,
		     a->live.name, why.cause);
	else
		fail(f, -ECANCELED, NULL, "%s; %s", j->reason, j->ejected ?
		     "the old policy is attached again" : "it was taken back");
	*back = !err;
	failure_clear(&why);
	return err ?: -ECANCELED;
}

/**
 * settle - let the policy of a swap settle, and go back if it misbehaves
 * @s: how long, and the conditions
 * @a: the swap
 * @id: id of the new policy
 * @lock: of the node; it is let go meanwhile, and taken again
 * @back: is set if the old policy is back
 * @f: filled on failure
 *
 * The kernel promises that no member of the old policy runs any more: what is
 * counted from here on is the new one's.
 *
 * Going back does not depend on the lock: then a clean-up of somebody else may
 * miss a pin, which the next verb finds.
 *
 * Return: 0 or a negative errno.
 */
int settle(struct settle *s, const struct attempt *a, uint32_t id,
	   int *lock, bool *back, struct failure *f)
{
	struct judged j = {};
	int err;

	if (s->seconds <= 0)
		return 0;
	if (s->nr)
		sample_read(&a->node, &s->before);
	unlock_node(a->node.nid, *lock);
	err = watch(s, a, id, &j, f);
	*lock = lock_node_again(a->node.nid);
	return err == -ECANCELED ? take_back(a, id, &j, back, f) : err;
}
