/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pins in bpffs: one link per node, and the maps of its policy that need it.
 */
#ifndef NODECTL_PIN_H
#define NODECTL_PIN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "out.h"

extern const char *bpffs_dir;

/**
 * struct map_pin - the pin of a map
 * @policy: the policy that it belongs to
 * @map_id: the map
 * @left_over: that policy does not exist any more
 */
struct map_pin {
	uint32_t policy;
	uint32_t map_id;
	bool left_over;
};

bool bpffs_mounted(void);
int bpffs_require(struct failure *f);
const char *pin_advice(int err);
void pin_root(char *path, size_t size);
void pin_dir(int nid, char *path, size_t size);
void pin_path(int nid, char *path, size_t size);
int pin_open(int nid, int *link_fd);
int pin_create(int nid, int link_fd, struct failure *f);
uint32_t pin_link_id(int nid);
int pin_remove(int nid, uint32_t link_id, struct failure *f);
int pin_remove_stale(int nid, unsigned int *removed, struct failure *f);
int pin_map(int nid, uint32_t policy, uint32_t map_id, int map_fd,
	    struct failure *f);
void pin_map_path(int nid, const struct map_pin *pin, char *path, size_t size);
int pin_maps_list(int nid, struct map_pin **pins, unsigned int *nr);
int pin_maps_remove(int nid, uint32_t policy, unsigned int *removed,
		    struct failure *f);
bool pin_clean_up(int nid, uint32_t policy, unsigned int *removed);

#endif /* NODECTL_PIN_H */
