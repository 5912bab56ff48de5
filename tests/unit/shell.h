/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests that are shell commands, each in a directory of its own.  The commands
 * know $top, the source tree, and $nodectl, the program that was built.
 */
#ifndef UNIT_SHELL_H
#define UNIT_SHELL_H

#include "unit.h"

#include <sys/wait.h>

static char said[65536];

/* The top of the source tree: the program is build/tests/unit/NAME. */
static const char *top(void)
{
	static char path[PATH_MAX];
	ssize_t len;
	int i;

	if (path[0])
		return path;
	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	assert_true(len > 0);
	path[len] = '\0';
	for (i = 0; i < 4; i++)
		*strrchr(path, '/') = '\0';
	return path;
}

/* Runs a shell command in @dir, keeps what it says, returns its exit status. */
static int run(const char *dir, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int run(const char *dir, const char *fmt, ...)
{
	char cmd[2048], line[PATH_MAX * 3 + 2048];
	va_list ap;
	size_t len;
	FILE *p;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	/* What the outer make and test are told is not for inner ones. */
	snprintf(line, sizeof(line),
		 "cd '%s' && unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS CMOCKA_MESSAGE_OUTPUT && top='%s' && nodectl=$top/build/nodectl && exec 2>&1 </dev/null && { %s; }",
		 dir, top(), cmd);
	p = popen(line, "r");
	assert_non_null(p);
	len = fread(said, 1, sizeof(said) - 1, p);
	said[len] = '\0';
	len = pclose(p);
	return WIFEXITED((int)len) ? WEXITSTATUS((int)len) : -1;
}

#define assert_run(want, dir, ...)					\
	do {								\
		int _got = run(dir, __VA_ARGS__);			\
									\
		if (_got != (want))					\
			fail_msg("status %d, not %d: %s", _got, want,	\
				 said);					\
	} while (0)

static int setup(void **state)
{
	*state = temp_dir();
	return 0;
}

static int teardown(void **state)
{
	remove_dir(*state);
	return 0;
}

#define TEST(_t) cmocka_unit_test_setup_teardown(_t, setup, teardown)

#endif /* UNIT_SHELL_H */
