/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where nodectl finds what it was built or installed with.
 */
#ifndef NODECTL_PLACE_H
#define NODECTL_PLACE_H

#include <limits.h>
#include <stddef.h>

int place_exe(char *path, size_t size);
int place_find(const char *built, const char *installed, char *dir, size_t size);

#endif /* NODECTL_PLACE_H */
