/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy on its way to a node.  Whatever fails, the node keeps the policy it
 * had and nothing is left behind: what is made on the way is held by file
 * descriptors only, until the link is pinned as the very last step.  Pins of
 * maps come before it; they say whose they are, so what a kill leaves of them is
 * found by the next load, swap or unload.
 *
 * The node is locked from the first pin to the clean-up.  What was seen before
 * that may have changed: the kernel compares when it attaches and replaces.
 */
#ifndef NODECTL_ATTEMPT_H
#define NODECTL_ATTEMPT_H

#include <limits.h>

#include "handover.h"
#include "live.h"
#include "node.h"
#include "nodectl.h"

/**
 * struct attempt - a policy on its way to a node
 * @node: the node
 * @live: the policy that the node had when we looked
 * @obj: the new policy
 * @maps: what became of its maps
 * @file: its file
 * @kept: tunables that have got the value of the old policy
 * @nr_kept: how many
 */
struct attempt {
	struct node node;
	struct live live;
	struct object obj;
	struct handover maps;
	char file[PATH_MAX];
	const struct tunable **kept;
	unsigned int nr_kept;
};

/**
 * struct change - what a load or a swap has done to a node
 * @id: id of the new policy
 * @now: id of the policy that the node had right after a load
 * @link_id: id of the link that a load has made
 * @made: a swap was made, and not taken back
 * @left: something could not be removed, which was said
 */
struct change {
	uint32_t id;
	uint32_t now;
	uint32_t link_id;
	bool made;
	bool left;
};

int attempt_arguments(const struct cmdline *c, int *nid);
void attempt_init(struct attempt *a);
void attempt_close(struct attempt *a);
int attempt_node(struct attempt *a, int nid, const struct cmdline *c,
		 struct failure *f);
int attempt_open(struct attempt *a, const struct cmdline *c, struct failure *f);
int attempt_object(struct attempt *a, const struct cmdline *c,
		   struct failure *f);
uint32_t attempt_map_id(const struct attempt *a);
int attempt_pin_maps(const struct attempt *a, uint32_t id, struct failure *f);
bool attempt_has_init(const struct attempt *a);
int attempt_refused(struct attempt *a, int err, struct failure *f);
int attempt_replace(int link_fd, int new_fd, int old_fd);
bool attempt_is_offline(const struct cmdline *c);
int attempt_offline(struct attempt *a, int nid, const struct cmdline *c,
		    struct failure *f);
struct json_object *attempt_json(const struct attempt *a, const char *action,
				 const struct cmdline *c, uint32_t id,
				 uint32_t link_id);
void attempt_print_dry(const struct attempt *a, const char *action,
		       const struct cmdline *c);
int change_status(const struct change *done, int err);
void attempt_explain(const char *verb, const struct attempt *a,
		     const char *policy, const struct failure *f);

#endif /* NODECTL_ATTEMPT_H */
