// SPDX-License-Identifier: GPL-2.0
/*
 * The counters that the kernel keeps per node.  They run since the node was
 * registered; a policy change does not reset them.  A kernel that is older
 * than nodectl has not all of them: what it lacks is unknown, not zero.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "sample.h"

const char *const group_names[NR_GROUPS] = {
	[SPACE]		= "space (bytes)",
	[CAPACITY]	= "capacity and pressure (pages, pages/s, times)",
	[PAGES]		= "pages",
	[CALLS]		= "calls of members",
	[VERDICTS]	= "verdicts",
	[POLICY]	= "policies",
	[STORED]	= "pages by stored size",
};

#define VERDICT(_prefix, _member, _word)				\
	{ "verdicts_" #_prefix "_" #_word, VERDICTS, false, _member, #_word },
#define STORED_UP_TO(_bytes)	{ .name = "stored_" #_bytes, .group = STORED }

const struct counter counters[] = {
	{ .name = "logical_total", .group = SPACE, .gauge = true },
	{ .name = "logical_used", .group = SPACE, .gauge = true },
	{ .name = "physical_total", .group = SPACE, .gauge = true },
	{ .name = "physical_used", .group = SPACE, .gauge = true },
	{ .name = "bytes_stored_total", .group = SPACE },
	{ .name = "balloon_pages", .group = CAPACITY, .gauge = true },
	{ .name = "balloon_target", .group = CAPACITY, .gauge = true },
	{ .name = "balloon_in", .group = CAPACITY },
	{ .name = "balloon_out", .group = CAPACITY },
	{ .name = "admit_rate", .group = CAPACITY, .gauge = true },
	{ .name = "promote_rate", .group = CAPACITY, .gauge = true },
	{ .name = "pressure_low", .group = CAPACITY },
	{ .name = "pressure_high", .group = CAPACITY },
	{ .name = "pressure_critical", .group = CAPACITY },
	{ .name = "kills", .group = CAPACITY },
	{ .name = "pages_offered", .group = PAGES },
	{ .name = "pages_admitted", .group = PAGES },
	{ .name = "pages_demoted", .group = PAGES },
	{ .name = "pages_denied", .group = PAGES },
	{ .name = "pages_kept", .group = PAGES },
	{ .name = "pages_slowed", .group = PAGES },
	{ .name = "pages_refused_device", .group = PAGES },
	{ .name = "pages_failed", .group = PAGES },
	{ .name = "pages_promoted_write", .group = PAGES },
	{ .name = "pages_promoted_around", .group = PAGES },
	{ .name = "pages_promoted_hot", .group = PAGES },
	{ .name = "pages_promoted_victim", .group = PAGES },
	{ .name = "promote_dropped", .group = PAGES },
	{ .name = "hot_reports", .group = PAGES },
	{ .name = "hot_bogus", .group = PAGES },
	{ .name = "pages_reclaimed", .group = PAGES },
	{ .name = "pages_evacuated", .group = PAGES },
	{ .name = "pages_migrated_out", .group = PAGES },
	{ .name = "pages_freed", .group = PAGES },
	{ .name = "calls_admit_batch", .group = CALLS },
	{ .name = "calls_admit_folio", .group = CALLS },
	{ .name = "calls_choose_class", .group = CALLS },
	{ .name = "calls_migrated", .group = CALLS },
	{ .name = "calls_promote_fault", .group = CALLS },
	{ .name = "calls_promote_hot", .group = CALLS },
	{ .name = "calls_reclaim_folio", .group = CALLS },
	{ .name = "calls_pressure", .group = CALLS },
	{ .name = "calls_no_policy", .group = CALLS },
	{ .name = "calls_bypassed", .group = CALLS },
	NODE_VERDICTS(VERDICT)
	{ .name = "overridden", .group = VERDICTS },
	{ .name = "keep_capped", .group = VERDICTS },
	{ .name = "victim_keep_capped", .group = VERDICTS },
	{ .name = "policy_attaches", .group = POLICY },
	{ .name = "policy_updates", .group = POLICY },
	{ .name = "policy_detaches", .group = POLICY },
	{ .name = "policy_ejects", .group = POLICY },
	STORED_UP_TO(0), STORED_UP_TO(256), STORED_UP_TO(512),
	STORED_UP_TO(768), STORED_UP_TO(1024), STORED_UP_TO(1280),
	STORED_UP_TO(1536), STORED_UP_TO(1792), STORED_UP_TO(2048),
	STORED_UP_TO(2304), STORED_UP_TO(2560), STORED_UP_TO(2816),
	STORED_UP_TO(3072), STORED_UP_TO(3328), STORED_UP_TO(3584),
	STORED_UP_TO(3840), STORED_UP_TO(4096),
};

const size_t nr_counters = ARRAY_SIZE(counters);

_Static_assert(ARRAY_SIZE(counters) <= SAMPLE_MAX, "SAMPLE_MAX is too small");

/**
 * sample_read_stat - read all counters of a node, and keep the text
 * @node: the node
 * @stat: what the kernel shows, also counters that nodectl does not know; empty
 *        when that cannot be read
 * @s: those that it knows; @s->nr_known is 0 when the node has left
 */
void sample_read_stat(const struct node *node, struct node_stat *stat,
		      struct sample *s)
{
	struct timespec ts;
	int err, no_stat;
	size_t i;

	memset(s, 0, sizeof(*s));
	clock_gettime(CLOCK_MONOTONIC, &ts);
	s->time = ts.tv_sec + ts.tv_nsec / 1e9;
	no_stat = node_stat(node, stat);
	if (no_stat)
		stat->text[0] = '\0';
	for (i = 0; i < nr_counters; i++) {
		if (counters[i].gauge)
			err = node_attr_u64(node, counters[i].name, &s->value[i]);
		else
			err = no_stat ?: node_stat_u64(stat, counters[i].name,
						       &s->value[i]);
		s->known[i] = !err;
		s->nr_known += !err;
		s->nr_failed += err && err != -ENOENT;
	}
	if (node_attr(node, "pressure", s->pressure, sizeof(s->pressure)))
		s->pressure[0] = '\0';
}

/**
 * sample_read - read all counters of a node
 * @node: the node
 * @s: they; @s->nr_known is 0 when the node has left
 */
void sample_read(const struct node *node, struct sample *s)
{
	struct node_stat stat;

	sample_read_stat(node, &stat, s);
}

static int find(const char *name)
{
	size_t i;

	for (i = 0; i < nr_counters; i++)
		if (!strcmp(counters[i].name, name))
			return i;
	return -1;
}

/**
 * counter_is_known - does nodectl know what a line of stat counts?
 * @name: of the line
 */
bool counter_is_known(const char *name)
{
	int i = find(name);

	return i >= 0 && !counters[i].gauge;
}

/**
 * sample_get - a counter
 * @s: the moment
 * @name: which one
 * @value: its value, left alone when unknown
 *
 * Return: is it known?
 */
bool sample_get(const struct sample *s, const char *name, uint64_t *value)
{
	int i = find(name);

	if (i < 0 || !s->known[i])
		return false;
	*value = s->value[i];
	return true;
}

/**
 * sample_delta - what a counter has counted
 * @now: the end
 * @before: the beginning; NULL is when the node was registered
 * @name: which one
 * @delta: what it has counted, left alone when unknown
 *
 * A counter that has become smaller belongs to a node that was registered
 * again meanwhile: what it has counted is unknown.
 *
 * Return: is it known?
 */
bool sample_delta(const struct sample *now, const struct sample *before,
		  const char *name, uint64_t *delta)
{
	uint64_t first = 0, last;

	if (!sample_get(now, name, &last) ||
	    (before && !sample_get(before, name, &first)) || last < first)
		return false;
	*delta = last - first;
	return true;
}

/**
 * sample_delta_json - what each counter has counted
 * @now: the end
 * @before: the beginning
 *
 * Return: JSON object; what is unknown is null in it.
 */
struct json_object *sample_delta_json(const struct sample *now,
				      const struct sample *before)
{
	struct json_object *o = json_object_new_object();
	const char *name;
	uint64_t delta;
	size_t i;

	for (i = 0; i < nr_counters; i++) {
		name = counters[i].name;
		if (!counters[i].gauge)
			json_object_object_add(o, name,
				sample_delta(now, before, name, &delta) ?
				json_object_new_uint64(delta) : NULL);
	}
	return o;
}

/**
 * sample_gauge - a counter as a number
 * @s: the moment
 * @name: which one
 */
struct number sample_gauge(const struct sample *s, const char *name)
{
	struct number n = {};
	uint64_t value;

	n.known = sample_get(s, name, &value);
	if (n.known)
		n.value = value;
	return n;
}

/**
 * sample_rate - how much per second several counters have counted together
 * @now: the end
 * @before: the beginning; NULL makes the rate unknown
 * @names: which ones, ends with NULL; those that the kernel lacks are left out
 */
struct number sample_rate(const struct sample *now, const struct sample *before,
			  const char *const *names)
{
	struct number n = {};
	uint64_t delta;

	if (!before || now->time <= before->time)
		return n;
	for (; *names; names++) {
		if (!sample_delta(now, before, *names, &delta))
			continue;
		n.known = true;
		n.value += delta;
	}
	n.value /= now->time - before->time;
	return n;
}

/**
 * sample_share - the share that one counter has of another one
 * @now: the end
 * @before: the beginning; NULL is when the node was registered
 * @part: counter
 * @whole: counter; if it counted nothing, there is no share
 */
struct number sample_share(const struct sample *now, const struct sample *before,
			   const char *part, const char *whole)
{
	struct number n = {};
	uint64_t a, b;

	n.known = sample_delta(now, before, part, &a) &&
		  sample_delta(now, before, whole, &b) && b;
	if (n.known)
		n.value = (double)a / b;
	return n;
}

/**
 * sample_bounce - pages promoted by writes per page demoted
 * @now: the end
 * @before: the beginning; NULL is when the node was registered
 *
 * More than 1 when pages come back that were demoted earlier.
 */
struct number sample_bounce(const struct sample *now, const struct sample *before)
{
	return sample_share(now, before, "pages_promoted_write", "pages_demoted");
}

/**
 * sample_admission - pages admitted per page offered
 * @now: the end
 * @before: the beginning; NULL is when the node was registered
 */
struct number sample_admission(const struct sample *now,
			       const struct sample *before)
{
	return sample_share(now, before, "pages_admitted", "pages_offered");
}

/**
 * sample_ratio - logical bytes held per physical byte used
 * @s: the moment
 */
struct number sample_ratio(const struct sample *s)
{
	return sample_share(s, NULL, "logical_used", "physical_used");
}

/**
 * number_json - a number for JSON
 * @n: the number
 *
 * Return: with four decimals, or NULL when unknown.
 */
struct json_object *number_json(struct number n)
{
	struct json_object *o;

	if (!n.known)
		return NULL;
	o = json_object_new_double(n.value);
	json_object_set_serializer(o, json_object_double_to_json_string, "%.4f",
				   NULL);
	return o;
}

/**
 * sample_verdicts_json - the verdicts of each member
 * @s: the moment
 *
 * Return: an object with one object per member, null for what is unknown.
 */
struct json_object *sample_verdicts_json(const struct sample *s)
{
	struct json_object *o = json_object_new_object(), *member;
	size_t i;

	for (i = 0; i < nr_counters; i++) {
		if (!counters[i].member)
			continue;
		if (!json_object_object_get_ex(o, counters[i].member, &member)) {
			member = json_object_new_object();
			json_object_object_add(o, counters[i].member, member);
		}
		json_object_object_add(member, counters[i].word, s->known[i] ?
				       json_object_new_uint64(s->value[i]) : NULL);
	}
	return o;
}
