// SPDX-License-Identifier: GPL-2.0
/* The digest by which a file is known again. */
#include "unit.h"

#include "digest.h"

/* What inspect and status show can be compared with the file. */
static void digest_is_that_of_sha256sum(void **state)
{
	static const char known[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct digest abc, abd, unknown = {};
	char text[DIGEST_TEXT];

	(void)state;
	digest_make("abc", 3, &abc);
	digest_make("abd", 3, &abd);
	assert_string_equal(digest_text(&abc, text, sizeof(text)), known);
	assert_true(digest_equal(&abc, &abc));
	assert_false(digest_equal(&abc, &abd));
	assert_false(digest_equal(&unknown, &unknown));
}

/* Whoever loads a policy by another program can give it a map of that name. */
static void second_digest_makes_it_unknown(void **state)
{
	struct digest abc, abd, d = {};

	(void)state;
	digest_make("abc", 3, &abc);
	digest_make("abd", 3, &abd);
	digest_found(&d, abc.bytes);
	assert_true(digest_equal(&d, &abc));
	digest_found(&d, abd.bytes);
	assert_false(digest_equal(&d, &abc));
	assert_false(digest_equal(&d, &abd));
	digest_found(&d, abd.bytes);
	assert_false(digest_equal(&d, &abd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_is_that_of_sha256sum),
		cmocka_unit_test(second_digest_makes_it_unknown),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
