/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that others read at any time.
 */
#ifndef NODECTL_REPLACE_H
#define NODECTL_REPLACE_H

#include "out.h"

int replace_file(const char *path, const char *text, size_t len,
		 struct failure *f);

#endif /* NODECTL_REPLACE_H */
