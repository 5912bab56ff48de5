/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What nodectl says: results on stdout, everything else on stderr.
 */
#ifndef NODECTL_OUT_H
#define NODECTL_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct json_object;

/* Exit status of every verb; documented in nodectl(8). */
enum nodectl_status {
	NODECTL_OK	= 0,	/* all done */
	NODECTL_NONE	= 1,	/* nothing done */
	NODECTL_USAGE	= 2,	/* the command line is wrong */
	NODECTL_PARTLY	= 3,	/* some of it done */
};

/**
 * struct failure - why something could not be done
 * @cause: what is wrong, without a full stop
 * @next: what to do about it, whole sentences; may be empty
 * @log: further lines (end of the verifier's log), or NULL
 *
 * Zero-initialise, fill with fail(), print with p_failure().
 */
struct failure {
	char cause[1024];
	char next[1024];
	char *log;
};

extern bool out_json;

int fail(struct failure *f, int err, const char *next, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void failure_clear(struct failure *f);
void p_log(const char *text);
void p_failure(const char *subject, const char *what, const struct failure *f);
void p_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void p_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

int out_flush(void);
struct json_object *json_text(const char *text);
void out_record(struct json_object *record);
void out_str(struct json_object *o, const char *key, const char *value);
void out_lines(struct json_object *o, const char *key, const char *text);
void out_int(struct json_object *o, const char *key, int64_t value);
void out_uint(struct json_object *o, const char *key, uint64_t value);
void out_bool(struct json_object *o, const char *key, bool value);
void out_seconds(struct json_object *o, const char *key, double value);

const char *fmt_bytes(uint64_t bytes, char *buf, size_t size);
const char *fmt_age(uint64_t seconds, char *buf, size_t size);
int last_lines(const char *text, unsigned int nr, char **tail);
unsigned int lines_from(const char *text, const char *begin);

#endif /* NODECTL_OUT_H */
