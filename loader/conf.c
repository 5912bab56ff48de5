// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the configuration.  inih takes the lines apart; what it lets pass is
 * refused here: a heading without settings or with something behind it, the same
 * section or key twice, a line that it would cut.
 *
 * A directory that comes first wins: its file stands for the files of that name
 * in the others.  Nothing is used of a configuration with an error in it.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <ini.h>

#include "conf.h"
#include "node.h"
#include "policy_path.h"
#include "text.h"

#define TUNABLE_PREFIX	"tunable."

/* inih cuts the name of a section to this. */
#define HEADING_MAX	49

/* The unit tests point these to directories of their own. */
const char *conf_system_dirs[2] = { "/etc/node_ext", "/usr/lib/node_ext" };

static const struct {
	enum conf_kind kind;
	const char *name;
} kinds[] = {
	{ CONF_NODE, "node" }, { CONF_MATCH, "match" },
	{ CONF_PROFILE, "profile" },
};

enum value_type { WORD, SIZE, NUMBER, BOOL };

static const struct {
	const char *name;
	unsigned int kinds;
	enum value_type type;
} keys[NR_CONF_KEYS] = {
	[CONF_POLICY] = { "policy", CONF_NODE | CONF_MATCH | CONF_PROFILE, WORD },
	[CONF_PROFILE_NAME] = { "profile", CONF_NODE | CONF_MATCH, WORD },
	[CONF_FORCE] = { "force", CONF_NODE | CONF_MATCH, BOOL },
	[CONF_DRIVER] = { "driver", CONF_MATCH, WORD },
	[CONF_FEATURES] = { "features", CONF_MATCH, WORD },
	[CONF_MIN_SIZE] = { "min-size", CONF_MATCH, SIZE },
	[CONF_MAX_SIZE] = { "max-size", CONF_MATCH, SIZE },
	[CONF_MIN_CLASSES] = { "min-classes", CONF_MATCH, NUMBER },
};

/* The first key that is a condition; those before say what to attach. */
#define FIRST_CONDITION	CONF_DRIVER

/**
 * struct reader - a file while inih reads it
 * @conf: what becomes of it
 * @in: the file
 * @line: the last line that was read
 * @size: of @line
 * @at: its place
 * @heading: place of the last heading, line 0 before the first one
 * @section: the section that this heading began, NULL until it has a setting
 * @err: the first error
 * @f: says what it is
 */
struct reader {
	struct conf *conf;
	FILE *in;
	char *line;
	size_t size;
	struct conf_place at;
	struct conf_place heading;
	struct conf_section *section;
	int err;
	struct failure *f;
};

/**
 * conf_kind_name - what a section of this kind is called
 * @kind: the kind
 */
const char *conf_kind_name(enum conf_kind kind)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds) - 1; i++)
		if (kinds[i].kind == kind)
			break;
	return kinds[i].name;
}

/**
 * conf_wrong - note where the configuration is wrong
 * @conf: it
 * @at: the place
 * @err: what to return
 */
int conf_wrong(struct conf *conf, const struct conf_place *at, int err)
{
	if (at->line)
		snprintf(conf->wrong, sizeof(conf->wrong), "%s:%u", at->file,
			 at->line);
	else
		snprintf(conf->wrong, sizeof(conf->wrong), "%s", at->file);
	return err;
}

static int reader_wrong(struct reader *r, const struct conf_place *at, int err)
{
	r->err = conf_wrong(r->conf, at, err);
	return 0;
}

/* ---- lines -------------------------------------------------------------------- */

static void end_section(struct reader *r)
{
	if (r->err || !r->heading.line || r->section)
		return;
	reader_wrong(r, &r->heading,
		     fail(r->f, -EINVAL, "Give it a policy or a profile, or remove it.",
			  "this section says nothing"));
}

static void begin_section(struct reader *r, const char *text)
{
	const char *end = strchr(text, ']');

	end_section(r);
	if (r->err)
		return;
	r->heading = r->at;
	r->section = NULL;
	end = end ? end + 1 + strspn(end + 1, " ") : "";
	if (*end && *end != ';' && *end != '#')
		reader_wrong(r, &r->at,
			     fail(r->f, -EINVAL, "Write it on a line of its own.",
				  "\"%s\" stands behind the heading", end));
}

/*
 * What inih gets of a line: it takes one that begins with a blank for the rest
 * of the value before, and would take a long one for two.
 */
static char *next_line(char *buf, int size, void *reader)
{
	struct reader *r = reader;
	char *text, *p;
	ssize_t len;

	if (r->err)
		return NULL;
	len = getline(&r->line, &r->size, r->in);
	if (len < 0) {
		if (ferror(r->in))
			reader_wrong(r, &r->at,
				     fail(r->f, -EIO, NULL, "cannot read on: %s",
					  strerror(errno)));
		return NULL;
	}
	r->at.line++;
	text = r->line;
	if (r->at.line == 1 && !strncmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	for (p = text; *p; p++)
		if (isspace((unsigned char)*p))
			*p = ' ';
	if (p == r->line + len && text_is_printable(text)) {
		while (p > text && p[-1] == ' ')
			*--p = '\0';
		text += strspn(text, " ");
	} else {
		reader_wrong(r, &r->at, fail(r->f, -EINVAL, "Write it as UTF-8 text.",
					     "this line cannot be printed"));
		return NULL;
	}
	if (p - text >= size - 1) {
		reader_wrong(r, &r->at, fail(r->f, -E2BIG, "Write less on a line.",
					     "this line is longer than %d bytes",
					     size - 2));
		return NULL;
	}
	if (*text == '[')
		begin_section(r, text);
	snprintf(buf, size, "%s\n", text);
	return buf;
}

/* ---- sections ------------------------------------------------------------------ */

static bool good_name(const char *name)
{
	const char *p;

	for (p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
			return false;
	return name[0] && strlen(name) <= CONF_NAME_LEN;
}

/* "node 1", "match NAME" or "profile NAME" */
static int parse_heading(const char *heading, struct conf_section *s,
			 struct failure *f)
{
	static const char how[] =
		"Write [node 1], [match NAME] or [profile NAME].";
	size_t i, len = strcspn(heading, " ");
	const char *name = heading + len + strspn(heading + len, " ");

	if (strlen(heading) >= HEADING_MAX)
		return fail(f, -E2BIG, how, "the heading is too long");
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].name) == len &&
		    !strncmp(kinds[i].name, heading, len))
			break;
	if (i == ARRAY_SIZE(kinds) || !*name)
		return fail(f, -EINVAL, how, "there is no section [%s]", heading);
	s->kind = kinds[i].kind;
	s->nid = -1;
	if (s->kind == CONF_NODE) {
		if (node_parse(name, &s->nid))
			return fail(f, -EINVAL, "Write [node 1].",
				    "\"%s\" is not a node", name);
		snprintf(s->name, sizeof(s->name), "node%d", s->nid);
		return 0;
	}
	if (!good_name(name))
		return fail(f, -EINVAL,
			    "It has at most 32 letters, digits, '_', '-' and '.'.",
			    "\"%s\" cannot be the name of a %s", name,
			    kinds[i].name);
	snprintf(s->name, sizeof(s->name), "%s", name);
	return 0;
}

static int add_section(struct reader *r, const char *heading)
{
	struct conf_section *s, **more;
	const struct conf_section *first;
	int err;

	s = calloc(1, sizeof(*s));
	more = s ? realloc(r->conf->sections,
			   (r->conf->nr + 1) * sizeof(*more)) : NULL;
	if (!more) {
		free(s);
		return fail(r->f, -ENOMEM, NULL, "no memory");
	}
	r->conf->sections = more;
	s->at = r->heading;
	err = parse_heading(heading, s, r->f);
	first = err ? NULL : conf_section(r->conf, s->kind, s->name);
	if (first)
		err = fail(r->f, -EEXIST, "Keep one of the two.",
			   "section [%s] is there already, at %s:%u", heading,
			   first->at.file, first->at.line);
	if (err) {
		free(s);
		return err;
	}
	r->conf->sections[r->conf->nr++] = s;
	r->section = s;
	return 0;
}

/* ---- settings ------------------------------------------------------------------ */

/* A number, for a size with K, M, G or T. */
static int parse_number(const char *text, bool size, uint64_t *number)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (errno || !isdigit((unsigned char)text[0]))
		return -EINVAL;
	if (!*end)
		return 0;
	unit = strchr(units, *end);
	if (!size || !unit || end[1] ||
	    *number > UINT64_MAX >> (10 * (unit - units + 1)))
		return -EINVAL;
	*number <<= 10 * (unit - units + 1);
	return 0;
}

static int parse_bool(const char *text, uint64_t *number)
{
	*number = !strcmp(text, "yes");
	return *number || !strcmp(text, "no") ? 0 : -EINVAL;
}

static const char *const right_value[] = {
	[SIZE] = "Write bytes, or a whole number with K, M, G or T.",
	[NUMBER] = "Write a whole number.",
	[BOOL] = "Write yes or no.",
};

/* The configuration has no directory of its own to which a path could lead. */
static int check_policy(const char *text, struct failure *f)
{
	if (!policy_is_path(text) || text[0] == '/')
		return 0;
	return fail(f, -EINVAL, "Write the name of a policy, or a path that begins with '/'.",
		    "\"%s\" is a path that depends on where nodectl is started",
		    text);
}

static int set_value(struct reader *r, enum conf_key key, const char *text)
{
	struct conf_value *v = &r->section->values[key];
	int err = 0;

	if (!(keys[key].kinds & r->section->kind))
		return fail(r->f, -EINVAL, NULL, "a %s has no \"%s\"",
			    conf_kind_name(r->section->kind), keys[key].name);
	if (v->text)
		return fail(r->f, -EEXIST, "Keep one of the two.",
			    "\"%s\" is there already, in line %u",
			    keys[key].name, v->at.line);
	if (!*text)
		return fail(r->f, -EINVAL, "Give it a value, or remove the line.",
			    "\"%s\" has no value", keys[key].name);
	if (key == CONF_POLICY && check_policy(text, r->f))
		return -EINVAL;
	if (keys[key].type == BOOL)
		err = parse_bool(text, &v->number);
	else if (keys[key].type != WORD)
		err = parse_number(text, keys[key].type == SIZE, &v->number);
	if (err)
		return fail(r->f, err, right_value[keys[key].type],
			    "\"%s\" is no value for \"%s\"", text, keys[key].name);
	v->text = strdup(text);
	v->at = r->at;
	return v->text ? 0 : fail(r->f, -ENOMEM, NULL, "no memory");
}

/* Which tunables there are, and their ranges, the policy says later. */
static int add_tunable(struct reader *r, const char *key, const char *text)
{
	struct conf_section *s = r->section;
	struct conf_tunable *t = &s->tunables[s->nr_tunables];
	size_t len = strlen(key);
	unsigned int i;

	if (!text_is_name(key) || len > NODE_EXT_NAME_LEN)
		return fail(r->f, -EINVAL, "Write " TUNABLE_PREFIX "KEY = VALUE.",
			    "\"%s\" cannot be the name of a tunable", key);
	if (!*text)
		return fail(r->f, -EINVAL, "Give it a value, or remove the line.",
			    "tunable \"%s\" has no value", key);
	for (i = 0; i < s->nr_tunables; i++)
		if (s->tunables[i].key_len == len &&
		    !strncmp(s->tunables[i].text, key, len))
			return fail(r->f, -EEXIST, "Keep one of the two.",
				    "tunable \"%s\" is there already, in line %u",
				    key, s->tunables[i].at.line);
	if (s->nr_tunables == SETTINGS_MAX)
		return fail(r->f, -E2BIG, NULL, "more than %d tunables",
			    SETTINGS_MAX);
	if (asprintf(&t->text, "%s=%s", key, text) < 0) {
		t->text = NULL;
		return fail(r->f, -ENOMEM, NULL, "no memory");
	}
	t->key_len = len;
	t->at = r->at;
	s->nr_tunables++;
	return 0;
}

static int unknown_key(struct reader *r, const char *key)
{
	char next[256] = "It has ";
	size_t i, len = strlen(next);

	for (i = 0; i < NR_CONF_KEYS && len < sizeof(next); i++)
		if (keys[i].kinds & r->section->kind)
			len += snprintf(next + len, sizeof(next) - len, "%s, ",
					keys[i].name);
	if (len < sizeof(next))
		snprintf(next + len, sizeof(next) - len,
			 "and " TUNABLE_PREFIX "KEY for each tunable.");
	return fail(r->f, -EINVAL, next, "a %s has no \"%s\"",
		    conf_kind_name(r->section->kind), key);
}

static int set_any(struct reader *r, const char *heading, const char *key,
		   const char *text)
{
	size_t len = strlen(TUNABLE_PREFIX);
	unsigned int i;
	int err;

	if (!r->heading.line)
		return fail(r->f, -EINVAL,
			    "Put a heading before it, such as [node 1].",
			    "\"%s\" is in no section", key);
	err = r->section ? 0 : add_section(r, heading);
	if (err) {
		reader_wrong(r, &r->heading, err);
		return err;
	}
	if (strstr(text, " #"))
		return fail(r->f, -EINVAL, "A comment behind a value begins with ;.",
			    "\"%s\" of \"%s\" has a # in it", text, key);
	if (!strncmp(key, TUNABLE_PREFIX, len))
		return add_tunable(r, key + len, text);
	for (i = 0; i < NR_CONF_KEYS; i++)
		if (!strcmp(keys[i].name, key))
			return set_value(r, i, text);
	return unknown_key(r, key);
}

/* inih calls it for each KEY = VALUE. Return: whether it is fine. */
static int on_setting(void *reader, const char *heading, const char *key,
		      const char *text)
{
	struct reader *r = reader;
	int err;

	if (r->err)
		return 0;
	err = set_any(r, heading, key, text);
	if (err && !r->err)
		reader_wrong(r, &r->at, err);
	return !err;
}

/* ---- files --------------------------------------------------------------------- */

static int syntax_error(struct reader *r, unsigned int line)
{
	struct conf_place at = { r->at.file, line };

	return conf_wrong(r->conf, &at,
			  fail(r->f, -EINVAL,
			       "Write KEY = VALUE, or a heading such as [node 1]; a comment begins with #.",
			       "this line is not understood"));
}

/**
 * conf_read_stream - read one file
 * @conf: gets its sections
 * @in: the file
 * @path: what to call it; it must stay as long as @conf
 * @f: what is wrong; @conf->wrong says where
 *
 * Return: 0 or a negative errno.
 */
int conf_read_stream(struct conf *conf, FILE *in, const char *path,
		     struct failure *f)
{
	struct reader r = {
		.conf = conf, .in = in, .at.file = path, .heading.file = path,
		.f = f,
	};
	int line;

	/* Line of its first error, which may be ours; it goes on after that. */
	line = ini_parse_stream(next_line, &r, on_setting, &r);
	if (line > 0 && (!r.err || (unsigned int)line < r.at.line))
		r.err = syntax_error(&r, line);
	if (line < 0 && !r.err)
		r.err = fail(f, -ENOMEM, NULL, "no memory");
	end_section(&r);
	free(r.line);
	return r.err;
}

/* A link to /dev/null hides the file of that name in the other directory. */
static bool is_mask(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

static int read_conf_file(struct conf *conf, const char *path,
			  struct failure *f)
{
	struct conf_place at = { path, 0 };
	struct stat st;
	FILE *in;
	int err;

	if (stat(path, &st))
		return conf_wrong(conf, &at, fail(f, -errno, NULL,
						  "cannot read it: %s",
						  strerror(errno)));
	if (is_mask(&st))
		return 0;
	if (!S_ISREG(st.st_mode))
		return conf_wrong(conf, &at, fail(f, -EINVAL, "Remove it.",
						  "it is no regular file"));
	in = fopen(path, "re");
	if (!in)
		return conf_wrong(conf, &at, fail(f, -errno, NULL,
						  "cannot read it: %s",
						  strerror(errno)));
	err = conf_read_stream(conf, in, path, f);
	fclose(in);
	return err;
}

static int is_conf_file(const struct dirent *de)
{
	size_t len = strlen(de->d_name), suffix = strlen(CONF_SUFFIX);

	return de->d_name[0] != '.' && len > suffix &&
	       !strcmp(de->d_name + len - suffix, CONF_SUFFIX);
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static bool is_hidden(const struct conf *conf, const char *name)
{
	unsigned int i;

	for (i = 0; i < conf->nr_files; i++)
		if (!strcmp(base_name(conf->files[i]), name))
			return true;
	return false;
}

static int add_file(struct conf *conf, const char *dir, const char *name)
{
	char **more;

	if (is_hidden(conf, name))
		return 0;
	more = realloc(conf->files, (conf->nr_files + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	conf->files = more;
	if (asprintf(&more[conf->nr_files], "%s/%s", dir, name) < 0)
		return -ENOMEM;
	conf->nr_files++;
	return 0;
}

static int list_dir(struct conf *conf, const char *dir, bool needed,
		    struct failure *f)
{
	struct conf_place at = { dir, 0 };
	struct dirent **list;
	int nr, i, err = 0;

	nr = scandir(dir, &list, is_conf_file, NULL);
	if (nr < 0) {
		if (errno == ENOENT && !needed)
			return 0;
		return conf_wrong(conf, &at, fail(f, -errno, needed ?
						  "Look at what --config says." :
						  NULL,
						  "cannot look for the configuration there: %s",
						  strerror(errno)));
	}
	for (i = 0; i < nr; i++) {
		err = err ?: add_file(conf, dir, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return err ? fail(f, err, NULL, "no memory") : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

/* ---- all together -------------------------------------------------------------- */

/* What can be told of a section only when all have been read. */
static int check_section(struct conf *conf, const struct conf_section *s,
			 struct failure *f)
{
	const struct conf_value *profile = &s->values[CONF_PROFILE_NAME];
	const struct conf_value *low = &s->values[CONF_MIN_SIZE];
	const struct conf_value *high = &s->values[CONF_MAX_SIZE];
	const struct conf_section *used = NULL;
	unsigned int i, conditions = 0;

	if (profile->text) {
		used = conf_section(conf, CONF_PROFILE, profile->text);
		if (!used)
			return conf_wrong(conf, &profile->at,
					  fail(f, -ENOENT, "Write a section for it, or name another one.",
					       "there is no profile \"%s\"",
					       profile->text));
	}
	if (s->kind != CONF_PROFILE && !s->values[CONF_POLICY].text &&
	    (!used || !used->values[CONF_POLICY].text))
		return conf_wrong(conf, &s->at,
				  fail(f, -EINVAL, "Write policy = NAME.", used ?
				       "neither this section nor its profile names a policy" :
				       "this section names no policy"));
	for (i = FIRST_CONDITION; i < NR_CONF_KEYS; i++)
		conditions += !!s->values[i].text;
	if (s->kind == CONF_MATCH && !conditions)
		return conf_wrong(conf, &s->at,
				  fail(f, -EINVAL, "Write driver = * if it is for all nodes.",
				       "this match has no condition"));
	if (low->text && high->text && low->number > high->number)
		return conf_wrong(conf, &high->at,
				  fail(f, -ERANGE, NULL,
				       "max-size is less than min-size"));
	return 0;
}

/**
 * conf_section - find a section
 * @conf: the configuration
 * @kind: its kind
 * @name: its name; "nodeN" for a node
 */
const struct conf_section *conf_section(const struct conf *conf,
					enum conf_kind kind, const char *name)
{
	unsigned int i;

	for (i = 0; i < conf->nr; i++)
		if (conf->sections[i]->kind == kind &&
		    !strcmp(conf->sections[i]->name, name))
			return conf->sections[i];
	return NULL;
}

/**
 * conf_read - read the configuration
 * @dir: where it is, NULL for the directories of the system
 * @conf: the result, to be freed with conf_free() also after an error
 * @f: what is wrong; @conf->wrong says where
 *
 * That there is none is no error.
 *
 * Return: 0 or a negative errno.
 */
int conf_read(const char *dir, struct conf *conf, struct failure *f)
{
	unsigned int i;
	int err = 0;

	memset(conf, 0, sizeof(*conf));
	if (dir)
		err = list_dir(conf, dir, true, f);
	for (i = 0; !dir && !err && i < ARRAY_SIZE(conf_system_dirs); i++)
		err = list_dir(conf, conf_system_dirs[i], false, f);
	if (conf->nr_files)
		qsort(conf->files, conf->nr_files, sizeof(*conf->files), by_name);
	for (i = 0; !err && i < conf->nr_files; i++)
		err = read_conf_file(conf, conf->files[i], f);
	for (i = 0; !err && i < conf->nr; i++)
		err = check_section(conf, conf->sections[i], f);
	return err;
}

static void section_free(struct conf_section *s)
{
	unsigned int i;

	for (i = 0; i < NR_CONF_KEYS; i++)
		free(s->values[i].text);
	for (i = 0; i < s->nr_tunables; i++)
		free(s->tunables[i].text);
	free(s);
}

/**
 * conf_free - forget a configuration
 * @conf: filled by conf_read(), or zero-initialised
 */
void conf_free(struct conf *conf)
{
	while (conf->nr)
		section_free(conf->sections[--conf->nr]);
	while (conf->nr_files)
		free(conf->files[--conf->nr_files]);
	free(conf->sections);
	free(conf->files);
	memset(conf, 0, sizeof(*conf));
}
