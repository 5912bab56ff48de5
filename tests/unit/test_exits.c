// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's record of policies that have left, and the conditions of swap
 * --settle-if.
 */
#include "unit.h"

#include <errno.h>

#include "exits.h"
#include "settle.h"

#define ANSWER "kind=answer member=admit_folio code=77 when_ns=5000000000 " \
	"runtime_ns=61000000000 calls=12 map_id=9 prog_id=4 name=bad text="
#define DETACHED "kind=detached member= code=0 when_ns=1 runtime_ns=2 calls=3 " \
	"map_id=8 prog_id=0 name=good text="

static int parse(const char *text, struct policy_exit *e)
{
	char line[512];

	snprintf(line, sizeof(line), "%s", text);
	return exit_parse(line, e);
}

static void a_line_is_read_whole(void **state)
{
	struct policy_exit e;

	(void)state;
	assert_int_equal(parse(ANSWER "out of range, code=3", &e), 0);
	assert_string_equal(e.kind, "answer");
	assert_string_equal(e.member, "admit_folio");
	assert_int_equal(e.code, 77);
	assert_true(e.when_ns == 5000000000ULL);
	assert_true(e.runtime_ns == 61000000000ULL);
	assert_int_equal(e.calls, 12);
	assert_int_equal(e.map_id, 9);
	assert_int_equal(e.prog_id, 4);
	assert_string_equal(e.name, "bad");
	assert_string_equal(e.text, "out of range, code=3");
}

static void what_is_newer_or_missing_is_no_error(void **state)
{
	struct policy_exit e;

	(void)state;
	assert_int_equal(parse("kind=itself later=7 member=pressure code=-5", &e), 0);
	assert_string_equal(e.member, "pressure");
	assert_int_equal(e.code, -5);
	assert_string_equal(e.name, "");
	assert_string_equal(e.text, "");
	assert_int_equal(e.map_id, 0);
}

static void broken_lines_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "kind", "kind=", "member=init code=1", "kind=answer code=",
		"kind=answer code=x", "kind=answer code=7x",
		"kind=answer calls=99999999999999999999", "kind=answer rest",
	};
	struct policy_exit e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (parse(bad[i], &e) != -EINVAL)
			fail_msg("\"%s\" was taken for a record", bad[i]);
}

static void text_does_not_reach_the_terminal(void **state)
{
	struct policy_exit e;

	(void)state;
	assert_int_equal(parse("kind=operator text=a\033[2Jb", &e), 0);
	assert_null(strchr(e.text, '\033'));
}

static void each_kind_has_a_reason(void **state)
{
	static const struct {
		const char *line, *reason, *next;
		bool ejection;
	} kinds[] = {
		{ ANSWER, "admit_folio() answered 77", "nodectl load node1 bad", true },
		{ "kind=slow member=pressure code=7200000 name=slow",
		  "pressure(), ran for 7.2 ms", "nodectl load node1 slow", true },
		{ "kind=slow member=migrated code=5600000 name=slow text=on average",
		  "those of migrated() ran for 5.6 ms on average",
		  "nodectl load node1 slow", true },
		{ "kind=itself member=init code=3 name=x text=no space",
		  "ended itself in init() with code 3: \"no space\"", "inspect", true },
		{ "kind=itself code=3 name=x", "ended itself with code 3", "", true },
		{ "kind=operator name=x text=sysrq", "administrator ejected it: \"sysrq\"",
		  "nodectl load node1 x", true },
		{ DETACHED, "detached", "", false },
		{ "kind=removed name=x", "removed", "", false },
		{ "kind=melted member=init code=1 text=hot", "melted, member \"init\", code 1, \"hot\"",
		  "nodectl load", true },
	};
	struct policy_exit e;
	char buf[512];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		assert_int_equal(parse(kinds[i].line, &e), 0);
		assert_contains(exit_reason(&e, buf, sizeof(buf)), kinds[i].reason);
		assert_contains(exit_next(&e, "node1", buf, sizeof(buf)),
				kinds[i].next);
		assert_int_equal(exit_is_ejection(&e), kinds[i].ejection);
		if (!kinds[i].ejection)
			assert_string_equal(buf, "");
	}
}

static char *fake_node(struct node *node)
{
	char *dir = temp_dir();
	struct failure f = {};

	make_file(dir, "has_device_memory", "1\n");
	make_dir(dir, "node1/device");
	make_file(dir, "node1/device/driver", "cram\n");
	sys_node_dir = dir;
	assert_int_equal(node_open(1, node, &f), 0);
	return dir;
}

static void record_of_a_node_is_read(void **state)
{
	struct node node;
	char *dir = fake_node(&node);
	struct exits exits;

	(void)state;
	assert_int_equal(exits_read(&node, &exits), -ENOENT);
	make_file(dir, "node1/device/policy_exits", "");
	assert_int_equal(exits_read(&node, &exits), 0);
	assert_int_equal(exits.nr, 0);
	assert_string_equal(exits_decides(0, &exits), "native");
	make_file(dir, "node1/device/policy_exits", ANSWER "\n" DETACHED "\n");
	assert_int_equal(exits_read(&node, &exits), 0);
	assert_int_equal(exits.nr, 2);
	assert_string_equal(exits.exit[1].name, "good");
	assert_string_equal(exits_decides(0, &exits), "ejected");
	assert_string_equal(exits_decides(12, &exits), "policy");
	make_file(dir, "node1/device/policy_exits", DETACHED "\n" ANSWER "\n");
	assert_int_equal(exits_read(&node, &exits), 0);
	assert_string_equal(exits_decides(0, &exits), "native");
	make_file(dir, "node1/device/policy_exits", ANSWER "\nnonsense\n");
	assert_int_equal(exits_read(&node, &exits), -EINVAL);
	node_close(&node);
	remove_dir(dir);
}

static void conditions_are_checked_before_the_swap(void **state)
{
	static const char *const good[] = {
		"pages_refused_device>0", "balloon_pages>100",
		"pages_promoted_write>18446744073709551615",
	};
	static const char *const bad[] = {
		"", ">", "pages_demoted", "pages_demoted>", "pages_demoted>-1",
		"pages_demoted>x", "pages_demoted>1x", "no_such>1", "pages_demoted<1",
		"pages_demoted> 1", "pages_demoted>18446744073709551616",
	};
	struct cmdline c = { .nr_settle_if = 1 };
	struct settle s;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		c.settle_if[0] = good[i];
		if (settle_parse(&c, &s))
			fail_msg("\"%s\" was refused", good[i]);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		c.settle_if[0] = bad[i];
		if (settle_parse(&c, &s) != -EINVAL)
			fail_msg("\"%s\" was taken for a condition", bad[i]);
	}
}

/* It would never hold, and nobody would know. */
static void condition_on_what_the_kernel_does_not_tell_is_refused(void **state)
{
	struct cmdline c = { .nr_settle_if = 1,
			     .settle_if = { "pages_demoted>3" } };
	struct failure f = {};
	struct settle s = {};
	struct node node;
	char *dir = fake_node(&node);

	(void)state;
	assert_int_equal(settle_parse(&c, &s), 0);
	make_file(dir, "node1/device/stat", "pages_denied 1\n");
	assert_int_equal(settle_begin(&s, &node, &f), -ENOENT);
	assert_contains(f.cause, "pages_demoted");
	make_file(dir, "node1/device/stat", "pages_demoted 1\n");
	assert_int_equal(settle_begin(&s, &node, &f), 0);
	failure_clear(&f);
	node_close(&node);
	remove_dir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read_whole),
		cmocka_unit_test(what_is_newer_or_missing_is_no_error),
		cmocka_unit_test(broken_lines_are_refused),
		cmocka_unit_test(text_does_not_reach_the_terminal),
		cmocka_unit_test(each_kind_has_a_reason),
		cmocka_unit_test(record_of_a_node_is_read),
		cmocka_unit_test(conditions_are_checked_before_the_swap),
		cmocka_unit_test(condition_on_what_the_kernel_does_not_tell_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
