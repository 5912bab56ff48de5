/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NODECTL_TRACE_H
#define NODECTL_TRACE_H

#include <stdbool.h>

/**
 * struct trace_line - one event as trace_pipe prints it
 * @task: comm of the task
 * @pid: of the task
 * @cpu: where it happened
 * @time: seconds, the clock of the trace
 * @event: name of the tracepoint
 * @fields: "key=value key=value"
 */
struct trace_line {
	char task[32];
	int pid;
	int cpu;
	double time;
	char event[64];
	const char *fields;
};

int trace_parse(const char *line, struct trace_line *t);
unsigned int trace_buffer_kb(int nr_cpus);
void trace_remove_stale(void);
bool trace_lost(const char *line, unsigned long *lost);

#endif /* NODECTL_TRACE_H */
