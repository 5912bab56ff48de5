// SPDX-License-Identifier: GPL-2.0
/* bpf/watermark: the gate with its two edges, and the rate of each level. */
#include "policy_kernel.h"
#include "../../bpf/watermark.bpf.c"

#define TOTAL		(1000ULL << 20)
#define PERMILLE	(TOTAL / 1000)

static int setup(void **state)
{
	host_reset();
	counters = (struct watermark_counters){};
	closed_at = 0;
	rate_ok = NODE_DEVICE_RATE_UNLIMITED;
	rate_low = 2048;
	stop = 180;
	resume = 220;
	settle = 1000;
	age = 100;
	kernel.stat[NODE_DEVICE_STAT_PHYS_TOTAL] = TOTAL;
	return 0;
}

static s32 chunk(u64 free, u32 level)
{
	struct node_admit_ctx ctx = {
		.nr_folios = 32, .nr_pages = 32, .phys_free = free,
		.pressure = level,
	};

	return policy.admit_batch(&ctx);
}

static void press(u32 old, u32 level)
{
	struct node_press_ctx ctx = {
		.pressure = level, .old_pressure = old, .phys_total = TOTAL,
		.logical_used = 1000 * PAGE_SIZE,
	};

	policy.pressure(&ctx);
}

static void with_enough_space_chunks_pass(void **state)
{
	assert_int_equal(chunk(500 * PERMILLE, NODE_DEVICE_PRESSURE_OK), 0);
	assert_int_equal(counters.open, 1);
}

static void below_stop_nothing_comes_in(void **state)
{
	assert_true(chunk(180 * PERMILLE, NODE_DEVICE_PRESSURE_LOW) < 0);
	assert_int_equal(counters.stops, 1);
}

static void a_chunk_does_not_go_below_stop(void **state)
{
	assert_int_equal(chunk(180 * PERMILLE + 10 * PAGE_SIZE,
			       NODE_DEVICE_PRESSURE_LOW),
			 10);
	assert_int_equal(counters.cut, 1);
}

static void at_high_nothing_comes_in_whatever_is_free(void **state)
{
	assert_true(chunk(900 * PERMILLE, NODE_DEVICE_PRESSURE_HIGH) < 0);
	assert_true(chunk(900 * PERMILLE, NODE_DEVICE_PRESSURE_CRITICAL) < 0);
}

static void between_stop_and_resume_it_stays_closed(void **state)
{
	chunk(170 * PERMILLE, NODE_DEVICE_PRESSURE_LOW);
	kernel.now += 3600000 * MSEC;
	assert_true(chunk(219 * PERMILLE, NODE_DEVICE_PRESSURE_LOW) < 0);
	assert_int_equal(chunk(220 * PERMILLE, NODE_DEVICE_PRESSURE_LOW), 0);
	assert_int_equal(counters.resumes, 1);
}

static void between_stop_and_resume_it_stays_open(void **state)
{
	assert_int_equal(chunk(219 * PERMILLE, NODE_DEVICE_PRESSURE_LOW), 0);
	assert_int_equal(counters.stops, 0);
}

static void it_stays_closed_until_it_has_settled(void **state)
{
	chunk(170 * PERMILLE, NODE_DEVICE_PRESSURE_LOW);
	kernel.now += 999 * MSEC;
	assert_true(chunk(500 * PERMILLE, NODE_DEVICE_PRESSURE_OK) < 0);
	kernel.now += MSEC;
	assert_int_equal(chunk(500 * PERMILLE, NODE_DEVICE_PRESSURE_OK), 0);
}

static void settling_begins_when_space_was_last_short(void **state)
{
	chunk(170 * PERMILLE, NODE_DEVICE_PRESSURE_LOW);
	kernel.now += 900 * MSEC;
	chunk(170 * PERMILLE, NODE_DEVICE_PRESSURE_LOW);
	kernel.now += 900 * MSEC;
	assert_true(chunk(500 * PERMILLE, NODE_DEVICE_PRESSURE_OK) < 0);
	assert_int_equal(counters.stops, 1);
}

static void a_clock_that_lags_does_not_open_it(void **state)
{
	chunk(170 * PERMILLE, NODE_DEVICE_PRESSURE_LOW);
	kernel.now -= 5 * MSEC;
	assert_true(chunk(500 * PERMILLE, NODE_DEVICE_PRESSURE_OK) < 0);
}

static void capacity_that_shrinks_closes_it(void **state)
{
	assert_int_equal(chunk(200 * PERMILLE, NODE_DEVICE_PRESSURE_LOW), 0);
	kernel.stat[NODE_DEVICE_STAT_PHYS_TOTAL] = TOTAL * 3 / 4;
	assert_int_equal(chunk(200 * PERMILLE, NODE_DEVICE_PRESSURE_LOW), 0);
	kernel.stat[NODE_DEVICE_STAT_PHYS_TOTAL] = TOTAL * 3 / 4;
	assert_true(chunk(130 * PERMILLE, NODE_DEVICE_PRESSURE_LOW) < 0);
}

static void a_node_that_does_not_answer_gets_nothing(void **state)
{
	kernel.stat[NODE_DEVICE_STAT_PHYS_TOTAL] = ~0ULL;
	assert_true(chunk(TOTAL, NODE_DEVICE_PRESSURE_OK) < 0);
}

static void resume_below_stop_means_stop(void **state)
{
	resume = 0;
	chunk(170 * PERMILLE, NODE_DEVICE_PRESSURE_LOW);
	kernel.now += 1000 * MSEC;
	assert_true(chunk(179 * PERMILLE, NODE_DEVICE_PRESSURE_LOW) < 0);
	kernel.now += 1000 * MSEC;
	assert_int_equal(chunk(190 * PERMILLE, NODE_DEVICE_PRESSURE_LOW), 0);
}

static void values_out_of_range_refuse_at_worst(void **state)
{
	stop = UINT32_MAX;
	resume = UINT32_MAX;
	assert_true(chunk(TOTAL, NODE_DEVICE_PRESSURE_OK) < 0);
}

static void at_low_the_rate_is_lowered(void **state)
{
	press(NODE_DEVICE_PRESSURE_OK, NODE_DEVICE_PRESSURE_LOW);
	assert_int_equal(kernel.rate, 2048);
	assert_int_equal(counters.slowdowns, 1);
}

static void from_high_on_it_is_none(void **state)
{
	press(NODE_DEVICE_PRESSURE_LOW, NODE_DEVICE_PRESSURE_HIGH);
	assert_int_equal(kernel.rate, 0);
	press(NODE_DEVICE_PRESSURE_HIGH, NODE_DEVICE_PRESSURE_CRITICAL);
	assert_int_equal(kernel.rate, 0);
}

static void at_ok_it_has_full_speed_again(void **state)
{
	press(NODE_DEVICE_PRESSURE_OK, NODE_DEVICE_PRESSURE_LOW);
	press(NODE_DEVICE_PRESSURE_LOW, NODE_DEVICE_PRESSURE_OK);
	assert_true(kernel.rate == NODE_DEVICE_RATE_UNLIMITED);
	assert_int_equal(counters.speedups, 1);
}

static void a_rate_that_was_changed_holds_from_the_next_call(void **state)
{
	press(NODE_DEVICE_PRESSURE_OK, NODE_DEVICE_PRESSURE_LOW);
	rate_low = 7;
	press(NODE_DEVICE_PRESSURE_LOW, NODE_DEVICE_PRESSURE_LOW);
	assert_int_equal(kernel.rate, 7);
}

static void a_rate_that_could_not_be_set_is_set_next_time(void **state)
{
	kernel.rate_error = -EBUSY;
	press(NODE_DEVICE_PRESSURE_OK, NODE_DEVICE_PRESSURE_LOW);
	kernel.rate_error = 0;
	press(NODE_DEVICE_PRESSURE_LOW, NODE_DEVICE_PRESSURE_LOW);
	assert_int_equal(kernel.rate, 2048);
}

static void it_starts_with_the_rate_of_the_level(void **state)
{
	struct node_policy_info info = {};

	kernel.stat[NODE_DEVICE_STAT_PRESSURE] = NODE_DEVICE_PRESSURE_LOW;
	assert_int_equal(policy.init(&info), 0);
	assert_int_equal(kernel.rate, 2048);
}

static void on_the_way_to_low_the_node_ages(void **state)
{
	press(NODE_DEVICE_PRESSURE_OK, NODE_DEVICE_PRESSURE_LOW);
	assert_int_equal(kernel.reclaim, 100);
	assert_int_equal(counters.agings, 1);
}

static void on_the_way_back_and_above_it_does_not(void **state)
{
	press(NODE_DEVICE_PRESSURE_HIGH, NODE_DEVICE_PRESSURE_LOW);
	press(NODE_DEVICE_PRESSURE_LOW, NODE_DEVICE_PRESSURE_HIGH);
	assert_true(kernel.reclaim == NOT_CALLED);
}

static void age_0_leaves_the_node_alone(void **state)
{
	age = 0;
	press(NODE_DEVICE_PRESSURE_OK, NODE_DEVICE_PRESSURE_LOW);
	assert_true(kernel.reclaim == NOT_CALLED);
}

#define TEST(_name)	cmocka_unit_test_setup(_name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_enough_space_chunks_pass),
		TEST(below_stop_nothing_comes_in),
		TEST(a_chunk_does_not_go_below_stop),
		TEST(at_high_nothing_comes_in_whatever_is_free),
		TEST(between_stop_and_resume_it_stays_closed),
		TEST(between_stop_and_resume_it_stays_open),
		TEST(it_stays_closed_until_it_has_settled),
		TEST(settling_begins_when_space_was_last_short),
		TEST(a_clock_that_lags_does_not_open_it),
		TEST(capacity_that_shrinks_closes_it),
		TEST(a_node_that_does_not_answer_gets_nothing),
		TEST(resume_below_stop_means_stop),
		TEST(values_out_of_range_refuse_at_worst),
		TEST(at_low_the_rate_is_lowered),
		TEST(from_high_on_it_is_none),
		TEST(at_ok_it_has_full_speed_again),
		TEST(a_rate_that_was_changed_holds_from_the_next_call),
		TEST(a_rate_that_could_not_be_set_is_set_next_time),
		TEST(it_starts_with_the_rate_of_the_level),
		TEST(on_the_way_to_low_the_node_ages),
		TEST(on_the_way_back_and_above_it_does_not),
		TEST(age_0_leaves_the_node_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
