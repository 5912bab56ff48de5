// SPDX-License-Identifier: GPL-2.0
/* nodectl stats of several nodes, on files of ours in the place of sysfs. */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <json-c/json.h>

#include "nodectl.h"
#include "node.h"

static char *dir, *output;

static int two_nodes(void **state)
{
	(void)state;
	dir = temp_dir();
	sys_node_dir = dir;
	make_file(dir, "has_device_memory", "1-2\n");
	make_dir(dir, "node1/device");
	make_dir(dir, "node2/device");
	make_file(dir, "node1/device/driver", "cram\n");
	make_file(dir, "node2/device/driver", "cram\n");
	make_file(dir, "node1/device/stat", "pages_demoted 1111\nstored_0 5\n");
	make_file(dir, "node2/device/stat", "pages_demoted 2222\nstored_0 6\n");
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	remove_dir(dir);
	free(output);
	output = NULL;
	out_json = false;
	return 0;
}

static void read_output(void)
{
	char path[PATH_MAX];
	size_t size = 65536, len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/output", dir);
	f = fopen(path, "r");
	free(output);
	output = calloc(1, size);
	assert_non_null(output);
	if (!f)
		return;
	len = fread(output, 1, size - 1, f);
	output[len] = '\0';
	fclose(f);
}

/* Runs the verb with its output, also the errors, in a file. */
static int stats(struct cmdline *c)
{
	int old[] = { dup(1), dup(2) }, fd, status, i;
	char path[PATH_MAX];

	fflush(stdout);
	snprintf(path, sizeof(path), "%s/output", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	assert_true(fd >= 0);
	dup2(fd, 1);
	dup2(fd, 2);
	status = do_stats(c);
	fflush(stdout);
	for (i = 0; i < 2; i++) {
		dup2(old[i], i + 1);
		close(old[i]);
	}
	close(fd);
	read_output();
	return status;
}

static void nodes_that_are_named_are_shown(void **state)
{
	struct cmdline c = { .args = (char *[]){ "node2", "1" }, .nr_args = 2 };
	const char *first;

	(void)state;
	assert_int_equal(stats(&c), NODECTL_OK);
	first = strstr(output, "node2, since it was registered");
	assert_non_null(first);
	assert_contains(first, "2222\n");
	assert_contains(first, "node1, since it was registered");
	assert_contains(output, "1111\n");
	c.nr_args = 1;
	assert_int_equal(stats(&c), NODECTL_OK);
	assert_null(strstr(output, "node1"));
}

static void without_a_name_all_nodes_are_shown(void **state)
{
	struct json_object *o, *name;
	struct cmdline c = {};
	char *line;

	(void)state;
	out_json = true;
	assert_int_equal(stats(&c), NODECTL_OK);
	line = strtok(output, "\n");
	o = json_tokener_parse(line);
	assert_true(json_object_object_get_ex(o, "node", &name));
	assert_string_equal(json_object_get_string(name), "node1");
	json_object_put(o);
	line = strtok(NULL, "\n");
	assert_non_null(line);
	o = json_tokener_parse(line);
	assert_true(json_object_object_get_ex(o, "node", &name));
	assert_string_equal(json_object_get_string(name), "node2");
	json_object_put(o);
	assert_null(strtok(NULL, "\n"));
}

static void a_node_that_is_missing_does_not_hide_the_others(void **state)
{
	struct cmdline c = { .args = (char *[]){ "7", "1" }, .nr_args = 2 };

	(void)state;
	assert_int_equal(stats(&c), NODECTL_PARTLY);
	assert_contains(output, "node7: cannot show its counters");
	assert_contains(output, "1111\n");
	c.nr_args = 1;
	assert_int_equal(stats(&c), NODECTL_NONE);
	c.interval = 0.01;
	assert_int_equal(stats(&c), NODECTL_NONE);
}

static void a_node_without_counters_is_not_shown(void **state)
{
	struct cmdline c = {};
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/node2/device/stat", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(stats(&c), NODECTL_PARTLY);
	assert_contains(output, "node2: cannot show its counters");
	assert_contains(output, "node1, since it was registered");
	assert_null(strstr(output, "node2, since it was registered"));
}

static void histograms_name_their_node(void **state)
{
	struct cmdline c = { .histogram = true };
	struct json_object *array, *o;

	(void)state;
	assert_int_equal(stats(&c), NODECTL_OK);
	assert_contains(output, "node1, pages stored");
	assert_contains(output, "node2, pages stored");
	out_json = true;
	assert_int_equal(stats(&c), NODECTL_OK);
	array = json_tokener_parse(strchr(output, '\n') + 1);
	o = json_object_array_get_idx(array, 16);
	assert_true(json_object_object_get_ex(o, "node", &o));
	assert_string_equal(json_object_get_string(o), "node2");
	json_object_put(array);
}

static void rows_name_their_node_if_there_are_several(void **state)
{
	struct cmdline c = { .args = (char *[]){ "2" }, .interval = 0.01,
			     .count = 1 };

	(void)state;
	assert_int_equal(stats(&c), NODECTL_OK);
	assert_int_equal(strncmp(output, "NODE      OFFERED", 17), 0);
	assert_contains(output, "\nnode1  ");
	assert_contains(output, "\nnode2  ");
	c.nr_args = 1;
	assert_int_equal(stats(&c), NODECTL_OK);
	assert_int_equal(strncmp(output, " OFFERED", 8), 0);
	assert_null(strstr(output, "node2"));
}

static bool row_follows(const char *row, const char *after)
{
	const char *found;

	read_output();
	found = strstr(output, after);
	return found && strstr(found, row);
}

/* Takes a node away when both have a row, and ends when the other has one more. */
static void take_a_node_away(void)
{
	char cmd[PATH_MAX + 32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!row_follows("node2  ", "node1  "))
		usleep(1000);
	snprintf(cmd, sizeof(cmd), "rm -r %s/node2", dir);
	if (system(cmd))
		_exit(1);
	while (!row_follows("node1  ", "the driver has left"))
		usleep(1000);
	kill(getppid(), SIGTERM);
	_exit(0);
}

/* Has to be the last test: to stop is for good. */
static void a_node_that_leaves_does_not_end_the_others(void **state)
{
	struct cmdline c = { .interval = 0.01 };
	pid_t child;
	int status;

	(void)state;
	signals_catch();
	child = fork();
	assert_true(child >= 0);
	if (!child)
		take_a_node_away();
	assert_int_equal(stats(&c), NODECTL_PARTLY);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_contains(output, "node2: cannot show its counters");
}

#define TEST(_name)	cmocka_unit_test_setup_teardown(_name, two_nodes, clean_up)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(nodes_that_are_named_are_shown),
		TEST(without_a_name_all_nodes_are_shown),
		TEST(a_node_that_is_missing_does_not_hide_the_others),
		TEST(a_node_without_counters_is_not_shown),
		TEST(histograms_name_their_node),
		TEST(rows_name_their_node_if_there_are_several),
		TEST(a_node_that_leaves_does_not_end_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
