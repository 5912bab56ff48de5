/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests of nodectl share.
 */
#ifndef UNIT_H
#define UNIT_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* nodectl has a fail() of its own, see out.h. */
#undef fail
#undef fail_msg
#define fail_msg(...)							\
	do {								\
		print_error(__VA_ARGS__);				\
		print_error("\n");					\
		_fail(__FILE__, __LINE__);				\
	} while (0)

#include "out.h"

/* Fails the test, naming both texts, unless @text contains @part. */
#define assert_contains(text, part)					\
	do {								\
		if (!strstr(text, part))				\
			fail_msg("\"%s\" lacks \"%s\"", text, part);	\
	} while (0)

/* In one step: whoever reads meanwhile sees the old text or the new one. */
static inline void make_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX], new[PATH_MAX + 8];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(new, path), 0);
}

static inline void make_dir(const char *dir, const char *name)
{
	char cmd[PATH_MAX + 32];

	snprintf(cmd, sizeof(cmd), "mkdir -p '%s/%s'", dir, name);
	assert_int_equal(system(cmd), 0);
}

static inline char *temp_dir(void)
{
	char template[] = "/tmp/nodectl-unit.XXXXXX";

	assert_non_null(mkdtemp(template));
	return strdup(template);
}

static inline void remove_dir(char *dir)
{
	char cmd[PATH_MAX + 32];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	assert_int_equal(system(cmd), 0);
	free(dir);
}

/* To the top of the tree: the program is build/tests/unit/NAME. */
static inline void enter_top(void)
{
	char top[PATH_MAX];
	ssize_t len;
	int i;

	len = readlink("/proc/self/exe", top, sizeof(top) - 1);
	for (i = 0; len > 0 && i < 4; i++) {
		top[len] = '\0';
		len = strrchr(top, '/') - top;
	}
	if (len > 0)
		top[len] = '\0';
	if (len <= 0 || chdir(top)) {
		perror("the top of the tree");
		exit(1);
	}
}

#endif /* UNIT_H */
