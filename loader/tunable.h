/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tunables: key=value arguments, their vetting, their values in memory.
 */
#ifndef NODECTL_TUNABLE_H
#define NODECTL_TUNABLE_H

#include "meta.h"

#define SETTINGS_MAX	64

struct json_object;

/**
 * struct setting - one key=value of the command line
 * @key: its key, terminated
 * @value: the text after the first '='
 */
struct setting {
	char key[NODE_EXT_NAME_LEN + 1];
	const char *value;
};

/**
 * struct settings - all key=value arguments of a command line
 */
struct settings {
	struct setting list[SETTINGS_MAX];
	unsigned int nr;
};

/**
 * struct tunable_change - a setting after vetting
 * @tun: the tunable
 * @value: its new value
 */
struct tunable_change {
	const struct tunable *tun;
	uint64_t value;
};

int tunable_type_parse(const char *text, enum tunable_type *type);
const char *tunable_type_name(enum tunable_type type);
unsigned int tunable_type_size(enum tunable_type type);
bool tunable_fits(enum tunable_type type, uint64_t value);
bool tunable_in_range(const struct tunable *tun, uint64_t value);

int settings_parse(char **args, int nr, struct settings *set, struct failure *f);
int tunable_parse_value(const struct tunable *tun, const char *text,
			uint64_t *value, struct failure *f);
int tunables_vet(const struct policy_meta *meta, const struct settings *set,
		 struct tunable_change *changes, struct failure *f);

uint64_t tunable_load(const struct tunable *tun, const void *values);
void tunable_store(const struct tunable *tun, void *values, uint64_t value);
const char *tunable_format(const struct tunable *tun, uint64_t value, char *buf,
			   size_t size);
struct json_object *tunable_json_value(const struct tunable *tun, uint64_t value);
struct json_object *tunable_json(const struct tunable *tun);

#endif /* NODECTL_TUNABLE_H */
