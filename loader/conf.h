/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration: which policy belongs to which node.
 */
#ifndef NODECTL_CONF_H
#define NODECTL_CONF_H

#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "tunable.h"

#define CONF_SUFFIX	".conf"
#define CONF_NAME_LEN	32

enum conf_kind {
	CONF_NODE	= 1 << 0,
	CONF_MATCH	= 1 << 1,
	CONF_PROFILE	= 1 << 2,
};

/* What a section may say besides tunables. */
enum conf_key {
	CONF_POLICY, CONF_PROFILE_NAME, CONF_FORCE, CONF_DRIVER, CONF_FEATURES,
	CONF_MIN_SIZE, CONF_MAX_SIZE, CONF_MIN_CLASSES, NR_CONF_KEYS
};

/**
 * struct conf_place - where something is written
 * @file: the file, owned by struct conf
 * @line: counted from 1, 0 for the file as a whole
 */
struct conf_place {
	const char *file;
	unsigned int line;
};

/**
 * struct conf_value - what a section says about one thing
 * @text: as written, NULL when it says nothing
 * @number: @text of a size, a number, or yes (1) or no (0)
 * @at: where
 */
struct conf_value {
	char *text;
	uint64_t number;
	struct conf_place at;
};

/**
 * struct conf_tunable - the value of a tunable
 * @text: KEY=VALUE, as load and set take it
 * @key_len: of KEY
 * @at: where
 */
struct conf_tunable {
	char *text;
	size_t key_len;
	struct conf_place at;
};

/**
 * struct conf_section - a node, a match or a profile
 * @kind: which of the three
 * @name: of a match or a profile; "nodeN"
 * @nid: of a node
 * @at: its heading
 * @values: what it says, by enum conf_key
 * @tunables: in the order of the file
 * @nr_tunables: how many
 */
struct conf_section {
	enum conf_kind kind;
	char name[CONF_NAME_LEN + 1];
	int nid;
	struct conf_place at;
	struct conf_value values[NR_CONF_KEYS];
	struct conf_tunable tunables[SETTINGS_MAX];
	unsigned int nr_tunables;
};

/**
 * struct conf - all files together
 * @files: their paths
 * @nr_files: how many
 * @sections: in the order of the files, and in these of the lines
 * @nr: how many
 * @wrong: where the first error is, for p_failure()
 */
struct conf {
	char **files;
	unsigned int nr_files;
	struct conf_section **sections;
	unsigned int nr;
	char wrong[PATH_MAX + 16];
};

extern const char *conf_system_dirs[2];

int conf_read_stream(struct conf *conf, FILE *in, const char *path,
		     struct failure *f);
int conf_read(const char *dir, struct conf *conf, struct failure *f);
void conf_free(struct conf *conf);
const struct conf_section *conf_section(const struct conf *conf,
					enum conf_kind kind, const char *name);
const char *conf_kind_name(enum conf_kind kind);
int conf_wrong(struct conf *conf, const struct conf_place *at, int err);

#endif /* NODECTL_CONF_H */
