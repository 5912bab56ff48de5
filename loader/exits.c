// SPDX-License-Identifier: GPL-2.0
/*
 * The record that the kernel keeps of the policies that have left a node, in
 * words.  A kind that is newer than nodectl is shown as it is, and a key that is
 * newer is left out.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "exits.h"
#include "text.h"
#include "when.h"

enum key_type { TEXT, INT64, UINT64, UINT32 };

#define KEY(_name, _field, _type)					\
	{ _name, _type, offsetof(struct policy_exit, _field),		\
	  sizeof(((struct policy_exit *)0)->_field) }

static const struct {
	const char *name;
	enum key_type type;
	size_t offset, size;
} keys[] = {
	KEY("kind", kind, TEXT),
	KEY("member", member, TEXT),
	KEY("name", name, TEXT),
	KEY("text", text, TEXT),
	KEY("code", code, INT64),
	KEY("when_ns", when_ns, UINT64),
	KEY("runtime_ns", runtime_ns, UINT64),
	KEY("calls", calls, UINT64),
	KEY("map_id", map_id, UINT32),
	KEY("prog_id", prog_id, UINT32),
};

static int store_value(struct policy_exit *e, size_t k, const char *value)
{
	void *field = (char *)e + keys[k].offset;
	char *end = "";

	errno = 0;
	switch (keys[k].type) {
	case TEXT:
		snprintf(field, keys[k].size, "%s", value);
		text_clean(field);
		return 0;
	case INT64:
		*(int64_t *)field = strtoll(value, &end, 10);
		break;
	case UINT64:
		*(uint64_t *)field = strtoull(value, &end, 10);
		break;
	case UINT32:
		*(uint32_t *)field = strtoul(value, &end, 10);
		break;
	}
	return errno || end == value || *end ? -EINVAL : 0;
}

/**
 * exit_parse - read one line of the record
 * @line: pairs as text_pair() takes them off
 * @e: what they say; a key that is missing is 0 or empty
 *
 * Return: 0, or -EINVAL when it is no such line.
 */
int exit_parse(char *line, struct policy_exit *e)
{
	char *key, *value;
	size_t k;

	memset(e, 0, sizeof(*e));
	while ((key = text_pair(&line, &value))) {
		if (!value)
			return -EINVAL;
		for (k = 0; k < ARRAY_SIZE(keys); k++)
			if (!strcmp(keys[k].name, key))
				break;
		if (k < ARRAY_SIZE(keys) && store_value(e, k, value))
			return -EINVAL;
	}
	return e->kind[0] ? 0 : -EINVAL;
}

/**
 * exits_read - read the record of a node
 * @node: the node
 * @exits: the record, empty after an error
 *
 * Return: 0, -ENOENT when the kernel keeps none, -EINVAL when a line is not
 * understood, or another negative errno.
 */
int exits_read(const struct node *node, struct exits *exits)
{
	char buf[4096], *line, *save;
	int err;

	exits->nr = 0;
	err = node_attr(node, "policy_exits", buf, sizeof(buf));
	if (err)
		return err;
	for (line = strtok_r(buf, "\n", &save); line && exits->nr < EXITS_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		err = exit_parse(line, &exits->exit[exits->nr]);
		if (err) {
			exits->nr = 0;
			return err;
		}
		exits->nr++;
	}
	return 0;
}

static void answered(const struct policy_exit *e, char *buf, size_t size)
{
	snprintf(buf, size, "it was ejected: %s() answered %" PRId64
		 ", which is out of range", e->member, e->code);
}

/* Too many calls were, or all of a member together. */
static void was_slow(const struct policy_exit *e, char *buf, size_t size)
{
	bool average = !strcmp(e->text, "on average");

	snprintf(buf, size, average ?
		 "it was ejected: its calls took too long; those of %s() ran for %.1f ms on average" :
		 "it was ejected: its calls took too long; the last one, of %s(), ran for %.1f ms",
		 e->member, e->code / 1e6);
}

static void wanted_so(const struct policy_exit *e, char *buf, size_t size)
{
	snprintf(buf, size, "it ended itself%s%s%s with code %" PRId64 "%s%s%s",
		 e->member[0] ? " in " : "", e->member, e->member[0] ? "()" : "",
		 e->code, e->text[0] ? ": \"" : "", e->text,
		 e->text[0] ? "\"" : "");
}

static void was_told(const struct policy_exit *e, char *buf, size_t size)
{
	snprintf(buf, size, "the administrator ejected it%s%s%s",
		 e->text[0] ? ": \"" : "", e->text, e->text[0] ? "\"" : "");
}

static void was_detached(const struct policy_exit *e, char *buf, size_t size)
{
	(void)e;
	snprintf(buf, size, "it was detached");
}

static void was_removed(const struct policy_exit *e, char *buf, size_t size)
{
	(void)e;
	snprintf(buf, size, "its node was removed");
}

static void unknown(const struct policy_exit *e, char *buf, size_t size)
{
	snprintf(buf, size, "%s, member \"%s\", code %" PRId64 ", \"%s\"", e->kind,
		 e->member, e->code, e->text);
}

static const struct kind {
	const char *name;
	bool ejection;
	void (*reason)(const struct policy_exit *e, char *buf, size_t size);
	const char *mend;
} kinds[] = {
	{ "detached", false, was_detached, NULL },
	{ "removed", false, was_removed, NULL },
	{ "answer", true, answered, "Mend what this member returns" },
	{ "slow", true, was_slow,
	  "Shorten this member, or ask less of it by its tunables" },
	{ "itself", true, wanted_so,
	  "Look up the code in the description of the policy (nodectl inspect)" },
	{ "operator", true, was_told, "Wait until the reason is gone" },
};

static const struct kind newer = { "", true, unknown, "Mend the policy" };

static const struct kind *kind_of(const struct policy_exit *e)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, e->kind))
			return &kinds[i];
	return &newer;
}

/**
 * exit_is_ejection - did the kernel end the policy?
 * @e: the record
 *
 * The others left with their link or their node.
 */
bool exit_is_ejection(const struct policy_exit *e)
{
	return kind_of(e)->ejection;
}

/**
 * exits_ejected - the ejection that has left a node to the native default
 * @map_id: the policy of the node, 0 for none
 * @exits: the record of the node
 *
 * Return: the newest record if it is one, or NULL.
 */
const struct policy_exit *exits_ejected(uint32_t map_id, const struct exits *exits)
{
	if (map_id || !exits->nr || !exit_is_ejection(&exits->exit[0]))
		return NULL;
	return &exits->exit[0];
}

/**
 * exits_decides - who decides for a node, in a word
 * @map_id: the policy of the node, 0 for none
 * @exits: the record of the node
 */
const char *exits_decides(uint32_t map_id, const struct exits *exits)
{
	if (map_id)
		return "policy";
	return exits_ejected(map_id, exits) ? "ejected" : "native";
}

/**
 * exit_reason - why a policy left, as a sentence without a full stop
 * @e: the record
 * @buf: where to write
 * @size: of @buf
 */
const char *exit_reason(const struct policy_exit *e, char *buf, size_t size)
{
	kind_of(e)->reason(e, buf, size);
	return buf;
}

/**
 * exit_next - what to do about it; may be empty
 * @e: the record
 * @node: name of the node
 * @buf: where to write
 * @size: of @buf
 */
const char *exit_next(const struct policy_exit *e, const char *node, char *buf,
		      size_t size)
{
	const char *mend = kind_of(e)->mend;

	buf[0] = '\0';
	if (mend)
		snprintf(buf, size, "%s, then attach it again: nodectl load %s %s",
			 mend, node, e->name);
	return buf;
}

/**
 * exit_add - add a record to a JSON object
 * @o: the object
 * @e: the record
 * @node: name of the node
 */
void exit_add(struct json_object *o, const struct policy_exit *e, const char *node)
{
	char text[512];
	time_t when;
	uint64_t age = boot_age(e->when_ns, &when);

	out_str(o, "policy", e->name);
	out_uint(o, "id", e->map_id);
	out_str(o, "kind", e->kind);
	out_bool(o, "ejected", exit_is_ejection(e));
	json_object_object_add(o, "member", e->member[0] ?
			       json_text(e->member) : NULL);
	out_uint(o, "prog_id", e->prog_id);
	out_int(o, "code", e->code);
	out_str(o, "text", e->text);
	out_str(o, "when", when_text(when, text, sizeof(text)));
	out_uint(o, "age_s", age);
	out_uint(o, "runtime_ns", e->runtime_ns);
	out_uint(o, "calls", e->calls);
	out_str(o, "reason", exit_reason(e, text, sizeof(text)));
	out_str(o, "next", exit_next(e, node, text, sizeof(text)));
}
