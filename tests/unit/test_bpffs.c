// SPDX-License-Identifier: GPL-2.0
/*
 * Which line of mountinfo is about the BPF file system that was asked for?
 */
#include "unit.h"

#include <sys/sysmacros.h>

#include "bpffs.h"

static void the_file_system_is_found_by_its_device(void **state)
{
	static const char line[] =
		"36 25 0:32 / /sys/fs/bpf rw,nosuid shared:13 - bpf bpf rw,mode=700\n";

	(void)state;
	assert_true(mount_is_bpffs(line, makedev(0, 32)));
	assert_false(mount_is_bpffs(line, makedev(0, 33)));
	assert_false(mount_is_bpffs(line, makedev(1, 32)));
}

/* Wherever it is mounted, and whatever part of it. */
static void the_place_does_not_matter(void **state)
{
	(void)state;
	assert_true(mount_is_bpffs("36 25 0:32 /part /run/my\\040bpf ro - bpf none ro",
				   makedev(0, 32)));
}

static void another_type_is_none(void **state)
{
	(void)state;
	assert_false(mount_is_bpffs("24 1 0:32 / /sys rw - sysfs bpf rw",
				    makedev(0, 32)));
	assert_false(mount_is_bpffs("24 1 0:32 / /sys rw - bpffs x rw",
				    makedev(0, 32)));
}

static void what_is_no_line_is_none(void **state)
{
	static const char *const lines[] = {
		"", "\n", "36 25", "36 25 0:32", " - bpf ", "36 25 0 - bpf bpf rw",
		"36 25 x:y / / rw - bpf bpf rw", "- - - - bpf bpf",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		assert_false(mount_is_bpffs(lines[i], makedev(0, 32)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_system_is_found_by_its_device),
		cmocka_unit_test(the_place_does_not_matter),
		cmocka_unit_test(another_type_is_none),
		cmocka_unit_test(what_is_no_line_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
