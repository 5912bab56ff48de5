// SPDX-License-Identifier: GPL-2.0
/*
 * Every verdict of every member has the effect that it names, in the memory
 * and in the node's counters.
 *
 * Environment: VMTEST_SWAPDEV, a swap device that is on (some of them).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/pages.h"
#include "lib/policy.h"

#define PAGES	128
#define FEW	6	/* rounds of reclaim that must not help */

/* NODE_DEVICE_ADMIT_* and NODE_DEVICE_PROMOTE_* of the kernel */
enum { ADMIT_DEFAULT, ADMIT_ACCEPT, ADMIT_DENY, ADMIT_KEEP, ADMIT_MAX };
enum { PROMO_DEFAULT, PROMO_ONE, PROMO_AROUND, PROMO_SKIP, PROMO_MAX };

struct counter {
	const char *name;
	long start;
};

/* Counters of the node that the tests compare, from a moment on. */
static struct counter counters[] = {
	{ "pages_offered", 0 },
	{ "pages_admitted", 0 },
	{ "pages_demoted", 0 },
	{ "pages_denied", 0 },
	{ "pages_kept", 0 },
	{ "pages_failed", 0 },
	{ "pages_refused_device", 0 },
	{ "pages_promoted_write", 0 },
	{ "bytes_stored_total", 0 },
	{ "calls_admit_batch", 0 },
	{ "calls_admit_folio", 0 },
	{ "calls_choose_class", 0 },
	{ "calls_migrated", 0 },
	{ "calls_promote_fault", 0 },
	{ "verdicts_batch_nolimit", 0 },
	{ "verdicts_batch_budget", 0 },
	{ "verdicts_batch_none", 0 },
	{ "verdicts_admit_default", 0 },
	{ "verdicts_admit_accept", 0 },
	{ "verdicts_admit_deny", 0 },
	{ "verdicts_admit_keep", 0 },
	{ "verdicts_class_default", 0 },
	{ "verdicts_class_chosen", 0 },
	{ "verdicts_class_refused", 0 },
	{ "verdicts_promote_default", 0 },
	{ "verdicts_promote_one", 0 },
	{ "overridden", 0 },
	{ "keep_capped", 0 },
	{ "calls_no_policy", 0 },
};

static void start_counting(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters); i++)
		counters[i].start = nd_counter(counters[i].name);
}

static long counted(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters); i++)
		if (!strcmp(counters[i].name, name))
			return nd_counter(name) - counters[i].start;
	vmtest_fail("%s is not among the counters", name);
}

/*
 * The policy saw no broken promise: contexts, folio information, samples and
 * estimates were as the interface says.
 */
static void expect_good_contexts(struct policy *p)
{
	static const char * const bad[] = {
		"bad_ctx", "bad_info", "bad_estimate", "bad_sample",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(policy_count(p, bad[i]) == 0, "%s is %ld", bad[i],
		      policy_count(p, bad[i]));
}

static void start(struct policy *p, struct area *a, enum fill kind)
{
	area_map(a, PAGES, kind);
	policy_start(p, "verdicts");
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	start_counting();
}

static void finish(struct policy *p, struct area *a)
{
	area_verify(a);
	expect_good_contexts(p);
	CHECK(counted("calls_no_policy") == 0,
	      "%ld calls found no policy while one was attached",
	      counted("calls_no_policy"));
	policy_close(p);
}

static void expect_none_demoted(struct area *a)
{
	area_try_demote(a, FEW);
	CHECK(area_count(a, device_nid()) == 0, "%zu pages were demoted",
	      area_count(a, device_nid()));
}

/* A batch verdict below zero: nothing of the chunk enters. */
static void batch_none(void)
{
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	policy_tune(&p, "batch", -1);
	start_counting();
	expect_none_demoted(&a);
	CHECK(counted("verdicts_batch_none") > 0 &&
	      counted("verdicts_batch_none") == counted("calls_admit_batch"),
	      "%ld verdicts of %ld calls", counted("verdicts_batch_none"),
	      counted("calls_admit_batch"));
	CHECK(counted("pages_denied") >= PAGES, "pages_denied rose by %ld",
	      counted("pages_denied"));
	CHECK(counted("pages_admitted") == 0, "pages_admitted rose by %ld",
	      counted("pages_admitted"));
	CHECK(counted("calls_admit_folio") == 0,
	      "folios were asked about after the batch was refused");
	finish(&p, &a);
}

static void batch_no_limit(void)
{
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	area_demote(&a);
	CHECK(counted("verdicts_batch_nolimit") > 0 &&
	      counted("verdicts_batch_nolimit") ==
	      counted("calls_admit_batch"), "%ld verdicts of %ld calls",
	      counted("verdicts_batch_nolimit"),
	      counted("calls_admit_batch"));
	CHECK(counted("pages_denied") == 0, "pages_denied rose by %ld",
	      counted("pages_denied"));
	CHECK(counted("calls_admit_batch") == policy_count(&p, "chunks"),
	      "the policy was called %ld times, the node counted %ld",
	      policy_count(&p, "chunks"), counted("calls_admit_batch"));
	CHECK(policy_count(&p, "by_proactive") > 0,
	      "memory.reclaim is not named as the reclaimer");
	finish(&p, &a);
}

/* A budget of five: no chunk takes more, the rest of it is denied. */
static void batch_budget(void)
{
	long chunks, admitted;
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	policy_tune(&p, "batch", 5);
	start_counting();
	wait_for((reclaim_round(0, 2 * PAGES * PAGE), counted("pages_denied") > 0),
		 "nothing was denied");
	chunks = counted("calls_admit_batch");
	admitted = counted("pages_admitted");
	CHECK(chunks > 0 && counted("verdicts_batch_budget") == chunks,
	      "%ld verdicts of %ld calls", counted("verdicts_batch_budget"),
	      chunks);
	CHECK(admitted > 0 && admitted <= 5 * chunks,
	      "%ld pages of %ld chunks were admitted", admitted, chunks);
	CHECK(counted("pages_demoted") <= 5 * chunks,
	      "%ld pages of %ld chunks were demoted",
	      counted("pages_demoted"), chunks);
	CHECK(counted("pages_denied") + admitted == counted("pages_offered"),
	      "offered %ld, admitted %ld, denied %ld",
	      counted("pages_offered"), admitted, counted("pages_denied"));
	finish(&p, &a);
}

static void admit_default(void)
{
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	area_demote(&a);
	CHECK(counted("verdicts_admit_default") >= PAGES &&
	      counted("verdicts_admit_default") ==
	      counted("calls_admit_folio"), "%ld verdicts of %ld calls",
	      counted("verdicts_admit_default"),
	      counted("calls_admit_folio"));
	CHECK(counted("pages_demoted") >= PAGES, "pages_demoted rose by %ld",
	      counted("pages_demoted"));
	finish(&p, &a);
}

static void admit_accept(void)
{
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	policy_tune(&p, "admit", ADMIT_ACCEPT);
	start_counting();
	area_demote(&a);
	CHECK(counted("verdicts_admit_accept") >= PAGES &&
	      counted("verdicts_admit_accept") ==
	      counted("calls_admit_folio"), "%ld verdicts of %ld calls",
	      counted("verdicts_admit_accept"), counted("calls_admit_folio"));
	finish(&p, &a);
}

/* Denied: not on the node; as there is no swap either, it stays. */
static void admit_deny(void)
{
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	policy_tune(&p, "admit", ADMIT_DENY);
	start_counting();
	expect_none_demoted(&a);
	CHECK(counted("verdicts_admit_deny") >= PAGES,
	      "verdicts_admit_deny rose by %ld",
	      counted("verdicts_admit_deny"));
	CHECK(counted("pages_denied") == counted("verdicts_admit_deny"),
	      "%ld pages denied by %ld verdicts", counted("pages_denied"),
	      counted("verdicts_admit_deny"));
	CHECK(counted("pages_admitted") == 0, "pages_admitted rose by %ld",
	      counted("pages_admitted"));
	finish(&p, &a);
}

/*
 * Denied pages go on to swap, as all did before there was a device node.
 * Breaks if a denial ends reclaim of the page.
 */
static void admit_deny_swaps(void)
{
	struct policy p;
	struct area a;

	if (!getenv("VMTEST_SWAPDEV"))
		vmtest_skip("no swap device was given in VMTEST_SWAPDEV");
	start(&p, &a, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	policy_tune(&p, "admit", ADMIT_DENY);
	start_counting();
	wait_for((reclaim_round(0, 2 * PAGES * PAGE), area_swapped(&a) == PAGES),
		 "only %zu pages went on to swap", area_swapped(&a));
	CHECK(counted("pages_denied") >= PAGES, "pages_denied rose by %ld",
	      counted("pages_denied"));
	CHECK(counted("pages_demoted") == 0, "pages_demoted rose by %ld",
	      counted("pages_demoted"));
	finish(&p, &a);
}

/* Take DRAM away until half of @a has left it. */
static void press_out(const struct area *a)
{
	size_t bytes = 16UL << 20, total = 0, limit;
	int i;

	limit = (size_t)meminfo("MemTotal") * 1024 / 2 * 3;
	for (i = 0; total < limit && area_count(a, 0) > a->pages / 2; i++) {
		unsigned char *p;
		size_t at;

		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		CHECK_SYS(p != MAP_FAILED, "mmap");
		for (at = 0; at < bytes; at += PAGE)
			*(uint64_t *)(p + at) = i + at;
		total += bytes;
		forget_references(getpid());
	}
}

/*
 * A machine that is short of memory demotes by itself, without any cgroup's
 * doing. Breaks if only memory.reclaim knows the node.
 */
static void short_of_memory(void)
{
	struct policy p;
	struct area a;

	if (!getenv("VMTEST_SWAPDEV"))
		vmtest_skip("no swap device was given in VMTEST_SWAPDEV");
	start(&p, &a, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	press_out(&a);
	CHECK(policy_count(&p, "by_kswapd") + policy_count(&p, "by_direct") >
	      0, "neither kswapd nor direct reclaim asked");
	CHECK(counted("pages_demoted") > 0, "nothing was demoted");
	finish(&p, &a);
}

/* Reclaim a little once more; were there pages of each kind by now? */
static bool some_kept_some_demoted(void)
{
	reclaim_round(0, PAGES * PAGE / 4);
	return counted("pages_kept") > 0 && counted("keep_capped") > 0 &&
	       counted("pages_demoted") > 0;
}

/*
 * How many pages can be in swap although none of them was kept: those that could
 * not be moved or had no room, and those that came to the node and are there no
 * more, without having been written to.
 */
static long may_be_swapped(void)
{
	return counted("pages_failed") + counted("pages_refused_device") +
	       counted("pages_demoted") - counted("pages_promoted_write") -
	       cgroup_node_anon(device_nid()) / (long)PAGE;
}

/*
 * Kept pages stay in DRAM: at most half of a chunk, the rest is native. Of a
 * single folio nothing is kept.
 */
static void admit_keep(void)
{
	long kept, capped;
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	policy_tune(&p, "admit", ADMIT_KEEP);
	start_counting();
	wait_for(some_kept_some_demoted(),
		 "%ld pages were kept, %ld capped, %ld demoted after %ld verdicts",
		 counted("pages_kept"), counted("keep_capped"),
		 counted("pages_demoted"), counted("verdicts_admit_keep"));
	kept = counted("pages_kept");
	capped = counted("keep_capped");
	CHECK(counted("verdicts_admit_keep") == kept + capped,
	      "%ld verdicts, %ld kept, %ld capped",
	      counted("verdicts_admit_keep"), kept, capped);
	CHECK(kept <= capped, "%ld kept, %ld capped: more than half", kept,
	      capped);
	CHECK(area_count(&a, 0) > 0, "nothing was kept in DRAM");
	/* What a cgroup has on a node is summed up every two seconds. */
	wait_for((long)area_swapped(&a) <= may_be_swapped(),
		 "%zu pages are in swap, of those not kept %ld can be",
		 area_swapped(&a), may_be_swapped());
	finish(&p, &a);
}

static void class_is_used(int class, const char *counter)
{
	long before = emu_counter(counter);
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	policy_tune(&p, "class", class);
	start_counting();
	area_demote(&a);
	CHECK(emu_counter(counter) - before >= PAGES, "%s rose by %ld",
	      counter, emu_counter(counter) - before);
	CHECK(counted("verdicts_class_chosen") >= PAGES,
	      "verdicts_class_chosen rose by %ld",
	      counted("verdicts_class_chosen"));
	finish(&p, &a);
}

static void class_1(void)
{
	class_is_used(1, "stored_class1");
}

static void class_2(void)
{
	class_is_used(2, "stored_class2");
}

static void class_3(void)
{
	class_is_used(3, "stored_class3");
}

static void class_default(void)
{
	long before = emu_counter("stored_class2");
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	area_demote(&a);
	CHECK(emu_counter("stored_class2") - before >= PAGES,
	      "stored_class2 rose by %ld",
	      emu_counter("stored_class2") - before);
	CHECK(counted("verdicts_class_default") >= PAGES,
	      "verdicts_class_default rose by %ld",
	      counted("verdicts_class_default"));
	finish(&p, &a);
}

/* A class below zero refuses the folio as DENY does. */
static void class_refuses(void)
{
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	policy_tune(&p, "class", -5);
	start_counting();
	expect_none_demoted(&a);
	CHECK(counted("verdicts_class_refused") >= PAGES,
	      "verdicts_class_refused rose by %ld",
	      counted("verdicts_class_refused"));
	CHECK(counted("pages_denied") >= PAGES, "pages_denied rose by %ld",
	      counted("pages_denied"));
	CHECK(counted("overridden") == 0, "overridden rose by %ld",
	      counted("overridden"));
	finish(&p, &a);
}

static void store_all(struct area *a)
{
	area_store_all(a, 0x3c);
	CHECK(area_count(a, device_nid()) == 0, "written in place");
}

static void promote_verdict(long verdict, const char *counter)
{
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	policy_tune(&p, "promote", verdict);
	area_demote(&a);
	start_counting();
	store_all(&a);
	CHECK(counted("calls_promote_fault") >= PAGES,
	      "calls_promote_fault rose by %ld",
	      counted("calls_promote_fault"));
	CHECK(counted(counter) >= PAGES, "%s rose by %ld", counter,
	      counted(counter));
	CHECK(counted("pages_promoted_write") >= PAGES,
	      "pages_promoted_write rose by %ld",
	      counted("pages_promoted_write"));
	CHECK(policy_count(&p, "faults") >= PAGES, "the policy saw %ld faults",
	      policy_count(&p, "faults"));
	/* Each page when it came, and again when it was written. */
	CHECK(policy_count(&p, "aged") >= 2 * PAGES,
	      "the policy knew the age %ld times", policy_count(&p, "aged"));
	finish(&p, &a);
}

static void promote_default(void)
{
	promote_verdict(PROMO_DEFAULT, "verdicts_promote_default");
}

static void promote_one(void)
{
	promote_verdict(PROMO_ONE, "verdicts_promote_one");
}

static void out_of_range(const char *tunable, long value, bool faults)
{
	long ejects = nd_counter("policy_ejects");
	struct policy p;
	struct area a;

	start(&p, &a, FILL_TEXT);
	if (faults)
		area_demote(&a);
	/* Pages of the test itself are on the node, too, and are written. */
	start_counting();
	policy_tune(&p, tunable, value);
	if (faults)
		store_all(&a);
	else
		area_demote(&a);
	/* One at least; the others found no policy any more. */
	CHECK(counted("overridden") >= 1, "%s=%ld: overridden rose by %ld",
	      tunable, value, counted("overridden"));
	CHECK(!faults || counted("pages_promoted_write") >= PAGES,
	      "%s=%ld: pages_promoted_write rose by %ld", tunable, value,
	      counted("pages_promoted_write"));
	CHECK(counted("pages_denied") == 0 && counted("pages_kept") == 0,
	      "%s=%ld: %ld pages denied, %ld kept", tunable, value,
	      counted("pages_denied"), counted("pages_kept"));
	wait_for(nd_counter("policy_ejects") == ejects + 1,
		 "%s=%ld: policy_ejects rose by %ld", tunable, value,
		 nd_counter("policy_ejects") - ejects);
	area_verify(&a);
	expect_good_contexts(&p);
	policy_close(&p);
	area_unmap(&a);
}

/* Out of range: the native default instead, and the policy goes. */
static void promote_out_of_range(void)
{
	out_of_range("promote", PROMO_MAX, true);
	out_of_range("promote", 4000000000L, true);
}

static void admit_out_of_range(void)
{
	out_of_range("admit", ADMIT_MAX, false);
	out_of_range("admit", 0x80000000L, false);
	out_of_range("admit", 0xffffffffL, false);
}

static void class_out_of_range(void)
{
	long before = emu_counter("stored_class2");

	out_of_range("class", nd_counter("nr_classes") + 1, false);
	out_of_range("class", 0x7fffffffL, false);
	CHECK(emu_counter("stored_class2") - before >= 2 * PAGES,
	      "the default class was not used: stored_class2 rose by %ld",
	      emu_counter("stored_class2") - before);
}

/* migrated() hears of each page once on its way in, with its stored size. */
static void migrated_is_told(void)
{
	struct policy p;
	struct area a;
	long in, bytes;

	start(&p, &a, FILL_TEXT);
	area_demote(&a);
	in = policy_count(&p, "moved_in");
	bytes = policy_count(&p, "stored_bytes");
	CHECK(in >= PAGES && in == counted("pages_demoted"),
	      "migrated() saw %ld pages, %ld were demoted", in,
	      counted("pages_demoted"));
	CHECK(bytes > 0 && bytes < in * (long)PAGE,
	      "%ld pages of text took %ld bytes", in, bytes);
	CHECK(bytes == counted("bytes_stored_total"),
	      "the policy heard of %ld bytes, the node counted %ld", bytes,
	      counted("bytes_stored_total"));
	finish(&p, &a);
}

/* Pages that do not shrink take a whole page, zero pages nothing. */
static void stored_sizes(void)
{
	struct policy p;
	struct area a;
	long zero, raw;

	start(&p, &a, FILL_RANDOM);
	raw = emu_counter("stored_raw");
	area_demote(&a);
	CHECK(emu_counter("stored_raw") - raw >= PAGES,
	      "stored_raw rose by %ld", emu_counter("stored_raw") - raw);
	CHECK(counted("bytes_stored_total") >= PAGES * (long)PAGE,
	      "random pages took %ld bytes", counted("bytes_stored_total"));
	finish(&p, &a);
	area_unmap(&a);

	start(&p, &a, FILL_ZERO);
	zero = emu_counter("stored_zero");
	area_demote(&a);
	CHECK(emu_counter("stored_zero") - zero >= PAGES,
	      "stored_zero rose by %ld", emu_counter("stored_zero") - zero);
	finish(&p, &a);
}

static const struct vmtest tests[] = {
	VMTEST(batch_none),
	VMTEST(batch_no_limit),
	VMTEST(batch_budget),
	VMTEST(admit_default),
	VMTEST(admit_accept),
	VMTEST(admit_deny),
	VMTEST(admit_deny_swaps),
	VMTEST(admit_keep),
	VMTEST(short_of_memory),
	VMTEST(class_default),
	VMTEST(class_1),
	VMTEST(class_2),
	VMTEST(class_3),
	VMTEST(class_refuses),
	VMTEST(promote_default),
	VMTEST(promote_one),
	VMTEST(admit_out_of_range),
	VMTEST(class_out_of_range),
	VMTEST(promote_out_of_range),
	VMTEST(migrated_is_told),
	VMTEST(stored_sizes),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
