/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NODECTL_BPFFS_H
#define NODECTL_BPFFS_H

#include <stdbool.h>
#include <sys/types.h>

#include "out.h"

extern const char *first_mounts;

bool mount_is_bpffs(const char *line, dev_t dev);
int bpffs_require_lasting(struct failure *f);

#endif /* NODECTL_BPFFS_H */
