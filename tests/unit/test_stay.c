// SPDX-License-Identifier: GPL-2.0
/* After which ejection a policy is attached again, and when. */
#include "unit.h"

#include <errno.h>

#include "stay.h"

#define SECOND	1000000000ULL
#define NOW	(1000 * SECOND)

static struct exits exits;

/* What the kernel has on record, the newest first; "kind name age ran", seconds. */
static void record(const char *const *lines)
{
	struct policy_exit *e;
	unsigned int age, ran;

	memset(&exits, 0, sizeof(exits));
	for (; *lines; lines++) {
		e = &exits.exit[exits.nr++];
		assert_int_equal(sscanf(*lines, "%15s %31s %u %u", e->kind,
					e->name, &age, &ran), 4);
		e->when_ns = NOW - age * SECOND;
		e->runtime_ns = ran * SECOND;
	}
}

#define RECORD(...)	record((const char *const []){ __VA_ARGS__, NULL })

static void assert_retry(double seconds, unsigned int ejections)
{
	struct failure f = {};
	struct retry r;

	if (retry_after(&exits, "mine", NOW, &r, &f))
		fail_msg("%s", f.cause);
	assert_int_equal(r.ejections, ejections);
	assert_true(r.seconds == seconds);
}

static void assert_never(const char *cause)
{
	struct failure f = {};
	struct retry r;

	assert_int_equal(retry_after(&exits, "mine", NOW, &r, &f), -ECANCELED);
	assert_contains(f.cause, cause);
	assert_true(f.next[0]);
}

static void each_ejection_makes_the_wait_longer(void **state)
{
	(void)state;
	RECORD("slow mine 1 0");
	assert_retry(4, 1);
	RECORD("slow mine 1 0", "answer mine 9 0");
	assert_retry(19, 2);
	RECORD("slow mine 1 0", "answer mine 9 0", "itself mine 20 0");
	assert_retry(79, 3);
}

static void nothing_is_left_to_wait_for_later(void **state)
{
	(void)state;
	RECORD("slow mine 5 0");
	assert_retry(0, 1);
	RECORD("slow mine 500 0");
	assert_retry(0, 1);
}

static void fourth_ejection_in_a_row_is_the_last(void **state)
{
	(void)state;
	RECORD("slow mine 500 0", "slow mine 600 0", "slow mine 700 0",
	       "slow mine 800 0");
	assert_never("ejected 4 times in a row");
}

static void what_ran_for_long_begins_a_new_row(void **state)
{
	(void)state;
	RECORD("slow mine 1 0", "slow mine 90 3600", "slow mine 95 0",
	       "slow mine 99 0");
	assert_retry(19, 2);
}

static void what_left_otherwise_does_not_count(void **state)
{
	(void)state;
	RECORD("detached mine 1 0", "slow mine 2 0");
	assert_retry(0, 0);
	RECORD("slow mine 1 0", "detached mine 2 0", "slow mine 3 0");
	assert_retry(4, 1);
	RECORD("removed mine 1 0");
	assert_retry(0, 0);
	memset(&exits, 0, sizeof(exits));
	assert_retry(0, 0);
}

static void other_policies_do_not_count(void **state)
{
	(void)state;
	RECORD("slow other 5 0", "slow mine 6 0");
	assert_retry(0, 0);
	RECORD("slow mine 1 0", "slow other 2 0", "slow mine 3 0");
	assert_retry(4, 1);
}

/* Whoever lets that policy settle is about to put the old one back. */
static void ejection_of_another_policy_makes_it_wait_a_little(void **state)
{
	(void)state;
	RECORD("slow other 1 0", "slow other 2 0", "slow other 3 0",
	       "slow other 4 0");
	assert_retry(4, 0);
	RECORD("detached other 1 0", "slow other 2 0");
	assert_retry(0, 0);
}

static void what_the_administrator_ejected_stays_away(void **state)
{
	(void)state;
	RECORD("operator mine 500 0");
	assert_never("the administrator ejected it");
	RECORD("operator mine 1 7200", "slow mine 2 0");
	assert_never("the administrator ejected it");
}

/* sysrq N is to leave the node without a policy, not with another one. */
static void what_the_administrator_ejected_makes_no_room(void **state)
{
	(void)state;
	RECORD("operator other 500 0");
	assert_never("the last one here was other: the administrator ejected it");
	RECORD("detached third 1 0", "operator other 500 0");
	assert_retry(0, 0);
}

/* The kernel gives each policy another id. */
static void assert_last(uint32_t id, unsigned int seen_ago, const char *kind)
{
	const struct seen seen = { .id = id, .at_ns = NOW - seen_ago * SECOND };
	const struct policy_exit *e;

	exits.exit[0].map_id = 41;
	e = exit_of_last(&exits, &seen);
	if (kind)
		assert_string_equal(e ? e->kind : "no record", kind);
	else
		assert_null(e);
}

static void last_policy_is_found_on_record(void **state)
{
	(void)state;
	RECORD("slow mine 5 0", "detached mine 9 0");
	assert_last(41, 3, "slow");
	assert_last(41, 7, "slow");
	/* It took the place of the one that was seen. */
	assert_last(40, 7, "slow");
	/* None was seen at all. */
	assert_last(0, 7, "slow");
}

static void record_that_is_not_there_yet_is_waited_for(void **state)
{
	(void)state;
	RECORD("slow mine 5 0");
	assert_last(42, 3, NULL);
	assert_last(0, 3, NULL);
	memset(&exits, 0, sizeof(exits));
	assert_last(42, 3, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_ejection_makes_the_wait_longer),
		cmocka_unit_test(nothing_is_left_to_wait_for_later),
		cmocka_unit_test(fourth_ejection_in_a_row_is_the_last),
		cmocka_unit_test(what_ran_for_long_begins_a_new_row),
		cmocka_unit_test(what_left_otherwise_does_not_count),
		cmocka_unit_test(other_policies_do_not_count),
		cmocka_unit_test(ejection_of_another_policy_makes_it_wait_a_little),
		cmocka_unit_test(what_the_administrator_ejected_stays_away),
		cmocka_unit_test(what_the_administrator_ejected_makes_no_room),
		cmocka_unit_test(last_policy_is_found_on_record),
		cmocka_unit_test(record_that_is_not_there_yet_is_waited_for),
	};

	return cmocka_run_group_tests_name("stay", tests, NULL, NULL);
}
