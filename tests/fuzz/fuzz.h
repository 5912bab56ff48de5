/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the harnesses of libFuzzer share. Each of them gives one reader of
 * nodectl arbitrary bytes: the reader must end, touch no memory that is not
 * its own, and say what is wrong with what it refuses.
 */
#ifndef NODE_EXT_FUZZ_H
#define NODE_EXT_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): what must hold is checked in any build. */
#define must(_condition)						\
	do {								\
		if (!(_condition)) {					\
			fprintf(stderr, "%s:%d: does not hold: %s\n",	\
				__FILE__, __LINE__, #_condition);	\
			abort();					\
		}							\
	} while (0)

/* A copy of just that size, so that a read beyond it is seen. */
static inline void *fuzz_copy(const uint8_t *data, size_t size, size_t extra)
{
	char *copy = calloc(1, size + extra ?: 1);

	must(copy);
	__builtin_memcpy(copy, data, size);
	return copy;
}

#endif /* NODE_EXT_FUZZ_H */
