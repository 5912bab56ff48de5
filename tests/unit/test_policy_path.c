// SPDX-License-Identifier: GPL-2.0
/* From the name of a policy to its file. */
#include "unit.h"

#include <errno.h>

#include "policy_path.h"

static void names_and_paths_are_told_apart(void **state)
{
	(void)state;
	assert_false(policy_is_path("compressible"));
	assert_false(policy_is_path(".o"));
	assert_false(policy_is_path("video"));
	assert_true(policy_is_path("./compressible"));
	assert_true(policy_is_path("/a/b"));
	assert_true(policy_is_path("a.bpf.o"));
	assert_true(policy_is_path("a.o"));
}

static void first_directory_wins(void **state)
{
	char *dir = temp_dir(), a[PATH_MAX], b[PATH_MAX], file[PATH_MAX];
	struct policy_dirs path = {};
	struct failure f = {};

	(void)state;
	make_dir(dir, "a");
	make_dir(dir, "b");
	make_file(dir, "a/one.bpf.o", "");
	make_file(dir, "b/one.bpf.o", "");
	make_file(dir, "b/two.bpf.o", "");
	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	assert_int_equal(policy_dirs_add(&path, a), 0);
	assert_int_equal(policy_dirs_add(&path, b), 0);
	assert_int_equal(policy_dirs_add(&path, a), 0);
	assert_int_equal(path.nr, 2);
	assert_int_equal(policy_find(&path, "one", file, sizeof(file), &f), 0);
	assert_memory_equal(file, a, strlen(a));
	assert_int_equal(policy_find(&path, "two", file, sizeof(file), &f), 0);
	assert_memory_equal(file, b, strlen(b));
	assert_int_equal(policy_find(&path, "three", file, sizeof(file), &f),
			 -ENOENT);
	assert_contains(f.cause, "three");
	assert_contains(f.next, a);
	assert_contains(f.next, b);
	policy_dirs_free(&path);
	remove_dir(dir);
}

static void environment_comes_before_the_system(void **state)
{
	struct policy_dirs path = {};

	(void)state;
	setenv("NODECTL_PATH", "/first::/second", 1);
	policy_dirs_default(&path);
	unsetenv("NODECTL_PATH");
	assert_true(path.nr >= 5);
	assert_string_equal(path.dirs[0], "/first");
	assert_string_equal(path.dirs[1], "/second");
	assert_string_equal(path.dirs[2], "/etc/node_ext");
	assert_string_equal(path.dirs[3], "/usr/local/lib/node_ext");
	assert_string_equal(path.dirs[4], "/usr/lib/node_ext");
	policy_dirs_free(&path);
}

static void full_search_path_is_refused(void **state)
{
	struct policy_dirs path = {};
	char dir[16];
	int i;

	(void)state;
	for (i = 0; i < POLICY_DIRS_MAX; i++) {
		snprintf(dir, sizeof(dir), "/d%d", i);
		assert_int_equal(policy_dirs_add(&path, dir), 0);
	}
	assert_int_equal(policy_dirs_add(&path, "/more"), -E2BIG);
	/* Those of the system have room of their own. */
	assert_int_equal(policy_dirs_default(&path), 0);
	assert_string_equal(path.dirs[POLICY_DIRS_MAX + 2], "/usr/lib/node_ext");
	setenv("NODECTL_PATH", "/more", 1);
	assert_int_equal(policy_dirs_default(&path), -E2BIG);
	unsetenv("NODECTL_PATH");
	policy_dirs_free(&path);
}

static void bad_names_are_refused(void **state)
{
	static const char *const bad[] = { "", "..", "-x", "a b", "a;b", "a\n",
					   ".hidden" };
	struct policy_dirs path = {};
	struct failure f = {};
	char file[PATH_MAX], longest[PATH_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (policy_find(&path, bad[i], file, sizeof(file), &f) != -EINVAL)
			fail_msg("\"%s\" was taken for a name", bad[i]);
	assert_int_equal(policy_find(&path, "/no/such.bpf.o", file, sizeof(file),
				     &f), -ENOENT);
	assert_contains(f.cause, "/no/such.bpf.o");
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(policy_find(&path, longest, file, sizeof(file), &f),
			 -ENAMETOOLONG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_paths_are_told_apart),
		cmocka_unit_test(first_directory_wins),
		cmocka_unit_test(environment_comes_before_the_system),
		cmocka_unit_test(full_search_path_is_refused),
		cmocka_unit_test(bad_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
