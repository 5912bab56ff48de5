/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device nodes as sysfs shows them.
 */
#ifndef NODECTL_NODE_H
#define NODECTL_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "out.h"

#define NODE_NAME_SIZE	16
#define NODE_MAX	1024

extern const char *sys_node_dir;
extern const char *sys_demotion;

/* As it stands behind "Turn it on:" and in the manual. */
#define DEMOTION_ON	"echo 1 >/sys/kernel/mm/numa/demotion_enabled"

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

/**
 * struct node_stat - all counters of a node at one moment
 * @text: "name value" lines; the kernel shows no more than a page
 */
struct node_stat {
	char text[65536];
};

int node_parse(const char *text, int *nid);
int node_arg(const char *arg, int *nid);
int node_open(int nid, struct node *node, struct failure *f);
void node_close(struct node *node);
int node_attr(const struct node *node, const char *attr, char *buf, size_t size);
int node_attr_u64(const struct node *node, const char *attr, uint64_t *value);
int node_stat(const struct node *node, struct node_stat *stat);
int node_stat_u64(const struct node_stat *stat, const char *name,
		  uint64_t *value);
bool node_stat_next(const char **pos, char *name, size_t size, uint64_t *value);
int node_list(int *nids, int max, struct failure *f);
bool node_kernel_supported(void);
bool node_has_memory(int nid);
bool node_is_ordinary(int nid);
int node_demotion(void);
struct json_object *node_demotion_json(void);
void node_tell_demotion(void);
int nodelist_parse(const char *text, bool *set, int max);

#endif /* NODECTL_NODE_H */
