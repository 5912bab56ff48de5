// SPDX-License-Identifier: GPL-2.0
/* Dax devices in a sysfs made of files: which are there, and what comes next. */
#include "unit.h"

#include <unistd.h>

#include "dax.h"

static char *dir;

static void device(const char *name, const char *driver, const char *state,
		   const char *node, const char *size)
{
	char path[512];

	make_dir(dir, name);
	snprintf(path, sizeof(path), "%s/target_node", name);
	make_file(dir, path, node);
	snprintf(path, sizeof(path), "%s/size", name);
	make_file(dir, path, size);
	if (state) {
		snprintf(path, sizeof(path), "%s/state", name);
		make_file(dir, path, state);
	}
	if (driver) {
		char target[128];

		snprintf(target, sizeof(target), "../drivers/%s", driver);
		snprintf(path, sizeof(path), "%s/%s/driver", dir, name);
		assert_int_equal(symlink(target, path), 0);
	}
}

static void fake_bus(void)
{
	dir = temp_dir();
	sys_dax_dir = dir;
	device("dax10.0", "kmem", "online_movable\n", "3\n", "268435456\n");
	device("dax0.0", "dax_node", "online\n", "2\n", "536870912\n");
	device("dax0.1", "dax_node", "unplugged\n", "4\n", "134217728\n");
	device("dax1.0", "device_dax", NULL, "-1\n", "134217728\n");
	device("dax1.1", NULL, NULL, "1\n", "134217728\n");
	device("dax1.2", NULL, NULL, "1\n", "0\n");
	make_dir(dir, "other");
}

static void devices_are_listed_by_name(void **state)
{
	static const char *const want[] = {
		"dax0.0", "dax0.1", "dax1.0", "dax1.1", "dax10.0",
	};
	struct dax_device d[DAX_MAX];
	size_t i;

	(void)state;
	fake_bus();
	assert_int_equal(dax_list(d, DAX_MAX), ARRAY_SIZE(want));
	for (i = 0; i < ARRAY_SIZE(want); i++)
		assert_string_equal(d[i].name, want[i]);
	assert_string_equal(d[0].driver, "dax_node");
	assert_string_equal(d[0].state, "online");
	assert_int_equal(d[0].nid, 2);
	assert_int_equal(d[0].bytes, 536870912);
	assert_int_equal(d[2].nid, -1);
	assert_string_equal(d[3].driver, "");
	assert_int_equal(dax_list(d, 2), 2);
	remove_dir(dir);
}

static void kernel_without_dax_has_none(void **state)
{
	struct dax_device d[1];

	(void)state;
	sys_dax_dir = "/nonexistent/dax";
	assert_int_equal(dax_list(d, 1), 0);
}

static void node_has_the_device_that_is_online(void **state)
{
	char name[32];

	(void)state;
	fake_bus();
	assert_true(dax_of_node(2, name, sizeof(name)));
	assert_string_equal(name, "dax0.0");
	/* unplugged, kmem, and no node */
	assert_false(dax_of_node(4, name, sizeof(name)));
	assert_string_equal(name, "");
	assert_false(dax_of_node(3, name, sizeof(name)));
	assert_false(dax_of_node(-1, name, sizeof(name)));
	remove_dir(dir);
}

static void expect_next(const struct dax_device *d, const char *want)
{
	char text[512];

	assert_in_range(dax_next_step(d, text, sizeof(text)), 1,
			sizeof(text) - 1);
	assert_string_equal(text, want);
}

static void next_step_begins_where_the_device_is(void **state)
{
	struct dax_device d[DAX_MAX];

	(void)state;
	fake_bus();
	assert_int_equal(dax_list(d, DAX_MAX), 5);
	expect_next(&d[1], "echo online >/sys/bus/dax/devices/dax0.1/state");
	expect_next(&d[2],
		    "The platform gives this memory no node of its own, so it cannot become a device node.");
	expect_next(&d[3],
		    "modprobe dax_node && echo dax1.1 >/sys/bus/dax/drivers/dax_node/new_id && echo online >/sys/bus/dax/devices/dax1.1/state");
	expect_next(&d[4],
		    "echo unplugged >/sys/bus/dax/devices/dax10.0/state && echo dax10.0 >/sys/bus/dax/drivers/kmem/unbind && modprobe dax_node && echo dax10.0 >/sys/bus/dax/drivers/dax_node/new_id && echo online >/sys/bus/dax/devices/dax10.0/state");
	remove_dir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_are_listed_by_name),
		cmocka_unit_test(kernel_without_dax_has_none),
		cmocka_unit_test(node_has_the_device_that_is_online),
		cmocka_unit_test(next_step_begins_where_the_device_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
