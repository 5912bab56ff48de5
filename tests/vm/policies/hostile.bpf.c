// SPDX-License-Identifier: GPL-2.0
/*
 * Gives the kernel each reason to end it, in each member: the tunables say where
 * and what. Keeps what exit() was told in the map "exits".
 */
#include "clock.h"
#include "record.h"

NODE_POLICY(hostile, "test: misbehaves in one member");

enum place {
	AT_ADMIT_BATCH, AT_ADMIT_FOLIO, AT_CHOOSE_CLASS, AT_MIGRATED,
	AT_PROMOTE_FAULT, AT_PROMOTE_HOT, AT_RECLAIM_FOLIO, AT_PRESSURE,
	AT_INIT, AT_TIMER, AT_EXIT,
};

enum act {
	ACT_NONE, ACT_BAD_ANSWER, ACT_EXIT, ACT_BURN, ACT_DENY,
};

NODE_TUNABLE(u32, at, AT_ADMIT_BATCH, 0, 100, "", "the member, or the timer");
NODE_TUNABLE(u32, act, ACT_NONE, 0, 100, "", "what it does");
NODE_TUNABLE(u32, answer, 77, 0, 4294967295U, "", "the bad answer");
NODE_TUNABLE(u32, burn_ms, 100, 0, 10000, "ms", "how long a slow call takes");
NODE_TUNABLE(u32, burns, 1000000, 0, 4294967295U, "", "how many calls are slow");
NODE_TUNABLE(u32, each, 1, 1, 1000, "", "one call of so many is slow");
NODE_TUNABLE(u32, gap_ms, 0, 0, 60000, "ms", "time from one slow call to the next");

#define BLOCK		4096	/* as much as is read at once */
#define CALLS		128	/* between two looks at the clock */
#define CODE		(-4711)

struct hostile_counters {
	u64 begun;		/* slow calls, */
	u64 burnt;		/* that took their time, */
	u64 not_burnt;		/* and that could not */
	u64 stale;		/* wanted to leave, and were told -ESTALE */
	u64 calls;		/* of members other than init and exit */
	u64 exits;		/* calls of exit */
};

NODE_COUNTERS(struct hostile_counters);

u32 burns_done, turn;
u64 next_ns;
char from[BLOCK] = { [0 ... BLOCK - 2] = 'a' };
char to[BLOCK];

/* Two calls at a time may take turns as one. */
static __always_inline bool my_turn(u64 now)
{
	WRITE_ONCE(turn, turn + 1);
	if (READ_ONCE(burns_done) >= burns || turn % (each ?: 1) ||
	    now < READ_ONCE(next_ns))
		return false;
	WRITE_ONCE(burns_done, burns_done + 1);
	WRITE_ONCE(next_ns, now + gap_ms * 1000000ULL);
	return true;
}

/*
 * Calls a function until the time is over, or until a member may not run any
 * longer. Most of its instructions are the calls.
 */
#define BURN(_rounds, _call)						\
	do {								\
		u64 now = bpf_ktime_get_ns();				\
		u64 until = now + burn_ms * 1000000ULL;			\
		u32 i, j;						\
									\
		if (!my_turn(now))					\
			return 0;					\
		NODE_COUNT(begun, 1);					\
		for (i = 0; i < (_rounds); i++) {			\
			_Pragma("clang loop unroll(full)")		\
			for (j = 0; j < CALLS; j++)			\
				_call;					\
			if (bpf_ktime_get_ns() >= until) {		\
				NODE_COUNT(burnt, 1);			\
				return 0;				\
			}						\
		}							\
		NODE_COUNT(not_burnt, 1);				\
	} while (0)

/* The slowest that each member may call: copies a string byte by byte. */
static __noinline int burn(void)
{
	BURN(110, bpf_probe_read_kernel_str(to, sizeof(to), from));
	return 0;
}

/* The slowest of all needs a folio. */
static __noinline int burn_folio(struct folio *folio)
{
	BURN(140, bpf_node_device_folio_estimate(folio, 64));
	return 0;
}

static __always_inline void leave(enum place here)
{
	if (at != here || act != ACT_EXIT)
		return;
	if (bpf_node_device_policy_exit(CODE, "leaves\nby itself") == -ESTALE)
		NODE_COUNT(stale, 1);
}

/* Returns whether the member is to give a bad answer. */
static __always_inline bool misbehave(enum place here, struct folio *folio)
{
	if (here <= AT_PRESSURE)
		NODE_COUNT(calls, 1);
	leave(here);
	if (at == here && act == ACT_BURN) {
		/* Not both: the verifier counts what each path takes. */
		if (here == AT_ADMIT_FOLIO)
			burn_folio(folio);
		else
			burn();
	}
	return at == here && act == ACT_BAD_ANSWER;
}

static int tick(void *map, u32 *key, struct clock *clock)
{
	leave(AT_TIMER);
	bpf_timer_start(&clock->timer, 10000000ULL, 0);
	return 0;
}

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	struct folio *folio;

	if (misbehave(AT_ADMIT_BATCH, NULL)) {
		NODE_FOR_EACH_FOLIO(folio, ctx) {
			bpf_node_device_admit_set(ctx, folio, answer);
			break;
		}
	}
	return act == ACT_DENY ? -1 : 0;
}

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	return misbehave(AT_ADMIT_FOLIO, folio) ? answer : 0;
}

NODE_OP(s32, choose_class, struct folio *folio, struct node_class_ctx *ctx)
{
	return misbehave(AT_CHOOSE_CLASS, NULL) ? answer : 0;
}

NODE_OP(void, migrated, struct folio *folio, struct node_migrated_ctx *ctx)
{
	misbehave(AT_MIGRATED, NULL);
}

NODE_OP(u32, promote_fault, struct folio *folio, struct node_fault_ctx *ctx)
{
	return misbehave(AT_PROMOTE_FAULT, NULL) ? answer : 0;
}

NODE_OP(u32, promote_hot, struct folio *folio, struct node_hot_ctx *ctx)
{
	return misbehave(AT_PROMOTE_HOT, NULL) ? answer : 0;
}

NODE_OP(u32, reclaim_folio, struct folio *folio, struct node_victim_ctx *ctx)
{
	return misbehave(AT_RECLAIM_FOLIO, NULL) ? answer : 0;
}

/* A member that has a timer must be short. It is told soon after the attach. */
NODE_OP(void, pressure, struct node_press_ctx *ctx)
{
	leave(AT_PRESSURE);
	if (at == AT_TIMER)
		clock_start(tick, 10000000ULL);
}

NODE_OP(s32, init, struct node_policy_info *info)
{
	misbehave(AT_INIT, NULL);
	return 0;
}

NODE_OP(void, exit, struct node_policy_exit *info)
{
	NODE_COUNT(exits, 1);
	misbehave(AT_EXIT, NULL);
	keep_record(info);
}

NODE_OPS(hostile, admit_batch, admit_folio, choose_class, migrated,
	 promote_fault, promote_hot, reclaim_folio, pressure, init, exit);
