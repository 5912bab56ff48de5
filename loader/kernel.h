/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy object on its way into the kernel.
 */
#ifndef NODECTL_KERNEL_H
#define NODECTL_KERNEL_H

#include "object.h"

int object_load(struct object *o, const char *log_file, struct failure *f);
int object_register(struct object *o, struct failure *f);

#endif /* NODECTL_KERNEL_H */
