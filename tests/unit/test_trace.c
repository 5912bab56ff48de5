// SPDX-License-Identifier: GPL-2.0
/* Lines of the kernel's trace_pipe. */
#include "unit.h"

#include <errno.h>

#include "trace.h"

static void events_are_taken_apart(void **state)
{
	struct trace_line t;

	(void)state;
	assert_int_equal(trace_parse(
		"         kswapd0-42      [001] d..2.  1234.567891: node_device_admit: nid=1 offered=32",
		&t), 0);
	assert_string_equal(t.task, "kswapd0");
	assert_int_equal(t.pid, 42);
	assert_int_equal(t.cpu, 1);
	assert_true(t.time > 1234.5678 && t.time < 1234.5679);
	assert_string_equal(t.event, "node_device_admit");
	assert_string_equal(t.fields, "nid=1 offered=32");
}

/* Whatever prctl() lets a task be called, its events are told as its own. */
static void odd_names_of_tasks_are_understood(void **state)
{
	static const char *const names[] = {
		"kworker/u4:1-ev", "my task [x]", "<idle>", "a [1] b", "-1 [0] . 1: e:",
		"x-1 [000] .... ", "CPU:0 [LOST 12", "- - - [0] [1]", "-", "[003]",
		"1.0: e: f=1", "node_device_x:",
	};
	char line[128];
	struct trace_line t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(line, sizeof(line),
			 "%16s-%-7d [%03d] %s %5d.%06d: node_device_attach: nid=1 name=x",
			 names[i], 34, 3, "d..1.", 12, 5);
		if (trace_parse(line, &t))
			fail_msg("the event of \"%s\" is lost", names[i]);
		assert_string_equal(t.task, names[i]);
		assert_int_equal(t.pid, 34);
		assert_int_equal(t.cpu, 3);
		assert_true(t.time > 12.000004 && t.time < 12.000006);
		assert_string_equal(t.event, "node_device_attach");
		assert_string_equal(t.fields, "nid=1 name=x");
	}
	assert_int_equal(trace_parse("  <idle>-0 [000] d.h1. 2.5: node_device_x: ",
				     &t), 0);
	assert_string_equal(t.fields, "");
}

static void other_lines_are_no_events(void **state)
{
	static const char *const bad[] = {
		"", "#", "garbage", "a-1 [000]", "a-1 [000] ....", "[000]",
		"a-1 [000] .... x: e: f", "a-1 [000] .... 1.0: noevent",
		"a [000] .... 1.0: e: f", "CPU:0 [LOST 12 EVENTS]",
		"a-1 [000] .... 1.0: sched_switch: f=1",
		"a-1 [000] .... 1.0: node_device_x f=1",
	};
	struct trace_line t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (trace_parse(bad[i], &t) != -EINVAL)
			fail_msg("\"%s\" was taken for an event", bad[i]);
}

static void lost_events_are_counted(void **state)
{
	unsigned long lost = 0;

	(void)state;
	assert_true(trace_lost("CPU:1 [LOST 123 EVENTS]", &lost));
	assert_int_equal(lost, 123);
	assert_true(trace_lost("CPU:1 [LOST EVENTS]", &lost));
	assert_int_equal(lost, 0);
	assert_false(trace_lost("a-1 [000] .... 1.0: e: f", &lost));
	assert_false(trace_lost("CPU:0 [LOST 9-34      [003] d..1. 1.5: node_device_x: n=1",
				&lost));
	assert_false(trace_lost("a-1 [000] .... 1.0: e: f=[LOST 5 EVENTS]", &lost));
}

static void the_buffers_of_many_cpus_are_small(void **state)
{
	static const int cpus[] = { -1, 1, 2, 16, 17, 256, 8192 };
	static const unsigned int kb[] = { 64, 1024, 1024, 1024, 963, 64, 64 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cpus); i++)
		assert_int_equal(trace_buffer_kb(cpus[i]), kb[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_taken_apart),
		cmocka_unit_test(odd_names_of_tasks_are_understood),
		cmocka_unit_test(other_lines_are_no_events),
		cmocka_unit_test(lost_events_are_counted),
		cmocka_unit_test(the_buffers_of_many_cpus_are_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
