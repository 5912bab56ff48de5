// SPDX-License-Identifier: GPL-2.0
/*
 * A policy is named by a path, or by a name that is looked up as NAME.bpf.o
 * in a list of directories.  There is no list of known policies: an object
 * that somebody else built counts as much as ours.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "place.h"
#include "policy_path.h"

static int add_dir(struct policy_dirs *path, const char *dir, unsigned int max)
{
	unsigned int i;

	for (i = 0; i < path->nr; i++)
		if (!strcmp(path->dirs[i], dir))
			return 0;
	if (path->nr >= max)
		return -E2BIG;
	path->dirs[path->nr] = strdup(dir);
	if (!path->dirs[path->nr])
		return -ENOMEM;
	path->nr++;
	return 0;
}

/**
 * policy_dirs_add - append a directory of the user
 * @path: the search path
 * @dir: the directory; a directory that is there already is not added again
 *
 * Return: 0, -E2BIG when there are POLICY_DIRS_MAX, or -ENOMEM.
 */
int policy_dirs_add(struct policy_dirs *path, const char *dir)
{
	return add_dir(path, dir, POLICY_DIRS_MAX);
}

/* The policies that this nodectl was built or installed with. */
static int add_own(struct policy_dirs *path)
{
	char dir[PATH_MAX];

	if (place_find("bpf", "lib/node_ext", dir, sizeof(dir)))
		return 0;
	return add_dir(path, dir, ARRAY_SIZE(path->dirs));
}

/**
 * policy_dirs_default - append $NODECTL_PATH and the built-in directories
 * @path: the search path
 *
 * Return: 0, -E2BIG when the user names more than POLICY_DIRS_MAX, or -ENOMEM.
 */
int policy_dirs_default(struct policy_dirs *path)
{
	static const char *const dirs[] = {
		"/etc/node_ext", "/usr/local/lib/node_ext", "/usr/lib/node_ext",
	};
	const char *env = getenv("NODECTL_PATH");
	char *copy, *dir, *save;
	int err = 0;
	size_t i;

	path->nr_asked = path->nr;
	if (env) {
		copy = strdup(env);
		if (!copy)
			return -ENOMEM;
		for (dir = strtok_r(copy, ":", &save); dir && !err;
		     dir = strtok_r(NULL, ":", &save))
			err = policy_dirs_add(path, dir);
		free(copy);
	}
	for (i = 0; i < ARRAY_SIZE(dirs) && !err; i++)
		err = add_dir(path, dirs[i], ARRAY_SIZE(path->dirs));
	return err ?: add_own(path);
}

/**
 * policy_dirs_free - free a search path
 * @path: may be used again afterwards
 */
void policy_dirs_free(struct policy_dirs *path)
{
	while (path->nr)
		free(path->dirs[--path->nr]);
	path->nr_asked = 0;
}

/**
 * policy_is_path - is this argument a path, rather than a name?
 * @arg: the argument
 */
bool policy_is_path(const char *arg)
{
	size_t len = strlen(arg);

	return strchr(arg, '/') || (len > 2 && !strcmp(arg + len - 2, ".o"));
}

static bool good_name(const char *name)
{
	const char *p;

	for (p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
			return false;
	return name[0] && name[0] != '.' && name[0] != '-';
}

/**
 * policy_find - find the object of a policy
 * @path: where to look for a name
 * @arg: name or path
 * @file: the path found
 * @size: of @file
 * @f: why not; lists where it was looked for
 *
 * Return: 0 or a negative errno.
 */
int policy_find(const struct policy_dirs *path, const char *arg, char *file,
		size_t size, struct failure *f)
{
	char next[1024];
	size_t len;
	unsigned int i;

	if (!*arg)
		return fail(f, -EINVAL, "\"nodectl policies\" lists the policies.",
			    "the name of the policy is empty");
	if (policy_is_path(arg)) {
		if ((size_t)snprintf(file, size, "%s", arg) >= size)
			return fail(f, -ENAMETOOLONG, NULL, "the path is too long");
		if (access(file, F_OK))
			return fail(f, -ENOENT,
				    "\"nodectl policies\" lists the policies.",
				    "%s does not exist", file);
		return 0;
	}
	if (!good_name(arg))
		return fail(f, -EINVAL,
			    "A name has letters, digits, '_', '-' and '.'; a path has a '/'.",
			    "\"%s\" is not the name of a policy", arg);
	for (i = 0; i < path->nr; i++) {
		if ((size_t)snprintf(file, size, "%s/%s" POLICY_SUFFIX,
				     path->dirs[i], arg) >= size)
			continue;
		if (!access(file, F_OK))
			return 0;
	}
	len = snprintf(next, sizeof(next), "Looked for %s" POLICY_SUFFIX " in", arg);
	for (i = 0; i < path->nr && len < sizeof(next); i++)
		len += snprintf(next + len, sizeof(next) - len, "%s %s",
				i ? "," : "", path->dirs[i]);
	if (len < sizeof(next))
		snprintf(next + len, sizeof(next) - len,
			 "; add a directory with --path or $NODECTL_PATH. \"nodectl policies\" lists the policies.");
	return fail(f, -ENOENT, next, "there is no policy \"%s\"", arg);
}
