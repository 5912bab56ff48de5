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

/* enum node_policy_exit_kind of the kernel */
enum {
	EXIT_NONE, EXIT_UNREG, EXIT_UPDATED, EXIT_UNREG_KERN, EXIT_ANSWER,
	EXIT_SLOW, EXIT_ITSELF, EXIT_OPERATOR,
};

/* struct node_policy_exit of the kernel */
struct exit_record {
	uint32_t kind;
	uint32_t map_id;
	uint32_t prog_id;
	uint32_t pad;
	int64_t code;
	uint64_t when_ns;
	uint64_t runtime_ns;
	uint64_t nr_calls;
	char name[16];
	char member[16];
	char text[64];
};

void policy_open(struct policy *p, const char *name, int nid);
void policy_open_one(struct policy *p, const char *name, const char *ops,
		     int nid);
int policy_load(struct policy *p);
int policy_attach(struct policy *p);
void policy_close(struct policy *p);
void policy_start(struct policy *p, const char *name);
unsigned int policy_id(const struct policy *p);
unsigned int policy_link_map(const struct policy *p);

void policy_tune(struct policy *p, const char *name, long value);
long policy_count(const struct policy *p, const char *name);
int policy_map_fd(const struct policy *p, const char *name);
struct exit_record exit_record(int fd);

/* Bytes of a member of struct node_device_ops; to spoil what is loaded. */
void *policy_member(struct policy *p, const char *name);

void policy_expect_successor(void);

#endif
