// SPDX-License-Identifier: GPL-2.0
/* bpf/anti_thrash: who is kept out, for how long, and where to. */
#include "policy_kernel.h"
#include "../../bpf/anti_thrash.bpf.c"

#define FIRST	2000
#define NODE	1

static struct folio folios[32];

static int setup(void **state)
{
	host_reset();
	memset(folios, 0, sizeof(folios));
	counters = (struct thrash_counters){};
	first = FIRST;
	longest = 300000;
	forgive = 60000;
	keep = false;
	return 0;
}

static struct folio *page(u64 area, u64 index)
{
	folios[0] = (struct folio){ .info = { .area = area, .index = index } };
	return &folios[0];
}

static void write_to(u64 area, u64 index)
{
	struct node_fault_ctx ctx = { .nid = NODE, .nr_mappers = 1 };

	assert_int_equal(policy.promote_fault(page(area, index), &ctx),
			 NODE_DEVICE_PROMOTE_DEFAULT);
}

static void leave(u64 area, u64 index, u32 reason)
{
	struct node_migrated_ctx ctx = {
		.src_nid = NODE, .reason = reason, .nr_pages = 1,
	};

	policy.migrated(page(area, index), &ctx);
}

static u32 offer(u64 area, u64 index)
{
	struct folio *folio = page(area, index);
	struct node_admit_ctx ctx = { .nr_folios = 1, .batch = folio };

	assert_int_equal(policy.admit_batch(&ctx), 0);
	return folio->verdict;
}

static void wait_ms(u64 ms)
{
	kernel.now += ms * MSEC;
}

/* How long is this page kept out from now on, to the ms? */
static u64 kept_out_for(u64 area, u64 index)
{
	u64 begin = kernel.now, low = 0, high = 1ULL << 33, mid;

	while (low < high) {
		mid = (low + high) / 2;
		kernel.now = begin + mid * MSEC;
		if (offer(area, index) == NODE_DEVICE_ADMIT_DENY)
			low = mid + 1;
		else
			high = mid;
	}
	kernel.now = begin;
	return low;
}

static void an_unknown_page_is_admitted(void **state)
{
	assert_int_equal(offer(1, 5), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(counters.admitted, 1);
}

static void a_page_that_was_written_is_kept_out_for_a_while(void **state)
{
	write_to(1, 5);
	assert_int_equal(kept_out_for(1, 5), FIRST);
}

static void its_neighbours_are_not(void **state)
{
	write_to(1, 5);
	assert_int_equal(offer(1, 6), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(offer(2, 5), NODE_DEVICE_ADMIT_ACCEPT);
}

static void each_bounce_doubles_the_penalty(void **state)
{
	write_to(1, 5);
	write_to(1, 5);
	assert_int_equal(kept_out_for(1, 5), 2 * FIRST);
	write_to(1, 5);
	assert_int_equal(kept_out_for(1, 5), 4 * FIRST);
	assert_int_equal(counters.bounces, 3);
	assert_int_equal(counters.again, 2);
}

static void the_penalty_has_a_limit(void **state)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		write_to(1, 5);
	assert_int_equal(kept_out_for(1, 5), 300000);
}

static void a_limit_below_the_first_penalty_holds(void **state)
{
	longest = 100;
	write_to(1, 5);
	assert_int_equal(kept_out_for(1, 5), 100);
}

static void the_penalty_begins_with_the_last_bounce(void **state)
{
	write_to(1, 5);
	wait_ms(FIRST - 1);
	write_to(1, 5);
	wait_ms(FIRST);
	assert_int_equal(offer(1, 5), NODE_DEVICE_ADMIT_DENY);
}

static void bounces_are_forgiven_one_by_one(void **state)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		write_to(1, 5);
	/* Two are forgiven, this is the third. */
	wait_ms(2 * 60000);
	write_to(1, 5);
	assert_int_equal(kept_out_for(1, 5), 4 * FIRST);
}

static void all_bounces_are_forgiven_in_the_end(void **state)
{
	unsigned int i;

	for (i = 0; i < 50; i++)
		write_to(1, 5);
	wait_ms(60000ULL * 1000);
	write_to(1, 5);
	assert_int_equal(kept_out_for(1, 5), FIRST);
}

static void after_its_penalty_it_is_admitted_and_counted(void **state)
{
	write_to(1, 5);
	wait_ms(FIRST);
	assert_int_equal(offer(1, 5), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(counters.served, 1);
}

static void a_clock_that_lags_keeps_it_out(void **state)
{
	write_to(1, 5);
	kernel.now -= 5 * MSEC;
	assert_int_equal(offer(1, 5), NODE_DEVICE_ADMIT_DENY);
}

static void what_others_moved_out_has_bounced(void **state)
{
	static const u32 reasons[] = {
		NODE_DEVICE_MOVE_PROMOTED_HOT, NODE_DEVICE_MOVE_PROMOTED_AROUND,
		NODE_DEVICE_MOVE_PROMOTED_VICTIM, NODE_DEVICE_MOVE_REQUESTED,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		leave(1, i, reasons[i]);
		assert_int_equal(offer(1, i), NODE_DEVICE_ADMIT_DENY);
	}
}

static void what_had_to_leave_has_not(void **state)
{
	static const u32 reasons[] = {
		NODE_DEVICE_MOVE_EVACUATED, NODE_DEVICE_MOVE_OFFLINE,
		NODE_DEVICE_MOVE_OTHER,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		leave(1, i, reasons[i]);
		assert_int_equal(offer(1, i), NODE_DEVICE_ADMIT_ACCEPT);
	}
}

static void what_comes_in_has_not_bounced(void **state)
{
	struct node_migrated_ctx ctx = {
		.dst_nid = NODE, .class = 2,
		.reason = NODE_DEVICE_MOVE_DEMOTED,
	};

	policy.migrated(page(1, 5), &ctx);
	assert_int_equal(counters.bounces, 0);
}

static void half_of_a_chunk_is_kept_the_rest_is_denied(void **state)
{
	struct node_admit_ctx ctx = { .nr_folios = 9, .batch = folios };
	unsigned int i, kept = 0, denied = 0;

	for (i = 0; i < 9; i++)
		write_to(1, i);
	for (i = 0; i < 9; i++)
		folios[i].info = (struct node_folio_info){
			.area = 1, .index = i,
		};
	keep = true;
	policy.admit_batch(&ctx);
	for (i = 0; i < 9; i++) {
		kept += folios[i].verdict == NODE_DEVICE_ADMIT_KEEP;
		denied += folios[i].verdict == NODE_DEVICE_ADMIT_DENY;
	}
	assert_int_equal(kept, 4);
	assert_int_equal(denied, 5);
	assert_int_equal(counters.kept, 4);
	assert_int_equal(counters.denied, 5);
}

static void others_of_the_chunk_do_not_use_up_its_half(void **state)
{
	struct node_admit_ctx ctx = { .nr_folios = 4, .batch = folios };
	unsigned int i;

	write_to(1, 2);
	write_to(1, 3);
	for (i = 0; i < 4; i++)
		folios[i].info = (struct node_folio_info){
			.area = 1, .index = i,
		};
	keep = true;
	policy.admit_batch(&ctx);
	assert_int_equal(folios[0].verdict, NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(folios[1].verdict, NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(folios[2].verdict, NODE_DEVICE_ADMIT_KEEP);
	assert_int_equal(folios[3].verdict, NODE_DEVICE_ADMIT_KEEP);
}

static void a_large_folio_is_asked_about_by_its_pages(void **state)
{
	struct node_admit_ctx ctx = { .nr_folios = 1, .batch = folios };

	write_to(1, 0);
	folios[0].info = (struct node_folio_info){ .area = 1, .order = 9 };
	policy.admit_batch(&ctx);
	assert_int_equal(folios[0].verdict, NODE_DEVICE_ADMIT_ACCEPT);
}

static void folios_of_no_mapping_are_admitted(void **state)
{
	write_to(0, 5);
	assert_int_equal(offer(0, 5), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(counters.unknown, 1);
}

static void without_info_all_are_admitted(void **state)
{
	write_to(1, 5);
	kernel.info_error = -EINVAL;
	assert_int_equal(offer(1, 5), NODE_DEVICE_ADMIT_ACCEPT);
}

static void no_value_of_a_tunable_does_harm(void **state)
{
	static const u32 values[] = { 0, 1, INT32_MAX, UINT32_MAX };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		for (j = 0; j < ARRAY_SIZE(values); j++) {
			first = values[i];
			longest = values[j];
			forgive = values[i];
			write_to(1, 5);
			offer(1, 5);
		}
	forgive = 0;
	assert_true(penalty(UINT32_MAX) <= (u64)UINT32_MAX * MSEC);
}

#define TEST(_name)	cmocka_unit_test_setup(_name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unknown_page_is_admitted),
		TEST(a_page_that_was_written_is_kept_out_for_a_while),
		TEST(its_neighbours_are_not),
		TEST(each_bounce_doubles_the_penalty),
		TEST(the_penalty_has_a_limit),
		TEST(a_limit_below_the_first_penalty_holds),
		TEST(the_penalty_begins_with_the_last_bounce),
		TEST(bounces_are_forgiven_one_by_one),
		TEST(all_bounces_are_forgiven_in_the_end),
		TEST(after_its_penalty_it_is_admitted_and_counted),
		TEST(a_clock_that_lags_keeps_it_out),
		TEST(what_others_moved_out_has_bounced),
		TEST(what_had_to_leave_has_not),
		TEST(what_comes_in_has_not_bounced),
		TEST(half_of_a_chunk_is_kept_the_rest_is_denied),
		TEST(others_of_the_chunk_do_not_use_up_its_half),
		TEST(a_large_folio_is_asked_about_by_its_pages),
		TEST(folios_of_no_mapping_are_admitted),
		TEST(without_info_all_are_admitted),
		TEST(no_value_of_a_tunable_does_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
