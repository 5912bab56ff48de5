// SPDX-License-Identifier: GPL-2.0
/*
 * memcg_budget - a page budget per cgroup on the node
 *
 * For a machine that several services share: without it, the service with the
 * most cold memory takes the whole node.  Each cgroup may hold up to "budget"
 * pages on the node; a folio of a cgroup that holds its budget is denied and
 * goes to swap.  Pages that are on the node already are never thrown out.
 *
 * A single cgroup gets a budget of its own in the map "budgets": key is the
 * cgroup id (the inode number of its directory), value is a number of pages,
 * 0 for none and -1 for no limit.  docs/policies.md shows the command.  A
 * budget counts what is charged to that very cgroup, not to its descendants.
 * The root cgroup is one like any other here, and key 0 is for folios that are
 * charged to none.
 *
 * What the kernel counts are pages on the node's LRU lists.  A folio gets there
 * some time after it was admitted, and until then reclaim on another CPU, or
 * the next folio of the same chunk, would be admitted against the same old
 * count.  So the policy adds what it has admitted lately and takes that as
 * held as well: each page for at least "settle" milliseconds and at most twice
 * that.  What follows:
 *
 *  - A cgroup never exceeds its budget because of chunks that are still being
 *    moved, whatever the number of CPUs that reclaim, as long as moving a chunk
 *    takes less than "settle".  One that takes longer adds up to its 32 folios.
 *  - Beyond that it can exceed the budget by what the kernel's count itself
 *    leaves out: folios in per-CPU batches on their way to the LRU, at most 31
 *    for each CPU, and folios that reclaim has isolated from the LRU.
 *  - When a policy is attached, the chunks that were decided before it came are
 *    missing once: up to 32 folios for each CPU that reclaims.
 *  - A page that has arrived, failed to move or left again within that time is
 *    taken as held nevertheless.  So a cgroup near its budget may be denied too
 *    early, by no more than it was granted in the last two "settle" periods,
 *    and the error is gone after them.
 *  - Two cgroups whose ids are equal modulo 1024 share one record of recent
 *    pages.  While both are reclaimed each makes the policy forget the recent
 *    pages of the other; then up to 32 folios for each CPU that reclaims can be
 *    admitted too many.
 *
 * Cost per folio: bpf_node_device_folio_info(), one hash lookup; with a limit
 * also the clock, one array lookup and a spin lock held for a few instructions;
 * one array lookup for the counters.
 */
#include "node_ext.bpf.h"

NODE_POLICY(memcg_budget, "limits the pages that each cgroup has on the node");

#define UNLIMITED	(-1LL)
#define NR_ACCOUNTS	1024
#define NSEC_PER_MSEC	1000000ULL

NODE_TUNABLE(s64, budget, UNLIMITED, UNLIMITED, 1LL << 52, "pages",
	     "limit of a cgroup without an entry in budgets; -1 is no limit");
NODE_TUNABLE(u32, settle, 200, 1, 60000, "ms",
	     "how long an admitted page may take to be counted by the kernel");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, s64);
} budgets SEC(".maps");

/* Pages admitted lately to one cgroup. */
struct account {
	struct bpf_spin_lock lock;
	u64 memcg_id;
	u64 period_start;	/* ns */
	u64 this_period;	/* pages admitted in the running period */
	u64 last_period;	/* and in the one before */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_ACCOUNTS);
	__type(key, u32);
	__type(value, struct account);
} accounts SEC(".maps");

struct budget_counters {
	u64 unlimited;		/* admitted: no limit set */
	u64 within;		/* admitted: within the budget */
	u64 exceeded;		/* denied: budget used up */
	u64 unknown;		/* denied: the kernel did not say whose it is */
};

NODE_COUNTERS(struct budget_counters);

/*
 * Is there room for @nr pages in @limit, of which the kernel counts @held?  Then
 * @take them, too.  Check and take are one step under the lock, so CPUs cannot
 * both take the last page.
 */
static __always_inline bool take_pages(struct account *acct, u64 memcg_id,
				       u64 held, u64 nr, u64 limit,
				       bool take)
{
	u64 period = (u64)settle * NSEC_PER_MSEC;
	u64 now = bpf_ktime_get_ns();
	bool granted = false;
	u64 used, age;

	bpf_spin_lock(&acct->lock);
	/*
	 * The clock was read before the lock was taken, so another CPU may have
	 * started a period that lies in the future by a little.
	 */
	age = now > acct->period_start ? now - acct->period_start : 0;
	if (acct->memcg_id != memcg_id || age >= 2 * period) {
		acct->memcg_id = memcg_id;
		acct->period_start = now;
		acct->this_period = 0;
		acct->last_period = 0;
	} else if (age >= period) {
		acct->period_start = now;
		acct->last_period = acct->this_period;
		acct->this_period = 0;
	}

	used = held + acct->this_period + acct->last_period;
	if (used <= limit && nr <= limit - used) {
		if (take)
			acct->this_period += nr;
		granted = true;
	}
	bpf_spin_unlock(&acct->lock);
	return granted;
}

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	struct node_folio_info info = {};
	struct account *acct;
	s64 *own, limit;
	u32 slot;

	/* A limit that cannot be checked is kept. */
	if (bpf_node_device_folio_info(folio, &info, sizeof(info)))
		goto unknown;

	own = bpf_map_lookup_elem(&budgets, &info.memcg_id);
	limit = own ? READ_ONCE(*own) : budget;
	if (limit < 0) {
		NODE_COUNT(unlimited, 1);
		return NODE_DEVICE_ADMIT_ACCEPT;
	}

	slot = info.memcg_id % NR_ACCOUNTS;
	acct = bpf_map_lookup_elem(&accounts, &slot);
	if (!acct)
		goto unknown;
	/* A large folio comes again, page by page, if it may come at all. */
	if (!take_pages(acct, info.memcg_id, info.memcg_node_pages,
			1ULL << (info.order & 31), limit, !info.order)) {
		NODE_COUNT(exceeded, 1);
		return NODE_DEVICE_ADMIT_DENY;
	}
	NODE_COUNT(within, 1);
	return NODE_DEVICE_ADMIT_ACCEPT;

unknown:
	NODE_COUNT(unknown, 1);
	return NODE_DEVICE_ADMIT_DENY;
}

NODE_OPS(memcg_budget, admit_folio);
