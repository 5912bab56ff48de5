// SPDX-License-Identifier: GPL-2.0
/* Names and directories of pins, in a bpffs made of plain files. */
#include "unit.h"

#include <errno.h>

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_own_names_are_pins_of_maps),
		cmocka_unit_test(pins_that_cannot_be_listed_are_an_error),
		cmocka_unit_test(pins_of_a_policy_are_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
