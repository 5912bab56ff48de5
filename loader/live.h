/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy that runs, as the kernel shows it.
 */
#ifndef NODECTL_LIVE_H
#define NODECTL_LIVE_H

#include <limits.h>

#include "digest.h"
#include "meta.h"
#include "node.h"

#define LIVE_MEMBERS_MAX	32
/* The kernel's MAX_USED_MAPS, and what is bound later: sections, a digest. */
#define PROG_MAPS_MAX		(64 + 8)
#define LIVE_MAPS_MAX		(LIVE_MEMBERS_MAX * PROG_MAPS_MAX)

struct btf;
struct json_object;
struct tunable_change;

/**
 * struct live_member - a member that the policy implements
 * @name: of the member
 * @prog_id: of the program behind it
 * @run_cnt: calls, counted while kernel.bpf_stats_enabled is 1
 * @run_time_ns: their time
 */
struct live_member {
	char name[64];
	uint32_t prog_id;
	uint64_t run_cnt;
	uint64_t run_time_ns;
};

/**
 * struct live - the policy of a node
 * @map_id: of its struct_ops, 0 when the node has no policy
 * @map_fd: of its struct_ops, or -1
 * @name: from sysfs
 * @version: from sysfs
 * @attached_ns: from sysfs, CLOCK_BOOTTIME
 * @link_id: of the link that attaches it, 0 when not found
 * @link_fd: of the link, or -1
 * @pinned: the link is the one pinned for this node
 * @pin_err: why it cannot be told what is pinned for this node, or 0
 * @stale_id: a link that attaches nothing any more and is pinned for this
 *            node; 0 when there is none
 * @members: what it implements
 * @nr_members: how many
 * @map_ids: maps that its programs use
 * @nr_maps: how many
 * @meta: what it says about itself
 * @values_fd: map of its tunables, or -1
 * @values: copy of the tunables' section
 * @digest: of the file that it was loaded from, if nodectl has loaded it
 * @counters_fd: map of its counters, or -1
 * @counters_btf: BTF of the object, when there are counters
 * @counters_type: struct of the counters in @counters_btf
 */
struct live {
	uint32_t map_id;
	int map_fd;
	char name[NODE_EXT_POLICY_NAME_LEN + 1];
	uint64_t version;
	uint64_t attached_ns;
	uint32_t link_id;
	int link_fd;
	bool pinned;
	int pin_err;
	uint32_t stale_id;
	struct live_member members[LIVE_MEMBERS_MAX];
	unsigned int nr_members;
	uint32_t map_ids[LIVE_MAPS_MAX];
	unsigned int nr_maps;
	struct policy_meta meta;
	int values_fd;
	void *values;
	struct digest digest;
	int counters_fd;
	struct btf *counters_btf;
	uint32_t counters_type;
};

int live_identify(const struct node *node, struct live *live);
int live_expect(const struct live *live, const char *expect, struct failure *f);
int live_find_link(const struct node *node, struct live *live, struct failure *f);
int live_maps(struct live *live, struct failure *f);
int live_read(struct live *live, struct failure *f);
void live_close(struct live *live);
int live_store(struct live *live, const struct tunable_change *changes,
	       unsigned int nr, struct failure *f);
struct json_object *live_counters(const struct live *live);
uint32_t link_map_id(int link_fd, uint32_t *link_id);
bool link_is_dead(int link_fd, uint32_t *link_id);
void process_describe(int pid, char *buf, size_t size);
void link_holders(uint32_t link_id, char *buf, size_t size);
struct btf *vmlinux_btf(struct failure *f);

#endif /* NODECTL_LIVE_H */
