// SPDX-License-Identifier: GPL-2.0
/*
 * The command line of nodectl: the real program, run with arguments that need
 * no device node.
 */
#include "unit.h"

#include <libgen.h>
#include <sys/wait.h>

#include <json-c/json.h>

static const char *const verbs[] = {
	"nodes", "policies", "inspect", "new", "check", "load", "swap", "apply",
	"unload",	"status", "why", "stats", "watch", "metrics", "top", "set", "trace",
};

static char out_text[65536], err_text[65536];

static void slurp(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t len;

	assert_non_null(f);
	len = fread(text, 1, size - 1, f);
	text[len] = '\0';
	fclose(f);
}

/* Runs nodectl, keeps what it prints, returns its exit status. */
static int run(const char *args)
{
	char exe[PATH_MAX], cmd[PATH_MAX + 1024], *dir = temp_dir();
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int status;

	assert_true(len > 0);
	exe[len] = '\0';
	snprintf(cmd, sizeof(cmd),
		 "NODECTL=%s/nodectl; exec >%s/out 2>%s/err </dev/null; $NODECTL %s",
		 dirname(exe), dir, dir, args);
	status = system(cmd);
	assert_true(WIFEXITED(status));
	snprintf(path, sizeof(path), "%s/out", dir);
	slurp(path, out_text, sizeof(out_text));
	snprintf(path, sizeof(path), "%s/err", dir);
	slurp(path, err_text, sizeof(err_text));
	remove_dir(dir);
	return WEXITSTATUS(status);
}

static void assert_status(const char *args, int want)
{
	int got = run(args);

	if (got != want)
		fail_msg("nodectl %s: status %d, not %d: %s", args, got, want,
			 err_text);
}

static const struct {
	const char *args;
	const char *message;
} wrong[] = {
	{ "", "no verb" },
	{ "frobnicate", "\"frobnicate\"" },
	{ "s", "swap, status, stats, set" },
	{ "load", "needs more arguments" },
	{ "load 1", "needs more arguments" },
	{ "inspect", "needs an argument" },
	{ "inspect a b", "does not take \"b\"" },
	{ "nodes 1", "does not take \"1\"" },
	{ "load x y", "\"x\" is not a node" },
	{ "unload 1 x", "\"x\" is not a node" },
	{ "load 1 x threshold", "has no '='" },
	{ "load 1 x =5", "names no tunable" },
	{ "load 1 x a=1 a=2", "given twice" },
	{ "set 1", "needs more arguments" },
	{ "set 1 a", "has no '='" },
	{ "load 1 x --interval 5", "takes no --interval" },
	{ "load 1 x --expect y", "takes no --expect" },
	{ "stats 1 --count 5", "--count needs --interval" },
	{ "swap 1 deny_all --settle-if 'kills>0'",
	  "--settle-if needs --settle" },
	{ "swap 1 deny_all --settle 1 --settle-if 'kills'",
	  "\"kills\" is no condition for --settle-if" },
	{ "stats 1 --histogram --interval 1", "--histogram is not repeated" },
	{ "top --histogram", "takes no --histogram" },
	{ "top 1", "does not take \"1\"" },
	{ "stats 1 --output x", "takes no --output" },
	{ "metrics 1", "does not take \"1\"" },
	{ "metrics --json", "has a format of its own" },
	{ "metrics --interval 5", "takes no --interval" },
	{ "metrics --format json", "\"json\" is no format" },
	{ "metrics --output", "--output needs an argument" },
	{ "top --duration 5", "takes no --duration" },
	{ "load 1 x --fresh", "takes no --fresh" },
	{ "swap 1 x --fresh=1", "takes no argument" },
	{ "nodes --json=1", "the option in --json=1 takes no argument" },
	{ "nodes --verb=1", "the option in --verb=1 takes no argument" },
	{ "--frob=1", "there is no option --frob=1" },
	{ "t", "\"t\" may be top, trace" },
	{ "stats 1 --interval 0", "\"0\" is no time" },
	{ "stats 1 --interval -1", "\"-1\" is no time" },
	{ "stats 1 --interval nan", "\"nan\" is no time" },
	{ "stats 1 --interval 1x", "\"1x\" is no time" },
	{ "trace 1 --count 0", "\"0\" is no number" },
	{ "trace 1 --count -1", "\"-1\" is no number" },
	{ "trace 1 --count 99999999999999999999", "is no number" },
	{ "--frob", "there is no option --frob" },
	{ "nodes -x", "there is no option -x" },
	{ "nodes -xj", "there is no option -x" },
	{ "policies --for x", "\"x\" is not a node" },
	{ "unload 1 --config /", "--config needs --to-configured" },
	{ "load 1 x --keep-tunables", "takes no --keep-tunables" },
	{ "apply x", "\"x\" is not a node" },
	{ "apply --stay", "--stay is for one node" },
	{ "apply 1 2 --stay", "--stay is for one node" },
	{ "apply 1 --stay --dry-run", "--stay is for one node" },
	{ "apply --config", "--config needs an argument" },
	{ "apply 1 --fresh", "takes no --fresh" },
	{ "unload 1 --dry-run", "takes no --dry-run" },
	{ "swap 1 x --dry-run --settle 1", "nothing that could settle" },
	{ "swap 1 x --expect", "--expect needs an argument" },
};

static void wrong_command_lines_are_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_status(wrong[i].args, 2);
		assert_contains(err_text, wrong[i].message);
		assert_string_equal(out_text, "");
	}
}

static void every_verb_has_help(void **state)
{
	char args[64];
	size_t i;

	(void)state;
	assert_status("--help", 0);
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		assert_contains(out_text, verbs[i]);
	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		snprintf(args, sizeof(args), "%s --help", verbs[i]);
		assert_status(args, 0);
		assert_contains(out_text, "Usage: nodectl");
		assert_contains(out_text, verbs[i]);
		assert_contains(out_text, "Example:");
		assert_string_equal(err_text, "");
		snprintf(args, sizeof(args), "help %s", verbs[i]);
		assert_status(args, 0);
		assert_contains(out_text, verbs[i]);
	}
}

static void verbs_may_be_shortened(void **state)
{
	(void)state;
	assert_status("insp --help", 0);
	assert_contains(out_text, "nodectl inspect");
	assert_status("sw --help", 0);
	assert_contains(out_text, "nodectl swap");
	/* A whole verb wins over longer ones. */
	assert_status("set --help", 0);
	assert_contains(out_text, "nodectl set");
}

static void too_many_directories_are_an_error(void **state)
{
	static const char many[] =
		"$(seq -f '--path /nowhere/%%g' %d) policies";
	static const char env[] =
		"--version; export NODECTL_PATH=$(seq -s: 33); $NODECTL -j policies";
	char args[128];

	(void)state;
	snprintf(args, sizeof(args), many, 32);
	assert_true(run(args) != 2);
	snprintf(args, sizeof(args), many, 33);
	assert_status(args, 2);
	assert_contains(err_text, "more than 32 directories");
	assert_status(env, 2);
	assert_contains(err_text, "\"cause\":\"--path and $NODECTL_PATH name more");
}

static struct json_object *error_member(const char *name)
{
	struct json_object *root = json_tokener_parse(err_text), *error, *o;

	if (!root || !json_object_object_get_ex(root, "error", &error) ||
	    !json_object_object_get_ex(error, name, &o))
		fail_msg("no error with member %s: %s", name, err_text);
	o = json_object_get(o);
	json_object_put(root);
	return o;
}

static void errors_are_json_when_asked_for(void **state)
{
	static const char *const lines[] = {
		"--json frobnicate", "frobnicate --json", "-j load 1",
		"--frob --json", "load 1 x a=1 a=2 -j", "inspect /nowhere.o -j",
	};
	struct json_object *o;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_true(run(lines[i]) > 0);
		assert_string_equal(out_text, "");
		o = error_member("cause");
		assert_true(json_object_get_string_len(o) > 0);
		json_object_put(o);
	}
}

static void what_was_typed_is_shown_clean(void **state)
{
	static const char *const lines[] = {
		"\"$(printf 'x\\033[2J')\"", "load 1 \"$(printf 'x\\033[2J')\"",
		"inspect \"$(printf '/x\\033[2J.o')\"",
		"policies \"$(printf -- '--path=/x\\033[2J')\"",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_true(run(lines[i]) > 0);
		assert_contains(err_text, "x?[2J");
		assert_null(strchr(err_text, '\033'));
	}
}

/* Each message of libbpf is an object of its own: programs read stderr, too. */
static void what_libbpf_says_is_json_too(void **state)
{
	struct json_object *root, *o;
	char *line, *save;
	int nr = 0;

	(void)state;
	assert_status("-v -j inspect $(dirname $NODECTL)/objects/good.bpf.o", 0);
	for (line = strtok_r(err_text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), nr++) {
		root = json_tokener_parse(line);
		if (!root || !json_object_object_get_ex(root, "log", &o))
			fail_msg("no object with a log: %s", line);
		json_object_put(root);
	}
	assert_true(nr > 5);
}

static void objects_are_inspected_without_a_special_kernel(void **state)
{
	struct json_object *root, *list, *o;

	(void)state;
	assert_status("inspect $(dirname $NODECTL)/objects/good.bpf.o --json", 0);
	root = json_tokener_parse(out_text);
	assert_true(json_object_object_get_ex(root, "name", &o));
	assert_string_equal(json_object_get_string(o), "good");
	assert_true(json_object_object_get_ex(root, "tunables", &list));
	assert_int_equal(json_object_array_length(list), 5);
	o = json_object_array_get_idx(list, 2);
	assert_true(json_object_object_get_ex(o, "max", &o));
	assert_true(json_object_get_uint64(o) == UINT64_MAX);
	json_object_put(root);
	assert_status("inspect /bin/sh", 1);
	assert_contains(err_text, "not a BPF object");
}

static void listing_goes_on_after_a_bad_object(void **state)
{
	char *dir = temp_dir(), args[PATH_MAX + 64], copy[2 * PATH_MAX];
	struct json_object *root, *o;

	(void)state;
	make_file(dir, "bad.bpf.o", "no policy\n");
	make_file(dir, "ignored.txt", "no policy\n");
	snprintf(args, sizeof(args), "--path %s policies --json", dir);
	/* Only a bad one: nothing was listed, unless the system has policies. */
	assert_true(run(args) == 1 || run(args) == 3);
	assert_contains(err_text, "bad.bpf.o");
	snprintf(copy, sizeof(copy),
		 "--version; cp $(dirname $NODECTL)/objects/good.bpf.o %s; $NODECTL %s",
		 dir, args);
	assert_status(copy, 3);
	root = json_tokener_parse(strchr(out_text, '\n') + 1);
	assert_non_null(root);
	assert_int_equal(json_object_get_type(root), json_type_array);
	assert_true(json_object_array_length(root) >= 2);
	assert_true(json_object_object_get_ex(json_object_array_get_idx(root, 0),
					      "error", &o));
	assert_true(json_object_object_get_ex(json_object_array_get_idx(root, 1),
					      "summary", &o));
	json_object_put(root);
	assert_null(strstr(err_text, "ignored.txt"));
	remove_dir(dir);
}

static void directories_that_were_asked_for_must_exist(void **state)
{
	struct json_object *o;

	(void)state;
	assert_true(run("policies --path /nowhere/at/all -j") & 1);
	o = error_member("subject");
	assert_string_equal(json_object_get_string(o), "/nowhere/at/all");
	json_object_put(o);
	run("--version; export NODECTL_PATH=/nowhere/at/all; $NODECTL policies");
	assert_null(strstr(err_text, "cannot look for policies there"));
}

static void file_and_policy_may_have_different_names(void **state)
{
	char *dir = temp_dir(), args[2 * PATH_MAX];

	(void)state;
	snprintf(args, sizeof(args),
		 "--version; for n in good other; do cp $(dirname $NODECTL)/objects/good.bpf.o %s/$n.bpf.o; done; $NODECTL policies --path %s",
		 dir, dir);
	assert_status(args, 0);
	assert_contains(out_text, "other            (policy good) ");
	assert_contains(out_text, "\ngood             ");
	assert_null(strstr(out_text, "good             (policy"));
	remove_dir(dir);
}

/* As on the machine where a configuration is written. */
static void dry_run_needs_no_device_node(void **state)
{
	static const char objects[] = "--path $(dirname $NODECTL)/objects";
	char *dir = temp_dir(), args[PATH_MAX + 128];
	struct json_object *root, *o, *value;

	(void)state;
	if (!access("/sys/devices/system/node/has_device_memory", F_OK)) {
		remove_dir(dir);
		skip();
	}
	snprintf(args, sizeof(args), "load 1 good bias=7 --dry-run -j %s", objects);
	assert_status(args, 0);
	root = json_tokener_parse(out_text);
	assert_true(json_object_object_get_ex(root, "verified", &o));
	assert_false(json_object_get_boolean(o));
	assert_true(json_object_object_get_ex(root, "tunables", &o));
	assert_true(json_object_object_get_ex(o, "bias", &value));
	assert_int_equal(json_object_get_int(value), 7);
	json_object_put(root);

	make_file(dir, "a.conf", "[node 1]\npolicy = good\n[node 3]\npolicy = good\n");
	snprintf(args, sizeof(args), "apply --dry-run --config %s %s", dir, objects);
	assert_status(args, 0);
	assert_contains(out_text, "node1: dry run: policy good");
	assert_contains(out_text, "node3: dry run: policy good");
	make_file(dir, "a.conf", "[node 1]\npolicy = good\ntunable.bias = x\n");
	assert_status(args, 1);
	assert_string_equal(out_text, "");
	assert_contains(err_text, "/a.conf:3: \"x\" is not a");
	/* It is for a node that may come later. */
	make_file(dir, "a.conf", "[node 1]\npolicy = good\n"
		  "[match late]\ndriver = *\npolicy = not_there\n");
	assert_status(args, 0);
	assert_contains(err_text, "/a.conf:5: there is no policy \"not_there\"");
	remove_dir(dir);
}

static void results_that_cannot_be_written_are_an_error(void **state)
{
	(void)state;
	assert_true(run("--help >/dev/full") != 0);
	assert_contains(err_text, "cannot write");
}

static void check_says_what_is_missing_and_what_follows(void **state)
{
	struct json_object *root, *checks, *c, *o;
	size_t i, required_missing = 0;
	int status;

	(void)state;
	status = run("check --json");
	root = json_tokener_parse(out_text);
	assert_true(json_object_object_get_ex(root, "checks", &checks));
	assert_true(json_object_array_length(checks) > 15);
	for (i = 0; i < json_object_array_length(checks); i++) {
		c = json_object_array_get_idx(checks, i);
		assert_true(json_object_object_get_ex(c, "name", &o));
		assert_true(json_object_object_get_ex(c, "present", &o));
		if (!o || json_object_get_boolean(o))
			continue;
		assert_true(json_object_object_get_ex(c, "consequence", &o));
		assert_true(json_object_get_string_len(o) > 0);
		assert_true(json_object_object_get_ex(c, "next", &o));
		assert_true(json_object_object_get_ex(c, "required", &o));
		required_missing += json_object_get_boolean(o);
	}
	assert_true(json_object_object_get_ex(root, "ok", &o));
	assert_int_equal(json_object_get_boolean(o), !required_missing);
	assert_int_equal(status, required_missing ? 1 : 0);
	json_object_put(root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_command_lines_are_refused),
		cmocka_unit_test(every_verb_has_help),
		cmocka_unit_test(verbs_may_be_shortened),
		cmocka_unit_test(too_many_directories_are_an_error),
		cmocka_unit_test(errors_are_json_when_asked_for),
		cmocka_unit_test(what_was_typed_is_shown_clean),
		cmocka_unit_test(what_libbpf_says_is_json_too),
		cmocka_unit_test(objects_are_inspected_without_a_special_kernel),
		cmocka_unit_test(listing_goes_on_after_a_bad_object),
		cmocka_unit_test(directories_that_were_asked_for_must_exist),
		cmocka_unit_test(file_and_policy_may_have_different_names),
		cmocka_unit_test(dry_run_needs_no_device_node),
		cmocka_unit_test(results_that_cannot_be_written_are_an_error),
		cmocka_unit_test(check_says_what_is_missing_and_what_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
