/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The record that the kernel keeps of the policies that have left a node.
 */
#ifndef NODECTL_EXITS_H
#define NODECTL_EXITS_H

#include <stdbool.h>
#include <stdint.h>

#include "node.h"

struct json_object;

/* More than the kernel keeps. */
#define EXITS_MAX	16

/**
 * struct policy_exit - why and when a policy left
 * @kind: the word of the kernel
 * @member: the member that was the reason, empty for none
 * @name: of the policy
 * @text: more about the reason, empty for none
 * @code: an answer, a time in nanoseconds or a number of the policy, by @kind
 * @when_ns: CLOCK_BOOTTIME at which the reason was found
 * @runtime_ns: since it was attached
 * @calls: of all members since then
 * @map_id: of its struct_ops
 * @prog_id: of @member, 0 for none
 */
struct policy_exit {
	char kind[16];
	char member[32];
	char name[32];
	char text[128];
	int64_t code;
	uint64_t when_ns;
	uint64_t runtime_ns;
	uint64_t calls;
	uint32_t map_id;
	uint32_t prog_id;
};

/**
 * struct exits - what is on record about a node
 * @exit: the newest first
 * @nr: how many
 */
struct exits {
	struct policy_exit exit[EXITS_MAX];
	unsigned int nr;
};

int exit_parse(char *line, struct policy_exit *e);
int exits_read(const struct node *node, struct exits *exits);
const struct policy_exit *exits_ejected(uint32_t map_id,
					const struct exits *exits);
const char *exits_decides(uint32_t map_id, const struct exits *exits);
bool exit_is_ejection(const struct policy_exit *e);
const char *exit_reason(const struct policy_exit *e, char *buf, size_t size);
const char *exit_next(const struct policy_exit *e, const char *node, char *buf,
		      size_t size);
void exit_add(struct json_object *o, const struct policy_exit *e, const char *node);

#endif /* NODECTL_EXITS_H */
