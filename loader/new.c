// SPDX-License-Identifier: GPL-2.0
/*
 * new: a directory for a policy of one's own.
 *
 * The template is a directory of text files.  In their names and their text
 * @NAME@ stands for the name of the policy, in their text also @INCLUDE@ for
 * the directory of the headers and @NODECTL@ for this program.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "node_ext_meta.h"
#include "nodectl.h"
#include "place.h"

/**
 * struct word - what is replaced
 * @key: in the template
 * @value: in the copy
 */
struct word {
	const char *key;
	const char *value;
};

/**
 * struct kit - what a policy is made from
 * @template: directory of the template
 * @include: directory of the headers
 * @nodectl: this program
 * @words: what is replaced, ends with an empty one
 */
struct kit {
	char template[PATH_MAX];
	char include[PATH_MAX];
	char nodectl[PATH_MAX];
	struct word words[4];
};

/**
 * struct copy - the files that are made
 * @dir: where
 * @made_dir: it was not there before
 * @from: their names in the template
 * @to: their paths
 * @nr: how many
 * @nr_made: how many of them are written
 */
struct copy {
	const char *dir;
	bool made_dir;
	struct dirent **from;
	char **to;
	int nr;
	int nr_made;
};

/*
 * Words of C and of the headers that every policy includes, and functions that
 * the compiler knows: the policy is a variable of that name.
 */
static const char *const taken_words[] = {
	"abort", "abs", "asm", "auto", "bool", "break", "calloc", "case",
	"ceil", "char", "const", "continue", "cos", "counters", "default",
	"div", "do", "double", "else", "enum", "exit", "exp", "extern", "fabs",
	"false", "float", "floor", "fmax", "fmin", "for", "fork", "free",
	"goto", "if", "index", "inline", "int", "labs", "log", "long", "main",
	"malloc", "memcmp", "memcpy", "memmove", "memset", "pow", "printf",
	"puts", "register", "restrict", "return", "rindex", "round", "s16",
	"s32", "s64", "s8", "short", "signed", "sin", "size_t", "sizeof",
	"snprintf", "sprintf", "sqrt", "static", "strcmp", "strcpy", "strlen",
	"strncmp", "struct", "switch", "tan", "true", "trunc", "typedef",
	"typeof", "u16", "u32", "u64", "u8", "union", "unsigned", "vfork",
	"void", "volatile", "while",
};

static int check_name(const char *name, struct failure *f)
{
	const char *p = name;
	size_t i;

	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	if (*p || !*name || isdigit((unsigned char)*name))
		return fail(f, -EINVAL,
			    "A name has letters, digits and '_', and begins with no digit.",
			    "\"%s\" cannot be the name of a policy", name);
	if (*name == '_')
		return fail(f, -EINVAL, "Begin it with a letter.",
			    "names like %s belong to the compiler", name);
	if (strlen(name) >= NODE_EXT_POLICY_NAME_LEN)
		return fail(f, -EINVAL, "Choose a shorter one.",
			    "the name %s is longer than %d characters", name,
			    NODE_EXT_POLICY_NAME_LEN - 1);
	for (i = 0; i < ARRAY_SIZE(taken_words); i++)
		if (!strcmp(name, taken_words[i]))
			return fail(f, -EINVAL, "Choose another one.",
				    "%s means something else in C or in the headers", name);
	return 0;
}

/* make knows no way to write other characters that holds everywhere. */
static int check_path(const char *path, struct failure *f)
{
	const char *p = path;

	while (isalnum((unsigned char)*p) || (*p && strchr("/_.,+@-", *p)))
		p++;
	if (!*p)
		return 0;
	return fail(f, -EINVAL,
		    "Use a copy of node_ext below a path of letters, digits and / _ . , + @ -.",
		    "make cannot take the path %s", path);
}

static int find_kit(struct kit *k, const char *name, struct failure *f)
{
	static const char next[] =
		"In a source tree \"make kit\" makes them; installed they are share/node_ext/template and include/node_ext.";
	int err;

	err = place_exe(k->nodectl, sizeof(k->nodectl));
	if (!err)
		err = place_find("template", "share/node_ext/template",
				 k->template, sizeof(k->template));
	if (!err)
		err = place_find("include", "include/node_ext", k->include,
				 sizeof(k->include));
	if (err)
		return fail(f, err, next,
			    "the template or the headers are not where nodectl is: %s",
			    strerror(-err));
	k->words[0] = (struct word){ "@NAME@", name };
	k->words[1] = (struct word){ "@INCLUDE@", k->include };
	k->words[2] = (struct word){ "@NODECTL@", k->nodectl };
	err = check_path(k->include, f);
	return err ?: check_path(k->nodectl, f);
}

/* Write @text with the words replaced. */
static void put(FILE *out, const char *text, const struct word *words)
{
	const struct word *w;

	while (*text) {
		for (w = words; w->key; w++)
			if (!strncmp(text, w->key, strlen(w->key)))
				break;
		if (w->key) {
			fputs(w->value, out);
			text += strlen(w->key);
		} else {
			fputc(*text++, out);
		}
	}
}

static int is_template(const struct dirent *de)
{
	return de->d_name[0] != '.';
}

/* List the files, and see that none of them is there. */
static int plan(struct copy *c, const struct kit *k, struct failure *f)
{
	struct stat st;
	size_t size;
	FILE *out;
	int i;

	c->nr = scandir(k->template, &c->from, is_template, alphasort);
	if (c->nr <= 0)
		return fail(f, c->nr ? -errno : -ENOENT, NULL,
			    "cannot read the template %s: %s", k->template,
			    c->nr ? strerror(errno) : "it is empty");
	c->to = calloc(c->nr, sizeof(*c->to));
	for (i = 0; i < c->nr && c->to; i++) {
		out = open_memstream(&c->to[i], &size);
		if (!out)
			break;
		fprintf(out, "%s/", c->dir);
		put(out, c->from[i]->d_name, k->words);
		if (fclose(out) || !c->to[i])
			break;
		if (!lstat(c->to[i], &st))
			return fail(f, -EEXIST,
				    "Nothing was written. Name another directory, or move it away.",
				    "%s is there already", c->to[i]);
		if (errno != ENOENT && errno != ENOTDIR)
			return fail(f, -errno, NULL, "cannot look for %s: %s",
				    c->to[i], strerror(errno));
	}
	return i == c->nr ? 0 : fail(f, -ENOMEM, NULL, "out of memory");
}

static int make_dir(struct copy *c, struct failure *f)
{
	struct stat st;

	if (!mkdir(c->dir, 0777)) {
		c->made_dir = true;
		return 0;
	}
	if (errno != EEXIST)
		return fail(f, -errno, "Name a directory in one that is there.",
			    "cannot make the directory %s: %s", c->dir,
			    strerror(errno));
	if (stat(c->dir, &st) || !S_ISDIR(st.st_mode))
		return fail(f, -ENOTDIR, "Name a directory, or one to be made.",
			    "%s is not a directory", c->dir);
	return 0;
}

static int copy_text(const char *from, FILE *out, const struct kit *k)
{
	FILE *in = fopen(from, "re");
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (!in)
		return -errno;
	errno = 0;
	while (getline(&line, &size, in) >= 0)
		put(out, line, k->words);
	if (!feof(in))
		err = errno ? -errno : -EIO;
	free(line);
	fclose(in);
	return err;
}

/* What is there is neither overwritten nor written through. */
static int copy_file(struct copy *c, const struct kit *k, int i,
		     struct failure *f)
{
	char from[PATH_MAX + NAME_MAX + 2];
	FILE *out;
	int err;

	snprintf(from, sizeof(from), "%s/%s", k->template, c->from[i]->d_name);
	out = fopen(c->to[i], "wxe");
	if (!out)
		return fail(f, -errno, NULL, "cannot make %s: %s", c->to[i],
			    strerror(errno));
	c->nr_made++;
	err = copy_text(from, out, k);
	if (fclose(out) && !err)
		err = -errno;
	if (err)
		fail(f, err, NULL, "cannot copy %s to %s: %s", from, c->to[i],
		     strerror(-err));
	return err;
}

static void take_back(struct copy *c)
{
	while (c->nr_made)
		unlink(c->to[--c->nr_made]);
	if (c->made_dir)
		rmdir(c->dir);
}

static void copy_free(struct copy *c)
{
	int i;

	for (i = 0; i < c->nr; i++) {
		free(c->from[i]);
		if (c->to)
			free(c->to[i]);
	}
	free(c->from);
	free(c->to);
}

static void print_copy(const struct copy *c, const char *name)
{
	struct json_object *o, *list;
	int i;

	if (!out_json) {
		printf("policy %s was made:", name);
		for (i = 0; i < c->nr; i++)
			printf(" %s", c->to[i]);
		printf("\nbuild it, test it, and see what it says about itself: make -C %s\n",
		       c->dir);
		return;
	}
	o = json_object_new_object();
	list = json_object_new_array();
	out_str(o, "name", name);
	out_str(o, "dir", c->dir);
	for (i = 0; i < c->nr; i++)
		json_object_array_add(list, json_text(c->to[i]));
	json_object_object_add(o, "files", list);
	out_record(o);
}

/**
 * do_new - nodectl new NAME DIR
 * @c: the command line
 */
int do_new(const struct cmdline *c)
{
	struct copy copy = { .dir = c->args[1] };
	const char *name = c->args[0];
	struct failure f = {};
	struct kit kit = {};
	int i, err;

	err = check_name(name, &f);
	if (!err)
		err = find_kit(&kit, name, &f);
	if (!err)
		err = plan(&copy, &kit, &f);
	if (!err)
		err = make_dir(&copy, &f);
	for (i = 0; i < copy.nr && !err; i++)
		err = copy_file(&copy, &kit, i, &f);
	if (err) {
		take_back(&copy);
		p_failure(name[0] ? name : NULL, "cannot make a policy", &f);
	} else {
		print_copy(&copy, name);
	}
	copy_free(&copy);
	failure_clear(&f);
	return err ? NODECTL_NONE : NODECTL_OK;
}
