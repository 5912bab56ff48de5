/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel says while a test runs.
 */
#ifndef KMSG_H
#define KMSG_H

int kmsg_open(void);
const char *kmsg_find(int fd, const char *text);

#endif /* KMSG_H */
