// SPDX-License-Identifier: GPL-2.0
/* Messages and number formats. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <json-c/json.h>

static void sizes_are_rounded_for_people(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1.0 KiB" },
		{ 1048575, "1.0 MiB" }, { 1536 << 10, "1.5 MiB" },
		{ 2ULL << 30, "2.0 GiB" }, { UINT64_MAX, "16.0 EiB" },
	};
	char buf[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_string_equal(fmt_bytes(sizes[i].bytes, buf, sizeof(buf)),
				    sizes[i].text);
}

static void ages_have_two_units(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} ages[] = {
		{ 0, "0 s" }, { 59, "59 s" }, { 60, "1 min" },
		{ 61, "1 min 1 s" }, { 3600, "1 h" }, { 3660, "1 h 1 min" },
		{ 3601, "1 h" }, { 90000, "1 d 1 h" },
	};
	char buf[48];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ages); i++)
		assert_string_equal(fmt_age(ages[i].seconds, buf, sizeof(buf)),
				    ages[i].text);
}

static void last_lines_are_cut_out(void **state)
{
	char *tail;

	(void)state;
	assert_int_equal(last_lines("a\nb\nc\n", 2, &tail), 1);
	assert_string_equal(tail, "b\nc");
	free(tail);
	assert_int_equal(last_lines("a\nb\nc", 5, &tail), 0);
	assert_string_equal(tail, "a\nb\nc");
	free(tail);
	assert_int_equal(last_lines("", 5, &tail), 0);
	assert_string_equal(tail, "");
	free(tail);
	assert_int_equal(last_lines("a\n\n\n", 1, &tail), 0);
	assert_string_equal(tail, "a");
	free(tail);
}

static void lines_are_counted_from_a_mark(void **state)
{
	(void)state;
	assert_int_equal(lines_from("a\nb\nc\n", "b"), 2);
	assert_int_equal(lines_from("a\nbad: x\n\nc\n\n", "bad:"), 3);
	assert_int_equal(lines_from("bad: 1\nb\nbad: 2", "bad:"), 1);
	assert_int_equal(lines_from("bad", "bad"), 1);
	assert_int_equal(lines_from("no bad\nb\n", "bad"), 0);
	assert_int_equal(lines_from("", "bad"), 0);
}

/* What p_failure() writes to stderr. */
static char *printed(const char *subject, const char *what,
		     const struct failure *f)
{
	static char text[8192];
	FILE *tmp = tmpfile();
	int saved = dup(2);
	size_t len;

	assert_non_null(tmp);
	assert_true(saved >= 0 && dup2(fileno(tmp), 2) == 2);
	p_failure(subject, what, f);
	assert_int_equal(dup2(saved, 2), 2);
	close(saved);
	rewind(tmp);
	len = fread(text, 1, sizeof(text) - 1, tmp);
	text[len] = '\0';
	fclose(tmp);
	return text;
}

static void message_names_node_policy_cause_and_next_step(void **state)
{
	struct failure f = {};

	(void)state;
	out_json = false;
	assert_int_equal(fail(&f, -EBUSY, "Do that.", "it is %s", "so"), -EBUSY);
	assert_string_equal(printed("node1", "cannot load policy x", &f),
			    "nodectl: node1: cannot load policy x: it is so. Do that.\n");
	fail(&f, -EBUSY, NULL, "it is so");
	assert_string_equal(printed(NULL, NULL, &f), "nodectl: it is so.\n");
	f.log = strdup("first\nsecond");
	assert_string_equal(printed(NULL, NULL, &f),
			    "first\nsecond\nnodectl: it is so.\n");
	failure_clear(&f);
	assert_null(f.log);
}

static void json_error_is_one_valid_line(void **state)
{
	struct json_object *root, *error, *o;
	struct failure f = {};
	char *text;

	(void)state;
	out_json = true;
	fail(&f, -EBUSY, "Do \"that\".", "a \"quoted\"\nthing /x");
	f.log = strdup("one\n\ntwo\n");
	text = printed("node1", "cannot load", &f);
	out_json = false;
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	root = json_tokener_parse(text);
	assert_true(json_object_object_get_ex(root, "error", &error));
	assert_true(json_object_object_get_ex(error, "subject", &o));
	assert_string_equal(json_object_get_string(o), "node1");
	assert_true(json_object_object_get_ex(error, "cause", &o));
	assert_string_equal(json_object_get_string(o), "a \"quoted\"?thing /x");
	assert_true(json_object_object_get_ex(error, "next", &o));
	assert_true(json_object_object_get_ex(error, "log", &o));
	assert_int_equal(json_object_array_length(o), 2);
	json_object_put(root);
	failure_clear(&f);
}

/* The log of the verifier has lines of the source, and these are anybody's. */
static void nothing_of_a_failure_reaches_the_terminal_raw(void **state)
{
	struct failure f = { .cause = "c\033", .next = "n\xff" };
	struct json_object *root, *o;

	(void)state;
	f.log = strdup("\tone\033[2J\ntwo\xff\n");
	assert_string_equal(printed("s\033", "w\x9b", &f),
			    "\tone?[2J\ntwo?\nnodectl: s?: w?: c?. n?\n");
	out_json = true;
	root = json_tokener_parse(printed(NULL, NULL, &f));
	out_json = false;
	assert_true(json_object_object_get_ex(root, "error", &o));
	assert_true(json_object_object_get_ex(o, "log", &o));
	assert_string_equal(json_object_to_json_string_ext(o,
				JSON_C_TO_STRING_PLAIN),
			    "[\" one?[2J\",\"two?\"]");
	json_object_put(root);
	failure_clear(&f);
}

static void long_causes_are_cut_not_overrun(void **state)
{
	struct failure f = {};
	char *text = malloc(5000);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 4999);
	text[4999] = '\0';
	fail(&f, -EINVAL, text, "%s", text);
	assert_int_equal(strlen(f.cause), sizeof(f.cause) - 1);
	assert_int_equal(strlen(f.next), sizeof(f.next) - 1);
	free(text);
}

/* Both: what fails while it is printed, and what fails at the end. */
static int errors_of(size_t len, const char *path)
{
	int fd = open(path, O_WRONLY), saved = dup(1), err;

	fflush(stdout);
	assert_true(fd >= 0 && dup2(fd, 1) == 1);
	for (; len; len--)
		putchar('x');
	errno = EBADF;
	err = out_flush();
	errno = EBADF;
	assert_int_equal(out_flush(), err);
	clearerr(stdout);
	__fpurge(stdout);
	assert_int_equal(dup2(saved, 1), 1);
	close(saved);
	close(fd);
	return err;
}

static int short_text(void)
{
	return errors_of(10, "/dev/full") == -ENOSPC;
}

static int long_text(void)
{
	return errors_of(1000000, "/dev/full") == -ENOSPC;
}

static int good_text(void)
{
	return errors_of(1000000, "/dev/null") == 0;
}

/* Part of it is missing, though in the end there is room. */
static int text_with_a_hole(void)
{
	struct rlimit none = { 0, RLIM_INFINITY };
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int fd = memfd_create("out", 0), i;

	signal(SIGXFSZ, SIG_IGN);
	fflush(stdout);
	dup2(fd, 1);
	setrlimit(RLIMIT_FSIZE, &none);
	for (i = 0; i < 1000000; i++)
		putchar('x');
	setrlimit(RLIMIT_FSIZE, &all);
	errno = EBADF;
	return out_flush() == -EIO;
}

/* out_flush() keeps the first error for good, so each has a process. */
static void assert_in_child(int (*holds)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(holds());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void the_error_of_printing_is_its_own(void **state)
{
	(void)state;
	assert_in_child(short_text);
	assert_in_child(long_text);
	assert_in_child(good_text);
	assert_in_child(text_with_a_hole);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_rounded_for_people),
		cmocka_unit_test(ages_have_two_units),
		cmocka_unit_test(last_lines_are_cut_out),
		cmocka_unit_test(lines_are_counted_from_a_mark),
		cmocka_unit_test(message_names_node_policy_cause_and_next_step),
		cmocka_unit_test(json_error_is_one_valid_line),
		cmocka_unit_test(nothing_of_a_failure_reaches_the_terminal_raw),
		cmocka_unit_test(the_error_of_printing_is_its_own),
		cmocka_unit_test(long_causes_are_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
