// SPDX-License-Identifier: GPL-2.0
/* Names and directories of pins, in a bpffs made of plain files. */
#include "unit.h"

#include <errno.h>

#include <json-c/json.h>

#include "orphan.h"
#include "pin.h"

static char *fake_bpffs(void)
{
	char *dir = temp_dir();

	bpffs_dir = dir;
	return dir;
}

static void only_own_names_are_pins_of_maps(void **state)
{
	static const char *const others[] = {
		"link", "policy5_map7xyz", "policy5_map", "policy05_map7",
		"policy-1_map2", "policy1_map 2", "policy5_map7.old", "xpolicy1_map2",
	};
	char *dir = fake_bpffs(), name[64], path[PATH_MAX], want[PATH_MAX];
	struct map_pin *pins;
	unsigned int nr;
	size_t i;

	(void)state;
	assert_int_equal(pin_maps_list(3, &pins, &nr), 0);
	assert_int_equal(nr, 0);
	make_dir(dir, "node_ext/node3");
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		snprintf(name, sizeof(name), "node_ext/node3/%s", others[i]);
		make_file(dir, name, "");
	}
	make_file(dir, "node_ext/node3/policy4294967295_map7", "");
	assert_int_equal(pin_maps_list(3, &pins, &nr), 0);
	assert_int_equal(nr, 1);
	assert_true(pins->policy == UINT32_MAX && pins->map_id == 7);
	pin_map_path(3, pins, path, sizeof(path));
	snprintf(want, sizeof(want), "%s/node_ext/node3/policy4294967295_map7",
		 dir);
	assert_string_equal(path, want);
	free(pins);
	remove_dir(dir);
}

static void pins_that_cannot_be_listed_are_an_error(void **state)
{
	char *dir = fake_bpffs();
	unsigned int nr, removed = 0;
	struct map_pin *pins;
	struct failure f = {};

	(void)state;
	make_dir(dir, "node_ext");
	make_file(dir, "node_ext/node3", "");
	assert_int_equal(pin_maps_list(3, &pins, &nr), -ENOTDIR);
	assert_int_equal(pin_maps_remove(3, 0, &removed, &f), -ENOTDIR);
	assert_contains(f.cause, "cannot read directory");
	assert_contains(f.next, "node_ext/node3");
	remove_dir(dir);
}

static void pins_of_a_policy_are_removed(void **state)
{
	char *dir = fake_bpffs(), path[PATH_MAX];
	unsigned int removed = 0;
	struct failure f = {};

	(void)state;
	make_dir(dir, "node_ext/node3");
	make_file(dir, "node_ext/node3/policy4294967295_map7", "");
	make_file(dir, "node_ext/node3/policy4294967295_map8", "");
	make_file(dir, "node_ext/node3/kept", "");
	assert_int_equal(pin_maps_remove(3, UINT32_MAX, &removed, &f), 0);
	assert_int_equal(removed, 2);
	snprintf(path, sizeof(path), "%s/node_ext/node3/kept", dir);
	assert_int_equal(access(path, F_OK), 0);
	remove_dir(dir);
}

static void check_orphan(struct json_object *o, const char *node, bool link,
			 size_t maps)
{
	struct json_object *value;

	value = json_object_object_get(o, "node");
	assert_string_equal(json_object_get_string(value), node);
	value = json_object_object_get(o, "stale_pin");
	assert_int_equal(json_object_get_boolean(value), link);
	value = json_object_object_get(o, "map_pins");
	assert_int_equal(json_object_array_length(value), maps);
}

/* Nobody sees them otherwise, and their timers go on. */
static void pins_of_nodes_that_left_are_found(void **state)
{
	struct json_object *array = json_object_new_array();
	char *dir = fake_bpffs();
	const int present[] = { 0, 3 };

	(void)state;
	make_dir(dir, "node_ext/node2");
	make_dir(dir, "node_ext/node3");
	make_dir(dir, "node_ext/node5");
	make_dir(dir, "node_ext/node6");
	make_file(dir, "node_ext/node2/policy4294967295_map7", "");
	make_file(dir, "node_ext/node3/policy4294967295_map8", "");
	make_file(dir, "node_ext/node5/link", "");
	out_json = true;
	orphans_show(present, ARRAY_SIZE(present), array);
	out_json = false;
	assert_int_equal(json_object_array_length(array), 2);
	check_orphan(json_object_array_get_idx(array, 0), "node2", false, 1);
	check_orphan(json_object_array_get_idx(array, 1), "node5", true, 0);
	assert_false(orphan_show(6, NULL));
	json_object_put(array);
	remove_dir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_own_names_are_pins_of_maps),
		cmocka_unit_test(pins_that_cannot_be_listed_are_an_error),
		cmocka_unit_test(pins_of_a_policy_are_removed),
		cmocka_unit_test(pins_of_nodes_that_left_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
