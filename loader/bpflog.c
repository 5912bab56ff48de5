// SPDX-License-Identifier: GPL-2.0
/*
 * libbpf reports causes only as text.  This keeps its warnings, so that a
 * failure can name the cause, and the verifier's log apart from them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "bpflog.h"
#include "out.h"

#define MAX_WARNINGS	64

bool bpflog_verbose;

static char *warnings[MAX_WARNINGS];
static unsigned int nr_warnings;
static char *verifier_log;
static char *verifier_prog;

/* Cuts the verifier's log out of the one message that libbpf puts it in. */
static bool take_verifier_log(const char *text)
{
	static const char begin[] = "-- BEGIN PROG LOAD LOG --\n";
	static const char end[] = "-- END PROG LOAD LOG --";
	const char *from, *to, *name;

	from = strstr(text, begin);
	if (!from)
		return false;
	from += sizeof(begin) - 1;
	to = strstr(from, end);
	if (!to)
		to = from + strlen(from);
	free(verifier_log);
	verifier_log = strndup(from, to - from);
	free(verifier_prog);
	verifier_prog = NULL;
	name = strstr(text, "prog '");
	if (name) {
		name += strlen("prog '");
		verifier_prog = strndup(name, strcspn(name, "'"));
	}
	return true;
}

static int print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *text;
	size_t len;

	if (level == LIBBPF_DEBUG && !bpflog_verbose)
		return 0;
	if (vasprintf(&text, fmt, ap) < 0)
		return 0;
	if (bpflog_verbose)
		p_log(text);
	len = strlen(text);
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	if (level == LIBBPF_WARN && !take_verifier_log(text) &&
	    nr_warnings < MAX_WARNINGS)
		warnings[nr_warnings++] = text;
	else
		free(text);
	return 0;
}

/**
 * bpflog_start - forget what was said so far and listen
 */
void bpflog_start(void)
{
	while (nr_warnings)
		free(warnings[--nr_warnings]);
	free(verifier_log);
	free(verifier_prog);
	verifier_log = NULL;
	verifier_prog = NULL;
	libbpf_set_print(print);
}

static const char *without_prefix(const char *text)
{
	static const char prefix[] = "libbpf: ";

	if (!strncmp(text, prefix, sizeof(prefix) - 1))
		text += sizeof(prefix) - 1;
	return text;
}

/**
 * bpflog_warning - the first warning, which is the one nearest to the cause
 *
 * Return: the text, or NULL when nothing was said.
 */
const char *bpflog_warning(void)
{
	return nr_warnings ? without_prefix(warnings[0]) : NULL;
}

/**
 * bpflog_find - the first warning that contains a text
 * @text: the text
 */
const char *bpflog_find(const char *text)
{
	unsigned int i;

	for (i = 0; i < nr_warnings; i++)
		if (strstr(warnings[i], text))
			return without_prefix(warnings[i]);
	return NULL;
}

/**
 * bpflog_verifier - the log of the program that was refused
 * @prog: its name, or NULL when unknown
 *
 * Return: the whole log, or NULL when the verifier refused nothing.
 */
const char *bpflog_verifier(const char **prog)
{
	*prog = verifier_prog;
	return verifier_log;
}
