// SPDX-License-Identifier: GPL-2.0
/*
 * What the shell completes: bash runs the completion with the real nodectl.
 */
#include "unit.h"

#include <libgen.h>

static char out[4096];

/* Completes the last of the words, which are quoted for the shell; in @dir. */
static void complete_in(const char *dir, const char *words)
{
	char exe[PATH_MAX], cmd[4 * PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	size_t used;
	FILE *p;

	assert_true(len > 0);
	exe[len] = '\0';
	snprintf(cmd, sizeof(cmd),
		 "top=$(cd %s/../../.. && pwd) && cd '%s' && NODECTL_PATH=. exec bash --norc -c '"
		 ". $1/contrib/completion/nodectl.bash; shift; COMP_WORDS=(\"$@\"); "
		 "COMP_CWORD=$(($# - 1)); _nodectl; printf \"<%%s>\" \"${COMPREPLY[@]}\"' "
		 "- \"$top\" \"$top/build/tests/unit/nodectl\" %s 2>/dev/null",
		 dirname(exe), dir, words);
	p = popen(cmd, "r");
	assert_non_null(p);
	used = fread(out, 1, sizeof(out) - 1, p);
	out[used] = '\0';
	assert_int_equal(pclose(p), 0);
}

static void copy_object(const char *name, const char *dir, const char *as)
{
	char cmd[4 * PATH_MAX], exe[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(len > 0);
	exe[len] = '\0';
	snprintf(cmd, sizeof(cmd), "cp '%s/objects/%s' '%s/%s'", dirname(exe),
		 name, dir, as);
	assert_int_equal(system(cmd), 0);
}

static void verbs_and_options_are_completed(void **state)
{
	(void)state;
	complete_in("/", "un");
	assert_string_equal(out, "<unload>");
	complete_in("/", "stats 1 --c");
	assert_string_equal(out, "<--count>");
	complete_in("/", "w");
	assert_string_equal(out, "<why><watch>");
	complete_in("/", "app");
	assert_string_equal(out, "<apply>");
	complete_in("/", "apply 1 --s");
	assert_string_equal(out, "<--stay>");
	complete_in("/", "apply --c");
	assert_string_equal(out, "<--config>");
	complete_in("/", "unload 1 --t");
	assert_string_equal(out, "<--to-configured>");
	complete_in("/", "swap 1 deny_all --k");
	assert_string_equal(out, "<--keep-tunables>");
	complete_in("/", "load 1 deny_all --d");
	assert_string_equal(out, "<--dry-run>");
	complete_in("/", "swap 1 deny_all --settle-");
	assert_string_equal(out, "<--settle-if>");
}

static void policies_and_their_tunables_are_completed(void **state)
{
	char *dir = temp_dir();

	(void)state;
	copy_object("good.bpf.o", dir, "good.bpf.o");
	complete_in(dir, "inspect goo");
	assert_string_equal(out, "<good><good.bpf.o>");
	complete_in(dir, "load 1 good b");
	assert_string_equal(out, "<bias=><budget=>");
	remove_dir(dir);
}

/* At TAB nothing runs, and nothing that would run is put on the line. */
static void names_of_files_are_no_commands(void **state)
{
	char *dir = temp_dir();
	char ran[PATH_MAX];

	(void)state;
	copy_object("good.bpf.o", dir, "`touch ran`.bpf.o");
	copy_object("good.bpf.o", dir, "$(touch ran).bpf.o");
	copy_object("good.bpf.o", dir, "*.bpf.o");
	complete_in(dir, "--path . load 1 ''");
	assert_null(strstr(out, "<`touch ran`>"));
	assert_null(strstr(out, "<$(touch ran)>"));
	assert_null(strstr(out, "<*>"));
	snprintf(ran, sizeof(ran), "%s/ran", dir);
	assert_int_not_equal(access(ran, F_OK), 0);
	remove_dir(dir);
}

/* Puts @as in the place of each @name in an object, also in its types. */
static void rename_in_object(const char *dir, const char *name, const char *as)
{
	static char data[65536];
	char path[PATH_MAX];
	size_t len, i, nr = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/good.bpf.o", dir);
	f = fopen(path, "r+");
	assert_non_null(f);
	len = fread(data, 1, sizeof(data), f);
	assert_int_equal(strlen(name), strlen(as));
	for (i = 0; i + strlen(name) < len; i++)
		if (!memcmp(data + i, name, strlen(name) + 1)) {
			memcpy(data + i, as, strlen(as));
			nr++;
		}
	assert_true(nr >= 2);
	rewind(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void names_in_objects_are_no_commands(void **state)
{
	static const char *const names[] = {
		"`>ran`", "$(>r)x", "a;>ran", "a b=&x",
	};
	char *dir, *ran;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		dir = temp_dir();
		copy_object("good.bpf.o", dir, "good.bpf.o");
		rename_in_object(dir, "budget", names[i]);
		complete_in(dir, "load 1 ./good.bpf.o ''");
		assert_string_equal(out, "<>");
		complete_in(dir, "load 1 good ''");
		assert_string_equal(out, "<>");
		assert_true(asprintf(&ran, "ls '%s' | grep -qvx good.bpf.o",
				     dir) > 0);
		assert_int_not_equal(system(ran), 0);
		free(ran);
		remove_dir(dir);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_and_options_are_completed),
		cmocka_unit_test(policies_and_their_tunables_are_completed),
		cmocka_unit_test(names_of_files_are_no_commands),
		cmocka_unit_test(names_in_objects_are_no_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
