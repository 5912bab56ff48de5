// SPDX-License-Identifier: GPL-2.0
/*
 * The verbs that watch, on a sysfs made of files: top on a terminal, whose
 * state is compared before and after, and the verbs that print lines.
 */
#include "unit.h"

#include <pty.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>

#include <json-c/json.h>

#include "node.h"
#include "nodectl.h"

static char text[1 << 16];

static char *fake_sysfs(bool new_kernel)
{
	char *dir = temp_dir(), stat[1024];
	size_t len;
	int i;

	make_file(dir, "has_device_memory", "1\n");
	make_dir(dir, "node0");
	make_dir(dir, "node1/device");
	make_file(dir, "node1/device/driver", "cram_emu\n");
	make_file(dir, "node1/device/state", "live\n");
	make_file(dir, "node1/device/features", "fence\n");
	make_file(dir, "node1/device/policy_id", "0\n");
	make_file(dir, "node1/device/policy_name", "\n");
	make_file(dir, "node1/device/physical_total", "268435456\n");
	make_file(dir, "node1/device/physical_used", "67108864\n");
	make_file(dir, "node1/device/logical_total", "536870912\n");
	make_file(dir, "node1/device/logical_used", "134217728\n");
	len = snprintf(stat, sizeof(stat),
		       "pages_demoted 40000\npages_promoted_write 1000\n"
		       "verdicts_admit_accept 39\n");
	if (new_kernel) {
		make_file(dir, "node1/device/pressure", "critical\n");
		make_file(dir, "node1/device/balloon_pages", "256\n");
		make_file(dir, "node1/device/balloon_target", "512\n");
		make_file(dir, "node1/device/admit_rate", "4294967295\n");
		make_file(dir, "node1/device/promote_rate", "2560\n");
		for (i = 0; i <= 4096; i += 256)
			len += snprintf(stat + len, sizeof(stat) - len,
					"stored_%d 3\n", i);
	}
	make_file(dir, "node1/device/stat", stat);
	sys_node_dir = dir;
	return dir;
}

/* Starts a verb in a process of its own, with stdio on @fd. */
static pid_t start(int (*verb)(const struct cmdline *), const struct cmdline *c,
		   int fd, bool own_terminal)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	setsid();
	if (own_terminal && login_tty(fd))
		_exit(99);
	if (!own_terminal && (dup2(fd, 1) < 0 || dup2(fd, 2) < 0))
		_exit(99);
	setenv("TERM", "xterm", 1);
	signals_catch();
	status = verb(c);
	out_flush();
	/* As main() would. */
	exit(status);
}

/* Reads until @want was printed, or the other end is closed. */
static bool read_until(int fd, const char *want)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t used = strlen(text);
	ssize_t len;

	while (!want || !strstr(text, want)) {
		if (poll(&pfd, 1, 20000) <= 0 || used + 1 >= sizeof(text))
			return false;
		len = read(fd, text + used, sizeof(text) - used - 1);
		if (len <= 0)
			return !want;
		used += len;
		text[used] = '\0';
	}
	return true;
}

static int ended(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		fail_msg("it was ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

enum ending { BY_KEY, BY_CTRL_C, BY_CTRL_BACKSLASH, BY_TERM, BY_COUNT, BY_ERROR };

static void end(enum ending ending, pid_t pid, int terminal, const char *dir)
{
	char path[PATH_MAX];

	switch (ending) {
	case BY_KEY:
		assert_int_equal(write(terminal, "q", 1), 1);
		break;
	case BY_CTRL_C:
		assert_int_equal(write(terminal, "\003", 1), 1);
		break;
	case BY_CTRL_BACKSLASH:
		assert_int_equal(write(terminal, "\034", 1), 1);
		break;
	case BY_TERM:
		kill(pid, SIGTERM);
		break;
	case BY_ERROR:
		snprintf(path, sizeof(path), "%s/has_device_memory", dir);
		assert_int_equal(unlink(path), 0);
		break;
	case BY_COUNT:
		break;
	}
}

static void watch_on_terminal(enum ending ending)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	struct cmdline c = { .interval = 0.2,
			     .count = ending == BY_COUNT ? 2 : 0 };
	char *dir = fake_sysfs(true);
	struct termios before, after;
	int master, slave;
	pid_t pid;

	out_json = false;
	text[0] = '\0';
	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	pid = start(do_top, &c, slave, true);
	if (!read_until(master, "q: quit") || !read_until(master, "BOUNCE"))
		fail_msg("it does not draw: %s", text);
	assert_int_equal(tcgetattr(slave, &after), 0);
	/* It has the terminal: the rest of the test would see if it kept it. */
	assert_true(memcmp(&before, &after, sizeof(before)));
	end(ending, pid, master, dir);
	/* Leaves the alternate screen, shows the cursor. */
	if (!read_until(master, "\033[?1049l"))
		fail_msg("the screen is not put back: %s", text);
	assert_int_equal(ended(pid), ending == BY_ERROR ? NODECTL_NONE :
							  NODECTL_OK);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	if (ending == BY_ERROR) {
		assert_true(read_until(master, "knows no device nodes"));
		assert_true(strstr(text, "knows no") > strstr(text, "\033[?1049l"));
	}
	assert_contains(text, "64.0M/256M");
	assert_contains(text, "critical");
	close(master);
	close(slave);
	remove_dir(dir);
}

static void terminal_is_put_back_after_q(void **state)
{
	(void)state;
	watch_on_terminal(BY_KEY);
}

static void terminal_is_put_back_after_ctrl_c(void **state)
{
	(void)state;
	watch_on_terminal(BY_CTRL_C);
}

static void terminal_is_put_back_after_ctrl_backslash(void **state)
{
	(void)state;
	watch_on_terminal(BY_CTRL_BACKSLASH);
}

static void terminal_is_put_back_after_sigterm(void **state)
{
	(void)state;
	watch_on_terminal(BY_TERM);
}

static void terminal_is_put_back_after_the_last_interval(void **state)
{
	(void)state;
	watch_on_terminal(BY_COUNT);
}

static void terminal_is_put_back_after_an_error(void **state)
{
	(void)state;
	watch_on_terminal(BY_ERROR);
}

/* Runs a verb with a pipe for its output, which is left in text. */
static int run(int (*verb)(const struct cmdline *), struct cmdline *c, bool json)
{
	int fds[2], status;
	pid_t pid;

	text[0] = '\0';
	assert_int_equal(pipe(fds), 0);
	fflush(stdout);
	out_json = json;
	pid = start(verb, c, fds[1], false);
	out_json = false;
	close(fds[1]);
	read_until(fds[0], NULL);
	close(fds[0]);
	status = ended(pid);
	return status;
}

static void top_prints_lines_into_a_pipe(void **state)
{
	struct cmdline c = { .interval = 0.05, .count = 3 };
	char *dir = fake_sysfs(false);
	const char *p;
	int lines = 0;

	(void)state;
	assert_int_equal(run(do_top, &c, false), NODECTL_OK);
	assert_null(strchr(text, '\033'));
	for (p = text; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 4);
	assert_contains(text, "TIME     NODE");
	assert_contains(text, "node1    -               -         64.0M/256M");
	remove_dir(dir);
}

static void top_prints_an_object_per_interval(void **state)
{
	struct cmdline c = { .interval = 0.05, .count = 2 };
	char *dir = fake_sysfs(true), *line, *save;
	struct json_object *o, *nodes, *value;
	int nr = 0;

	(void)state;
	assert_int_equal(run(do_top, &c, true), NODECTL_OK);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), nr++) {
		o = json_tokener_parse(line);
		assert_true(json_object_object_get_ex(o, "nodes", &nodes));
		assert_int_equal(json_object_array_length(nodes), 1);
		nodes = json_object_array_get_idx(nodes, 0);
		assert_true(json_object_object_get_ex(nodes, "pressure", &value));
		assert_string_equal(json_object_get_string(value), "critical");
		assert_true(json_object_object_get_ex(nodes, "demotions_per_s",
						      &value));
		assert_non_null(value);
		assert_true(json_object_get_double(value) == 0);
		assert_true(json_object_object_get_ex(nodes, "evictions_per_s",
						      &value));
		assert_null(value);
		json_object_put(o);
	}
	assert_int_equal(nr, 2);
	remove_dir(dir);
}

static void top_without_nodes_waits_for_one(void **state)
{
	struct cmdline c = { .interval = 0.05, .count = 2 };
	char *dir = temp_dir();

	(void)state;
	make_file(dir, "has_device_memory", "\n");
	sys_node_dir = dir;
	assert_int_equal(run(do_top, &c, false), NODECTL_OK);
	assert_contains(text, "no device node");
	assert_int_equal(run(do_top, &c, true), NODECTL_OK);
	assert_contains(text, "\"nodes\":[]");
	remove_dir(dir);
}

static void become(const char *dir, const char *name, const char *id)
{
	make_file(dir, "node1/device/policy_name", name);
	make_file(dir, "node1/device/policy_id", id);
}

/* Each change is written when the one before it was told. */
static void watch_tells_each_change(void **state)
{
	static const char *const record =
		"kind=slow member=pressure code=6000000 when_ns=7 runtime_ns=1 "
		"calls=1 map_id=8 prog_id=1 name=second text=\n";
	struct cmdline c = { .interval = 0.05, .count = 6 };
	char *dir = fake_sysfs(true), path[PATH_MAX];
	int fd[2];
	pid_t pid;

	(void)state;
	text[0] = '\0';
	out_json = false;
	assert_int_equal(pipe(fd), 0);
	pid = start(do_watch, &c, fd[1], false);
	close(fd[1]);
	assert_true(read_until(fd[0], "node1: has no policy, pressure critical\n"));
	become(dir, "first\n", "7\n");
	assert_true(read_until(fd[0], "policy first (id 7) is attached\n"));
	become(dir, "second\n", "8\n");
	assert_true(read_until(fd[0], "policy second (id 8) replaced first (id 7)\n"));
	make_file(dir, "node1/device/policy_exits", record);
	become(dir, "\n", "0\n");
	assert_true(read_until(fd[0], "policy second (id 8) left, because it was ejected: "));
	make_file(dir, "node1/device/pressure", "ok\n");
	assert_true(read_until(fd[0], "pressure ok, was critical\n"));
	snprintf(path, sizeof(path), "%s/node1/device/driver", dir);
	assert_int_equal(unlink(path), 0);
	make_file(dir, "has_device_memory", "\n");
	assert_true(read_until(fd[0], "is no device node any more\n"));
	assert_int_equal(ended(pid), NODECTL_OK);
	close(fd[0]);
	remove_dir(dir);
}

static void stats_of_an_older_kernel_are_no_error(void **state)
{
	char *args[] = { "1" }, *dir = fake_sysfs(false);
	struct cmdline c = { .args = args, .nr_args = 1 };
	struct json_object *o, *totals, *value;

	(void)state;
	assert_int_equal(run(do_stats, &c, false), NODECTL_OK);
	assert_contains(text, "balloon_pages                                 -");
	assert_contains(text, "bounce_rate                                2.5%");
	assert_int_equal(run(do_stats, &c, true), NODECTL_OK);
	o = json_tokener_parse(text);
	assert_true(json_object_object_get_ex(o, "totals", &totals));
	assert_true(json_object_object_get_ex(totals, "kills", &value));
	assert_null(value);
	assert_true(json_object_object_get_ex(o, "ratio", &value));
	assert_true(json_object_get_double(value) == 2);
	json_object_put(o);
	c.histogram = true;
	assert_int_equal(run(do_stats, &c, false), NODECTL_NONE);
	assert_contains(text, "does not count pages by stored size");
	remove_dir(dir);
}

static void stats_show_the_histogram(void **state)
{
	char *args[] = { "1" }, *dir = fake_sysfs(true);
	struct cmdline c = { .args = args, .nr_args = 1, .histogram = true };
	struct json_object *o;

	(void)state;
	assert_int_equal(run(do_stats, &c, false), NODECTL_OK);
	assert_contains(text, "registered: 51\n");
	assert_contains(text, "3841 - 4096            3   5.9 % ####");
	assert_int_equal(run(do_stats, &c, true), NODECTL_OK);
	o = json_tokener_parse(text);
	assert_int_equal(json_object_get_type(o), json_type_array);
	assert_int_equal(json_object_array_length(o), 17);
	json_object_put(o);
	remove_dir(dir);
}

static void status_shows_the_condition(void **state)
{
	char *args[] = { "1" }, *dir = fake_sysfs(true);
	struct cmdline c = { .args = args, .nr_args = 1 };
	struct json_object *o, *node, *value;

	(void)state;
	assert_int_equal(run(do_status, &c, false), NODECTL_OK);
	assert_contains(text, "  pressure    critical\n");
	assert_contains(text, "  balloon     1.0 MiB, on its way to 2.0 MiB\n");
	assert_contains(text, "ratio 2.00:1");
	assert_contains(text, "  limits      admission: no limit; promotion by policy: at most 2560 pages/s\n");
	assert_null(strstr(text, "of the pages offered"));
	assert_contains(text, "2.5% of the pages demoted were written and came back\n");
	assert_contains(text, "  verdicts    admit_folio: 39 accept\n");
	assert_null(strstr(text, "promote_hot"));
	assert_int_equal(run(do_status, &c, true), NODECTL_OK);
	o = json_tokener_parse(text);
	node = json_object_array_get_idx(o, 0);
	assert_true(json_object_object_get_ex(node, "balloon_target", &value));
	assert_int_equal(json_object_get_int(value), 512);
	assert_true(json_object_object_get_ex(node, "verdicts", &value));
	json_object_put(o);
	remove_dir(dir);

	dir = fake_sysfs(false);
	assert_int_equal(run(do_status, &c, false), NODECTL_OK);
	assert_contains(text, "  pressure    -\n");
	assert_contains(text, "  balloon     -\n");
	remove_dir(dir);
}

static void remove_attribute(const char *dir, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/node1/device/%s", dir, name);
	assert_int_equal(unlink(path), 0);
}

static void nodes_and_status_show_what_an_older_kernel_tells(void **state)
{
	char *dir = fake_sysfs(true);
	struct cmdline c = {};
	struct json_object *o, *node, *value;

	(void)state;
	remove_attribute(dir, "features");
	remove_attribute(dir, "physical_used");
	assert_int_equal(run(do_nodes, &c, false), NODECTL_OK);
	assert_contains(text, "node1   cram_emu -       live     -              128.0 MiB/512.0 MiB  ?\n");
	assert_int_equal(run(do_status, &c, false), NODECTL_OK);
	assert_contains(text, "  features    -\n");
	assert_int_equal(run(do_nodes, &c, true), NODECTL_OK);
	o = json_tokener_parse(text);
	node = json_object_array_get_idx(o, 0);
	assert_true(json_object_object_get_ex(node, "features", &value));
	assert_null(value);
	assert_true(json_object_object_get_ex(node, "physical_used", &value));
	assert_null(value);
	json_object_put(o);
	remove_dir(dir);
}

static void nodes_shows_the_rest_of_what_cannot_be_read(void **state)
{
	char *dir = fake_sysfs(true);
	struct cmdline c = {};

	(void)state;
	remove_attribute(dir, "features");
	make_dir(dir, "node1/device/features");
	assert_int_equal(run(do_nodes, &c, false), NODECTL_PARTLY);
	assert_contains(text, "node1: cannot read all of its attributes: Is a directory.");
	assert_contains(text, "node1   cram_emu -       live");
	remove_attribute(dir, "policy_id");
	assert_int_equal(run(do_nodes, &c, false), NODECTL_NONE);
	assert_contains(text, "node1: cannot read which policy it has");
	remove_dir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal_is_put_back_after_q),
		cmocka_unit_test(terminal_is_put_back_after_ctrl_c),
		cmocka_unit_test(terminal_is_put_back_after_ctrl_backslash),
		cmocka_unit_test(terminal_is_put_back_after_sigterm),
		cmocka_unit_test(terminal_is_put_back_after_the_last_interval),
		cmocka_unit_test(terminal_is_put_back_after_an_error),
		cmocka_unit_test(top_prints_lines_into_a_pipe),
		cmocka_unit_test(top_prints_an_object_per_interval),
		cmocka_unit_test(top_without_nodes_waits_for_one),
		cmocka_unit_test(watch_tells_each_change),
		cmocka_unit_test(stats_of_an_older_kernel_are_no_error),
		cmocka_unit_test(stats_show_the_histogram),
		cmocka_unit_test(status_shows_the_condition),
		cmocka_unit_test(nodes_and_status_show_what_an_older_kernel_tells),
		cmocka_unit_test(nodes_shows_the_rest_of_what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
