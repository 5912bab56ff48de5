// SPDX-License-Identifier: GPL-2.0
/*
 * nodectl new, and what the author of a policy gets: the real program, the
 * real headers, the compilers.
 */
#include "shell.h"

#include <bpf/btf.h>

static void a_new_policy_is_built_tested_and_inspected_by_make(void **state)
{
	assert_run(0, *state, "$nodectl new mine d && make -C d");
	assert_contains(said, "[  PASSED  ] 2 test(s).");
	assert_contains(said, "policy      mine\n");
}

static void make_fails_when_the_test_of_the_new_policy_fails(void **state)
{
	assert_run(0, *state, "$nodectl new mine d");
	assert_run(2, *state, "sed -i 's/<=/>=/' d/mine.bpf.c && make -C d");
	assert_contains(said, "[  FAILED  ]");
}

static void nothing_of_the_template_is_left_in_the_copy(void **state)
{
	assert_run(0, *state, "$nodectl new mine d");
	assert_run(1, *state, "grep -rE '@[A-Z]+@' d");
	assert_run(1, *state, "ls d | grep @");
}

static void a_bad_name_is_refused_and_leaves_nothing(void **state)
{
	static const char *const bad[] = {
		"''", "1st", "a-b", "a.b", "../x", "'a b'", "_x", "int",
		"log", "'$(id)'", "sixteen_letters_",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_run(1, *state, "$nodectl new %s d", bad[i]);
		assert_contains(said, "cannot make a policy");
		assert_run(1, *state, "ls | grep .");
	}
}

static void a_name_of_15_characters_is_taken(void **state)
{
	assert_run(0, *state, "$nodectl new fifteen_letters d && make -C d");
	assert_contains(said, "policy      fifteen_letters\n");
}

/* The last one that is copied: the others must not be written before. */
static void a_file_that_is_there_is_kept_and_nothing_else_made(void **state)
{
	assert_run(0, *state, "mkdir d && echo old >d/test_mine.c");
	assert_run(1, *state, "$nodectl new mine d");
	assert_contains(said, "d/test_mine.c is there already");
	assert_run(0, *state, "[ \"$(cat d/*)\" = old ] && [ $(ls d | wc -l) = 1 ]");
}

static void a_dangling_link_is_not_written_through(void **state)
{
	assert_run(0, *state, "mkdir d && ln -s ../else d/Makefile");
	assert_run(1, *state, "$nodectl new mine d");
	assert_run(1, *state, "test -e else");
}

static void other_files_in_the_directory_stay(void **state)
{
	assert_run(0, *state, "mkdir d && echo old >d/notes && $nodectl new mine d");
	assert_run(0, *state, "[ \"$(cat d/notes)\" = old ] && test -e d/mine.bpf.c");
}

static void a_directory_that_cannot_be_made_is_told(void **state)
{
	assert_run(1, *state, "$nodectl new mine a/b");
	assert_contains(said, "cannot make the directory a/b");
	assert_run(1, *state, "touch file; $nodectl new mine file");
	assert_contains(said, "file is not a directory");
}

/* The copy fails in the middle: file sizes are limited to 0. */
static void a_copy_that_fails_is_taken_back(void **state)
{
	assert_run(1, *state, "trap '' XFSZ; ulimit -f 0; $nodectl new mine d");
	assert_run(1, *state, "test -e d");
}

static void without_template_the_message_says_where_it_comes_from(void **state)
{
	assert_run(0, *state, "cp $nodectl . && ! ./nodectl new mine d");
	assert_contains(said, "make kit");
	assert_run(1, *state, "test -e d");
}

static void json_names_the_files(void **state)
{
	assert_run(0, *state, "$nodectl --json new mine d");
	assert_string_equal(said,
			    "{\"name\":\"mine\",\"dir\":\"d\",\"files\":[\"d/mine.bpf.c\",\"d/Makefile\",\"d/README.md\",\"d/test_mine.c\"]}\n");
}

static void the_readme_shows_what_new_makes(void **state)
{
	assert_run(0, *state, "$nodectl new first d");
	assert_run(0, *state,
		   "sed -n '/^```c first.bpf.c$/,/^```$/p' $top/README.md | sed '1d;$d' | diff - d/first.bpf.c");
}

/* Does a pointer among the arguments lead to what is only declared? */
static bool takes_a_declaration(const struct btf *btf, __u32 func)
{
	const struct btf_type *t = btf__type_by_id(btf, func), *arg;
	const struct btf_param *p;
	__u32 i;

	t = btf__type_by_id(btf, t->type);
	p = btf_params(t);
	for (i = 0; i < btf_vlen(t); i++, p++) {
		arg = btf__type_by_id(btf, btf__resolve_type(btf, p->type));
		if (btf_is_ptr(arg)) {
			arg = btf__type_by_id(btf, arg->type);
			if (btf_is_fwd(arg))
				return true;
		}
	}
	return false;
}

/* libbpf compares them with the kernel's types, and refuses the object. */
static void kernel_functions_take_types_that_are_defined(void **state)
{
	const struct btf_var_secinfo *v;
	const struct btf_type *sec;
	char path[PATH_MAX + 32];
	struct btf *btf;
	__s32 id;
	__u32 i;

	(void)state;
	snprintf(path, sizeof(path), "%s/build/bpf/compressible.bpf.o", top());
	btf = btf__parse(path, NULL);
	assert_non_null(btf);
	id = btf__find_by_name_kind(btf, ".ksyms", BTF_KIND_DATASEC);
	assert_true(id > 0);
	sec = btf__type_by_id(btf, id);
	v = btf_var_secinfos(sec);
	for (i = 0; i < btf_vlen(sec); i++)
		assert_false(takes_a_declaration(btf, v[i].type));
	btf__free(btf);
}

static void the_types_are_those_of_the_kernel(void **state)
{
	(void)state;
	if (run(top(), "test -r build/image/release/vmlinux.h")) {
		print_message("no kernel was built: nothing to compare with\n");
		skip();
	}
	if (run(top(), "scripts/types.pl build/image/release/vmlinux.h | diff include/node_ext_types.h -"))
		fail_msg("the interface has changed, run make types:\n%s", said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_policy_is_built_tested_and_inspected_by_make),
		TEST(make_fails_when_the_test_of_the_new_policy_fails),
		TEST(nothing_of_the_template_is_left_in_the_copy),
		TEST(a_bad_name_is_refused_and_leaves_nothing),
		TEST(a_name_of_15_characters_is_taken),
		TEST(a_file_that_is_there_is_kept_and_nothing_else_made),
		TEST(a_dangling_link_is_not_written_through),
		TEST(other_files_in_the_directory_stay),
		TEST(a_directory_that_cannot_be_made_is_told),
		TEST(a_copy_that_fails_is_taken_back),
		TEST(without_template_the_message_says_where_it_comes_from),
		TEST(json_names_the_files),
		TEST(the_readme_shows_what_new_makes),
		cmocka_unit_test(kernel_functions_take_types_that_are_defined),
		cmocka_unit_test(the_types_are_those_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
