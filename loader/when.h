/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Times of the kernel, which count from boot, for people.
 */
#ifndef NODECTL_WHEN_H
#define NODECTL_WHEN_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

uint64_t boot_age(uint64_t boot_ns, time_t *when);
const char *when_text(time_t when, char *buf, size_t size);

#endif /* NODECTL_WHEN_H */
