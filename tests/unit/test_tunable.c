// SPDX-License-Identifier: GPL-2.0
/* key=value arguments, values, ranges, and where they are stored. */
#include "unit.h"

#include <errno.h>

#include "tunable.h"

static const struct tunable share = {
	.name = "share", .unit = "permille", .type = TUNABLE_U32,
	.def = 600, .min = 0, .max = 1000, .offset = 0, .size = 4,
};
static const struct tunable bias = {
	.name = "bias", .type = TUNABLE_S32, .def = (uint64_t)-5,
	.min = (uint64_t)-100, .max = 100, .offset = 4, .size = 4,
};
static const struct tunable size = {
	.name = "size", .unit = "bytes", .type = TUNABLE_U64,
	.def = 4096, .min = 0, .max = UINT64_MAX, .offset = 8, .size = 8,
};
static const struct tunable wait_ns = {
	.name = "wait_ns", .unit = "ns", .type = TUNABLE_S64, .def = 0,
	.min = (uint64_t)INT64_MIN, .max = INT64_MAX, .offset = 16, .size = 8,
};
static const struct tunable on = {
	.name = "on", .type = TUNABLE_BOOL, .def = 1, .min = 0, .max = 1,
	.offset = 24, .size = 1,
};

static void types_have_names(void **state)
{
	enum tunable_type type;

	(void)state;
	assert_int_equal(tunable_type_parse("s64", &type), 0);
	assert_int_equal(type, TUNABLE_S64);
	assert_string_equal(tunable_type_name(TUNABLE_BOOL), "bool");
	assert_int_equal(tunable_type_size(TUNABLE_BOOL), 1);
	assert_int_equal(tunable_type_parse("u16", &type), -EINVAL);
	assert_int_equal(tunable_type_parse("", &type), -EINVAL);
}

static void good_values_are_read(void **state)
{
	static const struct {
		const struct tunable *tun;
		const char *text;
		uint64_t value;
	} good[] = {
		{ &share, "0", 0 },		{ &share, "1000", 1000 },
		{ &share, "0x10", 16 },		{ &share, "50%", 500 },
		{ &share, "010", 10 },
		{ &bias, "-100", (uint64_t)-100 }, { &bias, "100", 100 },
		{ &size, "4K", 4096 },		{ &size, "2G", 2ULL << 30 },
		{ &size, "18446744073709551615", UINT64_MAX },
		{ &wait_ns, "5ms", 5000000 },	{ &wait_ns, "-1s", -1000000000ULL },
		{ &wait_ns, "-9223372036854775808", (uint64_t)INT64_MIN },
		{ &wait_ns, "9223372036854775807", INT64_MAX },
		{ &on, "true", 1 }, { &on, "off", 0 }, { &on, "1", 1 },
		{ &on, "no", 0 },
	};
	struct failure f = {};
	uint64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		if (tunable_parse_value(good[i].tun, good[i].text, &value, &f))
			fail_msg("%s=%s: %s", good[i].tun->name,
				 good[i].text, f.cause);
		assert_true(value == good[i].value);
	}
}

static void values_out_of_range_are_refused(void **state)
{
	static const struct {
		const struct tunable *tun;
		const char *text;
	} bad[] = {
		{ &share, "1001" }, { &share, "-1" }, { &share, "101%" },
		{ &share, "4294967296" },	/* 0 in 32 bits */
		{ &share, "18446744073709551616" },
		{ &bias, "-101" }, { &bias, "101" }, { &bias, "4294967295" },
		{ &size, "-1" }, { &size, "18446744073709551616" },
		{ &size, "16777216T" },		/* 2^64 */
		{ &wait_ns, "9223372036854775808" },
		{ &wait_ns, "-9223372036854775809" },
		{ &wait_ns, "9223372037s" },
	};
	struct failure f = {};
	uint64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (tunable_parse_value(bad[i].tun, bad[i].text, &value, &f) !=
		    -ERANGE)
			fail_msg("%s=%s was taken", bad[i].tun->name, bad[i].text);
		assert_contains(f.cause, bad[i].tun->name);
	}
	tunable_parse_value(&share, "1001", &value, &f);
	assert_contains(f.next, "0 to 1000 permille");
}

static void what_is_no_value_is_refused(void **state)
{
	static const struct {
		const struct tunable *tun;
		const char *text;
	} bad[] = {
		{ &share, "" }, { &share, "x" }, { &share, "1x" },
		{ &share, " 1" }, { &share, "1 " }, { &share, "+1" },
		{ &share, "0x" }, { &share, "0xg" }, { &share, "1.5" },
		{ &share, "5K" },	/* not a size */
		{ &bias, "-" }, { &bias, "--1" }, { &bias, "5%" },
		{ &size, "1KB" }, { &size, "K" }, { &size, "1k" },
		{ &wait_ns, "1h" },
		{ &on, "" }, { &on, "2" }, { &on, "TRUE" }, { &on, "-1" },
	};
	struct failure f = {};
	uint64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (tunable_parse_value(bad[i].tun, bad[i].text, &value, &f) !=
		    -EINVAL)
			fail_msg("%s=%s was taken", bad[i].tun->name, bad[i].text);
}

static void arguments_are_split_at_the_first_equal_sign(void **state)
{
	char *args[] = { "a=1", "bc=x=y", "d=" };
	struct failure f = {};
	struct settings set;

	(void)state;
	assert_int_equal(settings_parse(args, 3, &set, &f), 0);
	assert_int_equal(set.nr, 3);
	assert_string_equal(set.list[0].key, "a");
	assert_string_equal(set.list[1].key, "bc");
	assert_string_equal(set.list[1].value, "x=y");
	assert_string_equal(set.list[2].value, "");
}

static void broken_arguments_are_refused(void **state)
{
	char longest[64], *args[SETTINGS_MAX + 1];
	char names[SETTINGS_MAX + 1][16];
	struct failure f = {};
	struct settings set;
	int i;

	(void)state;
	args[0] = "novalue";
	assert_int_equal(settings_parse(args, 1, &set, &f), -EINVAL);
	assert_contains(f.cause, "novalue");
	args[0] = "=1";
	assert_int_equal(settings_parse(args, 1, &set, &f), -EINVAL);
	args[0] = "a=1";
	args[1] = "a=1";
	assert_int_equal(settings_parse(args, 2, &set, &f), -EINVAL);
	assert_contains(f.cause, "twice");
	memset(longest, 'k', sizeof(longest));
	strcpy(longest + NODE_EXT_NAME_LEN + 1, "=1");
	args[0] = longest;
	assert_int_equal(settings_parse(args, 1, &set, &f), -EINVAL);
	for (i = 0; i <= SETTINGS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "k%d=1", i);
		args[i] = names[i];
	}
	assert_int_equal(settings_parse(args, SETTINGS_MAX, &set, &f), 0);
	assert_int_equal(settings_parse(args, SETTINGS_MAX + 1, &set, &f), -EINVAL);
}

static void wrong_key_lists_the_right_ones(void **state)
{
	struct tunable list[] = { share, on, size };
	struct policy_meta meta = { .tunables = list,
				    .nr_tunables = ARRAY_SIZE(list) };
	struct tunable_change changes[SETTINGS_MAX];
	char *args[] = { "share=5", "shear=5" };
	struct failure f = {};
	struct settings set;

	(void)state;
	assert_int_equal(settings_parse(args, 2, &set, &f), 0);
	assert_int_equal(tunables_vet(&meta, &set, changes, &f), -ENOENT);
	assert_contains(f.cause, "shear");
	assert_contains(f.next, "share is a number (u32) from 0 to 1000 permille");
	assert_contains(f.next, ", also with %;");
	assert_contains(f.next, ", also with K, M, G or T.");
	assert_contains(f.next, "on is true or false, default true");
	set.nr = 1;
	assert_int_equal(tunables_vet(&meta, &set, changes, &f), 0);
	assert_ptr_equal(changes[0].tun, &list[0]);
	assert_int_equal(changes[0].value, 5);
	meta.nr_tunables = 0;
	assert_int_equal(tunables_vet(&meta, &set, changes, &f), -ENOENT);
	assert_contains(f.next, "no tunables");
}

static void list_of_tunables_never_overflows(void **state)
{
	struct policy_meta meta = { .nr_tunables = 64 };
	struct tunable_change changes[SETTINGS_MAX];
	char *args[] = { "wrong=1" };
	struct failure f = {};
	struct settings set;
	unsigned int i;

	(void)state;
	meta.tunables = calloc(64, sizeof(*meta.tunables));
	assert_non_null(meta.tunables);
	for (i = 0; i < 64; i++) {
		meta.tunables[i] = size;
		memset(meta.tunables[i].name, 'x', NODE_EXT_NAME_LEN);
	}
	assert_int_equal(settings_parse(args, 1, &set, &f), 0);
	assert_int_equal(tunables_vet(&meta, &set, changes, &f), -ENOENT);
	assert_true(strlen(f.next) < sizeof(f.next));
	free(meta.tunables);
}

static void storing_one_leaves_its_neighbours(void **state)
{
	static const struct tunable *const all[] = { &share, &bias, &size,
						     &wait_ns, &on };
	static const uint64_t values[] = { 7, (uint64_t)-7, UINT64_MAX - 1,
					   (uint64_t)INT64_MIN, 1 };
	uint64_t area[4], want[ARRAY_SIZE(all)];
	size_t i, j;

	(void)state;
	memset(area, 0, sizeof(area));
	for (i = 0; i < ARRAY_SIZE(all); i++)
		want[i] = 0;
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		tunable_store(all[i], area, values[i]);
		want[i] = values[i];
		for (j = 0; j < ARRAY_SIZE(all); j++)
			assert_true(tunable_load(all[j], area) == want[j]);
	}
	/* The seven bytes behind the bool belong to nobody here. */
	assert_int_equal(area[3], 1);
}

static void values_are_printed_as_they_are_read(void **state)
{
	struct failure f = {};
	char text[32];
	uint64_t value;

	(void)state;
	tunable_format(&bias, (uint64_t)-5, text, sizeof(text));
	assert_string_equal(text, "-5");
	tunable_format(&on, 1, text, sizeof(text));
	assert_string_equal(text, "true");
	tunable_format(&size, UINT64_MAX, text, sizeof(text));
	assert_int_equal(tunable_parse_value(&size, text, &value, &f), 0);
	assert_true(value == UINT64_MAX);
	tunable_format(&wait_ns, (uint64_t)INT64_MIN, text, sizeof(text));
	assert_int_equal(tunable_parse_value(&wait_ns, text, &value, &f), 0);
	assert_true(value == (uint64_t)INT64_MIN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_have_names),
		cmocka_unit_test(good_values_are_read),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(what_is_no_value_is_refused),
		cmocka_unit_test(arguments_are_split_at_the_first_equal_sign),
		cmocka_unit_test(broken_arguments_are_refused),
		cmocka_unit_test(wrong_key_lists_the_right_ones),
		cmocka_unit_test(list_of_tunables_never_overflows),
		cmocka_unit_test(storing_one_leaves_its_neighbours),
		cmocka_unit_test(values_are_printed_as_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
