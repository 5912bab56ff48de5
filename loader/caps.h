/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The capabilities that changing a policy needs.
 */
#ifndef NODECTL_CAPS_H
#define NODECTL_CAPS_H

#include "interface.h"
#include "out.h"

/* In the order of what they mean: the first one stands for all. */
enum { CAPS_ADMIN, CAPS_BPF, CAPS_PERFMON, NR_CAPS };

const char *cap_name(unsigned int cap);
enum presence cap_present(unsigned int cap);
const char *cap_advice(void);
int privilege_require(struct failure *f);

#endif /* NODECTL_CAPS_H */
