/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk that is as slow as a test wants it: a network block device, served by
 * a process of this program out of memory.
 */
#ifndef SLOW_DISK_H
#define SLOW_DISK_H

#include <stdbool.h>
#include <stddef.h>

#define SLOW_DISK	"/dev/nbd0"

/* Rates, in bytes per second. */
#define DISK_HANGS	0L
#define DISK_FAST	-1L

int slow_disk_start(size_t bytes);
void slow_disk_rate(long bytes_per_second);
void slow_disk_small_requests(bool small);
void slow_disk_stop(void);

#endif
