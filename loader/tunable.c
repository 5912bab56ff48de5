// SPDX-License-Identifier: GPL-2.0
/*
 * Tunables are vetted here, before the kernel sees anything: a policy never
 * runs with a value outside the range that its author wrote down.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "tunable.h"

static const struct {
	const char *name;
	unsigned int size;
	bool is_signed;
} types[] = {
	[TUNABLE_U32]	= { "u32", 4, false },
	[TUNABLE_S32]	= { "s32", 4, true },
	[TUNABLE_U64]	= { "u64", 8, false },
	[TUNABLE_S64]	= { "s64", 8, true },
	[TUNABLE_BOOL]	= { "bool", 1, false },
};

#define NR_TYPES	(ARRAY_SIZE(types))

/**
 * tunable_type_parse - read the name of a type
 * @text: "u32", ...
 * @type: which it is
 *
 * Return: 0 or -EINVAL.
 */
int tunable_type_parse(const char *text, enum tunable_type *type)
{
	size_t i;

	for (i = 0; i < NR_TYPES; i++) {
		if (!strcmp(types[i].name, text)) {
			*type = i;
			return 0;
		}
	}
	return -EINVAL;
}

/**
 * tunable_type_name - name of a type
 * @type: the type
 */
const char *tunable_type_name(enum tunable_type type)
{
	return types[type].name;
}

/**
 * tunable_type_size - bytes that a value of this type takes
 * @type: the type
 */
unsigned int tunable_type_size(enum tunable_type type)
{
	return types[type].size;
}

/**
 * tunable_fits - can a type hold a value?
 * @type: the type
 * @value: 64 bits, sign extended for the signed types
 */
bool tunable_fits(enum tunable_type type, uint64_t value)
{
	switch (type) {
	case TUNABLE_U32:
		return value <= UINT32_MAX;
	case TUNABLE_S32:
		return (int64_t)value >= INT32_MIN && (int64_t)value <= INT32_MAX;
	case TUNABLE_BOOL:
		return value <= 1;
	case TUNABLE_U64:
	case TUNABLE_S64:
		return true;
	}
	return false;
}

/**
 * tunable_in_range - is a value allowed?
 * @tun: the tunable
 * @value: the value
 */
bool tunable_in_range(const struct tunable *tun, uint64_t value)
{
	if (types[tun->type].is_signed)
		return (int64_t)value >= (int64_t)tun->min &&
		       (int64_t)value <= (int64_t)tun->max;
	return value >= tun->min && value <= tun->max;
}

/**
 * settings_parse - split key=value arguments
 * @args: the arguments; the values point into them
 * @nr: how many
 * @set: the result
 * @f: why not
 *
 * Return: 0 or -EINVAL: no '=', no key, a key twice, too many.
 */
int settings_parse(char **args, int nr, struct settings *set, struct failure *f)
{
	static const char hint[] = "Write tunables as KEY=VALUE.";
	struct setting *s;
	const char *eq;
	unsigned int j;
	int i;

	set->nr = 0;
	for (i = 0; i < nr; i++) {
		eq = strchr(args[i], '=');
		if (!eq)
			return fail(f, -EINVAL, hint, "\"%s\" has no '='", args[i]);
		if (eq == args[i])
			return fail(f, -EINVAL, hint,
				    "\"%s\" names no tunable", args[i]);
		if (eq - args[i] > NODE_EXT_NAME_LEN)
			return fail(f, -EINVAL, hint,
				    "the key in \"%s\" is longer than %d characters",
				    args[i], NODE_EXT_NAME_LEN);
		if (set->nr == SETTINGS_MAX)
			return fail(f, -EINVAL, NULL, "more than %d tunables",
				    SETTINGS_MAX);
		s = &set->list[set->nr];
		snprintf(s->key, sizeof(s->key), "%.*s", (int)(eq - args[i]),
			 args[i]);
		s->value = eq + 1;
		for (j = 0; j < set->nr; j++)
			if (!strcmp(set->list[j].key, s->key))
				return fail(f, -EINVAL, "Give it once.",
					    "tunable \"%s\" is given twice", s->key);
		set->nr++;
	}
	return 0;
}

/*
 * Suffixes are understood only where the unit leaves no doubt about what they
 * mean.
 */
static const struct {
	const char *unit;
	const char *suffix;
	uint64_t factor;
} suffixes[] = {
	{ "bytes", "K", 1ULL << 10 },	 { "bytes", "M", 1ULL << 20 },
	{ "bytes", "G", 1ULL << 30 },	 { "bytes", "T", 1ULL << 40 },
	{ "permille", "%", 10 },	 { "percent", "%", 1 },
	{ "ns", "ns", 1 },		 { "ns", "us", 1000 },
	{ "ns", "ms", 1000000 },	 { "ns", "s", 1000000000 },
	{ "us", "us", 1 },		 { "us", "ms", 1000 },
	{ "us", "s", 1000000 },		 { "ms", "ms", 1 },
	{ "ms", "s", 1000 },		 { "s", "s", 1 },
};

static int suffix_factor(const char *unit, const char *suffix, uint64_t *factor)
{
	size_t i;

	*factor = 1;
	if (!*suffix)
		return 0;
	for (i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (strcmp(suffixes[i].unit, unit) ||
		    strcmp(suffixes[i].suffix, suffix))
			continue;
		*factor = suffixes[i].factor;
		return 0;
	}
	return -EINVAL;
}

static int parse_bool(const char *text, uint64_t *value)
{
	static const struct {
		const char *text;
		uint64_t value;
	} words[] = {
		{ "0", 0 }, { "false", 0 }, { "off", 0 }, { "no", 0 },
		{ "1", 1 }, { "true", 1 },  { "on", 1 },  { "yes", 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(words[i].text, text)) {
			*value = words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

/*
 * Reads sign, digits (decimal, or hexadecimal after 0x) and suffix.  A '-' is
 * an error for unsigned types: strtoull() would wrap it around.
 */
static int parse_int(const struct tunable *tun, const char *text, uint64_t *value)
{
	bool negative = *text == '-';
	const char *digits = text + negative;
	uint64_t magnitude, factor;
	char *end;
	int base;

	if (negative && !types[tun->type].is_signed)
		return -ERANGE;
	base = digits[0] == '0' && (digits[1] | 0x20) == 'x' ? 16 : 10;
	if (!isdigit((unsigned char)digits[0]) ||
	    (base == 16 && !isxdigit((unsigned char)digits[2])))
		return -EINVAL;
	errno = 0;
	magnitude = strtoull(digits, &end, base);
	if (errno)
		return -ERANGE;
	if (suffix_factor(tun->unit, end, &factor))
		return -EINVAL;
	if (__builtin_mul_overflow(magnitude, factor, &magnitude))
		return -ERANGE;
	if (types[tun->type].is_signed &&
	    magnitude > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*value = negative ? -magnitude : magnitude;
	return 0;
}

/* ", also with K, M, G or T", or nothing */
static void describe_suffixes(const char *unit, char *buf, size_t size)
{
	const char *last = NULL;
	size_t i, len = 0;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (strcmp(suffixes[i].unit, unit))
			continue;
		if (last)
			len += snprintf(buf + len, size - len, "%s%s",
					len ? ", " : ", also with ", last);
		last = suffixes[i].suffix;
	}
	if (last)
		snprintf(buf + len, size - len, "%s%s",
			 len ? " or " : ", also with ", last);
}

static void describe_range(const struct tunable *tun, char *buf, size_t size)
{
	char def[32], min[32], max[32], also[48];

	tunable_format(tun, tun->def, def, sizeof(def));
	tunable_format(tun, tun->min, min, sizeof(min));
	tunable_format(tun, tun->max, max, sizeof(max));
	describe_suffixes(tun->unit, also, sizeof(also));
	if (tun->type == TUNABLE_BOOL)
		snprintf(buf, size, "%s is true or false, default %s",
			 tun->name, def);
	else
		snprintf(buf, size, "%s is a number (%s) from %s to %s%s%s, default %s%s",
			 tun->name, types[tun->type].name, min, max,
			 tun->unit[0] ? " " : "", tun->unit, def, also);
}

/**
 * tunable_parse_value - read and vet a value
 * @tun: the tunable
 * @text: the value as written on the command line
 * @value: the result
 * @f: why not; says what is right
 *
 * Return: 0, -EINVAL (not of the type) or -ERANGE.
 */
int tunable_parse_value(const struct tunable *tun, const char *text,
			uint64_t *value, struct failure *f)
{
	char range[256], next[300];
	int err;

	if (tun->type == TUNABLE_BOOL)
		err = parse_bool(text, value);
	else
		err = parse_int(tun, text, value);
	if (!err && (!tunable_fits(tun->type, *value) ||
		     !tunable_in_range(tun, *value)))
		err = -ERANGE;
	if (!err)
		return 0;
	describe_range(tun, range, sizeof(range));
	snprintf(next, sizeof(next), "%s.", range);
	if (err == -ERANGE)
		return fail(f, err, next,
			    "\"%s\" is out of range for tunable \"%s\"", text,
			    tun->name);
	return fail(f, err, next, "\"%s\" is not a %s, as tunable \"%s\" needs",
		    text, types[tun->type].name, tun->name);
}

static void list_tunables(const struct policy_meta *meta, char *buf, size_t size)
{
	unsigned int i;
	size_t len;

	if (!meta->nr_tunables) {
		snprintf(buf, size, "This policy has no tunables.");
		return;
	}
	len = snprintf(buf, size, "It has: ");
	for (i = 0; i < meta->nr_tunables && len < size; i++) {
		char range[256];

		describe_range(&meta->tunables[i], range, sizeof(range));
		len += snprintf(buf + len, size - len, "%s%s", i ? "; " : "", range);
	}
	if (len < size)
		snprintf(buf + len, size - len, ".");
}

/**
 * tunables_vet - check all settings before any is made
 * @meta: what the policy has
 * @set: the settings
 * @changes: the result, at least @set->nr large
 * @f: why not; lists the tunables that there are
 *
 * Return: 0 or a negative errno.
 */
int tunables_vet(const struct policy_meta *meta, const struct settings *set,
		 struct tunable_change *changes, struct failure *f)
{
	const struct tunable *tun;
	char next[1024];
	unsigned int i, j;
	int err;

	for (i = 0; i < set->nr; i++) {
		tun = NULL;
		for (j = 0; j < meta->nr_tunables; j++)
			if (!strcmp(meta->tunables[j].name, set->list[i].key))
				tun = &meta->tunables[j];
		if (!tun) {
			list_tunables(meta, next, sizeof(next));
			return fail(f, -ENOENT, next,
				    "the policy has no tunable \"%s\"",
				    set->list[i].key);
		}
		err = tunable_parse_value(tun, set->list[i].value,
					  &changes[i].value, f);
		if (err)
			return err;
		changes[i].tun = tun;
	}
	return 0;
}

/**
 * tunable_load - read a tunable from its section
 * @tun: the tunable
 * @values: the section
 *
 * Reads with a single load: the policy or another nodectl may write.
 */
uint64_t tunable_load(const struct tunable *tun, const void *values)
{
	const char *p = (const char *)values + tun->offset;

	switch (tun->type) {
	case TUNABLE_U32:
		return __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
	case TUNABLE_S32:
		return (int64_t)__atomic_load_n((const int32_t *)p,
						__ATOMIC_RELAXED);
	case TUNABLE_BOOL:
		return !!__atomic_load_n((const uint8_t *)p, __ATOMIC_RELAXED);
	case TUNABLE_U64:
	case TUNABLE_S64:
		return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
	}
	return 0;
}

/**
 * tunable_store - write a tunable into its section
 * @tun: the tunable
 * @values: the section
 * @value: vetted value
 *
 * Writes with a single store, so that a running policy sees the old value or
 * the new one and the neighbours are not touched.
 */
void tunable_store(const struct tunable *tun, void *values, uint64_t value)
{
	char *p = (char *)values + tun->offset;

	switch (tun->type) {
	case TUNABLE_U32:
	case TUNABLE_S32:
		__atomic_store_n((uint32_t *)p, value, __ATOMIC_RELAXED);
		break;
	case TUNABLE_BOOL:
		__atomic_store_n((uint8_t *)p, value, __ATOMIC_RELAXED);
		break;
	case TUNABLE_U64:
	case TUNABLE_S64:
		__atomic_store_n((uint64_t *)p, value, __ATOMIC_RELAXED);
		break;
	}
}

/**
 * tunable_format - a value as text
 * @tun: the tunable
 * @value: the value
 * @buf: where to write
 * @size: of @buf
 */
const char *tunable_format(const struct tunable *tun, uint64_t value, char *buf,
			   size_t size)
{
	if (tun->type == TUNABLE_BOOL)
		snprintf(buf, size, "%s", value ? "true" : "false");
	else if (types[tun->type].is_signed)
		snprintf(buf, size, "%" PRId64, (int64_t)value);
	else
		snprintf(buf, size, "%" PRIu64, value);
	return buf;
}

/**
 * tunable_json_value - a value for JSON
 * @tun: the tunable
 * @value: the value
 */
struct json_object *tunable_json_value(const struct tunable *tun, uint64_t value)
{
	if (tun->type == TUNABLE_BOOL)
		return json_object_new_boolean(value);
	if (types[tun->type].is_signed)
		return json_object_new_int64(value);
	return json_object_new_uint64(value);
}

/**
 * tunable_json - a tunable without its value
 * @tun: the tunable
 */
struct json_object *tunable_json(const struct tunable *tun)
{
	struct json_object *o = json_object_new_object();

	out_str(o, "name", tun->name);
	out_str(o, "type", types[tun->type].name);
	json_object_object_add(o, "default", tunable_json_value(tun, tun->def));
	json_object_object_add(o, "min", tunable_json_value(tun, tun->min));
	json_object_object_add(o, "max", tunable_json_value(tun, tun->max));
	out_str(o, "unit", tun->unit);
	out_str(o, "description", tun->desc);
	return o;
}
