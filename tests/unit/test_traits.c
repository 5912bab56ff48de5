// SPDX-License-Identifier: GPL-2.0
/* Which nodes a policy is for: what it says, and why a node does not fit. */
#include "unit.h"

#include "object.h"
#include "traits.h"

static const struct conditions all = {
	"cram*", "fence, ecc", 1 << 20, 1 << 30, 2,
};

static const struct traits fits = { "cram", "ecc fence", 1 << 20, 2 };

static void assert_misfit(const struct traits *t, const char *reason)
{
	char why[256] = "";

	assert_false(traits_hold(t, &all, why, sizeof(why)));
	assert_string_equal(why, reason);
}

static void first_condition_that_fails_is_named(void **state)
{
	struct traits t = fits;

	(void)state;
	assert_true(traits_hold(&t, &all, NULL, 0));
	t.size = 1 << 30;
	assert_true(traits_hold(&t, &all, NULL, 0));
	t.classes = 1;
	assert_misfit(&t, "it has 1 compression classes, less than 2");
	t.size = (1 << 30) + 1;
	assert_misfit(&t, "its size is 1.0 GiB, more than 1.0 GiB");
	t.size = 1 << 19;
	assert_misfit(&t, "its size is 512.0 KiB, less than 1.0 MiB");
	strcpy(t.features, "fences ecc");
	assert_misfit(&t, "it lacks the feature fence");
	strcpy(t.features, "fence");
	assert_misfit(&t, "it lacks the feature ecc");
	strcpy(t.driver, "dax0.0");
	assert_misfit(&t, "its driver is dax0.0, not cram*");
}

static void open_built(const char *name, struct object *o)
{
	char exe[PATH_MAX], path[PATH_MAX + 64];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	struct failure f = {};

	assert_true(len > 0);
	exe[len] = '\0';
	*strrchr(exe, '/') = '\0';
	snprintf(path, sizeof(path), "%s/objects/%s.bpf.o", exe, name);
	if (object_open(path, o, &f))
		fail_msg("%s: %s", path, f.cause);
}

static void object_says_what_it_is_for(void **state)
{
	const struct policy_match *m;
	struct object o;

	(void)state;
	open_built("matched", &o);
	m = &o.meta.match;
	assert_true(m->said);
	assert_string_equal(m->driver, "cram*");
	assert_string_equal(m->features, "fence");
	assert_true(m->min_size == 1ULL << 30);
	assert_true(m->max_size == 1ULL << 40);
	assert_int_equal(m->min_classes, 2);
	object_close(&o);
}

static void object_that_says_nothing_is_for_all_nodes(void **state)
{
	const struct traits any = {};
	struct object o;

	(void)state;
	open_built("good", &o);
	assert_false(o.meta.match.said);
	assert_true(policy_fits(&o.meta.match, &any, NULL, 0));
	object_close(&o);
	open_built("matched", &o);
	assert_false(policy_fits(&o.meta.match, &any, NULL, 0));
	object_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_condition_that_fails_is_named),
		cmocka_unit_test(object_says_what_it_is_for),
		cmocka_unit_test(object_that_says_nothing_is_for_all_nodes),
	};

	return cmocka_run_group_tests_name("traits", tests, NULL, NULL);
}
