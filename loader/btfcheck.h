/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NODECTL_BTFCHECK_H
#define NODECTL_BTFCHECK_H

#include "out.h"

int btf_check(const void *data, struct failure *f);

#endif /* NODECTL_BTFCHECK_H */
