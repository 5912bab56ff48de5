// SPDX-License-Identifier: GPL-2.0
/*
 * bpf/memcg_budget: which cgroup may still have a page, also while the kernel's
 * count lags behind.
 */
#include "policy_host.h"
#include "../../bpf/memcg_budget.bpf.c"

#define MSEC		NSEC_PER_MSEC
#define SETTLE		200		/* ms */
#define NR_THREADS	8
#define PER_THREAD	200000

/* What the kernel would know, and what user space has put into the maps. */
static struct node_folio_info known;
static int info_error;
static u64 now;
static s64 own_budget;
static u64 own_budget_of;
static bool own_budget_set, accounts_missing;
static struct account account_table[NR_ACCOUNTS];

int bpf_node_device_folio_info(struct folio *folio,
			       struct node_folio_info *info,
			       u32 info__sz)
{
	assert_int_equal(info__sz, sizeof(*info));
	if (info_error)
		return info_error;
	*info = known;
	return 0;
}

u64 bpf_ktime_get_ns(void)
{
	return now;
}

void *bpf_map_lookup_elem(void *map, const void *key)
{
	if (map == &budgets) {
		if (own_budget_set && *(const u64 *)key == own_budget_of)
			return &own_budget;
		return NULL;
	}
	assert_ptr_equal(map, &accounts);
	assert_in_range(*(const u32 *)key, 0, NR_ACCOUNTS - 1);
	return accounts_missing ? NULL : &account_table[*(const u32 *)key];
}

static int setup(void **state)
{
	size_t i;

	known = (struct node_folio_info){ .memcg_id = 7 };
	counters = (struct budget_counters){};
	info_error = 0;
	now = 1000000 * MSEC;
	own_budget_set = false;
	accounts_missing = false;
	budget = UNLIMITED;
	settle = SETTLE;
	for (i = 0; i < NR_ACCOUNTS; i++)
		account_table[i] = (struct account){
			.lock.mutex = PTHREAD_MUTEX_INITIALIZER,
		};
	return 0;
}

static u32 offer(u64 memcg_id, u64 held)
{
	struct node_admit_ctx ctx = {};
	struct folio folio;

	known.memcg_id = memcg_id;
	known.memcg_node_pages = held;
	return policy.admit_folio(&folio, &ctx);
}

/* Offer @nr folios while the kernel's count stays at @held. */
static unsigned int admitted_of(unsigned int nr, u64 memcg_id, u64 held)
{
	unsigned int n = 0;

	while (nr--)
		n += offer(memcg_id, held) == NODE_DEVICE_ADMIT_ACCEPT;
	return n;
}

static void no_limit_admits_everything(void **state)
{
	assert_int_equal(admitted_of(1000, 7, UINT64_MAX), 1000);
	assert_int_equal(counters.unlimited, 1000);
}

static void budget_0_admits_nothing(void **state)
{
	budget = 0;
	assert_int_equal(offer(7, 0), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(counters.exceeded, 1);
}

static void the_last_page_of_the_budget_is_admitted(void **state)
{
	budget = 100;
	assert_int_equal(offer(7, 99), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(counters.within, 1);
}

static void a_cgroup_that_holds_its_budget_is_denied(void **state)
{
	budget = 100;
	assert_int_equal(offer(7, 100), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(offer(7, 5000), NODE_DEVICE_ADMIT_DENY);
}

static void pages_of_one_chunk_count_against_each_other(void **state)
{
	budget = 110;
	assert_int_equal(admitted_of(32, 7, 100), 10);
}

static void a_large_folio_needs_room_for_all_of_its_pages(void **state)
{
	budget = 100;
	known.order = 4;
	assert_int_equal(offer(7, 84), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(offer(8, 85), NODE_DEVICE_ADMIT_DENY);
}

static void a_large_folio_is_charged_by_its_pieces_only(void **state)
{
	budget = 100;
	known.order = 4;
	assert_int_equal(offer(7, 84), NODE_DEVICE_ADMIT_ACCEPT);
	known.order = 0;
	assert_int_equal(admitted_of(20, 7, 84), 16);
}

static void an_admitted_page_counts_for_settle_at_least(void **state)
{
	budget = 10;
	assert_int_equal(admitted_of(20, 7, 0), 10);
	now += SETTLE * MSEC - 1;
	assert_int_equal(offer(7, 0), NODE_DEVICE_ADMIT_DENY);
	/* Offered in between or not: the page is younger than settle. */
	now += 1;
	assert_int_equal(offer(7, 0), NODE_DEVICE_ADMIT_DENY);
}

static void a_page_of_the_second_period_counts_as_long(void **state)
{
	budget = 10;
	assert_int_equal(admitted_of(1, 7, 0), 1);
	now += SETTLE * MSEC * 3 / 2;
	assert_int_equal(admitted_of(20, 7, 0), 9);
	/* The first page may be forgotten by now, the nine may not. */
	now += SETTLE * MSEC - 1;
	assert_true(admitted_of(20, 7, 0) <= 1);
}

static void an_admitted_page_is_forgotten_after_settle_twice(void **state)
{
	budget = 10;
	assert_int_equal(admitted_of(20, 7, 0), 10);
	now += 2 * SETTLE * MSEC;
	assert_int_equal(admitted_of(20, 7, 0), 10);
}

static void an_admitted_page_is_forgotten_also_under_load(void **state)
{
	unsigned int i;

	budget = 10;
	assert_int_equal(admitted_of(20, 7, 0), 10);
	for (i = 0; i < 2 * SETTLE; i++) {
		now += MSEC;
		if (offer(7, 0) == NODE_DEVICE_ADMIT_ACCEPT)
			break;
	}
	assert_in_range(i + 1, SETTLE, 2 * SETTLE);
}

static void a_clock_that_lags_on_another_cpu_forgets_nothing(void **state)
{
	budget = 10;
	assert_int_equal(admitted_of(20, 7, 0), 10);
	now -= 10 * MSEC;
	assert_int_equal(offer(7, 0), NODE_DEVICE_ADMIT_DENY);
}

static void cgroups_do_not_use_up_each_others_budget(void **state)
{
	budget = 10;
	assert_int_equal(admitted_of(20, 7, 0), 10);
	assert_int_equal(admitted_of(20, 8, 0), 10);
	assert_int_equal(offer(7, 0), NODE_DEVICE_ADMIT_DENY);
}

static void a_colliding_cgroup_is_not_charged_for_the_other(void **state)
{
	budget = 10;
	assert_int_equal(admitted_of(20, 7, 0), 10);
	assert_int_equal(admitted_of(20, 7 + NR_ACCOUNTS, 0), 10);
}

static void a_budget_of_its_own_replaces_the_default(void **state)
{
	budget = 10;
	own_budget_set = true;
	own_budget_of = 7;
	own_budget = 3;
	assert_int_equal(admitted_of(20, 7, 0), 3);
	assert_int_equal(admitted_of(20, 8, 0), 10);
	own_budget = UNLIMITED;
	assert_int_equal(admitted_of(20, 7, 1000), 20);
	own_budget = 0;
	assert_int_equal(offer(7, 0), NODE_DEVICE_ADMIT_DENY);
}

static void a_budget_can_be_lowered_below_what_is_held(void **state)
{
	budget = 100;
	assert_int_equal(admitted_of(50, 7, 0), 50);
	budget = 20;
	assert_int_equal(offer(7, 0), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(offer(7, 50), NODE_DEVICE_ADMIT_DENY);
}

static void the_largest_budget_does_not_overflow(void **state)
{
	budget = INT64_MAX;
	assert_int_equal(offer(7, 5), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(offer(7, (u64)INT64_MAX + 1), NODE_DEVICE_ADMIT_DENY);
}

static void settle_0_still_keeps_the_kernels_count(void **state)
{
	budget = 10;
	settle = 0;
	assert_int_equal(offer(7, 9), NODE_DEVICE_ADMIT_ACCEPT);
	assert_int_equal(offer(7, 10), NODE_DEVICE_ADMIT_DENY);
}

static void without_info_the_limit_is_kept(void **state)
{
	info_error = -EINVAL;
	assert_int_equal(offer(7, 0), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(counters.unknown, 1);
}

static void without_an_account_the_limit_is_kept(void **state)
{
	budget = 10;
	accounts_missing = true;
	assert_int_equal(offer(7, 0), NODE_DEVICE_ADMIT_DENY);
	assert_int_equal(counters.unknown, 1);
}

static pthread_barrier_t start;

static void *reclaimer(void *granted)
{
	struct node_admit_ctx ctx = {};
	struct folio folio;
	unsigned int i;

	pthread_barrier_wait(&start);
	for (i = 0; i < PER_THREAD; i++)
		*(unsigned int *)granted +=
			policy.admit_folio(&folio, &ctx) ==
				NODE_DEVICE_ADMIT_ACCEPT;
	return NULL;
}

static void cpus_together_admit_no_more_than_the_budget(void **state)
{
	unsigned int granted[NR_THREADS] = {}, sum = 0, i;
	pthread_t threads[NR_THREADS];

	budget = NR_THREADS * PER_THREAD / 2;
	assert_int_equal(pthread_barrier_init(&start, NULL, NR_THREADS), 0);
	for (i = 0; i < NR_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reclaimer,
						&granted[i]), 0);
	for (i = 0; i < NR_THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += granted[i];
	}
	pthread_barrier_destroy(&start);
	assert_int_equal(sum, budget);
	assert_int_equal(counters.within, sum);
	assert_int_equal(counters.within + counters.exceeded,
			 NR_THREADS * PER_THREAD);
}

#define TEST(_name)	cmocka_unit_test_setup(_name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_limit_admits_everything),
		TEST(budget_0_admits_nothing),
		TEST(the_last_page_of_the_budget_is_admitted),
		TEST(a_cgroup_that_holds_its_budget_is_denied),
		TEST(pages_of_one_chunk_count_against_each_other),
		TEST(a_large_folio_needs_room_for_all_of_its_pages),
		TEST(a_large_folio_is_charged_by_its_pieces_only),
		TEST(an_admitted_page_counts_for_settle_at_least),
		TEST(a_page_of_the_second_period_counts_as_long),
		TEST(an_admitted_page_is_forgotten_after_settle_twice),
		TEST(an_admitted_page_is_forgotten_also_under_load),
		TEST(a_clock_that_lags_on_another_cpu_forgets_nothing),
		TEST(cgroups_do_not_use_up_each_others_budget),
		TEST(a_colliding_cgroup_is_not_charged_for_the_other),
		TEST(a_budget_of_its_own_replaces_the_default),
		TEST(a_budget_can_be_lowered_below_what_is_held),
		TEST(the_largest_budget_does_not_overflow),
		TEST(settle_0_still_keeps_the_kernels_count),
		TEST(without_info_the_limit_is_kept),
		TEST(without_an_account_the_limit_is_kept),
		TEST(cpus_together_admit_no_more_than_the_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
