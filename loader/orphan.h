/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pins of nodes that have left.
 */
#ifndef NODECTL_ORPHAN_H
#define NODECTL_ORPHAN_H

#include <stdbool.h>

struct json_object;

bool orphan_show(int nid, struct json_object *array);
void orphans_show(const int *present, int nr, struct json_object *array);

#endif /* NODECTL_ORPHAN_H */
