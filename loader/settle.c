// SPDX-License-Identifier: GPL-2.0
/*
 * swap --settle: the new policy is watched for a while.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lock.h"
#include "settle.h"

/**
 * settle_overridden - answers on a node that the kernel had to override
 * @node: the node
 *
 * Return: how many, of all policies that it has had; 0 if that cannot be read.
 */
uint64_t settle_overridden(const struct node *node)
{
	struct node_stat stat;
	uint64_t nr = 0;

	if (!node_stat(node, &stat))
		node_stat_u64(&stat, "overridden", &nr);
	return nr;
}

/*
 * The kernel counts for the node, so @before must have been read before the
 * swap.
 *
 * Return: 0 when it may stay, -ECANCELED when it must go back, with the
 * @reason, -ESTALE when it is not there any more.
 */
static int watch(const struct attempt *a, double seconds, uint32_t new_id,
		 uint64_t before, char *reason, size_t size, struct failure *f)
{
	uint64_t now = before, id = new_id;
	double left = seconds;

	while (left > 0 && !signals_stop()) {
		signals_sleep(left < 0.1 ? left : 0.1);
		left -= 0.1;
		if (node_attr_u64(&a->node, "policy_id", &id) || id != new_id)
			return fail(f, -ESTALE,
				    "Look at it with \"nodectl status\".",
				    "policy \"%s\" (id %u) did not stay", a->obj.name,
				    new_id);
		now = settle_overridden(&a->node);
		if (now > before)
			break;
	}
	if (now > before)
		snprintf(reason, size,
			 "the kernel had to override %llu of its verdicts",
			 (unsigned long long)(now - before));
	else if (signals_stop())
		snprintf(reason, size, "interrupted while it settled");
	else
		return 0;
	return -ECANCELED;
}

/* The kernel compares: a policy that somebody else has attached stays. */
static int take_back(const struct attempt *a, const char *reason,
		     struct failure *f)
{
	int err;

	err = attempt_replace(a->live.link_fd, a->live.map_fd,
			      bpf_map__fd(a->obj.ops_map));
	if (err)
		return fail(f, err, "Look at it with \"nodectl status\".",
			    "%s, and going back to \"%s\" failed: %s", reason,
			    a->live.name, strerror(-err));
	return fail(f, -ECANCELED, NULL, "%s; it was taken back", reason);
}

/**
 * settle - let the policy of a swap settle, and go back if it misbehaves
 * @a: the swap
 * @c: the command line, with --settle or not
 * @id: id of the new policy
 * @before: settle_overridden() before the swap
 * @lock: of the node; it is let go meanwhile, and taken again
 * @f: filled on failure
 *
 * Going back does not depend on the lock: then a clean-up of somebody else may
 * miss a pin, which the next verb finds.
 *
 * Return: 0, -ECANCELED when the old policy is back, or another negative errno.
 */
int settle(const struct attempt *a, const struct cmdline *c, uint32_t id,
	   uint64_t before, int *lock, struct failure *f)
{
	char reason[128];
	int err;

	if (c->settle <= 0)
		return 0;
	unlock_node(a->node.nid, *lock);
	err = watch(a, c->settle, id, before, reason, sizeof(reason), f);
	*lock = lock_node_again(a->node.nid);
	return err == -ECANCELED ? take_back(a, reason, f) : err;
}
