/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device nodes as sysfs shows them.
 */
#ifndef NODECTL_NODE_H
#define NODECTL_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "out.h"

#define NODE_NAME_SIZE	16
#define NODE_MAX	1024

extern const char *sys_node_dir;

/**
 * struct node - one device node, opened
 * @nid: its number
 * @dirfd: nodeN/device
 * @name: "nodeN"
 */
struct node {
	int nid;
	int dirfd;
	char name[NODE_NAME_SIZE];
};

int node_parse(const char *text, int *nid);
int node_open(int nid, struct node *node, struct failure *f);
void node_close(struct node *node);
int node_attr(const struct node *node, const char *attr, char *buf, size_t size);
int node_attr_u64(const struct node *node, const char *attr, uint64_t *value);
int node_list(int *nids, int max, struct failure *f);
bool node_kernel_supported(void);
bool node_has_memory(int nid);
int nodelist_parse(const char *text, bool *set, int max);

#endif /* NODECTL_NODE_H */
