// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset.h"

#define JOURNAL_MAGIC	0x6e6f64655f646d31ULL
#define VALUE_MIN	2048

/* A fixed sequence: the same text gives the same values everywhere. */
static uint32_t value_len(uint64_t i)
{
	uint64_t x = (i + 1) * 0x9e3779b97f4a7c15ULL;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 32;
	return VALUE_MIN + x % (DATASET_VALUE_MAX - VALUE_MIN + 1);
}

void dataset_key(char key[DATASET_KEY_LEN + 1], uint64_t i)
{
	snprintf(key, DATASET_KEY_LEN + 1, "text:%07u",
		 (unsigned int)(i % 10000000));
}

void dataset_mark(char mark[DATASET_MARK_LEN + 1], uint32_t rev)
{
	snprintf(mark, DATASET_MARK_LEN + 1, "revision %06u|", rev % 1000000);
}

uint64_t dataset_hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ULL ^ len, w;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	while (len--)
		h = (h ^ *p++) * 0x100000001b3ULL;
	return h ^ (h >> 29);
}

static int map_journal(struct dataset *ds, const char *path, int flags,
		       size_t len)
{
	struct stat st;
	int fd, err = 0;

	fd = open(path, O_RDWR | O_CLOEXEC | flags, 0600);
	if (fd < 0)
		goto fail;
	if (len && ftruncate(fd, len))
		goto fail;
	if (fstat(fd, &st))
		goto fail;
	ds->map_len = st.st_size;
	if (ds->map_len < sizeof(*ds->j)) {
		errno = EINVAL;
		goto fail;
	}
	ds->j = mmap(NULL, ds->map_len, PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	if (ds->j == MAP_FAILED) {
		ds->j = NULL;
		goto fail;
	}
	goto out;
fail:
	err = -errno;
	fprintf(stderr, "demo: %s: %s\n", path, strerror(-err));
out:
	if (fd >= 0)
		close(fd);
	return err;
}

static int open_text(struct dataset *ds, const char *text)
{
	int err;

	ds->fd = open(text, O_RDONLY | O_CLOEXEC);
	if (ds->fd >= 0)
		return 0;
	err = -errno;
	fprintf(stderr, "demo: %s: %s\n", text, strerror(-err));
	return err;
}

int dataset_create(struct dataset *ds, const char *journal, const char *text)
{
	uint64_t i, nr = 0, pos = 0;
	char buf[DATASET_VALUE_MAX];
	struct dataset_entry *e;
	struct stat st;
	int err;

	memset(ds, 0, sizeof(*ds));
	err = open_text(ds, text);
	if (err)
		return err;
	if (fstat(ds->fd, &st)) {
		err = -errno;
		perror(text);
		goto fail;
	}
	while (pos + value_len(nr) <= (uint64_t)st.st_size)
		pos += value_len(nr++);
	err = map_journal(ds, journal, O_CREAT | O_TRUNC,
			  sizeof(*ds->j) + nr * sizeof(*e));
	if (err)
		goto fail;
	ds->j->magic = JOURNAL_MAGIC;
	ds->j->nr = nr;
	ds->j->bytes = pos;
	pos = 0;
	for (i = 0; i < nr; i++) {
		e = &ds->j->entry[i];
		e->offset = pos;
		e->len = value_len(i);
		pos += e->len;
		err = dataset_source(ds, i, buf);
		if (err)
			goto fail;
		e->body_hash = dataset_hash(buf + DATASET_MARK_LEN,
					    e->len - DATASET_MARK_LEN);
	}
	return 0;
fail:
	dataset_close(ds);
	return err;
}

int dataset_open(struct dataset *ds, const char *journal, const char *text)
{
	int err;

	memset(ds, 0, sizeof(*ds));
	ds->fd = -1;
	err = map_journal(ds, journal, 0, 0);
	if (err)
		return err;
	if (ds->j->magic != JOURNAL_MAGIC ||
	    ds->map_len < sizeof(*ds->j) +
			  ds->j->nr * sizeof(struct dataset_entry)) {
		fprintf(stderr, "demo: %s is not a journal of this program\n",
			journal);
		err = -EINVAL;
	}
	if (!err && text)
		err = open_text(ds, text);
	if (err)
		dataset_close(ds);
	return err;
}

void dataset_close(struct dataset *ds)
{
	if (ds->j)
		munmap(ds->j, ds->map_len);
	if (ds->fd >= 0)
		close(ds->fd);
	ds->j = NULL;
	ds->fd = -1;
}

int dataset_source(const struct dataset *ds, uint64_t i, char *buf)
{
	const struct dataset_entry *e = &ds->j->entry[i];
	size_t done = 0;
	ssize_t n;
	int err;

	while (done < e->len) {
		n = pread(ds->fd, buf + done, e->len - done, e->offset + done);
		if (n <= 0) {
			err = n ? -errno : -EIO;
			fprintf(stderr, "demo: reading the text: %s\n",
				strerror(-err));
			return err;
		}
		done += n;
	}
	/* The file's cache would compete with the server for memory. */
	if (i % 256 == 255)
		posix_fadvise(ds->fd, 0, e->offset, POSIX_FADV_DONTNEED);
	return 0;
}

int dataset_expect(const struct dataset *ds, uint64_t i, char *buf)
{
	const struct dataset_entry *e = &ds->j->entry[i];
	char mark[DATASET_MARK_LEN + 1];
	int err;

	err = dataset_source(ds, i, buf);
	if (!err && e->rev) {
		dataset_mark(mark, e->rev);
		memcpy(buf, mark, DATASET_MARK_LEN);
	}
	return err;
}

int dataset_plausible(const struct dataset *ds, uint64_t i, uint32_t rev,
		      const char *value, size_t len)
{
	const struct dataset_entry *e = &ds->j->entry[i];
	char mark[DATASET_MARK_LEN + 1];

	if (len != e->len)
		return 0;
	dataset_mark(mark, rev);
	if (rev && memcmp(value, mark, DATASET_MARK_LEN))
		return 0;
	return dataset_hash(value + DATASET_MARK_LEN,
			    len - DATASET_MARK_LEN) == e->body_hash;
}
