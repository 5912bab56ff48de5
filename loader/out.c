// SPDX-License-Identifier: GPL-2.0
/*
 * Messages, JSON records and the few number formats of the tables.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "out.h"
#include "text.h"

bool out_json;

/**
 * fail - note why something failed
 * @f: where to note it; a cause noted before is replaced
 * @err: what to return
 * @next: the next step for the user, whole sentences, or NULL
 * @fmt: the cause, without a full stop
 *
 * Names in it may be anybody's: what cannot be shown becomes a question mark.
 *
 * Return: @err, so that a failing function ends in "return fail(...)".
 */
int fail(struct failure *f, int err, const char *next, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->cause, sizeof(f->cause), fmt, ap);
	va_end(ap);
	snprintf(f->next, sizeof(f->next), "%s", next ?: "");
	text_clean(f->cause);
	text_clean(f->next);
	return err;
}

/**
 * failure_clear - free what a failure holds
 * @f: may be used again afterwards
 */
void failure_clear(struct failure *f)
{
	free(f->log);
	memset(f, 0, sizeof(*f));
}

static void print_error_json(struct json_object *root)
{
	fprintf(stderr, "%s\n",
		json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
					       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
}

static void error_json(const char *subject, const char *what,
		       const struct failure *f)
{
	struct json_object *root = json_object_new_object();
	struct json_object *error = json_object_new_object();

	if (subject)
		out_str(error, "subject", subject);
	if (what)
		out_str(error, "what", what);
	out_str(error, "cause", f->cause);
	if (f->next[0])
		out_str(error, "next", f->next);
	if (f->log)
		out_lines(error, "log", f->log);
	json_object_object_add(root, "error", error);
	print_error_json(root);
}

/**
 * p_log - print on stderr what somebody else has to say
 * @text: lines, of libbpf or of the verifier, with names from anywhere
 */
void p_log(const char *text)
{
	struct json_object *root;
	char *shown;

	if (out_json) {
		root = json_object_new_object();
		out_lines(root, "log", text);
		print_error_json(root);
		return;
	}
	shown = strdup(text);
	if (!shown)
		return;
	text_clean_lines(shown);
	fprintf(stderr, "%s%s", shown,
		shown[0] && shown[strlen(shown) - 1] == '\n' ? "" : "\n");
	free(shown);
}

/**
 * p_failure - print a failure on stderr
 * @subject: the node or file it is about, or NULL
 * @what: what could not be done ("cannot load policy x"), or NULL
 * @f: why, and what to do next
 */
void p_failure(const char *subject, const char *what, const struct failure *f)
{
	char *line;

	/* Keep the order of what was printed when both go to one place. */
	fflush(stdout);
	if (out_json) {
		error_json(subject, what, f);
		return;
	}
	if (f->log)
		p_log(f->log);
	if (asprintf(&line, "nodectl: %s%s%s%s%s.%s%s", subject ?: "",
		     subject ? ": " : "", what ?: "", what ? ": " : "", f->cause,
		     f->next[0] ? " " : "", f->next) < 0) {
		fputs("nodectl: no memory.\n", stderr);
		return;
	}
	text_clean(line);
	fprintf(stderr, "%s\n", line);
	free(line);
}

/**
 * p_error - print an error that needs no more than one sentence
 * @fmt: the sentence, without a full stop
 */
void p_error(const char *fmt, ...)
{
	struct failure f = {};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f.cause, sizeof(f.cause), fmt, ap);
	va_end(ap);
	p_failure(NULL, NULL, &f);
}

/**
 * p_info - tell the user something that is not a result
 * @fmt: whole sentences
 *
 * Goes to stderr; silent with --json, where records say the same.  What went
 * wrong is for p_failure().
 */
void p_info(const char *fmt, ...)
{
	char *line;
	va_list ap;
	int len;

	if (out_json)
		return;
	fflush(stdout);
	va_start(ap, fmt);
	len = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	text_clean(line);
	fprintf(stderr, "nodectl: %s\n", line);
	free(line);
}

/**
 * out_flush - hand on what was printed
 *
 * What could not be written is tried again here, so the error is that of now, not
 * of whatever came after printing it.
 *
 * Return: 0, or the first error that printing has met so far, negative.
 */
int out_flush(void)
{
	static int first;
	int err;

	errno = 0;
	err = fflush(stdout) ? -errno : 0;
	if (!err && ferror(stdout))
		err = -EIO;
	first = first ?: err;
	return first;
}

/**
 * out_record - print one JSON record as one line
 * @record: consumed
 *
 * Flushes, so that a reader at the other end of a pipe sees it at once.
 */
void out_record(struct json_object *record)
{
	printf("%s\n",
	       json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN |
					      JSON_C_TO_STRING_NOSLASHESCAPE));
	out_flush();
	json_object_put(record);
}

/**
 * json_text - a text as a JSON value
 * @text: the text; what cannot be shown of it becomes a question mark
 */
struct json_object *json_text(const char *text)
{
	char *copy = text_is_printable(text) ? NULL : strdup(text);
	struct json_object *value;

	if (copy)
		text_clean(copy);
	value = json_object_new_string(copy ?: text);
	free(copy);
	return value;
}

/**
 * out_str - add a text to a JSON object
 * @o: the object
 * @key: name of the member
 * @value: its value, for json_text()
 */
void out_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_text(value));
}

/**
 * out_lines - add a text to a JSON object as an array of its lines
 * @o: the object
 * @key: name of the member
 * @text: the text; empty lines are left out, tabs become blanks
 */
void out_lines(struct json_object *o, const char *key, const char *text)
{
	struct json_object *lines = json_object_new_array();
	char *copy = strdup(text), *line, *save, *p;

	for (p = copy; p && (p = strchr(p, '\t')); p++)
		*p = ' ';
	for (line = copy ? strtok_r(copy, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		json_object_array_add(lines, json_text(line));
	json_object_object_add(o, key, lines);
	free(copy);
}

/**
 * out_int - add a signed number to a JSON object
 * @o: the object
 * @key: name of the member
 * @value: its value
 */
void out_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

/**
 * out_uint - add an unsigned number to a JSON object
 * @o: the object
 * @key: name of the member
 * @value: its value
 */
void out_uint(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

/**
 * out_bool - add true or false to a JSON object
 * @o: the object
 * @key: name of the member
 * @value: its value
 */
void out_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

/**
 * out_seconds - add a time in seconds to a JSON object
 * @o: the object
 * @key: name of the member
 * @value: its value, written down to microseconds
 */
void out_seconds(struct json_object *o, const char *key, double value)
{
	struct json_object *seconds = json_object_new_double(value);

	json_object_set_serializer(seconds, json_object_double_to_json_string,
				   "%.6f", NULL);
	json_object_object_add(o, key, seconds);
}

/**
 * fmt_bytes - a number of bytes for people
 * @bytes: the number
 * @buf: where to write
 * @size: of @buf
 */
const char *fmt_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB",
					     "PiB", "EiB" };
	double value = bytes;
	size_t i = 0;

	while (value >= 1023.95 && i + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		i++;
	}
	if (i)
		snprintf(buf, size, "%.1f %s", value, units[i]);
	else
		snprintf(buf, size, "%" PRIu64 " B", bytes);
	return buf;
}

/**
 * fmt_age - a time span for people, its two largest units
 * @seconds: the span
 * @buf: where to write
 * @size: of @buf
 */
const char *fmt_age(uint64_t seconds, char *buf, size_t size)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	if (i == 3 || !(seconds % units[i].seconds / units[i + 1].seconds))
		snprintf(buf, size, "%" PRIu64 " %s",
			 seconds / units[i].seconds, units[i].name);
	else
		snprintf(buf, size, "%" PRIu64 " %s %" PRIu64 " %s",
			 seconds / units[i].seconds, units[i].name,
			 seconds % units[i].seconds / units[i + 1].seconds,
			 units[i + 1].name);
	return buf;
}

/**
 * last_lines - copy the last lines of a text
 * @text: the text
 * @nr: how many lines at most
 * @tail: the copy, to be freed
 *
 * Return: how many lines were left out, or -ENOMEM.
 */
int last_lines(const char *text, unsigned int nr, char **tail)
{
	const char *end = text + strlen(text), *start = end, *p;
	unsigned int lines = 0;
	int left_out = 0;

	while (end > text && end[-1] == '\n')
		end--;
	for (start = end; start > text; start--)
		if (start[-1] == '\n' && ++lines == nr)
			break;
	for (p = text; p < start; p++)
		left_out += *p == '\n';
	*tail = strndup(start, end - start);
	return *tail ? left_out : -ENOMEM;
}

/**
 * lines_from - how many lines does a text have from a certain one on?
 * @text: the text
 * @begin: how that line begins; the last such line counts
 *
 * Return: as last_lines() takes it; 0 when there is no such line.
 */
unsigned int lines_from(const char *text, const char *begin)
{
	const char *line, *next, *end = text + strlen(text);
	unsigned int nr = 0;

	while (end > text && end[-1] == '\n')
		end--;
	for (line = text; line < end; line = next + 1) {
		if (!strncmp(line, begin, strlen(begin)))
			nr = 1;
		else
			nr += !!nr;
		next = strchrnul(line, '\n');
	}
	return nr;
}
