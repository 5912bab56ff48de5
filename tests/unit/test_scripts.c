// SPDX-License-Identifier: GPL-2.0
/* The scripts for users: what they refuse, and that they leave nothing. */
#include "shell.h"

static void make_cold_refuses_what_is_no_size(void **state)
{
	static const char *const bad[] = {
		"", "0", "-1", "48M", "1e3", "99999999", "'1 2'",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_run(2, *state, "$top/scripts/make-cold %s", bad[i]);
		assert_contains(said, "usage: make-cold");
	}
}

static void make_cold_tells_its_use(void **state)
{
	assert_run(0, *state, "$top/scripts/make-cold --help");
	assert_contains(said, "usage: make-cold [--random] MIB [COMMAND...]\n");
}

static void packages_that_are_there_are_not_fetched(void **state)
{
	assert_run(3, *state,
		   "HOME=$PWD XDG_CACHE_HOME= $top/scripts/with-packages.sh bash dpkg -- sh -c 'exit 3'");
	assert_run(1, *state, "ls -A | grep .");
}

static void with_packages_needs_packages_and_a_command(void **state)
{
	assert_run(1, *state, "$top/scripts/with-packages.sh -- true");
	assert_run(1, *state, "$top/scripts/with-packages.sh bash --");
	assert_contains(said, "usage:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(make_cold_refuses_what_is_no_size),
		TEST(make_cold_tells_its_use),
		TEST(packages_that_are_there_are_not_fetched),
		TEST(with_packages_needs_packages_and_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
