// SPDX-License-Identifier: GPL-2.0
/* Which maps go from one policy to the next. */
#include "unit.h"

#include <errno.h>
#include <libgen.h>

#include "handover.h"

static void object_file(const char *name, char *path, size_t size)
{
	char exe[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(len > 0);
	exe[len] = '\0';
	snprintf(path, size, "%s/objects/%s.bpf.o", dirname(exe), name);
}

static void open_object(const char *name, struct object *o)
{
	struct failure f = {};
	char path[PATH_MAX];

	object_file(name, path, sizeof(path));
	if (object_open(path, o, &f))
		fail_msg("%s: %s", path, f.cause);
}

static struct map_shape shape_of(const struct object *o, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(o->obj, name);

	if (!map)
		fail_msg("%s has no map %s", o->name, name);
	return map_shape_declared(o, map);
}

static const struct {
	const char *map;
	const char *why;	/* NULL: handed over */
} expected[] = {
	{ "same", NULL },
	{ "same_array", NULL },
	{ "a_name_with_more_than_15_characters", NULL },
	{ "other_type", "its type differs (was hash, is lru_hash)" },
	{ "other_key_size", "the size of its key differs (was 8, is 4)" },
	{ "other_size", "the size of its value differs (was 8, is 4)" },
	{ "other_entries", "max_entries differs (was 64, is 128)" },
	{ "other_member", "the type of its value differs" },
	{ "other_key", "the type of its key differs" },
	{ "other_flags", "map_flags differ (were 0x1, are 0x0)" },
	{ "timers", "holds a bpf_timer" },
	{ "no_types", "not described" },
};

static void maps_declared_alike_may_replace_each_other(void **state)
{
	struct map_shape a, b;
	struct object old, new;
	char why[192];
	size_t i;

	(void)state;
	open_object("learn_old", &old);
	open_object("learn_new", &new);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		a = shape_of(&old, expected[i].map);
		b = shape_of(&new, expected[i].map);
		why[0] = '\0';
		if (map_may_replace(&a, &b, why, sizeof(why)) == !!expected[i].why)
			fail_msg("map %s: %s", expected[i].map,
				 why[0] ? why : "may be replaced");
		if (expected[i].why)
			assert_contains(why, expected[i].why);
	}
	object_close(&old);
	object_close(&new);
}

static void maps_with_timers_are_told_from_others(void **state)
{
	struct map_shape m;
	struct object old;

	(void)state;
	open_object("learn_old", &old);
	m = shape_of(&old, "timers");
	assert_true(map_runs_callbacks(&m));
	m = shape_of(&old, "same");
	assert_false(map_runs_callbacks(&m));
	m = shape_of(&old, "no_types");
	assert_false(map_runs_callbacks(&m));
	object_close(&old);
}

static void flags_of_the_descriptor_do_not_count(void **state)
{
	struct map_shape a, b;
	struct object old;
	char why[192];

	(void)state;
	open_object("learn_old", &old);
	a = b = shape_of(&old, "same");
	b.flags |= BPF_F_RDONLY;
	assert_true(map_may_replace(&a, &b, why, sizeof(why)));
	b.extra = 1;
	assert_false(map_may_replace(&a, &b, why, sizeof(why)));
	assert_contains(why, "map_extra");
	object_close(&old);
}

static void rounded_lru_maps_are_still_the_same(void **state)
{
	int cpus = libbpf_num_possible_cpus();
	struct map_shape a, b;
	struct object old;
	char why[192];

	(void)state;
	open_object("learn_old", &old);
	a = b = shape_of(&old, "same");
	a.type = b.type = BPF_MAP_TYPE_LRU_HASH;
	a.flags = b.flags = BPF_F_NO_COMMON_LRU;
	b.max_entries = 2 * cpus + 1;
	a.max_entries = 3 * cpus;
	assert_true(map_may_replace(&a, &b, why, sizeof(why)));
	a.max_entries = 4 * cpus;
	assert_false(map_may_replace(&a, &b, why, sizeof(why)));
	object_close(&old);
}

static void maps_of_programs_and_files_are_never_handed_over(void **state)
{
	static const uint32_t types[] = {
		BPF_MAP_TYPE_PROG_ARRAY, BPF_MAP_TYPE_HASH_OF_MAPS,
		BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_STRUCT_OPS,
		BPF_MAP_TYPE_ARENA, BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	};
	struct map_shape a;
	struct object old;
	char why[192];
	size_t i;

	(void)state;
	open_object("learn_old", &old);
	a = shape_of(&old, "same");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		a.type = types[i];
		assert_false(map_may_replace(&a, &a, why, sizeof(why)));
		assert_contains(why, "never handed over");
	}
	object_close(&old);
}

static void whole_names_come_from_the_types(void **state)
{
	struct map_shape a = {};
	struct object old;

	(void)state;
	open_object("learn_old", &old);
	a.btf = old.btf;
	a.name = "same";
	assert_int_equal(map_name_match(&a, "same"), NAME_EQUAL);
	assert_int_equal(map_name_match(&a, "sam"), NAME_DIFFERS);
	assert_int_equal(map_name_match(&a, "same_array"), NAME_DIFFERS);
	a.name = "a_name_with_mor";
	assert_int_equal(map_name_match(&a, "a_name_with_more_than_15_characters"),
			 NAME_EQUAL);
	assert_int_equal(map_name_match(&a, "a_name_with_more_of_it"),
			 NAME_DIFFERS);
	a.name = "twice_the_same_";
	assert_int_equal(map_name_match(&a, "twice_the_same_start_a"),
			 NAME_UNCLEAR);
	a.btf = NULL;
	assert_int_equal(map_name_match(&a, "twice_the_same_"), NAME_EQUAL);
	assert_int_equal(map_name_match(&a, "twice_the_same_start_a"),
			 NAME_UNCLEAR);
	object_close(&old);
}

static void types_are_compared_member_by_member(void **state)
{
	struct btf *a = btf__new_empty(), *b = btf__new_empty();
	int u32_a, u32_b, u64_b, s_a, s_b, t_b, v_b, i32_b;

	(void)state;
	u32_a = btf__add_int(a, "unsigned int", 4, 0);
	/* Other ids in the other one. */
	u64_b = btf__add_int(b, "unsigned long", 8, 0);
	i32_b = btf__add_int(b, "unsigned int", 4, BTF_INT_SIGNED);
	u32_b = btf__add_int(b, "unsigned int", 4, 0);
	assert_true(btf_equal(a, u32_a, b, u32_b));
	assert_true(btf_equal(a, 0, b, 0));
	assert_false(btf_equal(a, u32_a, b, 0));
	assert_false(btf_equal(a, u32_a, b, u64_b));
	assert_false(btf_equal(a, u32_a, b, i32_b));
	assert_false(btf_equal(a, u32_a, b, 99));
	v_b = btf__add_volatile(b, u32_b);
	assert_true(btf_equal(a, u32_a, b, v_b));
	t_b = btf__add_typedef(b, "pages_t", u32_b);
	assert_false(btf_equal(a, u32_a, b, t_b));
	s_a = btf__add_struct(a, "s", 8);
	assert_false(btf__add_field(a, "x", u32_a, 0, 0));
	assert_false(btf__add_field(a, "y", u32_a, 32, 0));
	s_b = btf__add_struct(b, "s", 8);
	assert_false(btf__add_field(b, "x", u32_b, 0, 0));
	assert_false(btf__add_field(b, "y", v_b, 32, 0));
	assert_true(btf_equal(a, s_a, b, s_b));
	/* Swapped members, same size. */
	s_b = btf__add_struct(b, "s", 8);
	assert_false(btf__add_field(b, "y", u32_b, 0, 0));
	assert_false(btf__add_field(b, "x", u32_b, 32, 0));
	assert_false(btf_equal(a, s_a, b, s_b));
	/* Only one of them. */
	s_b = btf__add_struct(b, "s", 8);
	assert_false(btf__add_field(b, "x", u32_b, 0, 0));
	assert_false(btf_equal(a, s_a, b, s_b));
	btf__free(a);
	btf__free(b);
}

/* Loads the maps of an object, and nothing else, as the policy that runs. */
static bool make_live(struct object *o, struct live *live)
{
	struct bpf_map_info info;
	struct bpf_program *prog;
	struct bpf_map *map;
	__u32 len;

	memset(live, 0, sizeof(*live));
	bpf_object__for_each_program(prog, o->obj)
		bpf_program__set_autoload(prog, false);
	bpf_map__set_autocreate(o->ops_map, false);
	if (bpf_object__load(o->obj))
		return false;
	bpf_object__for_each_map(map, o->obj) {
		if (map == o->ops_map)
			continue;
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		assert_int_equal(bpf_map_get_info_by_fd(bpf_map__fd(map), &info,
							&len), 0);
		live->map_ids[live->nr_maps++] = info.id;
	}
	return true;
}

static const struct handover_map *result_of(const struct handover *h,
					    const char *name)
{
	unsigned int i = 0;

	while (i < h->nr && strcmp(h->maps[i].name, name))
		i++;
	if (i == h->nr)
		fail_msg("map %s is not in the list", name);
	return &h->maps[i];
}

#define LEARNED	"a_name_with_more_than_15_characters"

static int store(struct object *o, const char *map, const void *key, size_t size,
		 uint64_t value)
{
	return bpf_map__update_elem(bpf_object__find_map_by_name(o->obj, map), key,
				    size, &value, sizeof(value), 0);
}

static int lookup(struct object *o, const char *map, uint64_t key, uint64_t *value)
{
	return bpf_map__lookup_elem(bpf_object__find_map_by_name(o->obj, map), &key,
				    sizeof(key), value, sizeof(*value), 0);
}

/* Also: sections of the object are no maps of a policy. */
static void check_results(const struct handover *h)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct handover_map *m = result_of(h, expected[i].map);

		assert_true(m->namesake);
		if (!m->id != !!expected[i].why)
			fail_msg("map %s: %s", m->name, m->why);
		if (expected[i].why)
			assert_contains(m->why, expected[i].why);
	}
	for (i = 0; i < h->nr; i++)
		assert_null(strchr(h->maps[i].name, '.'));
}

static void the_next_policy_has_what_was_learned(void **state)
{
	struct object old, new;
	struct failure f = {};
	struct handover h;
	struct live live;
	uint64_t key = 7, got = 0;
	uint32_t index = 2;

	(void)state;
	open_object("learn_old", &old);
	if (!make_live(&old, &live)) {
		print_message("maps cannot be created here: run it as root\n");
		object_close(&old);
		skip();
	}
	assert_int_equal(store(&old, LEARNED, &key, sizeof(key), 42), 0);
	assert_int_equal(store(&old, "same_array", &index, sizeof(index), 42), 0);

	open_object("learn_new", &new);
	if (handover_maps(&live, &new, false, &h, &f))
		fail_msg("%s", f.cause);
	check_results(&h);
	assert_int_equal(h.nr_done, 3);
	assert_false(result_of(&h, "only_new")->namesake);
	assert_contains(result_of(&h, "counters")->why, "afresh");
	assert_contains(result_of(&h, "twice_the_same_start_a")->why,
			"15 characters");

	handover_free(&h);
	assert_true(make_live(&new, &live));
	assert_int_equal(lookup(&new, LEARNED, key, &got), 0);
	assert_int_equal(got, 42);
	object_close(&new);

	/* Once more: the map is one of two objects by now. */
	open_object("learn_new", &new);
	assert_int_equal(handover_maps(&live, &new, true, &h, &f), 0);
	assert_int_equal(h.nr_done, 0);
	assert_contains(result_of(&h, "same")->why, "--fresh");
	handover_free(&h);
	assert_true(make_live(&new, &live));
	assert_int_not_equal(lookup(&new, LEARNED, key, &got), 0);
	object_close(&new);
	object_close(&old);
}

static void maps_that_are_gone_are_an_error(void **state)
{
	struct live live = { .nr_maps = 1, .map_ids = { 0x7ffffff0 } };
	struct failure f = {};
	struct object new;
	struct handover h;

	(void)state;
	open_object("learn_new", &new);
	assert_true(handover_maps(&live, &new, false, &h, &f) < 0);
	assert_contains(f.cause, "cannot read about map");
	assert_contains(f.next, "--fresh");
	handover_free(&h);
	assert_int_equal(handover_maps(&live, &new, true, &h, &f), 0);
	handover_free(&h);
	object_close(&new);
}

#define LONG_NAME \
	"a_name_that_is_longer_than_what_fits_into_sixty_four_characters_which_is_much"

static void neither_number_nor_names_of_maps_have_a_limit(void **state)
{
	struct live live = {};
	struct failure f = {};
	struct object new;
	struct handover h;

	(void)state;
	open_object("many_maps", &new);
	assert_int_equal(handover_maps(&live, &new, true, &h, &f), 0);
	assert_int_equal(h.nr, 81);
	assert_contains(result_of(&h, "map79")->why, "--fresh");
	assert_contains(result_of(&h, LONG_NAME)->why, "--fresh");
	handover_free(&h);
	assert_int_equal(handover_maps(&live, &new, false, &h, &f), 0);
	assert_int_equal(h.nr, 81);
	assert_contains(result_of(&h, "map00")->why, "no map of this name");
	handover_free(&h);
	object_close(&new);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_declared_alike_may_replace_each_other),
		cmocka_unit_test(maps_with_timers_are_told_from_others),
		cmocka_unit_test(flags_of_the_descriptor_do_not_count),
		cmocka_unit_test(rounded_lru_maps_are_still_the_same),
		cmocka_unit_test(maps_of_programs_and_files_are_never_handed_over),
		cmocka_unit_test(whole_names_come_from_the_types),
		cmocka_unit_test(types_are_compared_member_by_member),
		cmocka_unit_test(the_next_policy_has_what_was_learned),
		cmocka_unit_test(maps_that_are_gone_are_an_error),
		cmocka_unit_test(neither_number_nor_names_of_maps_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
