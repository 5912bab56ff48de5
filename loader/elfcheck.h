/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NODECTL_ELFCHECK_H
#define NODECTL_ELFCHECK_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>

#include "out.h"

int elf_check(const void *data, size_t size, struct failure *f);
bool elf_section(const void *data, const char *name, unsigned int *pos,
		 Elf64_Shdr *sh);

#endif /* NODECTL_ELFCHECK_H */
