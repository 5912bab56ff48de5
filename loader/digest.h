/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which object is a running policy made of?
 */
#ifndef NODECTL_DIGEST_H
#define NODECTL_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "out.h"

#define DIGEST_SIZE	32
#define DIGEST_TEXT	(2 * DIGEST_SIZE + 1)

struct bpf_map_info;

/**
 * struct digest - SHA-256 of an object file
 * @known: it is known
 * @twice: more than one was found, so that it is not
 * @bytes: it
 */
struct digest {
	bool known;
	bool twice;
	uint8_t bytes[DIGEST_SIZE];
};

void digest_make(const void *data, size_t size, struct digest *d);
bool digest_equal(const struct digest *a, const struct digest *b);
const char *digest_text(const struct digest *d, char *buf, size_t size);
int digest_keep(const struct digest *d, int prog_fd, struct failure *f);
bool digest_map_name(const char *name);
void digest_found(struct digest *d, const uint8_t *bytes);
bool digest_read(int map_fd, const struct bpf_map_info *info, struct digest *d);

#endif /* NODECTL_DIGEST_H */
