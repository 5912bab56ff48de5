/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NODECTL_ELFCHECK_H
#define NODECTL_ELFCHECK_H

#include <stddef.h>

#include "out.h"

int elf_check(const void *data, size_t size, struct failure *f);

#endif /* NODECTL_ELFCHECK_H */
