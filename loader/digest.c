// SPDX-License-Identifier: GPL-2.0
/*
 * A running policy carries the digest of the file that it was loaded from: a
 * small frozen map, bound to one of its programs.  It comes and goes with the
 * program, whoever asks can read it, and nobody can change it.
 *
 * The tags of the programs, which the kernel makes, would not do.  They cover the
 * instructions, but neither constants nor the shapes of maps nor the ranges of
 * tunables; and the tag of a file is known only after it was relocated against
 * the kernel and loaded.  A build id would be there only in objects whose author
 * has thought of it.  The digest of the file is the same for every object, and a
 * user can compare it with sha256sum.
 *
 * It tells files apart that do the same, for example after a change of a comment
 * moved lines.  Then the policy is replaced by its like, which costs little and
 * loses nothing: its maps are handed over.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <sha2.h>

#include "digest.h"

/* No C name, so no map of a policy is called so. */
#define DIGEST_MAP	"node_ext.sha256"

_Static_assert(DIGEST_SIZE == SHA256_DIGEST_LENGTH, "size of a SHA-256");

/**
 * digest_make - the digest of a file
 * @data: its bytes
 * @size: how many
 * @d: the digest
 */
void digest_make(const void *data, size_t size, struct digest *d)
{
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, data, size);
	SHA256Final(d->bytes, &ctx);
	d->known = true;
}

/**
 * digest_equal - are two files known to be the same?
 * @a: digest of the one
 * @b: digest of the other
 */
bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->known && b->known && !memcmp(a->bytes, b->bytes, DIGEST_SIZE);
}

/**
 * digest_text - a digest as sha256sum writes it
 * @d: it is known
 * @buf: where to write
 * @size: of @buf, DIGEST_TEXT
 */
const char *digest_text(const struct digest *d, char *buf, size_t size)
{
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < DIGEST_SIZE && 2 * i + 2 < size; i++)
		snprintf(buf + 2 * i, size - 2 * i, "%02x", d->bytes[i]);
	return buf;
}

/**
 * digest_keep - have a program carry the digest of its file
 * @d: the digest
 * @prog_fd: the program
 * @f: why not
 *
 * Return: 0 or a negative errno.
 */
int digest_keep(const struct digest *d, int prog_fd, struct failure *f)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_RDONLY_PROG);
	__u32 zero = 0;
	int fd, err = 0;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, DIGEST_MAP, sizeof(zero),
			    DIGEST_SIZE, 1, &opts);
	if (fd < 0 || bpf_map_update_elem(fd, &zero, d->bytes, 0) ||
	    bpf_map_freeze(fd) || bpf_prog_bind_map(prog_fd, fd, NULL))
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err ? fail(f, err, "Try again.",
			  "cannot keep in the kernel which file it is: %s",
			  strerror(-err)) : 0;
}

/**
 * digest_map_name - would the kernel call a map like that of a digest?
 * @name: of a map of a policy; the kernel cuts it
 */
bool digest_map_name(const char *name)
{
	return !strncmp(name, DIGEST_MAP, strlen(DIGEST_MAP));
}

/**
 * digest_found - a program carries a digest
 * @d: the digest of its policy
 * @bytes: it
 *
 * One carries one, with two it cannot be told which file it is.
 */
void digest_found(struct digest *d, const uint8_t *bytes)
{
	d->twice = d->twice || d->known;
	d->known = !d->twice;
	memcpy(d->bytes, bytes, DIGEST_SIZE);
}

/**
 * digest_read - is this map a digest? Which?
 * @map_fd: the map
 * @info: about it
 * @d: the digest, unchanged if it is none
 */
bool digest_read(int map_fd, const struct bpf_map_info *info, struct digest *d)
{
	uint8_t bytes[DIGEST_SIZE];
	__u32 zero = 0;

	if (info->type != BPF_MAP_TYPE_ARRAY || info->value_size != DIGEST_SIZE ||
	    info->max_entries != 1 || strcmp(info->name, DIGEST_MAP) ||
	    bpf_map_lookup_elem(map_fd, &zero, bytes))
		return false;
	digest_found(d, bytes);
	return true;
}
