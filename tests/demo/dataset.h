/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The demo's data set: one file of real text, cut into values of 2 to 8 KiB.
 * A journal shared by the demo's processes says what the server must hold
 * now, so that every answer can be judged.
 */
#ifndef DEMO_DATASET_H
#define DEMO_DATASET_H

#include <stddef.h>
#include <stdint.h>

#define DATASET_KEY_LEN		12	/* "text:0000000" */
#define DATASET_MARK_LEN	16	/* "revision 000001|", at a value's start */
#define DATASET_VALUE_MAX	8192

/* What one value must be: text of the file, its start replaced if @rev. */
struct dataset_entry {
	uint64_t offset;	/* in the file */
	uint64_t body_hash;	/* of all that follows the mark */
	uint32_t len;
	uint32_t rev;		/* times that the start was rewritten */
};

/* Counters of the load generator, running. */
struct dataset_counters {
	uint64_t gets, sets;	/* requests that were answered */
	uint64_t failed;	/* no answer, or an error */
	uint64_t different;	/* answered, with the wrong value */
};

struct dataset_journal {
	uint64_t magic;
	uint64_t nr;
	uint64_t bytes;
	struct dataset_counters load;
	struct dataset_entry entry[];
};

struct dataset {
	int fd;				/* of the text, -1 if not needed */
	struct dataset_journal *j;	/* shared mapping */
	size_t map_len;
};

/**
 * dataset_create() - cut @text into values and start the journal
 *
 * Return: 0, or a negative errno after a message on stderr.
 */
int dataset_create(struct dataset *ds, const char *journal, const char *text);

/**
 * dataset_open() - join a journal that dataset_create() wrote
 * @text: the same file, or NULL when hashes are enough
 *
 * Return: 0, or a negative errno after a message on stderr.
 */
int dataset_open(struct dataset *ds, const char *journal, const char *text);

void dataset_close(struct dataset *ds);

void dataset_key(char key[DATASET_KEY_LEN + 1], uint64_t i);
void dataset_mark(char mark[DATASET_MARK_LEN + 1], uint32_t rev);
uint64_t dataset_hash(const void *data, size_t len);

/**
 * dataset_source() - the text that value @i was made of
 * @buf: at least DATASET_VALUE_MAX bytes
 *
 * Return: 0, or a negative errno after a message on stderr.
 */
int dataset_source(const struct dataset *ds, uint64_t i, char *buf);

/** dataset_expect() - what the server must hold for @i, byte for byte */
int dataset_expect(const struct dataset *ds, uint64_t i, char *buf);

/** dataset_plausible() - compare by length, mark and hash; true if right */
int dataset_plausible(const struct dataset *ds, uint64_t i, uint32_t rev,
		      const char *value, size_t len);

#endif
