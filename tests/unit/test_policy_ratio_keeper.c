// SPDX-License-Identifier: GPL-2.0
/* bpf/ratio_keeper: what it learns, and what it can afford because of that. */
#include "policy_kernel.h"
#include "../../bpf/ratio_keeper.bpf.c"

#define MIB		(1ULL << 20)
#define BLOCK_PAGES	(1 << BLOCK_SHIFT)
#define NODE		1

/* With the default target and no margin a page may take 1638 bytes. */
#define FAIR		1638
#define TEXT		2400

static struct folio folios[32];

static int setup(void **state)
{
	host_reset();
	memset(folios, 0, sizeof(folios));
	counters = (struct keeper_counters){};
	short_of_credit = 0;
	target = 2500;
	margin = 0;
	worst = 850;
	reserve = 0;
	explore = 0;
	spread = 512;
	memory = 16;
	pick_class = true;
	purge = 50;
	kernel.stat[NODE_DEVICE_STAT_PHYS_TOTAL] = 64 * MIB;
	return 0;
}

static struct folio *page(u64 area, u64 index, s32 estimate)
{
	folios[0] = (struct folio){
		.info = { .memcg_id = 7, .area = area, .index = index },
		.estimate = estimate,
	};
	return &folios[0];
}

static void store_one(u64 area, u64 index, u32 bytes)
{
	struct node_migrated_ctx ctx = {
		.dst_nid = NODE, .class = 2, .stored_bytes = bytes,
		.nr_pages = 1,
	};

	policy.migrated(page(area, index, 0), &ctx);
}

static void store(u64 area, u64 index, u32 bytes, unsigned int nr)
{
	while (nr--)
		store_one(area, index, bytes);
}

static s64 expect_of(u64 area, u64 index, u64 memcg_id)
{
	struct node_folio_info info = {
		.area = area, .index = index, .memcg_id = memcg_id,
	};

	return expected(&info);
}

static u32 offer(u64 area, u64 index, s32 estimate)
{
	struct folio *folio = page(area, index, estimate);
	struct node_admit_ctx ctx = {
		.nr_folios = 1, .nr_pages = 1, .batch = folio,
	};

	assert_int_equal(policy.admit_batch(&ctx), 0);
	return folio->verdict;
}

/* So much logical data on so much physical space. */
static void node_holds(u64 logical, u64 used)
{
	kernel.stat[NODE_DEVICE_STAT_LOGICAL_USED] = logical;
	kernel.stat[NODE_DEVICE_STAT_PHYS_USED] = used;
}

/* ---- learning ------------------------------------------------------------ */

static void few_pages_are_no_history(void **state)
{
	store(1, 0, 1000, ENOUGH - 1);
	assert_int_equal(expect_of(1, 0, 7), -1);
	store(1, 0, 1000, 1);
	assert_int_equal(expect_of(1, 0, 7), 1000);
}

static void a_block_speaks_for_itself(void **state)
{
	store(1, 0, 1000, 20);
	store(1, BLOCK_PAGES, 3000, 20);
	assert_int_equal(expect_of(1, BLOCK_PAGES - 1, 7), 1000);
	assert_int_equal(expect_of(1, BLOCK_PAGES, 7), 3000);
}

static void a_mapping_speaks_for_its_new_blocks(void **state)
{
	store(1, 0, 1000, 20);
	store(2, 0, 3000, 20);
	assert_int_equal(expect_of(1, 5 * BLOCK_PAGES, 7), 1000);
}

static void a_cgroup_speaks_for_its_new_mappings(void **state)
{
	store(1, 0, 1000, 20);
	assert_int_equal(expect_of(3, 0, 7), 1000);
	assert_int_equal(expect_of(3, 0, 8), -1);
}

static void folios_of_no_mapping_go_by_their_cgroup(void **state)
{
	store(0, 0, 1000, 20);
	assert_int_equal(expect_of(0, 0, 7), 1000);
	assert_null(bpf_map_lookup_elem(&areas, &(u64){ 0 }));
}

static void the_mean_of_few_pages_is_exact(void **state)
{
	unsigned int i;

	spread = 4096;
	for (i = 0; i < ENOUGH; i++)
		store_one(1, 0, i % 2 ? 1200 : 1000);
	assert_in_range(expect_of(1, 0, 7), 1095, 1105);
}

static void a_change_of_data_is_learned(void **state)
{
	store(1, 0, 500, 1000);
	store(1, 0, 4096, 100);
	assert_in_range(expect_of(1, 0, 7), 4000, 4096);
	store(1, 0, 500, 100);
	assert_in_range(expect_of(1, 0, 7), 500, 600);
}

static void pages_that_differ_speak_for_none(void **state)
{
	unsigned int i;

	for (i = 0; i < 40; i++)
		store_one(1, 0, i % 2 ? 4096 : 0);
	assert_int_equal(expect_of(1, 0, 7), -1);
}

static void what_leaves_teaches_nothing(void **state)
{
	struct node_migrated_ctx out = { .src_nid = NODE, .nr_pages = 1 };
	struct node_migrated_ctx within = {
		.src_nid = NODE, .dst_nid = NODE, .class = 1, .nr_pages = 1,
	};

	policy.migrated(page(1, 0, 0), &out);
	policy.migrated(page(1, 0, 0), &within);
	assert_int_equal(counters.learned, 0);
}

static void no_value_of_memory_divides_by_zero(void **state)
{
	memory = 0;
	store(1, 0, 1000, 20);
	assert_int_equal(expect_of(1, 0, 7), 1000);
	memory = UINT32_MAX;
	store(1, 0, 1000, 20);
	assert_int_equal(expect_of(1, 0, 7), 1000);
}

/* ---- admission ----------------------------------------------------------- */

static void a_fair_page_is_admitted_without_credit(void **state)
{
	node_holds(10 * MIB, 10 * MIB);
	store(1, 0, FAIR, 20);
	assert_int_equal(offer(1, 0, 1000), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(counters.fair, 1);
	assert_int_equal(counters.by_history, 1);
	assert_int_equal(kernel.nr_estimates, 0);
}

static void a_larger_page_needs_credit(void **state)
{
	store(1, 0, TEXT, 20);
	node_holds(10 * MIB, 4 * MIB);
	assert_int_equal(offer(1, 0, 0), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(counters.too_large, 1);
	node_holds(10 * MIB, 3 * MIB);
	assert_int_equal(offer(1, 0, 0), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(counters.on_credit, 1);
}

static void a_chunk_spends_its_credit_once(void **state)
{
	struct node_admit_ctx ctx = {
		.nr_folios = 32, .nr_pages = 32, .batch = folios,
	};
	unsigned int i, nr = 0;

	store(1, 0, TEXT, 20);
	/* Enough for ten pages. */
	node_holds(10 * MIB, 4 * MIB - 10 * (TEXT - FAIR));
	for (i = 0; i < 32; i++)
		folios[i] = (struct folio){
			.info = { .memcg_id = 7, .area = 1, .index = i },
		};
	policy.admit_batch(&ctx);
	for (i = 0; i < 32; i++)
		nr += folios[i].verdict == NODE_DEVICE_ADMIT_ACCEPT;
	assert_int_equal(nr, 10);
}

static void good_pages_pay_for_others_in_a_chunk(void **state)
{
	struct node_admit_ctx ctx = {
		.nr_folios = 2, .nr_pages = 2, .batch = folios,
	};

	store(1, 0, 0, 20);
	store(2, 0, TEXT, 20);
	node_holds(10 * MIB, 4 * MIB);
	folios[0].info = (struct node_folio_info){ .area = 1 };
	folios[1].info = (struct node_folio_info){ .area = 2 };
	policy.admit_batch(&ctx);
	assert_int_equal(folios[1].verdict, NODE_DEVICE_ADMIT_ACCEPT);
}

static void what_hardly_shrinks_is_denied_with_any_credit(void **state)
{
	store(1, 0, 4000, 20);
	node_holds(100 * MIB, MIB);
	assert_int_equal(offer(1, 0, 0), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(counters.hopeless, 1);
}

static void the_margin_is_kept_on_top(void **state)
{
	store(1, 0, TEXT, 20);
	node_holds(10 * MIB, 4 * MIB - 8192);
	assert_int_equal(offer(1, 0, 0), NODE_DEVICE_ADMIT_ACCEPT);
	margin = 100;
	assert_int_equal(offer(1, 0, 0), NODE_DEVICE_ADMIT_DENY);
}

static void credit_does_not_buy_the_reserve(void **state)
{
	reserve = 250;
	store(1, 0, TEXT, 20);
	store(2, 0, FAIR, 20);
	node_holds(1000 * MIB, 47 * MIB);
	assert_int_equal(offer(1, 0, 0), NODE_DEVICE_ADMIT_ACCEPT);
	node_holds(1000 * MIB, 48 * MIB);
	assert_int_equal(offer(1, 0, 0), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(offer(2, 0, 0), NODE_DEVICE_ADMIT_ACCEPT);
}

static void an_unknown_page_is_looked_at(void **state)
{
	assert_int_equal(offer(1, 0, 100), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(offer(1, 0, 600), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(counters.by_content, 2);
}

static void without_an_estimate_it_does_not_shrink(void **state)
{
	node_holds(100 * MIB, MIB);
	assert_int_equal(offer(1, 0, -EIO), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(counters.hopeless, 1);
}

static void without_info_the_target_is_kept(void **state)
{
	node_holds(100 * MIB, MIB);
	kernel.info_error = -EINVAL;
	assert_int_equal(offer(1, 0, 0), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(counters.unknown, 1);
}

static void a_node_that_does_not_answer_gets_nothing(void **state)
{
	struct node_admit_ctx ctx = { .nr_folios = 1, .batch = folios };

	kernel.stat[NODE_DEVICE_STAT_PHYS_USED] = ~0ULL;
	assert_true(policy.admit_batch(&ctx) < 0);
}

static void a_large_folio_does_not_pay(void **state)
{
	struct node_admit_ctx ctx = {
		.nr_folios = 2, .nr_pages = 2, .batch = folios,
	};

	/* Credit for one page. */
	store(1, 0, TEXT, 20);
	node_holds(10 * MIB, 4 * MIB - (TEXT - FAIR));
	folios[0].info = (struct node_folio_info){ .area = 1, .order = 9 };
	folios[1].info = (struct node_folio_info){ .area = 1 };
	policy.admit_batch(&ctx);
	assert_int_equal(folios[0].verdict, NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(folios[1].verdict, NODE_DEVICE_ADMIT_ACCEPT);
}

/* ---- exploration --------------------------------------------------------- */

static void a_bad_area_is_tried_again_by_its_content(void **state)
{
	store(1, 0, 4096, 20);
	explore = 16;
	kernel.random = 32;
	assert_int_equal(offer(1, 0, 300), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(counters.explored, 1);
	kernel.random = 33;
	assert_int_equal(offer(1, 0, 300), NODE_DEVICE_ADMIT_DENY);
}

static void content_that_does_not_shrink_is_not_tried(void **state)
{
	store(1, 0, 4096, 20);
	explore = 1;
	assert_int_equal(offer(1, 0, 980), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(counters.explored, 0);
}

static void exploration_has_a_limit_below_the_target(void **state)
{
	store(1, 0, TEXT, 20);
	explore = 1;
	node_holds(0, (64 * MIB >> DEBT_SHIFT) - 4096);
	assert_int_equal(offer(1, 0, 600), NODE_DEVICE_ADMIT_ACCEPT);
	node_holds(0, 64 * MIB >> DEBT_SHIFT);
	assert_int_equal(offer(1, 0, 600), NODE_DEVICE_ADMIT_DENY);
}

/* ---- the loop as a whole ------------------------------------------------- */

/* What LZ4 makes of these, roughly; and what the estimate says. */
static const struct {
	u32 stored;
	s32 estimate;
} mix[] = {
	{ 0, 0 }, { TEXT, 600 }, { 2048, 597 }, { 4096, 980 },
	{ 4096, 510 }, { 2400, 720 },
};

static double ratio_of_a_mix(u32 want, u64 pages)
{
	u64 logical = 0, used = 0, i;

	target = want;
	for (i = 0; i < pages; i++) {
		/* In runs, as data are; one mapping for each kind. */
		unsigned int kind = i / 64 % ARRAY_SIZE(mix);

		kernel.random = i * 2654435761U >> 16;
		node_holds(logical, used);
		if (offer(1 + kind, i / 8, mix[kind].estimate) !=
		    NODE_DEVICE_ADMIT_ACCEPT)
			continue;
		store_one(1 + kind, i / 8, mix[kind].stored);
		logical += PAGE_SIZE;
		used += mix[kind].stored;
	}
	return used ? (double)logical / used : 0;
}

static void the_target_is_held_on_a_mix(void **state)
{
	double ratio;

	explore = 16;
	ratio = ratio_of_a_mix(2500, 50000);
	assert_true(ratio >= 2.5);
	/* It does use what it may: the ratio is not much higher. */
	assert_true(ratio < 2.8);
}

static void a_higher_target_is_held_too(void **state)
{
	explore = 16;
	assert_true(ratio_of_a_mix(4000, 50000) >= 4.0);
}

/* ---- class, victims, pressure -------------------------------------------- */

static void effort_is_spent_when_credit_is_short(void **state)
{
	struct node_class_ctx ctx = { .nr_classes = 3 };

	node_holds(100 * MIB, MIB);
	offer(1, 0, 0);
	assert_int_equal(policy.choose_class(folios, &ctx), 0);
	node_holds(10 * MIB, 4 * MIB);
	offer(1, 0, 0);
	assert_int_equal(policy.choose_class(folios, &ctx), 3);
	pick_class = false;
	assert_int_equal(policy.choose_class(folios, &ctx), 0);
}

static u32 victim(u64 area)
{
	struct node_victim_ctx ctx = { .nr_pages = 1 };

	return policy.reclaim_folio(page(area, 0, 0), &ctx);
}

static void below_the_target_bad_pages_go_first(void **state)
{
	store(1, 0, 500, 20);
	store(2, 0, 3000, 20);
	short_of_credit = 1;
	assert_int_equal(victim(1), NODE_DEVICE_VICTIM_KEEP);
	assert_int_equal(victim(2), NODE_DEVICE_VICTIM_EVICT);
}

static void above_the_target_reclaim_is_left_alone(void **state)
{
	store(1, 0, 500, 20);
	assert_int_equal(victim(1), NODE_DEVICE_VICTIM_DEFAULT);
}

static void a_full_node_below_the_target_is_purged(void **state)
{
	struct node_press_ctx ctx = {
		.pressure = NODE_DEVICE_PRESSURE_LOW, .logical_used = 100 * MIB,
		.phys_used = 50 * MIB,
	};

	policy.pressure(&ctx);
	assert_int_equal(kernel.reclaim, 100 * MIB / 4096 * 50 / 1000);
	assert_int_equal(counters.purges, 1);
}

static void a_full_node_at_the_target_is_not_purged(void **state)
{
	struct node_press_ctx ctx = {
		.pressure = NODE_DEVICE_PRESSURE_LOW, .logical_used = 125 * MIB,
		.phys_used = 50 * MIB,
	};

	policy.pressure(&ctx);
	assert_true(kernel.reclaim == NOT_CALLED);
}

static void no_value_of_a_tunable_does_harm(void **state)
{
	static const u32 values[] = { 0, 1, 1000, INT32_MAX, UINT32_MAX };
	size_t i, j;

	store(1, 0, TEXT, 20);
	node_holds(1ULL << 50, 1ULL << 49);
	for (i = 0; i < ARRAY_SIZE(values); i++)
		for (j = 0; j < ARRAY_SIZE(values); j++) {
			target = values[i];
			margin = values[j];
			worst = values[i];
			reserve = values[j];
			explore = values[j];
			spread = values[j];
			purge = values[i];
			assert_true(aim() >= 1000);
			offer(1, 0, 500);
			victim(1);
		}
}

#define TEST(_name)	cmocka_unit_test_setup(_name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(few_pages_are_no_history),
		TEST(a_block_speaks_for_itself),
		TEST(a_mapping_speaks_for_its_new_blocks),
		TEST(a_cgroup_speaks_for_its_new_mappings),
		TEST(folios_of_no_mapping_go_by_their_cgroup),
		TEST(the_mean_of_few_pages_is_exact),
		TEST(a_change_of_data_is_learned),
		TEST(pages_that_differ_speak_for_none),
		TEST(what_leaves_teaches_nothing),
		TEST(no_value_of_memory_divides_by_zero),
		TEST(a_fair_page_is_admitted_without_credit),
		TEST(a_larger_page_needs_credit),
		TEST(a_chunk_spends_its_credit_once),
		TEST(good_pages_pay_for_others_in_a_chunk),
		TEST(what_hardly_shrinks_is_denied_with_any_credit),
		TEST(the_margin_is_kept_on_top),
		TEST(credit_does_not_buy_the_reserve),
		TEST(an_unknown_page_is_looked_at),
		TEST(without_an_estimate_it_does_not_shrink),
		TEST(without_info_the_target_is_kept),
		TEST(a_node_that_does_not_answer_gets_nothing),
		TEST(a_large_folio_does_not_pay),
		TEST(a_bad_area_is_tried_again_by_its_content),
		TEST(content_that_does_not_shrink_is_not_tried),
		TEST(exploration_has_a_limit_below_the_target),
		TEST(the_target_is_held_on_a_mix),
		TEST(a_higher_target_is_held_too),
		TEST(effort_is_spent_when_credit_is_short),
		TEST(below_the_target_bad_pages_go_first),
		TEST(above_the_target_reclaim_is_left_alone),
		TEST(a_full_node_below_the_target_is_purged),
		TEST(a_full_node_at_the_target_is_not_purged),
		TEST(no_value_of_a_tunable_does_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
