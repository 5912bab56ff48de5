/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where policies are looked for.
 */
#ifndef NODECTL_POLICY_PATH_H
#define NODECTL_POLICY_PATH_H

#include <limits.h>
#include <stdbool.h>

#include "out.h"

#define POLICY_DIRS_MAX		32	/* of the user */
#define POLICY_DIRS_SYSTEM	4	/* of the system and of nodectl */
#define POLICY_SUFFIX		".bpf.o"

/**
 * struct policy_dirs - the search path
 * @dirs: directories, first match wins
 * @nr: how many
 * @nr_asked: how many of them, the first ones, are those of --path
 */
struct policy_dirs {
	char *dirs[POLICY_DIRS_MAX + POLICY_DIRS_SYSTEM];
	unsigned int nr;
	unsigned int nr_asked;
};

int policy_dirs_add(struct policy_dirs *path, const char *dir);
int policy_dirs_default(struct policy_dirs *path);
void policy_dirs_free(struct policy_dirs *path);
bool policy_is_path(const char *arg);
int policy_find(const struct policy_dirs *path, const char *arg, char *file,
		size_t size, struct failure *f);

#endif /* NODECTL_POLICY_PATH_H */
