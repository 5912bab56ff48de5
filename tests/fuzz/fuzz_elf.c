// SPDX-License-Identifier: GPL-2.0
/*
 * The first look at a file: is it a BPF object at all?
 */
#include "fuzz.h"

#include "elfcheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copy = fuzz_copy(data, size, 0);
	struct failure f = {};

	if (elf_check(copy, size, &f))
		must(f.cause[0] && f.next[0]);
	free(copy);
	return 0;
}
