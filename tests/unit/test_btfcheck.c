// SPDX-License-Identifier: GPL-2.0
/*
 * Types that are damaged, each put in the place of the good ones of an object
 * that is nothing but a header, names of sections, and types.
 */
#include "unit.h"

#include <elf.h>
#include <errno.h>

#include <bpf/btf.h>

#include "btfcheck.h"

#define DATA_SIZE	64

/**
 * struct file - an ELF file with the sections .BTF and .data
 * @eh: its header
 * @names: of the sections
 * @data: one section
 * @sh: headers of the sections
 * @types: the other section
 */
struct file {
	Elf64_Ehdr eh;
	char names[32];
	char data[DATA_SIZE];
	Elf64_Shdr sh[4];
	char types[1 << 20];
};

static struct btf *btf;
static int u64;

static int begin(void **state)
{
	(void)state;
	btf = btf__new_empty();
	u64 = btf__add_int(btf, "u64", 8, 0);
	return u64 < 0;
}

static int end(void **state)
{
	(void)state;
	btf__free(btf);
	return 0;
}

static int check(struct failure *f)
{
	static const char names[] = "\0.BTF\0.data";
	struct file *file = calloc(1, sizeof(*file));
	const void *types;
	uint32_t size;
	int err;

	assert_non_null(file);
	types = btf__raw_data(btf, &size);
	assert_true(size <= sizeof(file->types));
	memcpy(file->types, types, size);
	memcpy(file->names, names, sizeof(names));
	file->eh.e_shoff = offsetof(struct file, sh);
	file->eh.e_shnum = 4;
	file->eh.e_shstrndx = 1;
	file->sh[1].sh_offset = offsetof(struct file, names);
	file->sh[1].sh_size = sizeof(names);
	file->sh[2].sh_name = 1;
	file->sh[2].sh_offset = offsetof(struct file, types);
	file->sh[2].sh_size = size;
	file->sh[3].sh_name = 6;
	file->sh[3].sh_offset = offsetof(struct file, data);
	file->sh[3].sh_size = DATA_SIZE;
	err = btf_check(file, f);
	free(file);
	return err;
}

static void refused(const char *why)
{
	struct failure f = {};

	assert_int_equal(check(&f), -EINVAL);
	assert_contains(f.cause, why);
	assert_true(f.next[0]);
}

static void accepted(void)
{
	struct failure f = {};

	if (check(&f))
		fail_msg("%s", f.cause);
}

/* A variable of @type at @offset of section @name. */
static void add_var(const char *name, int type, uint32_t offset, uint32_t size)
{
	int var = btf__add_var(btf, "v", BTF_VAR_GLOBAL_ALLOCATED, type);

	assert_true(btf__add_datasec(btf, name, DATA_SIZE) > 0);
	assert_int_equal(btf__add_datasec_var_info(btf, var, offset, size), 0);
}

static void variables_inside_their_section_are_good(void **state)
{
	(void)state;
	add_var(".data", u64, DATA_SIZE - 8, 8);
	accepted();
}

static void a_variable_behind_its_section_is_refused(void **state)
{
	(void)state;
	add_var(".data", u64, DATA_SIZE - 7, 8);
	refused("variable \"v\" does not lie inside section .data");
}

static void an_offset_that_wraps_is_refused(void **state)
{
	(void)state;
	add_var(".data", u64, UINT32_MAX, 8);
	refused("does not lie inside section .data");
}

/* libbpf copies as much as the type has, whatever the section says. */
static void a_type_larger_than_its_variable_counts(void **state)
{
	(void)state;
	add_var(".data", btf__add_struct(btf, "s", 2 * DATA_SIZE), 0, 8);
	refused("does not lie inside section .data");
}

static void sections_that_the_file_lacks_are_left_alone(void **state)
{
	(void)state;
	add_var(".ksyms", u64, UINT32_MAX, 8);
	accepted();
}

static void a_section_has_variables_only(void **state)
{
	(void)state;
	assert_true(btf__add_datasec(btf, ".data", DATA_SIZE) > 0);
	assert_int_equal(btf__add_datasec_var_info(btf, u64, 0, 8), 0);
	refused("section .data has what is no variable");
}

static void a_type_that_is_its_own_is_refused(void **state)
{
	int id = btf__type_cnt(btf);

	(void)state;
	assert_int_equal(btf__add_const(btf, id), id);
	refused("holds itself");
}

static void a_struct_that_holds_itself_is_refused(void **state)
{
	int array, id = btf__type_cnt(btf);

	(void)state;
	assert_int_equal(btf__add_struct(btf, "s", 8), id);
	assert_int_equal(btf__add_field(btf, "self", id + 1, 0, 0), 0);
	array = btf__add_array(btf, u64, id, 1);
	assert_int_equal(array, id + 1);
	refused("holds itself");
}

static void a_struct_that_points_to_itself_is_good(void **state)
{
	int id = btf__type_cnt(btf);

	(void)state;
	assert_int_equal(btf__add_struct(btf, "s", 8), id);
	assert_int_equal(btf__add_field(btf, "next", id + 1, 0, 0), 0);
	assert_int_equal(btf__add_ptr(btf, id), id + 1);
	accepted();
}

/* Each in the one before it: the kernel takes 32. */
static void add_nested(int nr)
{
	int id;

	for (id = u64; nr > 0; nr--)
		id = btf__add_typedef(btf, "t", id);
}

static void types_as_deep_as_the_kernel_takes_are_good(void **state)
{
	(void)state;
	add_nested(31);
	accepted();
}

static void deeper_types_are_refused(void **state)
{
	(void)state;
	add_nested(32);
	refused("more than the kernel allows");
}

/* 2^30 parts in 31 small types: whoever follows them all does not end. */
static void types_with_countless_parts_are_refused(void **state)
{
	int i, id = u64;

	(void)state;
	for (i = 0; i < 30; i++) {
		btf__add_struct(btf, "s", 8);
		btf__add_field(btf, "a", id, 0, 0);
		btf__add_field(btf, "b", id, 0, 0);
		id = btf__type_cnt(btf) - 1;
	}
	refused("more than the kernel allows");
}

static void names_that_cannot_be_printed_are_refused(void **state)
{
	(void)state;
	btf__add_struct(btf, "s", 8);
	btf__add_field(btf, "\033[2J", u64, 0, 0);
	refused("a name in number 2 cannot be printed");
}

#define TEST(_name) cmocka_unit_test_setup_teardown(_name, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(variables_inside_their_section_are_good),
		TEST(a_variable_behind_its_section_is_refused),
		TEST(an_offset_that_wraps_is_refused),
		TEST(a_type_larger_than_its_variable_counts),
		TEST(sections_that_the_file_lacks_are_left_alone),
		TEST(a_section_has_variables_only),
		TEST(a_type_that_is_its_own_is_refused),
		TEST(a_struct_that_holds_itself_is_refused),
		TEST(a_struct_that_points_to_itself_is_good),
		TEST(types_as_deep_as_the_kernel_takes_are_good),
		TEST(deeper_types_are_refused),
		TEST(types_with_countless_parts_are_refused),
		TEST(names_that_cannot_be_printed_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
