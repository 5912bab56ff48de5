// SPDX-License-Identifier: GPL-2.0
/* Names and lists of nodes, and device nodes in a sysfs made of files. */
#include "unit.h"

#include <errno.h>

#include "node.h"

static void names_of_nodes_are_read(void **state)
{
	static const struct {
		const char *text;
		int nid;
	} good[] = {
		{ "0", 0 }, { "1", 1 }, { "node1", 1 }, { "node12", 12 },
		{ "1023", 1023 }, { "007", 7 },
	};
	size_t i;
	int nid;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(node_parse(good[i].text, &nid), 0);
		assert_int_equal(nid, good[i].nid);
	}
}

static void what_is_no_node_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "node", "n1", "nodex", "node1x", "1 ", " 1", "-1", "+1",
		"1024", "99999999999999999999", "0x1", "node-1", "Node1", "1.0",
	};
	size_t i;
	int nid = -7;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (node_parse(bad[i], &nid) != -EINVAL)
			fail_msg("\"%s\" was taken for node %d", bad[i], nid);
		assert_int_equal(nid, -7);
	}
}

static void lists_of_nodes_are_read(void **state)
{
	bool set[16];

	(void)state;
	assert_int_equal(nodelist_parse("", set, 16), 0);
	assert_int_equal(nodelist_parse("\n", set, 16), 0);
	assert_int_equal(nodelist_parse("1\n", set, 16), 1);
	assert_true(set[1] && !set[0] && !set[2]);
	assert_int_equal(nodelist_parse("0-2,5,7-7\n", set, 16), 5);
	assert_true(set[0] && set[1] && set[2] && set[5] && set[7]);
	assert_false(set[3] || set[4] || set[6] || set[8]);
	assert_int_equal(nodelist_parse("1,1-2", set, 16), 2);
}

static void broken_lists_are_refused(void **state)
{
	static const char *const bad[] = {
		"x", "1-", "-1", "2-1", "16", "1,,2", "1;2", "1-99999999999",
		"1 2", "1,",
	};
	bool set[16];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (nodelist_parse(bad[i], set, 16) != -EINVAL)
			fail_msg("\"%s\" was taken for a list", bad[i]);
}

/* node0 ordinary; node1 a device node; node2 has device memory, no driver. */
static char *fake_sysfs(void)
{
	char *dir = temp_dir();

	make_file(dir, "has_device_memory", "1-2\n");
	make_dir(dir, "node0");
	make_dir(dir, "node1/device");
	make_file(dir, "node1/device/driver", "cram\n");
	make_file(dir, "node1/device/policy_id", "17\n");
	make_file(dir, "node1/device/policy_name", "\n");
	make_file(dir, "node1/device/bad", "17 pages\n");
	make_file(dir, "node1/device/negative", "-1\n");
	make_file(dir, "node1/device/huge", "18446744073709551616\n");
	make_dir(dir, "node2");
	sys_node_dir = dir;
	return dir;
}

static void device_nodes_are_listed(void **state)
{
	int nids[8] = {}, one[1] = {};
	struct failure f = {};
	char *dir = fake_sysfs();

	(void)state;
	assert_int_equal(node_list(nids, 8, &f), 2);
	assert_int_equal(nids[0], 1);
	assert_int_equal(nids[1], 2);
	assert_int_equal(node_list(one, 1, &f), 1);
	assert_true(node_has_memory(1));
	assert_false(node_has_memory(0));
	assert_false(node_has_memory(-1));
	remove_dir(dir);
}

static void attributes_are_read_whole_or_not(void **state)
{
	struct failure f = {};
	struct node node;
	uint64_t value = 0;
	char text[32];
	char *dir = fake_sysfs();

	(void)state;
	assert_int_equal(node_open(1, &node, &f), 0);
	assert_string_equal(node.name, "node1");
	assert_int_equal(node_attr(&node, "driver", text, sizeof(text)), 0);
	assert_string_equal(text, "cram");
	assert_int_equal(node_attr(&node, "policy_name", text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(node_attr_u64(&node, "policy_id", &value), 0);
	assert_int_equal(value, 17);
	assert_int_equal(node_attr_u64(&node, "bad", &value), -EINVAL);
	assert_int_equal(node_attr_u64(&node, "negative", &value), -EINVAL);
	assert_int_equal(node_attr_u64(&node, "huge", &value), -EINVAL);
	assert_int_equal(node_attr_u64(&node, "policy_name", &value), -EINVAL);
	assert_int_equal(node_attr_u64(&node, "missing", &value), -ENOENT);
	node_close(&node);
	remove_dir(dir);
}

static void counters_are_found_by_their_whole_name(void **state)
{
	struct node_stat stat = {};
	struct failure f = {};
	struct node node;
	uint64_t value = 0;
	char *dir = fake_sysfs();

	(void)state;
	assert_int_equal(node_open(1, &node, &f), 0);
	assert_int_equal(node_stat(&node, &stat), -ENOENT);
	make_file(dir, "node1/device/stat",
		  "keep_capped_not 1\nvictim_keep_capped 2\nkeep_capped 3\n"
		  "bad 17 pages\nnone\nhuge 18446744073709551616\n"
		  "last 18446744073709551615\n");
	assert_int_equal(node_stat(&node, &stat), 0);
	assert_int_equal(node_stat_u64(&stat, "keep_capped", &value), 0);
	assert_int_equal(value, 3);
	assert_int_equal(node_stat_u64(&stat, "last", &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(node_stat_u64(&stat, "bad", &value), -EINVAL);
	assert_int_equal(node_stat_u64(&stat, "huge", &value), -EINVAL);
	assert_int_equal(node_stat_u64(&stat, "none", &value), -ENOENT);
	assert_int_equal(node_stat_u64(&stat, "capped", &value), -ENOENT);
	make_file(dir, "node1/device/stat", "");
	assert_int_equal(node_stat(&node, &stat), 0);
	assert_int_equal(node_stat_u64(&stat, "last", &value), -ENOENT);
	node_close(&node);
	remove_dir(dir);
}

static void counters_of_any_name_are_walked(void **state)
{
	static const char text[] = "one 1\n\nbad 17 pages\nnone\n 4\n"
				   "exactly_16_chars 5\nfifteen_charact 6\nlast 7";
	const char *pos = text;
	char name[16];
	uint64_t value;

	(void)state;
	assert_true(node_stat_next(&pos, name, sizeof(name), &value));
	assert_string_equal(name, "one");
	assert_int_equal(value, 1);
	assert_true(node_stat_next(&pos, name, sizeof(name), &value));
	assert_string_equal(name, "fifteen_charact");
	assert_true(node_stat_next(&pos, name, sizeof(name), &value));
	assert_string_equal(name, "last");
	assert_int_equal(value, 7);
	assert_false(node_stat_next(&pos, name, sizeof(name), &value));
	assert_false(node_stat_next(&pos, name, sizeof(name), &value));
}

static void other_nodes_are_told_apart(void **state)
{
	struct failure f = {};
	struct node node;
	char *dir = fake_sysfs();

	(void)state;
	assert_int_equal(node_open(0, &node, &f), -ENODEV);
	assert_contains(f.cause, "not a device node");
	assert_contains(f.next, "node1");
	assert_int_equal(node_open(2, &node, &f), -ENODEV);
	assert_int_equal(node_open(9, &node, &f), -ENOENT);
	assert_contains(f.cause, "does not exist");
	assert_int_equal(node.dirfd, -1);
	remove_dir(dir);
}

static void kernel_without_device_nodes_is_named(void **state)
{
	char *dir = temp_dir();
	struct failure f = {};
	struct node node;
	int nids[4];

	(void)state;
	make_dir(dir, "node0");
	sys_node_dir = dir;
	assert_int_equal(node_list(nids, 4, &f), -EOPNOTSUPP);
	assert_contains(f.cause, "knows no device nodes");
	assert_int_equal(node_open(0, &node, &f), -EOPNOTSUPP);
	assert_contains(f.next, "nodectl check");
	sys_node_dir = "/nonexistent/node";
	assert_int_equal(node_list(nids, 4, &f), -ENOENT);
	remove_dir(dir);
}

static void demotion_is_on_off_or_unknown(void **state)
{
	static const struct {
		const char *text;
		int on;
	} cases[] = {
		{ "true\n", 1 }, { "false\n", 0 }, { "1\n", 1 }, { "0\n", 0 },
	};
	char *dir = temp_dir(), path[PATH_MAX];
	struct json_object *value;
	size_t i;

	(void)state;
	snprintf(path, sizeof(path), "%s/demotion_enabled", dir);
	sys_demotion = path;
	assert_int_equal(node_demotion(), -ENOENT);
	assert_null(node_demotion_json());
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_file(dir, "demotion_enabled", cases[i].text);
		assert_int_equal(node_demotion(), cases[i].on);
		value = node_demotion_json();
		assert_int_equal(json_object_get_boolean(value), cases[i].on);
		json_object_put(value);
	}
	remove_dir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_nodes_are_read),
		cmocka_unit_test(what_is_no_node_is_refused),
		cmocka_unit_test(lists_of_nodes_are_read),
		cmocka_unit_test(broken_lists_are_refused),
		cmocka_unit_test(device_nodes_are_listed),
		cmocka_unit_test(attributes_are_read_whole_or_not),
		cmocka_unit_test(counters_are_found_by_their_whole_name),
		cmocka_unit_test(counters_of_any_name_are_walked),
		cmocka_unit_test(other_nodes_are_told_apart),
		cmocka_unit_test(kernel_without_device_nodes_is_named),
		cmocka_unit_test(demotion_is_on_off_or_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
