/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What libbpf and the verifier say.
 */
#ifndef NODECTL_BPFLOG_H
#define NODECTL_BPFLOG_H

#include <stdbool.h>

extern bool bpflog_verbose;

void bpflog_start(void);
const char *bpflog_warning(void);
const char *bpflog_find(const char *text);
const char *bpflog_verifier(const char **prog);

#endif /* NODECTL_BPFLOG_H */
