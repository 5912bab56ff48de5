/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a kernel has of the interface to policies.
 */
#ifndef INTERFACE_H
#define INTERFACE_H

#include <stdbool.h>

#include <bpf/btf.h>

enum presence { MISSING, PRESENT, UNKNOWN };

/**
 * typedef interface_found_t - told about one thing of the interface
 * @arg: as given to interface_check()
 * @required: false if policies without it are of use
 * @presence: UNKNOWN without types
 * @name: what it is, for people
 * @consequence: what follows when it is missing, without a full stop
 */
typedef void (*interface_found_t)(void *arg, bool required,
				  enum presence presence, const char *name,
				  const char *consequence);

void interface_check(const struct btf *btf, interface_found_t found, void *arg);

#endif /* INTERFACE_H */
