/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policies of tests/vm/policies, loaded and attached without nodectl: these
 * tests are about the kernel.
 */
#ifndef POLICY_H
#define POLICY_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "vmtest.h"

/**
 * struct policy - one loaded object
 * @ops: its struct_ops map
 * @link: set while it is attached
 */
struct policy {
	struct bpf_object *obj;
	struct bpf_map *ops;
	struct bpf_link *link;
};

void policy_open(struct policy *p, const char *name, int nid);
int policy_load(struct policy *p);
int policy_attach(struct policy *p);
void policy_close(struct policy *p);
void policy_start(struct policy *p, const char *name);
unsigned int policy_id(const struct policy *p);
unsigned int policy_link_map(const struct policy *p);

void policy_tune(struct policy *p, const char *name, long value);
long policy_count(const struct policy *p, const char *name);
int policy_map_fd(const struct policy *p, const char *name);

/* Bytes of a member of struct node_device_ops; to spoil what is loaded. */
void *policy_member(struct policy *p, const char *name);

#endif
