// SPDX-License-Identifier: GPL-2.0
/* What is read of a policy that runs, and what is changed in it. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "attempt.h"
#include "live.h"
#include "node.h"
#include "tunable.h"

static char *dir;

/* When this file is opened next, policy @next_id comes; 0: the policy leaves. */
static const char *change_at;
static unsigned int next_id;

static void set_policy(unsigned int id, const char *name, unsigned int version)
{
	char text[32];

	snprintf(text, sizeof(text), "%u\n", id);
	make_file(dir, "node1/device/policy_id", text);
	snprintf(text, sizeof(text), "%s\n", name);
	make_file(dir, "node1/device/policy_name", text);
	snprintf(text, sizeof(text), "%u\n", version);
	make_file(dir, "node1/device/policy_version", text);
}

/* In the place of that of libc. */
int openat(int fd, const char *path, int flags, ...)
{
	if (change_at && !strcmp(path, change_at)) {
		change_at = NULL;
		set_policy(next_id, next_id ? "later" : "", next_id);
	}
	return syscall(SYS_openat, fd, path, flags, 0);
}

static int one_node(void **state)
{
	(void)state;
	dir = temp_dir();
	sys_node_dir = dir;
	make_file(dir, "has_device_memory", "1\n");
	make_dir(dir, "node1/device");
	make_file(dir, "node1/device/driver", "cram\n");
	set_policy(7, "earlier", 1);
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	remove_dir(dir);
	return 0;
}

static void identify(const char *when, unsigned int next, struct live *live)
{
	struct failure f = {};
	struct node node;

	set_policy(7, "earlier", 1);
	assert_int_equal(node_open(1, &node, &f), 0);
	change_at = when;
	next_id = next;
	assert_int_equal(live_identify(&node, live), 0);
	assert_null(change_at);
	node_close(&node);
}

static void name_and_id_are_of_one_policy(void **state)
{
	static const char *const files[] = {
		"policy_id", "policy_name", "policy_version",
		"policy_attached_ns",
	};
	struct live live;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		identify(files[i], 8, &live);
		assert_int_equal(live.map_id, 8);
		assert_string_equal(live.name, "later");
		assert_int_equal(live.version, 8);
		live_close(&live);
	}
}

static void a_policy_that_leaves_meanwhile_is_none(void **state)
{
	struct live live;

	(void)state;
	identify("policy_version", 0, &live);
	assert_int_equal(live.map_id, 0);
	assert_string_equal(live.name, "");
	live_close(&live);
}

/* Tunables as a map has them: u32 at 0, u32 at 4. */
static struct tunable tunables[] = {
	{ .name = "a", .type = TUNABLE_U32, .size = 4, .offset = 0 },
	{ .name = "b", .type = TUNABLE_U32, .size = 4, .offset = 4 },
};

static void settings_are_stored_all_or_none(void **state)
{
	struct tunable_change changes[] = { { &tunables[0], 11 },
					    { &tunables[1], 12 } };
	struct live live = { .meta.values_size = 8 };
	uint32_t values[3] = { 1, 2, 3 };
	struct failure f = {};

	(void)state;
	live.values_fd = memfd_create("values", MFD_ALLOW_SEALING);
	assert_int_equal(pwrite(live.values_fd, values, sizeof(values), 0),
			 sizeof(values));
	assert_int_equal(live_store(&live, changes, 2, &f), 0);
	assert_int_equal(pread(live.values_fd, values, sizeof(values), 0),
			 sizeof(values));
	assert_int_equal(values[0], 11);
	assert_int_equal(values[1], 12);
	assert_int_equal(values[2], 3);
	assert_int_equal(fcntl(live.values_fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	changes[0].value = 21;
	assert_int_equal(live_store(&live, changes, 2, &f), -EPERM);
	assert_contains(f.cause, "cannot map the tunables");
	assert_int_equal(pread(live.values_fd, values, sizeof(values), 0),
			 sizeof(values));
	assert_int_equal(values[0], 11);
	close(live.values_fd);
}

/* Exit status 1 promises that nothing was left. */
static void what_is_left_shows_in_the_exit_status(void **state)
{
	static const struct {
		struct change done;
		int err;
		int status;
	} cases[] = {
		{ {}, 0, NODECTL_OK },
		{ { .left = true }, 0, NODECTL_PARTLY },
		{ {}, -EBUSY, NODECTL_NONE },
		{ { .made = true }, -ESTALE, NODECTL_PARTLY },
		{ { .left = true }, -EBUSY, NODECTL_PARTLY },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(change_status(&cases[i].done, cases[i].err),
				 cases[i].status);
}

#define TEST(_name)	cmocka_unit_test_setup_teardown(_name, one_node, clean_up)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(name_and_id_are_of_one_policy),
		TEST(a_policy_that_leaves_meanwhile_is_none),
		cmocka_unit_test(settings_are_stored_all_or_none),
		cmocka_unit_test(what_is_left_shows_in_the_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
