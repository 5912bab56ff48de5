/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dax devices: memory that is, or could become, a device node.
 */
#ifndef DAX_H
#define DAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAX_MAX	64	/* devices that are looked at */

/**
 * struct dax_device - a device of the dax bus
 * @name: daxX.Y
 * @driver: what it is bound to, "" for nothing
 * @state: "online" or "unplugged", "" where its driver has no state
 * @nid: node of its memory, negative when the platform gives it none
 * @bytes: its size
 */
struct dax_device {
	char name[32];
	char driver[32];
	char state[16];
	int nid;
	uint64_t bytes;
};

extern const char *sys_dax_dir;

int dax_list(struct dax_device *devices, int max);
bool dax_is_node(const struct dax_device *d);
bool dax_of_node(int nid, char *name, size_t size);
int dax_next_step(const struct dax_device *d, char *text, size_t size);

#endif /* DAX_H */
