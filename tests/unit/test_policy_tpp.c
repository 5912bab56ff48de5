// SPDX-License-Identifier: GPL-2.0
/* bpf/tpp: the second touch, the headroom, and what reclaim should do. */
#include "policy_kernel.h"
#include "../../bpf/tpp.bpf.c"

#define TOTAL	(1000ULL << 20)
#define WINDOW	60000

static struct folio folio;

static int setup(void **state)
{
	host_reset();
	counters = (struct tpp_counters){};
	window = WINDOW;
	gap = 50;
	heat = 16;
	dram_reserve = 1000;
	stay = 10000;
	headroom = 20;
	kernel.stat[NODE_DEVICE_STAT_DRAM_FREE] = 2000 * PAGE_SIZE;
	kernel.stat[NODE_DEVICE_STAT_LOGICAL_TOTAL] = TOTAL;
	return 0;
}

static struct folio *page(u64 index)
{
	folio = (struct folio){ .info = { .area = 1, .index = index } };
	return &folio;
}

static u32 touch(u64 index)
{
	struct node_hot_ctx ctx = { .source = NODE_DEVICE_HOT_HINT_FAULT,
		.heat = 1 };

	return policy.promote_hot(page(index), &ctx);
}

static u32 report(u64 index, u32 accesses)
{
	struct node_hot_ctx ctx = { .source = NODE_DEVICE_HOT_DEVICE,
		.heat = accesses };

	return policy.promote_hot(page(index), &ctx);
}

static u32 victim(u64 index)
{
	struct node_victim_ctx ctx = { .nr_pages = 1 };

	return policy.reclaim_folio(page(index), &ctx);
}

static s32 chunk(u64 free, u32 reclaimer)
{
	struct node_admit_ctx ctx = {
		.nr_folios = 32, .nr_pages = 32, .logical_free = free,
		.reclaimer = reclaimer,
	};

	return policy.admit_batch(&ctx);
}

static u32 offer(u64 index)
{
	struct node_admit_ctx ctx = { .nr_folios = 1 };

	return policy.admit_folio(page(index), &ctx);
}

static void wait_ms(u64 ms)
{
	kernel.now += ms * MSEC;
}

static void the_first_touch_is_remembered_only(void **state)
{
	assert_int_equal(touch(5), NODE_DEVICE_PROMOTE_SKIP);
	assert_int_equal(counters.first_touch, 1);
}

static void the_second_touch_promotes(void **state)
{
	touch(5);
	wait_ms(1000);
	assert_int_equal(touch(5), NODE_DEVICE_PROMOTE_ONE);
	assert_int_equal(counters.second_touch, 1);
}

static void touches_of_two_pages_are_two_first_ones(void **state)
{
	touch(5);
	wait_ms(1000);
	assert_int_equal(touch(6), NODE_DEVICE_PROMOTE_SKIP);
}

static void a_touch_after_the_window_is_a_first_one(void **state)
{
	touch(5);
	wait_ms(WINDOW);
	assert_int_equal(touch(5), NODE_DEVICE_PROMOTE_SKIP);
	wait_ms(WINDOW - 1);
	assert_int_equal(touch(5), NODE_DEVICE_PROMOTE_ONE);
}

static void threads_that_fault_together_touch_once(void **state)
{
	touch(5);
	wait_ms(49);
	assert_int_equal(touch(5), NODE_DEVICE_PROMOTE_SKIP);
	assert_int_equal(counters.same_touch, 1);
	wait_ms(50);
	assert_int_equal(touch(5), NODE_DEVICE_PROMOTE_ONE);
}

static void a_page_hot_by_the_devices_count_is_promoted_at_once(void **state)
{
	assert_int_equal(report(5, 15), NODE_DEVICE_PROMOTE_SKIP);
	assert_int_equal(report(6, 16), NODE_DEVICE_PROMOTE_ONE);
	assert_int_equal(counters.device_hot, 1);
}

static void two_reports_of_a_device_are_two_touches(void **state)
{
	report(5, 1);
	assert_int_equal(report(5, 1), NODE_DEVICE_PROMOTE_ONE);
}

static void nothing_is_promoted_while_dram_is_short(void **state)
{
	kernel.stat[NODE_DEVICE_STAT_DRAM_FREE] = 999 * PAGE_SIZE;
	touch(5);
	wait_ms(1000);
	assert_int_equal(touch(5), NODE_DEVICE_PROMOTE_SKIP);
	assert_int_equal(counters.no_dram, 1);
}

static void dram_that_does_not_answer_is_short(void **state)
{
	kernel.stat[NODE_DEVICE_STAT_DRAM_FREE] = ~0ULL;
	assert_int_equal(report(5, 1000), NODE_DEVICE_PROMOTE_SKIP);
}

static void folios_of_no_mapping_are_not_promoted(void **state)
{
	struct node_hot_ctx ctx = { .source = NODE_DEVICE_HOT_DEVICE,
		.heat = 1000 };

	page(5)->info.area = 0;
	assert_int_equal(policy.promote_hot(&folio, &ctx),
			 NODE_DEVICE_PROMOTE_SKIP);
	assert_int_equal(counters.unknown, 1);
}

static void background_reclaim_leaves_headroom(void **state)
{
	assert_true(chunk(TOTAL / 50, NODE_DEVICE_RECLAIMER_KSWAPD) < 0);
	assert_true(chunk(TOTAL / 50, NODE_DEVICE_RECLAIMER_PROACTIVE) < 0);
	assert_int_equal(counters.no_headroom, 2);
}

static void who_waits_may_use_the_headroom(void **state)
{
	assert_int_equal(chunk(TOTAL / 50, NODE_DEVICE_RECLAIMER_DIRECT), 0);
	assert_int_equal(chunk(TOTAL / 50, NODE_DEVICE_RECLAIMER_MEMCG), 0);
}

static void a_chunk_does_not_go_into_the_headroom(void **state)
{
	u64 leave = TOTAL / 1000 * 20;

	assert_int_equal(chunk(leave + 5 * PAGE_SIZE,
			       NODE_DEVICE_RECLAIMER_KSWAPD), 5);
	assert_int_equal(chunk(leave + 32 * PAGE_SIZE,
			       NODE_DEVICE_RECLAIMER_KSWAPD), 0);
}

static void cold_pages_are_demoted(void **state)
{
	assert_int_equal(offer(5), NODE_DEVICE_ADMIT_ACCEPT);
	touch(5);
	assert_int_equal(offer(5), NODE_DEVICE_ADMIT_ACCEPT);
}

static void what_was_just_promoted_stays_in_dram(void **state)
{
	report(5, 16);
	assert_int_equal(offer(5), NODE_DEVICE_ADMIT_KEEP);
	wait_ms(10000);
	assert_int_equal(offer(5), NODE_DEVICE_ADMIT_ACCEPT);
}

static void an_unknown_victim_is_left_to_the_kernel(void **state)
{
	assert_int_equal(victim(5), NODE_DEVICE_VICTIM_DEFAULT);
}

static void a_victim_touched_once_is_kept(void **state)
{
	touch(5);
	assert_int_equal(victim(5), NODE_DEVICE_VICTIM_KEEP);
	wait_ms(WINDOW);
	assert_int_equal(victim(5), NODE_DEVICE_VICTIM_DEFAULT);
}

/* It could not be promoted before, for want of DRAM or of the kernel's rate. */
static void a_victim_touched_twice_is_promoted(void **state)
{
	kernel.stat[NODE_DEVICE_STAT_DRAM_FREE] = 0;
	touch(5);
	wait_ms(1000);
	touch(5);
	assert_int_equal(victim(5), NODE_DEVICE_VICTIM_PROMOTE);
	assert_int_equal(counters.victim_promoted, 1);
}

static void a_node_that_shrinks_is_purged_for_headroom(void **state)
{
	struct node_press_ctx ctx = {
		.pressure = NODE_DEVICE_PRESSURE_CRITICAL, .phys_total = TOTAL,
		.phys_used = TOTAL - 10 * PAGE_SIZE,
	};

	policy.pressure(&ctx);
	assert_int_equal(kernel.reclaim,
			 (TOTAL / 50 - 10 * PAGE_SIZE) / PAGE_SIZE + 1);
}

static void more_used_than_there_is_does_not_wrap_around(void **state)
{
	struct node_press_ctx ctx = {
		.pressure = NODE_DEVICE_PRESSURE_CRITICAL, .phys_total = TOTAL,
		.phys_used = 2 * TOTAL,
	};

	policy.pressure(&ctx);
	assert_int_equal(kernel.reclaim, TOTAL / 50 / PAGE_SIZE + 1);
}

static void with_headroom_nothing_is_purged(void **state)
{
	struct node_press_ctx ctx = {
		.pressure = NODE_DEVICE_PRESSURE_LOW, .phys_total = TOTAL,
		.phys_used = TOTAL / 2,
	};

	policy.pressure(&ctx);
	assert_true(kernel.reclaim == NOT_CALLED);
}

#define TEST(_name)	cmocka_unit_test_setup(_name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_touch_is_remembered_only),
		TEST(the_second_touch_promotes),
		TEST(touches_of_two_pages_are_two_first_ones),
		TEST(a_touch_after_the_window_is_a_first_one),
		TEST(threads_that_fault_together_touch_once),
		TEST(a_page_hot_by_the_devices_count_is_promoted_at_once),
		TEST(two_reports_of_a_device_are_two_touches),
		TEST(nothing_is_promoted_while_dram_is_short),
		TEST(dram_that_does_not_answer_is_short),
		TEST(folios_of_no_mapping_are_not_promoted),
		TEST(background_reclaim_leaves_headroom),
		TEST(who_waits_may_use_the_headroom),
		TEST(a_chunk_does_not_go_into_the_headroom),
		TEST(cold_pages_are_demoted),
		TEST(what_was_just_promoted_stays_in_dram),
		TEST(an_unknown_victim_is_left_to_the_kernel),
		TEST(a_victim_touched_once_is_kept),
		TEST(a_victim_touched_twice_is_promoted),
		TEST(a_node_that_shrinks_is_purged_for_headroom),
		TEST(more_used_than_there_is_does_not_wrap_around),
		TEST(with_headroom_nothing_is_purged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
