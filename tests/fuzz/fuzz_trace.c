// SPDX-License-Identifier: GPL-2.0
/*
 * A line of trace_pipe. The name of the task in it is any user's choice.
 */
#include "fuzz.h"

#include <string.h>

#include "trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = fuzz_copy(data, size, 1);
	struct trace_line t;
	unsigned long lost;

	trace_lost(line, &lost);
	if (!trace_parse(line, &t)) {
		must(strlen(t.task) < sizeof(t.task));
		must(strlen(t.event) < sizeof(t.event));
		must(t.fields >= line && t.fields <= line + strlen(line));
	}
	free(line);
	return 0;
}
