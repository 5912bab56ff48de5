// SPDX-License-Identifier: GPL-2.0
/* What may go to a terminal, and what must not. */
#include "unit.h"

#include <json-c/json.h>

#include "text.h"

static void printable_text_is_known(void **state)
{
	static const char *const good[] = {
		"", "plain", "na\xc3\xafve", "\xe2\x82\xac", "\xf0\x9f\x90\xa7",
	};
	static const char *const bad[] = {
		"\033[2J", "a\nb", "a\tb", "\x7f",
		"\xc2\x9b",		/* a control character of two bytes */
		"\xe2\x80\xae",		/* turns the line round */
		"\xff", "\x80", "\xc3", "\xc3(", "\xe2\x82", "\xf0\x9f\x90",
		"\xc0\xaf", "\xe0\x80\xaf",	/* longer than need be */
		"\xed\xa0\x80",		/* half of a pair of UTF-16 */
		"\xf4\x90\x80\x80",	/* beyond the last character */
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++)
		if (!text_is_printable(good[i]))
			fail_msg("good text %zu is refused", i);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (text_is_printable(bad[i]))
			fail_msg("bad text %zu is taken", i);
}

static void names_are_those_of_c(void **state)
{
	static const char *const bad[] = { "", "1a", "a b", "a-b", "`a`", "\xc3\xaf" };
	size_t i;

	(void)state;
	assert_true(text_is_name("_a1"));
	assert_true(text_is_name("Z"));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_is_name(bad[i]));
}

static void cleaning_keeps_what_can_be_shown(void **state)
{
	char text[] = "na\xc3\xafve \033[2J \xff\xe2\x82.";

	(void)state;
	text_clean(text);
	assert_string_equal(text, "na\xc3\xafve ?[2J ???.");
}

static void cleaning_may_keep_lines_and_tabs(void **state)
{
	char text[] = "\n\ta\033\n\xe2\x82\nb\xc3\xaf\r\n\n";

	(void)state;
	text_clean_lines(text);
	assert_string_equal(text, "\n\ta?\n??\nb\xc3\xaf?\n\n");
}

static void pairs_are_taken_one_by_one(void **state)
{
	char line[] = " kind=slow  member= word code=-1 text=a b=c ";
	char *left = line, *value;

	(void)state;
	assert_string_equal(text_pair(&left, &value), "kind");
	assert_string_equal(value, "slow");
	assert_string_equal(text_pair(&left, &value), "member");
	assert_string_equal(value, "");
	assert_string_equal(text_pair(&left, &value), "word");
	assert_null(value);
	assert_string_equal(text_pair(&left, &value), "code");
	assert_string_equal(value, "-1");
	assert_string_equal(text_pair(&left, &value), "text");
	assert_string_equal(value, "a b=c ");
	assert_null(text_pair(&left, &value));
}

/* Whatever a message names, it is fit for a terminal. */
static void failures_are_clean(void **state)
{
	struct failure f = {};

	(void)state;
	fail(&f, -1, "next \033", "cause %s", "\xff");
	assert_string_equal(f.cause, "cause ?");
	assert_string_equal(f.next, "next ?");
}

/* JSON is UTF-8; what it may hold besides is escaped by json-c. */
static void json_is_clean(void **state)
{
	struct json_object *o = json_object_new_object();

	(void)state;
	out_str(o, "key", "a\xff\033");
	assert_string_equal(json_object_to_json_string_ext(o,
				JSON_C_TO_STRING_PLAIN), "{\"key\":\"a??\"}");
	json_object_put(o);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(printable_text_is_known),
		cmocka_unit_test(names_are_those_of_c),
		cmocka_unit_test(cleaning_keeps_what_can_be_shown),
		cmocka_unit_test(cleaning_may_keep_lines_and_tabs),
		cmocka_unit_test(pairs_are_taken_one_by_one),
		cmocka_unit_test(failures_are_clean),
		cmocka_unit_test(json_is_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
