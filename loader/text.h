/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text that others wrote: in objects, in the kernel, in names of processes.
 */
#ifndef NODECTL_TEXT_H
#define NODECTL_TEXT_H

#include <stdbool.h>

bool text_is_printable(const char *text);
bool text_is_name(const char *text);
void text_clean(char *text);
void text_clean_lines(char *text);
char *text_pair(char **line, char **value);

#endif /* NODECTL_TEXT_H */
