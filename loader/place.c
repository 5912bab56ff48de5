// SPDX-License-Identifier: GPL-2.0
/*
 * What belongs to nodectl is found from where the program is: beside it in a
 * build tree, and below the same prefix (PREFIX/sbin/nodectl) when it is
 * installed.  So a prefix need not be compiled in, and a tree can be moved.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "place.h"

/**
 * place_exe - the path of the program that runs
 * @path: the path
 * @size: of @path
 *
 * Return: 0 or a negative errno.
 */
int place_exe(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size);

	if (len < 0)
		return -errno;
	if ((size_t)len >= size)
		return -ENAMETOOLONG;
	path[len] = '\0';
	return 0;
}

/* Cut the last part of a path off. */
static void cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
}

/**
 * place_find - find a directory that belongs to nodectl
 * @built: its name beside the program
 * @installed: its name below the prefix
 * @dir: the directory found
 * @size: of @dir
 *
 * Return: 0, -ENOENT when there is none, or another negative errno.
 */
int place_find(const char *built, const char *installed, char *dir, size_t size)
{
	const char *names[] = { built, installed };
	char base[PATH_MAX];
	size_t i;
	int err;

	err = place_exe(base, sizeof(base));
	for (i = 0; i < 2 && !err; i++) {
		cut(base);
		if ((size_t)snprintf(dir, size, "%s/%s", base, names[i]) >= size)
			return -ENAMETOOLONG;
		if (!access(dir, X_OK))
			return 0;
	}
	return err ?: -ENOENT;
}
